"""The forms of what may stand in a path or a query. Anything else is a 400 before it reaches a service."""

from typing import Annotated, Literal, TypeAlias

from litestar.params import PathParameter, QueryParameter

from protocols.api.authorities import AuthorityState
from protocols.api.mandates import MandateState
from protocols.people import MAX_VERSION

LAST_EVENT_ID = 2**53 - 1
"""What any reader of JSON keeps exact."""
_UNIT_ID = r"^[a-z0-9-]{8,40}$(?!\n)"

UnitInPath: TypeAlias = Annotated[str, PathParameter(pattern=_UNIT_ID)]
PersonInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^[A-Z]{2}-[0-9]{2,6}$(?!\n)")]
TokenInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^[0-9a-f]{24}$(?!\n)")]
"""The id of a voucher, a join request or a draft."""
AuthorityInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^A-[0-9a-f]{12}$(?!\n)")]
MandateInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^M-[0-9a-f]{12}$(?!\n)")]
PlanInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^P-[0-9a-f]{12}$(?!\n)")]
RotaInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^[a-z][a-z0-9-]{1,39}$(?!\n)")]
OpeningInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^open-[0-9a-f]{24}$(?!\n)")]
LinkInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^[A-Za-z0-9_-]{22}$(?!\n)")]
"""The token of a one-time link: 128 bits in base64url."""
ViewerInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^viewer-[0-9a-f]{16}$(?!\n)")]
EventInPath: TypeAlias = Annotated[int, PathParameter(ge=0, le=LAST_EVENT_ID)]

# Not optional: where None may be read, the word `null` is read as None.
UnitAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^([a-z0-9-]{8,40})?$(?!\n)")]
"""A unit's id, or nothing for all of them."""
TokenAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^[0-9a-f]{24}$(?!\n)")]
"""The id of what came last, or BEGINNING."""
BEGINNING = "0" * 24
"""What nothing has as its id: whoever asks for what comes after it begins."""
EventAsked: TypeAlias = Annotated[int, QueryParameter(ge=1, le=LAST_EVENT_ID)]
WordsAsked: TypeAlias = Annotated[str, QueryParameter(max_length=200)]
ChecksAtOnce: TypeAlias = Annotated[int, QueryParameter(ge=1, le=100)]
MandateAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^(M-[0-9a-f]{12})?$(?!\n)")]
"""A mandate's id, or nothing."""
PlanAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^(P-[0-9a-f]{12})?$(?!\n)")]
"""A plan's id, or nothing."""
OpeningAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^(open-[0-9a-f]{24})?$(?!\n)")]
"""An opening's id, or nothing."""
Offset: TypeAlias = Annotated[int, QueryParameter(ge=0, le=10_000_000)]
# The framework keeps the name `state` for itself.
AuthorityStateAsked: TypeAlias = Annotated[Literal["any", AuthorityState], QueryParameter(name="state")]
MandateStateAsked: TypeAlias = Annotated[Literal["any", MandateState], QueryParameter(name="state")]
MandatesAtOnce: TypeAlias = Annotated[int, QueryParameter(ge=1, le=200)]
"""How many mandates, or authorities, a page has."""
VersionAsked: TypeAlias = Annotated[int, QueryParameter(ge=-1, le=MAX_VERSION)]
