"""The feed of changes: a websocket at `/api/feed`, messages as JSON text.

The client's first message is Hello with its token; then Watch whenever what it shows changes. The server sends at
most four messages of a kind a second, coalesced, each with the state now, so a missed one is repaired by the next.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocols.api.events import EventView
from protocols.api.units import Summary, UnitRow

MAX_WATCHED = 500


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="hello"):
    """Signs the feed in with a session token."""

    token: Annotated[str, Meta(max_length=100)]

    def __repr__(self) -> str:
        return "Hello(token=…)"


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="watch", kw_only=True):
    """What the client shows now, in place of what it watched before."""

    units: Annotated[list[str], Meta(max_length=MAX_WATCHED)] = []
    events: bool = False
    joins: bool = False
    summary: bool = False
    rotas: bool = False
    deployments: bool = False
    alarms: bool = False
    rollouts: bool = False


ClientMessage = Hello | Watch


class UnitsChanged(msgspec.Struct, frozen=True, tag="units"):
    """Watched units whose row changed."""

    rows: list[UnitRow]


class EventsChanged(msgspec.Struct, frozen=True, tag="events"):
    """New or changed events, newest first, at most 100."""

    events: list[EventView]


class JoinsChanged(msgspec.Struct, frozen=True, tag="joins"):
    """The queue of joins changed; ask for it again."""

    pending: int


class SummaryChanged(msgspec.Struct, frozen=True, tag="summary"):
    """The fleet in numbers."""

    summary: Summary


class RotasChanged(msgspec.Struct, frozen=True, tag="rotas"):
    """Rotas, plans, or what is kept of people for them changed; ask again for what is shown. How far a solver is, is
    not told: its plan says so."""


class DeploymentsChanged(msgspec.Struct, frozen=True, tag="deployments"):
    """Deployments, kit or sites changed; ask again for what is shown."""


class AlarmsChanged(msgspec.Struct, frozen=True, tag="alarms"):
    """Alarms, their rules, maintenance windows or pages changed; ask again for what is shown."""


class RolloutsChanged(msgspec.Struct, frozen=True, tag="rollouts"):
    """Rollouts, or how far units are in them, changed; ask again for what is shown."""


class FleetChanged(msgspec.Struct, frozen=True, tag="fleet"):
    """Units were added or removed: a list's length changed."""


ServerMessage = (
    UnitsChanged
    | EventsChanged
    | JoinsChanged
    | SummaryChanged
    | FleetChanged
    | RotasChanged
    | DeploymentsChanged
    | AlarmsChanged
    | RolloutsChanged
)
