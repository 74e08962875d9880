"""People's SSH keys as TUF keys: signatures under release metadata are SSHSIGs, made with the key a person has anyway.

A key is `{"keytype": "ssh", "scheme": "sshsig-release@muster", "keyval": {"public": LINE}}`, LINE the one form of an
OpenSSH public key line, and nothing else. Its id is always the hash of that, so that one key can not stand under two
ids and be counted twice. `sig` is the armored SSHSIG in RELEASE_NAMESPACE over the canonical JSON of `signed`.
"""

from hashlib import sha256
from typing import Any

from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import KEY_FOR_TYPE_AND_SCHEME, Key, Signature

from protocols.errors import InvalidSshSignature
from protocols.sshsig import PersonKey, read_key, verify

RELEASE_NAMESPACE = "release@muster"
KEY_TYPE = "ssh"
SCHEME = "sshsig-release@muster"


class SshKey(Key):
    """A person's key. A token has to have been touched."""

    @classmethod
    def of(cls, line: str) -> "SshKey":
        """The key of an OpenSSH public key line, with or without comment; raises InvalidSshSignature."""
        keyval = {"public": read_key(line).line}
        return cls(_key_id(keyval), KEY_TYPE, SCHEME, keyval)

    @classmethod
    def from_dict(cls, keyid: str, key_dict: dict[str, Any]) -> "SshKey":
        """The key in TUF metadata; raises ValueError unless it is in its one form, under the id that follows from it.

        `key_dict` is used up, as the library's own keys do.
        """
        keytype, scheme, keyval = cls._from_dict(key_dict)
        if key_dict or keyval.keys() != {"public"} or not isinstance(keyval["public"], str):
            raise ValueError("a person's key has its public key line, and nothing else")
        try:
            known = read_key(keyval["public"])
        except InvalidSshSignature as error:
            raise ValueError(f"a person's key can not be read: {error.detail}") from error
        if known.line != keyval["public"] or keyid != _key_id(keyval):
            raise ValueError("a person's key is not in its one form, or under another id than its own")
        return cls(keyid, keytype, scheme, keyval)

    @property
    def line(self) -> str:
        """The OpenSSH public key line in its one form."""
        line: str = self.keyval["public"]
        return line

    @property
    def person_key(self) -> PersonKey:
        """The key itself."""
        return read_key(self.line)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in metadata."""
        return self._to_dict()

    def verify_signature(self, signature: Signature, data: bytes) -> None:
        """Raises UnverifiedSignatureError unless `signature` is this key's SSHSIG over `data`."""
        if not isinstance(signature.signature, str):
            raise UnverifiedSignatureError(f"the signature by {self.keyid[:16]}… is no text")
        try:
            verify(self.line, RELEASE_NAMESPACE, data, signature.signature)
        except InvalidSshSignature as error:
            raise UnverifiedSignatureError(f"the signature by {self.keyid[:16]}…: {error.detail}") from error


def register() -> None:
    """Let TUF's library read metadata with these keys; whoever reads such metadata calls it, as often as it likes."""
    KEY_FOR_TYPE_AND_SCHEME[KEY_TYPE, SCHEME] = SshKey


def _key_id(keyval: dict[str, str]) -> str:
    canonical = encode_canonical({"keytype": KEY_TYPE, "scheme": SCHEME, "keyval": keyval})
    assert canonical is not None, "it is given no place to write to"
    return sha256(canonical.encode()).hexdigest()
