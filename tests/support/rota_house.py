"""A controller with people who serve on a rota: for tests of rotas, plans, changes, call-outs and what people keep.

It is noon on Wednesday 4 February 2026 until a test puts the clock on. The rota `technical` has weekly turns from
Monday 5 January at 09:00 London: engineers in primary, those who may approve in secondary, so that nothing is amiss.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from fleet.client import FleetClient, connect
from fleet.settings import AlarmSettings, MandateSettings
from fleet.stopping import cancel
from fleet.store.store import Store
from protocols.api.rotas import NewPlan, PlanView, RotaView
from protocols.people import Role
from protocols.rota.model import Assigned, Rota
from tests.support.controller import RunningApi, running_api
from tests.support.people import Keyholder, put_in_force
from tests.support.rota_books import layer, local, rota

ROLES: dict[str, Role] = {
    "TO-11": "engineer",
    "TO-12": "engineer",
    "TO-13": "engineer",
    "SU-01": "supervisor",
    "SU-02": "supervisor",
    "AP-01": "approver",
    "IN-01": "inspector",
}
ENGINEERS = ("TO-11", "TO-12", "TO-13")
APPROVERS = ("SU-01", "SU-02", "AP-01")
MEMBERS = (*ENGINEERS, *APPROVERS)
PRIMARY, SECONDARY = "primary-weeks", "secondary-weeks"
NOW = datetime(2026, 2, 4, 12, tzinfo=UTC)
_TERM_DAYS = 1000


class HouseClock:
    """The controller's clock, which a test sets; it stands still."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **by: float) -> datetime:
        """Put it on, as `hours=3`; returns what it shows then."""
        self.now += timedelta(**by)
        return self.now


def week(number: int) -> datetime:
    """When the weekly turns of a week begin: Monday at 09:00 in London, 0 is 9 February 2026, the next after NOW."""
    first = datetime(2026, 2, 9, 9) + timedelta(weeks=number)  # noqa: DTZ001 - a wall time
    return local(first.isoformat())


def given(layer_id: str, number: int, person: str | None, *, fixed: bool = False) -> Assigned:
    """The turn of a week for somebody."""
    return Assigned(layer=layer_id, starts_at=week(number), person=person, fixed=fixed)


def technical(**changes: Any) -> Rota:
    """The house's rota, with some of its fields changed."""
    layers = [
        layer(PRIMARY, order=ENGINEERS),
        layer(SECONDARY, position="secondary", order=APPROVERS),
    ]
    return msgspec.structs.replace(rota(layers, members=MEMBERS), **changes)


@dataclass
class RotaHouse:
    """Everybody of ROLES signed in, with their keys."""

    api: RunningApi
    clock: HouseClock
    doors: dict[str, FleetClient] = field(default_factory=dict)
    keys: dict[str, Keyholder] = field(default_factory=dict)

    def __getitem__(self, person_id: str) -> FleetClient:
        return self.doors[person_id]

    async def put(self, version: int = 0, **changes: Any) -> RotaView:
        """Let SU-01 lay the rota down in the place of a version."""
        return await self["SU-01"].put_rota(technical(**changes), version)

    async def plan(self, assigned: list[Assigned], weeks: tuple[int, int] = (0, 4), based_on: int = 1) -> PlanView:
        """Let SU-01 plan turns by hand, from the Monday of one week to that of another."""
        starts_at, ends_at = map(week, weeks)
        new = NewPlan(starts_at=starts_at, ends_at=ends_at, based_on=based_on, assigned=assigned)
        return await self["SU-01"].draft_rota_plan("technical", new)


@asynccontextmanager
async def rota_house(
    store: Store,
    dsn: str,
    home: Path,
    *,
    with_rota: bool = True,
    alarms: AlarmSettings | None = None,
    mandates: MandateSettings | None = None,
) -> AsyncIterator[RotaHouse]:
    """The house, with the rota in version 1 unless told otherwise; its solver runs too."""
    clock = HouseClock(NOW)
    async with (
        running_api(store, dsn, home, clock=clock, alarms=alarms, mandates=mandates) as api,
        AsyncExitStack() as stack,
    ):
        house = RotaHouse(api, clock)
        for person_id, role in ROLES.items():
            key = house.keys[person_id] = Keyholder.make(person_id)
            await put_in_force(
                api.services.people, key.new(role, valid_days=None if role == "inspector" else _TERM_DAYS)
            )
            house.doors[person_id] = await stack.enter_async_context(connect(api.settings_of(key)))
        solving = asyncio.create_task(api.services.solvers.run(), name="solving")
        stack.push_async_callback(cancel, solving)
        if with_rota:
            await house.put()
        yield house
