"""A controller on which a week is played: everybody of it signed in, real mail, the controller's rounds at the test's
call."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fleet.client import connect
from fleet.demo.place import PEOPLE
from fleet.demo.week.cast import MORE_PEOPLE
from fleet.demo.week.clock import SteppedClock
from fleet.demo.week.stage import Stage
from fleet.demo.week.units import WeekUnits
from fleet.deployments.deadline_watch import DeadlineWatch
from fleet.metrics import Metrics
from fleet.paging.engine import Alarming
from fleet.paging.sending import Sender
from fleet.settings import AlarmSettings, MandateSettings
from fleet.store.store import Store
from fleet.welfare.watch import WelfareWatch
from tests.support.controller import running_api
from tests.support.page_receivers import mail_box
from tests.support.people import Keyholder

MONDAY = datetime(2026, 2, 2, tzinfo=UTC)
"""London's midnight too."""
REACHED_BY_MAIL = ("TO-07", "TO-21", "TO-12", "TO-15", "SU-02", "AP-04", "SU-05")


@asynccontextmanager
async def week_house(store: Store, dsn: str, home: Path) -> AsyncIterator[Stage]:
    """The stage a day before its week; nothing has been laid down, and those on the rota are reached by mail."""
    clock = SteppedClock(MONDAY - timedelta(days=1))
    async with mail_box() as mail:
        settings = AlarmSettings(
            smtp_host="127.0.0.1", smtp_port=mail.port, smtp_mode="insecure", mail_from="muster@pages.example"
        )
        mandates = MandateSettings(plain_keys_may_sign=True)
        async with (
            running_api(store, dsn, home, clock=clock, alarms=settings, mandates=mandates) as api,
            AsyncExitStack() as stack,
        ):
            doors = {}
            for person_id, role in (PEOPLE | MORE_PEOPLE).items():
                client = await api.add(Keyholder.make(person_id), role)
                doors[person_id] = await stack.enter_async_context(connect(client))
            for person_id in REACHED_BY_MAIL:
                await doors[person_id].add_contact("e-mail", f"{person_id.lower()}@pages.example")
            services, metrics = api.services, Metrics()
            rounds = (
                WelfareWatch(store, clock).look,
                DeadlineWatch(store, clock).look,
                Alarming(store, clock, services.hub, metrics).look,
                Sender(store, clock, services.hub, services.delivery, api.url, metrics).send_due,
            )
            yield Stage(doors, clock, MONDAY, WeekUnits(store, clock), rounds)
