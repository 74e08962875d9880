"""How long a tamper input takes to the engineer on call, and when who is paged after that: one line of JSON.

`python -m tests.alarms.paging_times [RUNS]`. Real PostgreSQL, API, mail server and webhook on this machine. The first
times are real seconds from the stored event to the page's arrival; the others are by the controller's clock, which is
put on in steps of a round.
"""

import asyncio
import json
import re
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from fleet.demo.postgres import PostgresServer
from fleet.paging.engine import EVERY_S
from fleet.stopping import cancel
from fleet.store.migrate import upgrade
from fleet.store.store import open_store
from tests.support.alarm_house import PRIMARY_NOW, SECONDARY_NOW, SUPERVISORS, AlarmHouse, address_of, alarm_house
from tests.support.postgres import create_database
from tests.support.waiting import until

_LINK = re.compile(r"https://\S+/ack/[A-Za-z0-9_-]{43}")


async def _latencies(house: AlarmHouse, runs: int) -> dict[str, float]:
    """With everything running: seconds to the mail and to the webhook, the median and the longest."""
    tasks = [asyncio.create_task(part) for part in (house.engine.run(), house.sender.run())]
    mails, hooks = [], []
    try:
        for _ in range(runs):
            mailed, hooked = len(house.mail.came), len(house.hook.came)
            await house.happen("tamper")
            began = time.monotonic()
            hook = asyncio.create_task(_since(house.hook.came, hooked, began))
            mails.append(await _since(house.mail.came, mailed, began))
            hooks.append(await hook)
            (alarm,) = await house.open_alarms()
            await house.rota[PRIMARY_NOW].acknowledge_alarm(alarm.alarm)
    finally:
        for task in tasks:
            await cancel(task)
    return {
        "to_mail_s": round(statistics.median(mails), 3),
        "to_mail_longest_s": round(max(mails), 3),
        "to_webhook_s": round(statistics.median(hooks), 3),
        "to_webhook_longest_s": round(max(hooks), 3),
    }


async def _since(came: Sequence[object], before: int, began: float) -> float:
    """Seconds from `began` until more came than there were before."""

    async def there() -> bool:
        return len(came) > before

    await until(there)
    return time.monotonic() - began


async def _escalation(house: AlarmHouse) -> dict[str, Any]:
    """By the controller's clock: seconds until each level was paged, and again; then the link takes it."""
    began = house.now
    counted = {person: len(house.mail.bodies(address_of(person))) for person in (PRIMARY_NOW, *SUPERVISORS)}
    await house.happen("tamper")
    first: dict[str, float] = {}
    again: float | None = None
    while again is None:
        await house.round()
        for person, before in counted.items():
            came = len(house.mail.bodies(address_of(person))) - before
            if came > 0:
                first.setdefault(person, (house.now - began).total_seconds())
            if person == PRIMARY_NOW and came > 1:
                again = (house.now - began).total_seconds()
        house.rota.clock.go_on(seconds=EVERY_S)
    link = _LINK.findall(house.mail.bodies(address_of("SU-01"))[-1])[0]
    tls = ssl.create_default_context(cafile=str(house.rota.api.ca_file))
    async with httpx.AsyncClient(verify=tls) as client:
        taken = await client.post(link)
    return {
        "primary_after_s": first[PRIMARY_NOW],
        "secondary_after_s": first[SECONDARY_NOW],
        "supervisor_after_s": first["SU-01"],
        "all_again_after_s": again,
        "taken_by_link": taken.status_code == 200,
        "pages_after_that": await house.round(hours=1),
    }


async def _run(server: PostgresServer, runs: int, home: Path) -> dict[str, Any]:
    dsn = await create_database(server, "paging")
    await upgrade(dsn)
    store = await open_store(dsn)
    try:
        async with alarm_house(store, dsn, home) as house:
            await house.have_contacts()
            return {"runs": runs, **await _latencies(house, runs), **await _escalation(house)}
    finally:
        await store.close()


def main() -> None:
    """Measure, print, and leave nothing behind."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    server = PostgresServer.create()
    try:
        with tempfile.TemporaryDirectory() as home:
            found = asyncio.run(_run(server, runs, Path(home)))
    finally:
        server.remove()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
