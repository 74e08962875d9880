"""How requests name records that rotas keep of people, and the time that they are about."""

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from litestar.params import PathParameter, QueryParameter

from fleet.api.log_asked import moment_of
from fleet.errors import RequestRefused

AbsenceInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^L-[0-9a-f]{12}$(?!\n)")]
WishInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^W-[0-9a-f]{12}$(?!\n)")]
CallOutInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^C-[0-9a-f]{12}$(?!\n)")]
WorkInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^K-[0-9a-f]{12}$(?!\n)")]
RestInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^R-[0-9a-f]{12}$(?!\n)")]
CalendarInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^F-[0-9a-f]{12}$(?!\n)")]
FeedInPath: TypeAlias = Annotated[str, PathParameter()]
"""Whatever stands there: what is no feed is not found, however it is written."""
RotaAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^([a-z][a-z0-9-]{1,39})?$(?!\n)")]
"""A rota's id, or nothing for all of them."""
OpenOnly: TypeAlias = Annotated[bool, QueryParameter()]
CallOutsAtOnce: TypeAlias = Annotated[int, QueryParameter(ge=1, le=500)]

FROM_THE_FIRST, TO_THE_LAST = "1970-01-01T00:00:00Z", "2199-12-31T00:00:00Z"
_EARLIEST, _LATEST = datetime.fromisoformat(FROM_THE_FIRST), datetime.fromisoformat(TO_THE_LAST)


def period_asked(since: str, until: str) -> tuple[datetime, datetime]:
    """Both times in UTC, moved into years that have records; raises RequestRefused where they can not be read, or the
    second is not the later."""
    first, last = (min(max(moment_of(text), _EARLIEST), _LATEST).astimezone(UTC) for text in (since, until))
    if last <= first:
        raise RequestRefused("period-unusable", "the period ends before it begins", "name a later end")
    return first, last
