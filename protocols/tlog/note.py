"""Signed notes (C2SP signed-note): a text, an empty line, and lines of `— name base64(key id || signature)`.

Of every note there is one form only, so a note that was read is written as the same bytes again.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocols.errors import InvalidNote
from protocols.tlog.forms import from_base64, to_base64, to_utf8
from protocols.tlog.signature_types import ED25519, SIGNATURE_TYPES

MAX_NOTE_BYTES = 16 * 1024
MAX_SIGNATURES = 16
MAX_NAME_BYTES = 255
KEY_ID_BYTES = 4
_MAX_VKEY_CHARS = MAX_NAME_BYTES + 100
_LINE = "— "
_VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name. `algorithm` is its signature type byte, `key_id` 4 bytes made from all the rest.

    Raises InvalidNote `key-unreadable` when it is none.
    """

    name: str
    key_id: bytes
    algorithm: int
    public: bytes

    def __post_init__(self) -> None:
        kind = SIGNATURE_TYPES.get(self.algorithm)
        if kind is None:
            raise InvalidNote("key-unreadable", f"keys of type {self.algorithm} are not used here")
        if not _is_name(self.name) or not kind.usable(self.public):
            raise InvalidNote("key-unreadable", "the verifier key is damaged")
        if self.key_id != key_id_of(self.name, self.algorithm, self.public):
            raise InvalidNote("key-unreadable", "the verifier key's id is not that of its name and key")

    @classmethod
    def of(cls, name: str, public: bytes, algorithm: int = ED25519) -> "VerifierKey":
        """The key `public`, 32 bytes, under `name`; raises InvalidNote `key-unreadable`."""
        if not _is_name(name) or algorithm not in SIGNATURE_TYPES:
            raise InvalidNote("key-unreadable", f"{name[:60]!r} can not be the name of a key of type {algorithm}")
        return cls(name, key_id_of(name, algorithm, public), algorithm, public)

    @classmethod
    def parse(cls, vkey_text: str) -> "VerifierKey":
        """The key in `name+hex+base64`; raises InvalidNote `key-unreadable`."""
        parts = _VKEY.fullmatch(vkey_text) if len(vkey_text) <= _MAX_VKEY_CHARS else None
        if parts is None:
            raise InvalidNote("key-unreadable", "a verifier key is name+hex+base64")
        try:
            material = from_base64(parts[3])
        except ValueError as error:
            raise InvalidNote("key-unreadable", "the verifier key is not base64 in its one form") from error
        return cls(parts[1], bytes.fromhex(parts[2]), material[0] if material else 0, material[1:])

    @property
    def line(self) -> str:
        """The one form of the key as text (its vkey)."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.algorithm]) + self.public)}"

    def verify(self, body: str, signature: "NoteSignature") -> int | None:
        """The time that this key's `signature` under `body` states, in Unix seconds; None for a type without.

        Raises InvalidNote `bad-signature`, also for a signature by another key.
        """
        if (signature.name, signature.key_id) != (self.name, self.key_id):
            raise InvalidNote("bad-signature", f"the signature is not by {self.name[:80]}")
        try:
            return SIGNATURE_TYPES[self.algorithm].verified(self.public, body.encode(), signature.signature)
        except ValueError as error:
            detail = f"the signature of {self.name[:80]} proves nothing: {error}"
            raise InvalidNote("bad-signature", detail) from error


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """A signature as its line says it: nothing is verified yet. Raises InvalidNote `unreadable` when it can be none."""

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        if not _is_name(self.name) or len(self.key_id) != KEY_ID_BYTES or not self.signature:
            raise InvalidNote("unreadable", "a signature line has a name, a key id and a signature")

    @property
    def line(self) -> str:
        """The signature's line, with its line end."""
        return f"{_LINE}{self.name} {to_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note: `body` ends in a line end and is what the signatures sign. Raises InvalidNote `unreadable`."""

    body: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        _check_text(self.body)
        if not self.body.endswith("\n") or not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise InvalidNote("unreadable", f"a note is lines of text and 1 to {MAX_SIGNATURES} signatures")
        _check_text(self.text)

    @property
    def text(self) -> str:
        """The note as it is stored and sent."""
        return f"{self.body}\n{''.join(signature.line for signature in self.signatures)}"

    def with_signatures(self, more: Sequence[NoteSignature]) -> "Note":
        """The note with `more` signatures under it, each line once; raises InvalidNote `unreadable` for too many."""
        return Note(self.body, tuple(dict.fromkeys((*self.signatures, *more))))


def read_note(text: str) -> Note:
    """The note in `text`, with nothing verified; raises InvalidNote `unreadable`."""
    _check_text(text)
    head, split, tail = text.rpartition("\n\n")
    if not split or not tail.endswith("\n"):
        raise InvalidNote("unreadable", "a note is text, an empty line, and signature lines")
    if tail.count("\n") > MAX_SIGNATURES:
        raise InvalidNote("unreadable", f"a note has at most {MAX_SIGNATURES} signatures here")
    return Note(head + "\n", tuple(read_signature(line) for line in tail[:-1].split("\n")))


def read_signature(line: str) -> NoteSignature:
    """The signature in one line, given without its line end; raises InvalidNote `unreadable`."""
    _check_text(line)
    name, blank, encoded = line.removeprefix(_LINE).partition(" ")
    try:
        blob = from_base64(encoded)
    except ValueError as error:
        raise InvalidNote("unreadable", "a signature is not base64 in its one form") from error
    if not (line.startswith(_LINE) and blank):
        raise InvalidNote("unreadable", "a signature line is a dash, a name and base64")
    return NoteSignature(name, blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])


def sign_note(body: str, name: str, private_key: Ed25519PrivateKey) -> NoteSignature:
    """A plain Ed25519 signature under `body`; raises InvalidNote when body or name are none."""
    check_body(body)
    key = VerifierKey.of(name, private_key.public_key().public_bytes_raw())
    return NoteSignature(name, key.key_id, private_key.sign(body.encode()))


def verify_note(note: Note, keys: Iterable[VerifierKey]) -> dict[VerifierKey, int | None]:
    """Those of `keys` that have signed `note`, with the latest time that each states (None for a type without).

    Signatures by other keys are ignored; one by a known key that does not verify raises InvalidNote `bad-signature`.
    """
    known = {(key.name, key.key_id): key for key in keys}
    verified: dict[VerifierKey, int | None] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            stated, before = key.verify(note.body, signature), verified.get(key)
            verified[key] = before if stated is None else max(stated, before or 0)
    return verified


def check_body(body: str) -> None:
    """Raise InvalidNote `unreadable` unless `body` can be the text of a note."""
    _check_text(body)
    if not body.endswith("\n"):
        raise InvalidNote("unreadable", "the text of a note ends in a line end")


def key_id_of(name: str, algorithm: int, public: bytes) -> bytes:
    """The id of a key, 4 bytes (C2SP signed-note, section Signatures)."""
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:KEY_ID_BYTES]


def _is_name(name: str) -> bool:
    try:
        to_utf8(name, MAX_NAME_BYTES)
    except ValueError:
        return False
    return bool(name) and not any(sign == "+" or sign.isspace() for sign in name)


def _check_text(text: str) -> None:
    try:
        to_utf8(text, MAX_NOTE_BYTES)
    except ValueError as error:
        raise InvalidNote("unreadable", f"the note can not be read: {error}"[:200]) from error
