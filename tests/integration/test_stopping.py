"""A controller that is told to stop while its database goes away: it ends all the same, and at once."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

from fleet.clock import utc_now
from fleet.credentials import create_credentials
from fleet.errors import StoreUnavailable
from fleet.feed.hub import Hub
from fleet.store.store import Store
from tests.support.reporting import until

SOON_S = 5.0
Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@asynccontextmanager
async def stopped_backend(owner: Owner, query: str) -> AsyncIterator[Callable[[], None]]:
    """The server's process behind the connection whose last query was like `query` does nothing; the function that is
    given lets it end as PostgreSQL does when it shuts down."""
    find = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE $1 AND pid <> $2"
    found: list[int] = []

    async def there() -> bool:
        found[:] = [row["pid"] for row in await owner.fetch(find, query, owner.get_server_pid())]
        return len(found) == 1

    await until(there)
    os.kill(found[0], signal.SIGSTOP)

    def shut_down() -> None:
        os.kill(found[0], signal.SIGTERM)
        os.kill(found[0], signal.SIGCONT)

    try:
        yield shut_down
    finally:
        with suppress(ProcessLookupError):
            os.kill(found[0], signal.SIGCONT)


async def cancelled_while_it_shuts_down(owner: Owner, query: str, work: Callable[[], Awaitable[None]]) -> None:
    """Cancel `work` while the database that it speaks with shuts down; it has to end as a cancelled task does."""
    task = asyncio.ensure_future(work())
    try:
        async with stopped_backend(owner, query) as shut_down:
            task.cancel()
            await asyncio.sleep(0)  # the task says its last words to the database, which does not answer
            await asyncio.sleep(0)
            shut_down()
            done, _ = await asyncio.wait([task], timeout=SOON_S)
        assert done
        assert task.cancelled()
    finally:
        task.cancel()


async def test_a_transaction_that_is_cancelled_stays_so(store: Store, owner: Owner) -> None:
    async def work() -> None:
        async with store.transaction() as transaction:
            await transaction.units.schema_revision()
            await asyncio.Event().wait()

    await cancelled_while_it_shuts_down(owner, "%version_num%", work)


async def test_the_hub_ends_when_it_is_cancelled(store: Store, owner: Owner) -> None:
    await cancelled_while_it_shuts_down(owner, "LISTEN%", Hub(store).run)


async def test_a_controller_that_waits_for_its_database_stops_when_told_to(tmp_path: Path) -> None:
    create_credentials(tmp_path / "state", utc_now())
    settings = tmp_path / "fleet.toml"
    nowhere = f"postgresql://muster@/muster?host={tmp_path}"
    settings.write_text(f'state_dir = "{tmp_path}/state"\n[database]\ndsn = "{nowhere}"\n')
    log = tmp_path / "log"
    program = Path(sys.executable).with_name("fleet")
    with log.open("wb") as output:
        controller = await asyncio.create_subprocess_exec(
            program, "serve", "--config", settings, stdout=output, stderr=output
        )
    try:
        await until(lambda: "waiting for the database" in log.read_text())
        controller.terminate()
        async with asyncio.timeout(SOON_S):
            assert await controller.wait() == 0
    finally:
        if controller.returncode is None:
            controller.kill()
            await controller.wait()
    assert "Traceback" not in log.read_text()


async def test_a_lost_database_is_no_cancellation(store: Store) -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
    except* LookupError:
        await store.close()  # the group leaves a cancellation behind on Python 3.11
    with pytest.raises(StoreUnavailable):
        async with store.transaction():
            pass
