"""What stands beside an entry's body in the database, so that entries are found. Pure.

Only the body is hashed. So whatever is shown or judged comes from the body, and a column that says something else shows
that somebody changed the database.
"""

from datetime import datetime
from typing import NamedTuple

import msgspec


class Columns(NamedTuple):
    """The columns of an entry; `person` is whom it concerns, where that is not the actor."""

    kind: str
    unit_id: str | None
    actor: str
    at: datetime
    authority: str | None
    deployment: str | None
    person: str | None
    opening: str | None


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    at: datetime
    actor: str
    unit: str | None = None
    authority: str | msgspec.UnsetType | None = msgspec.UNSET
    deployment: str | None = None
    person: str | None = None
    opening: str | None = None


_decoder = msgspec.json.Decoder(_Said)


def columns_of(body: bytes) -> Columns:
    """What the columns beside `body` have to be. Raises ValueError when it is not the body of an entry."""
    try:
        said = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(f"the body of an entry can not be read: {error}") from error
    if said.authority is msgspec.UNSET:
        # Bodies of the first two schemas name no authority, and were written when there were no columns for these.
        return Columns(said.kind, said.unit, said.actor, said.at, None, None, None, None)
    return Columns(
        said.kind, said.unit, said.actor, said.at, said.authority, said.deployment, said.person, said.opening
    )


def differing(columns: Columns, body: bytes) -> list[str]:
    """The names of the columns that are not what `body` says. Raises ValueError as `columns_of` does."""
    said = columns_of(body)
    return [name for name, one, other in zip(Columns._fields, columns, said, strict=True) if one != other]
