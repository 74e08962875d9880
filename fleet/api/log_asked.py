"""How a request says which entries it is about: the fields of LogQuery as query parameters, absent ones left out."""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from fleet.api.parameters import UnitAsked
from fleet.entries.log import LogScope
from fleet.errors import RequestRefused
from protocols.api.log import LogQuery, Moment

ApiRequest = Request[object, object, State]
T = TypeVar("T")

PersonAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^([A-Z]{2}-[0-9]{2,6})?$(?!\n)")]
ReferenceAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^[A-Za-z0-9./_-]{0,60}$(?!\n)")]
KindAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^[a-z.-]{0,40}$(?!\n)")]
MomentAsked: TypeAlias = Annotated[str, QueryParameter(max_length=40, schema_extra={"format": "date-time"})]
"""A time with its zone (RFC 3339)."""

_FROM_THE_FIRST, _TO_THE_LAST = "1970-01-01T00:00:00Z", "9000-01-01T00:00:00Z"
_EARLIEST, _LATEST = datetime.fromisoformat(_FROM_THE_FIRST), datetime.fromisoformat(_TO_THE_LAST)


async def _asked(
    unit: UnitAsked = "",
    person: PersonAsked = "",
    authority: ReferenceAsked = "",
    deployment: ReferenceAsked = "",
    kind: KindAsked = "",
    since: MomentAsked = _FROM_THE_FIRST,
    until: MomentAsked = _TO_THE_LAST,
) -> LogQuery:
    return LogQuery(
        unit=unit or None,
        person=person or None,
        authority=authority or None,
        deployment=deployment or None,
        kind=kind or None,
        since=None if since == _FROM_THE_FIRST else moment_of(since),
        until=None if until == _TO_THE_LAST else moment_of(until),
    )


def moment_of(text: str) -> datetime:
    """The time that `text` says; raises RequestRefused."""
    try:
        return msgspec.convert(text, Moment)
    except msgspec.ValidationError as error:
        raise RequestRefused(
            "time-unreadable", "a time is written as 2026-11-22T14:02:07Z", "correct the request"
        ) from error


async def exactly(request: ApiRequest, kind: type[T]) -> T:
    """The request's body, with nothing taken for what it is not: the framework reads a number as a time.

    Raises RequestRefused.
    """
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.ValidationError as error:
        raise RequestRefused("body-unusable", str(error), "correct the request") from error


AskedEntries: TypeAlias = NamedDependency[LogQuery]
"""How a handler asks for it, under the name `asked`, beside `dependencies=ASKED`."""
ASKED: dict[str, Any] = {"asked": Provide(_asked)}


def scope_of(query: LogQuery) -> LogScope:
    """The same as an entry says it, with times in UTC, moved to years that every calendar and database knows."""
    fields = msgspec.structs.asdict(query)
    for name in ("since", "until"):
        if fields[name] is not None:
            fields[name] = min(max(fields[name], _EARLIEST), _LATEST).astimezone(UTC)
    return LogScope(**fields)
