"""SSH signatures (OpenSSH PROTOCOL.sshsig) by Ed25519 keys, on disk or in a FIDO token (PROTOCOL.u2f).

An armored SSHSIG is base64 of: `SSHSIG`, version 1, public key, namespace, reserved, hash name, signature. What is
signed is `SSHSIG`, namespace, reserved, hash name and the message's hash. A token signs SHA-256 of its application,
a byte of flags, a counter, and SHA-256 of that. Reserved is empty. Of each key and signature there is one form only:
base64 with other last bits, or something in reserved, which OpenSSH overlooks, is refused here. Lines of the armour may
be of any length, and end in a line feed, with a carriage return before it or without.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from hashlib import sha256, sha512
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocols.errors import InvalidSshSignature

KeyKind = Literal["ssh-ed25519", "sk-ssh-ed25519@openssh.com"]
MAX_ARMORED = 2048
"""Characters of an armored signature at the most."""

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
_VERSION = 1
_HASHES = {b"sha512": sha512, b"sha256": sha256}
_USER_PRESENT = 0x01
_USER_VERIFIED = 0x04
_PLAIN, _TOKEN = b"ssh-ed25519", b"sk-ssh-ed25519@openssh.com"


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A public key. `raw` is the 32-byte Ed25519 key; `application` is the token's, empty for a key on disk."""

    kind: KeyKind
    raw: bytes
    application: bytes = b""

    @property
    def line(self) -> str:
        """The one form of its OpenSSH public key line: algorithm and base64, no comment."""
        return f"{self.kind} {b64encode(self._blob()).decode()}"

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it: `SHA256:` and unpadded base64."""
        return "SHA256:" + b64encode(sha256(self._blob()).digest()).decode().rstrip("=")

    @property
    def hardware(self) -> bool:
        """Whether the key is in a FIDO token."""
        return self.kind == "sk-ssh-ed25519@openssh.com"

    def _blob(self) -> bytes:
        parts = [self.kind.encode(), self.raw, *([self.application] if self.hardware else [])]
        return b"".join(_string(part) for part in parts)


@dataclass(frozen=True, slots=True)
class Proof:
    """A signature that fits. `user_present` and `user_verified` are the token's flags, False for a key on disk."""

    key: PersonKey
    user_present: bool
    user_verified: bool


def read_key(line: str) -> PersonKey:
    """The key in an OpenSSH public key line, with or without comment; raises InvalidSshSignature `key-unreadable`."""
    algorithm, _, rest = line.strip().partition(" ")
    key = _read_blob(_decoded(rest.split(" ")[0], "key-unreadable"), "key-unreadable")
    if algorithm != key.kind:
        raise InvalidSshSignature("key-unreadable", f"the line says {algorithm[:40]!r}, the key is {key.kind}")
    return key


def key_of(armored: str) -> PersonKey:
    """The key that an SSHSIG names as its own, which proves nothing; raises InvalidSshSignature
    `signature-unreadable`."""
    reader = _signature_reader(armored)
    return _read_blob(reader.string(), "signature-unreadable")


def verify(line: str, namespace: str, message: bytes, armored: str) -> Proof:
    """Check that the key `line` made the SSHSIG `armored` over `message` in `namespace`.

    Raises InvalidSshSignature with reason `key-unreadable`, `signature-unreadable`, `other-key`, `other-namespace`,
    `bad-signature` or `user-absent` (a token that nobody touched).
    """
    wanted = read_key(line)
    reader = _signature_reader(armored)
    signer = _read_blob(reader.string(), "signature-unreadable")
    named, reserved, hash_name, signature = (reader.string() for _ in range(4))
    reader.end()
    if reserved:
        raise InvalidSshSignature("signature-unreadable", "the reserved field of an SSH signature is empty")
    if signer != wanted:
        raise InvalidSshSignature("other-key", "the signature is by another key")
    if named != namespace.encode():
        raise InvalidSshSignature("other-namespace", f"it is for namespace {_shown(named)}, not for {namespace}")
    if hash_name not in _HASHES:
        raise InvalidSshSignature("signature-unreadable", f"hash {_shown(hash_name)} is not used in SSH signatures")
    digest = _HASHES[hash_name](message).digest()
    signed = _MAGIC + b"".join(_string(part) for part in (named, reserved, hash_name, digest))
    return _check(wanted, signed, signature)


def _check(key: PersonKey, signed: bytes, blob: bytes) -> Proof:
    reader = _Reader(blob, "signature-unreadable")
    if reader.string() != key.kind.encode():
        raise InvalidSshSignature("signature-unreadable", "the signature is of another kind than its key")
    raw = reader.string()
    flags = 0
    if key.hardware:
        rest = reader.take(5)
        flags = rest[0]
        signed = sha256(key.application).digest() + rest + sha256(signed).digest()
    reader.end()
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(raw, signed)
    except InvalidSignature as error:
        raise InvalidSshSignature("bad-signature", "the signature does not fit the text") from error
    present = bool(flags & _USER_PRESENT)
    if key.hardware and not present:
        raise InvalidSshSignature("user-absent", "the token signed without being touched; touch it and sign again")
    return Proof(key, present, bool(flags & _USER_VERIFIED))


def _signature_reader(armored: str) -> "_Reader":
    """Reads what follows the version."""
    reader = _Reader(_unarmored(armored), "signature-unreadable")
    reader.expect(_MAGIC + _VERSION.to_bytes(4, "big"))
    return reader


def _unarmored(armored: str) -> bytes:
    lines = armored.strip(" \t\r\n").replace("\r\n", "\n").split("\n")
    if len(armored) > MAX_ARMORED or len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        raise InvalidSshSignature(
            "signature-unreadable", f"it is no whole SSH signature of at most {MAX_ARMORED} characters"
        )
    return _decoded("".join(lines[1:-1]), "signature-unreadable")


def _decoded(text: str, reason: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise InvalidSshSignature(reason, "it is not base64") from error
    if b64encode(data).decode() != text:
        raise InvalidSshSignature(reason, "its base64 has bits too many")
    return data


def _read_blob(blob: bytes, reason: str) -> PersonKey:
    reader = _Reader(blob, reason)
    algorithm = reader.string()
    if algorithm not in {_PLAIN, _TOKEN}:
        raise InvalidSshSignature(reason, f"keys of kind {_shown(algorithm)} are not used here, only Ed25519 keys")
    raw = reader.string()
    application = reader.string() if algorithm == _TOKEN else b""
    reader.end()
    if len(raw) != 32 or (algorithm == _TOKEN and not application):
        raise InvalidSshSignature(reason, "the key is damaged")
    return PersonKey("ssh-ed25519" if algorithm == _PLAIN else "sk-ssh-ed25519@openssh.com", raw, application)


def _shown(name: bytes) -> str:
    """A name that another program wrote, in signs that can be shown."""
    return repr(name[:40].decode("ascii", "backslashreplace"))


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


class _Reader:
    """Reads SSH wire strings; raises InvalidSshSignature `reason` on anything that ends too early or too late."""

    def __init__(self, data: bytes, reason: str) -> None:
        self._data = data
        self._reason = reason

    def take(self, count: int) -> bytes:
        if count > len(self._data):
            raise InvalidSshSignature(self._reason, "it ends too early")
        head, self._data = self._data[:count], self._data[count:]
        return head

    def string(self) -> bytes:
        return self.take(int.from_bytes(self.take(4), "big"))

    def expect(self, wanted: bytes) -> None:
        if self.take(len(wanted)) != wanted:
            raise InvalidSshSignature(self._reason, "it does not begin like one")

    def end(self) -> None:
        if self._data:
            raise InvalidSshSignature(self._reason, "something follows its end")
