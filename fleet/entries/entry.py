"""What every entry of the deployment log has in common, and how it becomes bytes.

An entry is JSON, hashed as stored. Its `dpa` says which kind of processing it is in the words of the Data Protection
Act 2018 s.62 (`life` for the life of kit, people and authorisations). Free text enters only as `HashedText`.
Entries never hold an address of a place, a coordinate, or anything about a subject.
"""

import secrets
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar, Literal

import msgspec

Dpa = Literal["collection", "alteration", "consultation", "disclosure", "combination", "erasure", "life"]

CONTROLLER = "controller"
"""The actor of what no person asked for."""

UNIT = "unit"
"""The actor of what a unit did by itself, and of what it says it did for somebody whom the controller does not know."""

MAX_BODY_BYTES = 32 * 1024
"""Half of what an entry bundle can hold, so that index and prior entry always fit."""


class HashedText:
    """Free text with its 16-byte salt. Only SHA-256(salt + text) enters the entry."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.salt = secrets.token_bytes(16)

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of salt and UTF-8 text."""
        return sha256(self.salt + self.text.encode()).hexdigest()


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=False):
    """What every entry says: when by the controller's clock, who, and which unit if one is concerned, with the time by
    the unit's own clock where the unit said it; on what authority and for which deployment, where there is one."""

    dpa: ClassVar[Dpa] = "life"

    at: datetime
    actor: str
    unit: str | None = None
    unit_at: datetime | None = None
    authority: str | None = None
    deployment: str | None = None


def _plain(value: Any) -> Any:
    if isinstance(value, HashedText):
        return {"sha256": value.sha256}
    raise NotImplementedError(f"a log entry can not hold a {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_plain)


def kind_of(entry: Entry) -> str:
    """The entry's kind, such as `unit.joined`."""
    return str(entry.__struct_config__.tag)


def encode(entry: Entry) -> bytes:
    """The entry's JSON bytes, as they are stored and hashed: version, dpa, then the fields in order.

    Raises ValueError above MAX_BODY_BYTES.
    """
    fields = msgspec.to_builtins(entry, enc_hook=_plain)
    body = _encoder.encode({"v": 1, "dpa": entry.dpa, **fields})
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"a {kind_of(entry)} entry of {len(body)} bytes, the limit is {MAX_BODY_BYTES}")
    return body


def texts_of(entry: Entry) -> list[tuple[str, HashedText]]:
    """The entry's free texts by field name, to be kept apart so that they can be erased."""
    found = ((name, getattr(entry, name)) for name in entry.__struct_fields__)
    return [(name, value) for name, value in found if isinstance(value, HashedText)]
