"""TUF metadata as texts and bytes: read strictly, written in canonical JSON. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.exceptions import StorageError
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Signed, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from fleet.errors import RequestRefused
from protocols.api.releases import MAX_METADATA_CHARS, SignedRole
from protocols.releases.ssh_key import SshKey, register

register()

T = TypeVar("T", Root, Targets, Snapshot, Timestamp)
_KINDS: dict[str, type[Root | Targets]] = {"root": Root, "targets": Targets}
_REMEDY = "make it with: fleet release root draft, or fleet release draft"


def canonical_text(signed: Signed) -> str:
    """The canonical JSON of `signed`: what is signed."""
    text = encode_canonical(signed.to_dict())
    assert text is not None, "it is given no place to write to"
    return text


def text_hash(text: str) -> str:
    """SHA-256 of a text, hexadecimal."""
    return sha256(text.encode()).hexdigest()


def read_signed(role: SignedRole, text: str) -> Root | Targets:
    """The root or targets metadata in the text of a draft; raises RequestRefused.

    Codes: `draft-unreadable` (not of TUF's form), `draft-not-canonical` (not the text that its meaning has).
    """
    if len(text) > MAX_METADATA_CHARS:
        raise RequestRefused("draft-unreadable", f"{len(text)} characters are more than {MAX_METADATA_CHARS}", _REMEDY)
    kind = _KINDS[role]
    try:
        signed = kind.from_dict(json.loads(text))
        again = canonical_text(signed)
    # The library raises errors of nearly every kind for what is not of its form.
    except Exception as error:
        said = str(error)[:200] or type(error).__name__
        raise RequestRefused("draft-unreadable", f"the draft can not be read: {said}", _REMEDY) from error
    if again != text:
        raise RequestRefused("draft-not-canonical", "the draft is not in TUF's canonical JSON", _REMEDY)
    return signed


def file_of(text: str, signatures: Mapping[str, str]) -> bytes:
    """The metadata file of a text with `signatures` by key id, in the order of those."""
    listed = [{"keyid": key_id, "sig": signatures[key_id]} for key_id in sorted(signatures)]
    return b'{"signatures":' + json.dumps(listed).encode() + b',"signed":' + text.encode() + b"}"


def read_file(kind: type[T], content: bytes) -> Metadata[T]:
    """The metadata in a file's bytes; raises ValueError."""
    try:
        metadata: Metadata[T] = Metadata.from_bytes(content)
    except (DeserializationError, RepositoryError, StorageError, RecursionError) as error:
        raise ValueError(f"the metadata can not be read: {error}") from error
    if not isinstance(metadata.signed, kind):
        raise ValueError(f"it is no {kind.type} metadata")  # noqa: TRY004 - what is wrong is the file's content
    return metadata


def online_key(key: Ed25519PrivateKey) -> SSlibKey:
    """The public half of the controller's own key as TUF has it."""
    public: SSlibKey = CryptoSigner(key).public_key
    return public


def sign_online(signed: Snapshot | Timestamp, key: Ed25519PrivateKey) -> bytes:
    """The metadata file of `signed`, with the controller's signature."""
    text = canonical_text(signed)
    signature = CryptoSigner(key).sign(text.encode())
    return file_of(text, {signature.keyid: signature.signature})


def next_snapshot(version: int, targets_version: int, expires: datetime) -> Snapshot:
    """A snapshot that names the targets metadata `targets_version`."""
    return Snapshot(version=version, expires=expires, meta={"targets.json": MetaFile(targets_version)})


def next_timestamp(version: int, snapshot_version: int, expires: datetime) -> Timestamp:
    """A timestamp that names the snapshot `snapshot_version`."""
    return Timestamp(version=version, expires=expires, snapshot_meta=MetaFile(snapshot_version))


def person_keys(root: Root, role: str) -> dict[str, SshKey]:
    """The people's keys of a role by key id; keys of another kind are left out."""
    found = {key_id: root.keys[key_id] for key_id in root.roles[role].keyids}
    return {key_id: key for key_id, key in found.items() if isinstance(key, SshKey)}
