"""Events: reading and taking them."""

from typing import Annotated

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import FromQuery, QueryParameter

from fleet.alarms.taking import event_taken
from fleet.api.access import caller_of
from fleet.api.parameters import LAST_EVENT_ID, EventAsked, EventInPath, UnitAsked
from fleet.api.services import Given
from fleet.entries.people_and_units import EventAcknowledged
from fleet.errors import Conflict, NotFound
from protocols.api.events import EventPage, EventView
from protocols.uplink import Severity

ApiRequest = Request[object, object, State]


@get("/api/events", opt={"permission": "see-fleet"})
async def list_events(
    services: Given,
    unit_id: UnitAsked = "",
    severity: FromQuery[tuple[Severity, ...]] = (),
    open_only: FromQuery[bool] = False,
    before: EventAsked = LAST_EVENT_ID,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> EventPage:
    """Events newest first."""
    async with services.store.transaction() as transaction:
        events = await transaction.events.page(
            unit_id=unit_id or None,
            severities=list(severity) or None,
            open_only=open_only,
            before=before,
            limit=limit,
        )
    return EventPage(events=events, next_before=events[-1].event_id if len(events) == limit else None)


@post(
    "/api/events/{event_id:int}/acknowledge",
    opt={"permission": "acknowledge-event", "refuses": [404, 409]},
    status_code=200,
)
async def acknowledge(request: ApiRequest, services: Given, event_id: EventInPath) -> EventView:
    """Take an event, with the alarm that it belongs to: neither waits for anybody any more."""
    now = services.clock()
    person_id = caller_of(request).person.person_id
    async with services.store.transaction() as transaction:
        event = await transaction.events.one(event_id)
        if event is None:
            raise NotFound("event-unknown", f"there is no event {event_id}", "list events again")
        if not await transaction.events.acknowledge(event_id, person_id, now):
            raise Conflict("event-taken", f"{event.acknowledged_by} has taken this event already")
        await transaction.log.append(
            EventAcknowledged(at=now, actor=person_id, unit=event.unit_id, event=event_id, event_kind=event.kind)
        )
        await event_taken(transaction, event_id, person_id, now)
        transaction.changed.events = True
        if event.unit_id is not None:
            transaction.changed.units.add(event.unit_id)
    return msgspec.structs.replace(event, acknowledged_by=person_id, acknowledged_at=now)


HANDLERS = [list_events, acknowledge]
