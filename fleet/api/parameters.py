"""The forms of what may stand in a path or a query. Anything else is a 400 before it reaches a service."""

from typing import Annotated, TypeAlias

from litestar.params import PathParameter, QueryParameter

from protocols.people import MAX_VERSION

LAST_EVENT_ID = 2**53 - 1
"""What any reader of JSON keeps exact."""
_UNIT_ID = r"^[a-z0-9-]{8,40}$(?!\n)"

UnitInPath: TypeAlias = Annotated[str, PathParameter(pattern=_UNIT_ID)]
PersonInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^[A-Z]{2}-[0-9]{2,6}$(?!\n)")]
TokenInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^[0-9a-f]{24}$(?!\n)")]
"""The id of a voucher, a join request or a draft."""
EventInPath: TypeAlias = Annotated[int, PathParameter(ge=0, le=LAST_EVENT_ID)]

# Not optional: where None may be read, the word `null` is read as None.
UnitAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^([a-z0-9-]{8,40})?$(?!\n)")]
"""A unit's id, or nothing for all of them."""
TokenAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^[0-9a-f]{24}$(?!\n)")]
"""The id of what came last, or BEGINNING."""
BEGINNING = "0" * 24
"""What nothing has as its id: whoever asks for what comes after it begins."""
EventAsked: TypeAlias = Annotated[int, QueryParameter(ge=1, le=LAST_EVENT_ID)]
VersionAsked: TypeAlias = Annotated[int, QueryParameter(ge=-1, le=MAX_VERSION)]
