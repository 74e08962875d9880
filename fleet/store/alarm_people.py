"""People's contacts, maintenance windows, and whose alarms are whose."""

from collections.abc import Collection
from datetime import datetime

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.alarms import Channel
from protocols.api.alarms import WindowView

_SQL = load("alarm_people")


class StoredContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact, a row of the table; its address shows in no representation."""

    contact_id: str
    person_id: str
    channel: Channel
    address: str
    added_at: datetime
    tested_at: datetime | None = None
    works: bool | None = None
    withdrawn_at: datetime | None = None

    def __repr__(self) -> str:
        return f"StoredContact({self.contact_id}, {self.person_id}, {self.channel}, …)"


class StoredWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A maintenance window, a row of the table."""

    window_id: str
    unit_id: str | None
    deployment_id: str | None
    starts_at: datetime
    ends_at: datetime
    reason: str
    made_by: str
    made_at: datetime
    ended_by: str | None = None
    ended_at: datetime | None = None

    def view(self) -> WindowView:
        """As the API shows it."""
        rest = {name: getattr(self, name) for name in self.__struct_fields__[3:]}
        return WindowView(window=self.window_id, unit=self.unit_id, deployment=self.deployment_id, **rest)


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a deployment's alarms go to. `under_way`: its kit is out."""

    unit_id: str | None
    deployment_id: str
    rota_id: str | None
    supervisor_id: str | None
    lead_id: str | None
    under_way: bool


class AlarmPeopleStore:
    """Contacts, maintenance windows and routes within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def contact(self, contact_id: str) -> StoredContact | None:
        """A contact, withdrawn or not."""
        return _contact(await self._connection.fetchrow(_SQL["contact"], contact_id))

    async def locked_contact(self, contact_id: str) -> StoredContact | None:
        """A contact that nobody else changes until the transaction ends."""
        return _contact(await self._connection.fetchrow(_SQL["lock_contact"], contact_id))

    async def contacts(self, person_ids: Collection[str] | None = None) -> list[StoredContact]:
        """Contacts that are not withdrawn, of these people (None: of everybody), by person and time."""
        those = None if person_ids is None else list(person_ids)
        return [StoredContact(**record) for record in await self._connection.fetch(_SQL["contacts"], those)]

    async def add_contact(self, new: StoredContact) -> None:
        """Keep a contact."""
        await self._connection.execute(
            _SQL["add_contact"], new.contact_id, new.person_id, new.channel, new.address, new.added_at
        )

    async def withdraw_contact(self, contact_id: str, now: datetime) -> None:
        """Forget where it led, and send nothing there any more."""
        await self._connection.execute(_SQL["drop_of_contact"], contact_id)
        await self._connection.execute(_SQL["withdraw_contact"], contact_id, now)

    async def withdrawn_tried_at(self, person_id: str) -> datetime | None:
        """When a page last went to a contact that somebody has withdrawn since."""
        at: datetime | None = await self._connection.fetchval(_SQL["withdrawn_tried"], person_id)
        return at

    async def contact_tried(self, contact_id: str, now: datetime) -> None:
        """A page is about to go there."""
        await self._connection.execute(_SQL["contact_tried"], contact_id, now)

    async def contact_worked(self, contact_id: str, now: datetime, *, works: bool) -> None:
        """What came of the last page there."""
        await self._connection.execute(_SQL["contact_worked"], contact_id, now, works)

    async def windows(self, now: datetime, unit_id: str = "", deployment_id: str = "") -> list[StoredWindow]:
        """Maintenance windows that are not over, by their beginning."""
        records = await self._connection.fetch(_SQL["windows"], now, unit_id, deployment_id)
        return [StoredWindow(**record) for record in records]

    async def locked_window(self, window_id: str) -> StoredWindow | None:
        """A window that nobody else ends until the transaction does."""
        record = await self._connection.fetchrow(_SQL["lock_window"], window_id)
        return None if record is None else StoredWindow(**record)

    async def add_window(self, new: StoredWindow) -> None:
        """Keep a window."""
        await self._connection.execute(_SQL["add_window"], *msgspec.structs.astuple(new)[:8])

    async def end_window(self, window_id: str, by: str, now: datetime) -> None:
        """It is over before its time."""
        await self._connection.execute(_SQL["end_window"], window_id, by, now)

    async def units_held(self, now: datetime) -> set[str]:
        """The units that somebody works on now."""
        return {record["unit_id"] for record in await self._connection.fetch(_SQL["units_held"], now)}

    async def routes_of_units(self, unit_ids: Collection[str]) -> dict[str, Route]:
        """The deployments that units are out for."""
        records = await self._connection.fetch(_SQL["routes_of_units"], list(unit_ids))
        return {record["unit_id"]: Route(**record) for record in records}

    async def routes_of_deployments(self, deployment_ids: Collection[str]) -> dict[str, Route]:
        """Whom deployments' alarms go to."""
        records = await self._connection.fetch(_SQL["routes_of_deployments"], list(deployment_ids))
        return {record["deployment_id"]: Route(**record) for record in records}


def _contact(record: asyncpg.Record | None) -> StoredContact | None:
    return None if record is None else StoredContact(**record)
