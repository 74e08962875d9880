"""The one place that decides who may call what.

Every handler names its permission in `opt={"permission": …}`: one of `protocols.people.Permission`, ANYONE_SIGNED_IN,
or NOBODY_YET for the few that come before signing in. A handler without one is refused, always.
"""

from typing import Any
from urllib.parse import quote

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from fleet.api.services import Services
from fleet.entries.people_and_units import RequestRefusedEntry
from fleet.errors import Forbidden
from fleet.people.signing_in import NotSignedIn
from fleet.store.events import ControllerEvent
from fleet.store.people import Person
from protocols.people import may

NOBODY_YET = "nobody-yet"
ANYONE_SIGNED_IN = "anyone-signed-in"

Connection = ASGIConnection[Any, Any, Any, Any]


class Caller(msgspec.Struct, frozen=True):
    """Who makes the request, and the token of their session."""

    person: Person
    token: str

    def __repr__(self) -> str:
        return f"Caller({self.person.person_id})"


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse the request unless its session's person may make it; raises NotSignedIn or Forbidden.

    A refusal for the role is recorded as an event and, the first time, a log entry.
    """
    permission = handler.opt.get("permission")
    if permission == NOBODY_YET:
        return
    services: Services = connection.app.state.services
    token = _bearer(connection)
    person = await services.signing_in.person_of(token)
    services.guests.settle(connection.scope["client"])
    connection.scope["state"]["caller"] = Caller(person, token)
    if permission == ANYONE_SIGNED_IN:
        return
    if permission is None or not may(person.role, permission):
        method = connection.scope.get("method", "")
        # Quoted, so that no character in a path can keep the refusal from being written down.
        await _record(
            services,
            person,
            str(permission),
            asked=f"{method} {quote(connection.url.path)}",
            described=f"{method} {connection.scope.get('path_template', '')}",
        )
        raise Forbidden(person.role, permission or "manage-people")


def caller_of(connection: Connection) -> Caller:
    """The caller that `guard` has let in."""
    caller: Caller = connection.scope["state"]["caller"]
    return caller


def address_of(connection: Connection) -> str:
    """The address the request came from."""
    return connection.client.host if connection.client is not None else "unknown"


def _bearer(connection: Connection) -> str:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn
    return token


async def _record(services: Services, person: Person, permission: str, *, asked: str, described: str) -> None:
    """`asked` is the request as it came: free text, so only the event says it. The entry says `described`.

    The same refusal again is counted on its event until a person takes that, so that nobody fills the log by asking.
    """
    now = services.clock()
    event = ControllerEvent(
        kind="request-refused",
        severity="warning",
        summary=f"{person.person_id} ({person.role}) asked for {asked}, which needs {permission}"[:200],
        repeat_key=f"refused:{person.person_id}:{permission}:{described[:200]}",
    )
    async with services.store.transaction() as transaction:
        if await transaction.events.add(event, now):
            await transaction.log.append(
                RequestRefusedEntry(
                    at=now, actor=person.person_id, role=person.role, permission=permission, request=described[:200]
                )
            )
        transaction.changed.events = True
