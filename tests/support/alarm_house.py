"""A controller whose alarms page a real mail server and a real webhook; the clock and the rounds are the test's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from fleet.metrics import Metrics
from fleet.paging.engine import Alarming
from fleet.paging.sending import Sender
from fleet.settings import AlarmSettings
from fleet.store.store import Store
from fleet.store.telemetry import EventRow
from protocols.api.alarms import AlarmView
from protocols.uplink import Severity
from tests.support.fleet_rows import add_units
from tests.support.page_receivers import Hook, MailBox, mail_box, webhook
from tests.support.rota_house import RotaHouse, rota_house

UNIT, LABEL = "unit-tamper01", "Van 3"
PRIMARY_NOW, SECONDARY_NOW, SUPERVISORS = "TO-12", "SU-02", ("SU-01", "SU-02")
"""Of the rota's house at its beginning."""


def address_of(person_id: str) -> str:
    """Where somebody's mail goes."""
    return f"{person_id.lower()}@pages.example"


@dataclass
class AlarmHouse:
    """The rota's house with a unit, contacts, and what sends pages."""

    rota: RotaHouse
    store: Store
    mail: MailBox
    hook: Hook
    engine: Alarming
    sender: Sender
    seq: int = 0

    @property
    def now(self) -> datetime:
        """The house's time."""
        return self.rota.clock.now

    async def happen(self, kind: str, severity: Severity = "alarm", summary: str = "it is so") -> None:
        """An event of the unit, as ingest stores it."""
        self.seq += 1
        row = EventRow(UNIT, 7, self.seq, kind, severity, summary, self.now, self.now)
        async with self.store.transaction() as transaction:
            assert await transaction.telemetry.add_events([row]), "it was new"
            transaction.changed.events = True

    async def round(self, **later: float) -> int:
        """Put the clock on, look, and send what is due; how many pages were."""
        self.rota.clock.go_on(**later)
        await self.engine.look()
        return await self.sender.send_due()

    async def open_alarms(self) -> list[AlarmView]:
        """As an engineer sees them."""
        return (await self.rota["TO-11"].alarms()).alarms

    async def have_contacts(self) -> None:
        """Let everybody who is ever paged be reached by mail, the primary by a webhook too."""
        for person in (PRIMARY_NOW, *SUPERVISORS):
            await self.rota[person].add_contact("e-mail", address_of(person))
        await self.rota[PRIMARY_NOW].add_contact("webhook", f"http://{self.hook.host}/page?to=12")


@asynccontextmanager
async def alarm_house(store: Store, dsn: str, home: Path, *, send_limit_s: float = 10.0) -> AsyncIterator[AlarmHouse]:
    """The house; nobody has a contact yet."""
    async with mail_box() as mail, webhook() as hook:
        settings = AlarmSettings(
            smtp_host="127.0.0.1",
            smtp_port=mail.port,
            smtp_mode="insecure",
            mail_from="muster@pages.example",
            webhook_hosts=[hook.host],
            send_limit_s=send_limit_s,
        )
        async with rota_house(store, dsn, home, alarms=settings) as rota:
            await add_units(store, "SU-01", {UNIT: LABEL}, rota.clock.now)
            yield AlarmHouse(rota, store, mail, hook, *_working(rota, store))


def alarms_of(house: AlarmHouse) -> AlarmHouse:
    """The same house as another controller works for it."""
    engine, sender = _working(house.rota, house.store)
    return replace(house, engine=engine, sender=sender)


def _working(rota: RotaHouse, store: Store) -> tuple[Alarming, Sender]:
    services = rota.api.services
    engine = Alarming(store, rota.clock, services.hub, Metrics())
    return engine, Sender(store, rota.clock, services.hub, services.delivery, rota.api.url, Metrics())
