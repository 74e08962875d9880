"""The witness's directory, 0700:

    witness.key  witness.vkey    its Ed25519 key (PEM), and the verifier key to hand over
    tls.key  tls.crt             its self-signed TLS certificate, to hand over too
    trusted                      the origin hash of each log that is trusted, one a line
    logs/<origin hash>/keys      verifier keys of a log, one a line
    logs/<origin hash>/latest    the latest checkpoint, signed by the log and cosigned here, or that there is none
    evidence/                    what logs signed and should not have
    lock                         held while the witness runs

A log's `latest` and its line in `trusted` are there from the moment the log is trusted: were the file gone, or the
folder with it, the witness would not know what it forgot.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from fleet.witness.certificate import self_signed
from fleet.witness.errors import MemoryDamaged, NotALogKey, PlaceTaken, PlaceUnusable
from fleet.witness.files import held, read_bounded, read_private, sync_directory, write_durably
from fleet.witness.rules import MAX_KEYS, Remembered, TrustedLog, signed_by_log
from fleet.witness.trusted import MAX_LOGS, TrustedList, staged
from protocols.errors import InvalidNote, ProtocolError
from protocols.tlog.checkpoint import read_checkpoint
from protocols.tlog.cosignature import cosigned_at, cosigner_key
from protocols.tlog.note import VerifierKey, read_note
from protocols.tlog.signature_types import ED25519

_TRUSTED = "trusted"
_NONE = b"no checkpoint was cosigned yet\n"


def origin_hash(origin: str) -> str:
    """The name of an origin in addresses and here: SHA-256, 64 hexadecimal digits."""
    return sha256(origin.encode()).hexdigest()


@dataclass(frozen=True, repr=False)
class Identity:
    """Who the witness is: its name and key; `vkey` is the public part."""

    name: str
    key: Ed25519PrivateKey

    @property
    def vkey(self) -> VerifierKey:
        """What the witness's cosignatures are verified with."""
        return cosigner_key(self.name, self.key.public_key().public_bytes_raw())


class Place:
    """The directory at `path`, which need not be held for reading: every file is replaced in one step."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._trusted = TrustedList(path / _TRUSTED)

    @classmethod
    def create(cls, path: Path, name: str, hosts: Sequence[str], now: datetime) -> "Place":
        """Make a witness with new keys in `path`, all or nothing.

        Raises PlaceTaken, PlaceUnusable, HostUnusable, InvalidNote for a name that can be none.
        """
        identity = Identity(name, Ed25519PrivateKey.generate())
        vkey, tls = identity.vkey, self_signed(hosts, now)
        try:
            if path.exists() and (not path.is_dir() or any(path.iterdir())):
                raise PlaceTaken(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
            try:
                pem = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                write_durably(made / "witness.key", pem)
                write_durably(made / "witness.vkey", f"{vkey.line}\n".encode())
                write_durably(made / "tls.key", tls.key_pem)
                write_durably(made / "tls.crt", tls.certificate_pem)
                TrustedList(made / _TRUSTED).write([])
                for folder in ("logs", "evidence"):
                    (made / folder).mkdir(mode=0o700)
                made.rename(path)  # replaces an empty directory, and fails on one that holds anything
                sync_directory(path.parent)
            finally:
                shutil.rmtree(made, ignore_errors=True)
        except OSError as error:
            raise PlaceUnusable(path, f"can not be made ({error.strerror})") from error
        return cls(path)

    def tls_files(self) -> tuple[Path, Path]:
        """The certificate and its key, both there; raises PlaceUnusable, also when others may read the key."""
        certificate, key = self.path / "tls.crt", self.path / "tls.key"
        read_bounded(certificate)
        read_private(key)
        return certificate, key

    @property
    def evidence(self) -> Path:
        """Where evidence is kept."""
        return self.path / "evidence"

    def vkey(self) -> VerifierKey:
        """The public part of the witness's key; raises PlaceUnusable."""
        path = self.path / "witness.vkey"
        return _parse_vkey(path, read_bounded(path).decode(errors="replace").removesuffix("\n"))

    def identity(self) -> Identity:
        """The witness's name and key; raises PlaceUnusable, also when they do not belong together."""
        path, stated = self.path / "witness.key", self.vkey()
        try:
            key = load_pem_private_key(read_private(path), password=None)
        except (ValueError, TypeError):
            # Not chained: the parser's message could quote the file.
            raise PlaceUnusable(path, "is not a private key in PEM") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise PlaceUnusable(path, "is not an Ed25519 key")
        identity = Identity(stated.name, key)
        if identity.vkey != stated:
            raise PlaceUnusable(path, "is not the key that witness.vkey says")
        return identity

    def trust(self, vkey: VerifierKey) -> TrustedLog:
        """Trust `vkey` for the log that has its name; returns the log.

        Raises NotALogKey, AlreadyRunning while the witness runs, PlaceUnusable, MemoryDamaged included.
        """
        if vkey.algorithm != ED25519:
            raise NotALogKey(vkey.name)
        with held(self.path):
            folder = self._folder(vkey.name)
            self._trusted.compare(self._folders(), folder.parent)
            if not folder.exists():
                self._begin(folder, vkey)
                return TrustedLog(vkey.name, (vkey,))
            log = self._load(folder)
            if vkey in log.keys:
                return log
            if len(log.keys) == MAX_KEYS:
                raise PlaceUnusable(folder, f"holds {MAX_KEYS} keys: a log can not have more")
            keys = (*log.keys, vkey)
            write_durably(folder / "keys", "".join(f"{key.line}\n" for key in keys).encode())
            return TrustedLog(log.origin, keys, log.latest)

    def logs(self) -> dict[str, TrustedLog]:
        """All trusted logs by origin; raises PlaceUnusable, MemoryDamaged included."""
        folders = self._folders()
        self._trusted.compare(folders, self.path / "logs")
        loaded = [self._load(folder) for folder in folders]
        return {log.origin: log for log in loaded}

    def keep(self, log: TrustedLog, latest: Remembered) -> None:
        """Remember `latest`; when this returns, a power cut does not undo it. Raises PlaceUnusable."""
        write_durably(self._folder(log.origin) / "latest", latest.note.text.encode())

    def _folder(self, origin: str) -> Path:
        return self.path / "logs" / origin_hash(origin)

    def _folders(self) -> list[Path]:
        logs = self.path / "logs"
        try:
            return sorted(folder for folder in logs.iterdir() if not folder.name.startswith("."))
        except OSError as error:
            raise PlaceUnusable(logs, f"can not be read ({error.strerror})") from error

    def _begin(self, folder: Path, vkey: VerifierKey) -> None:
        """Make the folder of a log: staged, then listed, then under its name, so that what is lost later shows."""
        made, listed = staged(folder), self._trusted.hashes()
        try:
            if folder.name not in listed and len(listed) >= MAX_LOGS:
                raise PlaceUnusable(folder.parent, f"holds {MAX_LOGS} logs: a witness can not have more")
            made.mkdir(mode=0o700, exist_ok=True)  # there already after a `trust` that was cut short
            write_durably(made / "keys", f"{vkey.line}\n".encode())
            write_durably(made / "latest", _NONE)
            sync_directory(folder.parent)
            if folder.name not in listed:
                self._trusted.write([*listed, folder.name])
            made.rename(folder)
            sync_directory(folder.parent)
        except OSError as error:
            raise PlaceUnusable(folder, f"can not be made ({error.strerror})") from error

    def _load(self, folder: Path) -> TrustedLog:
        path = folder / "keys"
        keys = tuple(_parse_vkey(path, line) for line in read_bounded(path).decode(errors="replace").splitlines())
        if {origin_hash(key.name) for key in keys} != {folder.name} or len(keys) > MAX_KEYS:
            raise PlaceUnusable(path, "has keys of another log")
        log = TrustedLog(keys[0].name, keys)
        return TrustedLog(log.origin, keys, self._latest(folder / "latest", log))

    def _latest(self, path: Path, log: TrustedLog) -> Remembered | None:
        """What is remembered of `log`, believed only as far as the signatures under it reach."""
        try:
            content = read_bounded(path)
        except PlaceUnusable as error:
            raise MemoryDamaged(path, error.detail) from error
        if content == _NONE:
            return None
        own = self.vkey()
        try:
            note = read_note(content.decode())
            checkpoint = read_checkpoint(note.body)
            if checkpoint.origin != log.origin:
                raise InvalidNote("unreadable", "it is of another log")
            signed_by_log(note, log)
            *_, cosignature = note.signatures
            at_s = cosigned_at(note.body, cosignature, own)
        except (ProtocolError, UnicodeDecodeError) as error:
            raise MemoryDamaged(path, f"is not what this witness wrote ({error})"[:200]) from error
        return Remembered(checkpoint, note, cosignature, at_s)


def _parse_vkey(path: Path, line: str) -> VerifierKey:
    try:
        return VerifierKey.parse(line)
    except InvalidNote as error:
        raise PlaceUnusable(path, f"has a line that is no verifier key ({error.detail})") from error
