"""A controller's log for tests: sequencer, publisher and receipts on a real database, with real witnesses."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fleet.clock import Clock, utc_now
from fleet.log.deployment_log import DeploymentLog
from fleet.log.key import LogKey
from fleet.metrics import Metrics
from fleet.settings import DatabaseSettings, LogSettings, Settings, WitnessSettings
from fleet.store.store import Store
from protocols.tlog.policy import LogPolicy, build_policy
from tests.support.people import found_people
from tests.support.waiting import until
from tests.support.witness import RunningWitness


@dataclass(frozen=True)
class LoggingFleet:
    """Who trusts what: a log, and the policy in the people list of its fleet."""

    dsn: str
    store: Store
    key: LogKey
    policy: LogPolicy
    settings: LogSettings

    def log(self, clock: Clock = utc_now) -> DeploymentLog:
        """The log of one more controller."""
        settings = Settings(state_dir="unused", database=DatabaseSettings(dsn=self.dsn), log=self.settings)
        return DeploymentLog(settings, self.store, self.key, clock, Metrics())


def witness_of(key: LogKey, directory: Path, name: str = "witness.example/north") -> RunningWitness:
    """A witness that trusts the log of `key`; not started."""
    return RunningWitness(directory, [key.verifier], name)


async def logging_fleet(
    dsn: str,
    store: Store,
    key: LogKey,
    witnesses: Sequence[RunningWitness] = (),
    *,
    quorum: int = 0,
    every_s: int = 60,
    limit_s: float = 5.0,
) -> LoggingFleet:
    """Found a fleet whose people list names the log of `key` and `witnesses`, `quorum` of which must have seen it."""
    policy = build_policy(key.verifier.line, [(one.vkey.name, one.vkey.line) for one in witnesses], quorum)
    await found_people(store, log_policy=policy.text)
    known = [WitnessSettings(name=one.vkey.name, url=one.url, ca_file=str(one.ca_file)) for one in witnesses]
    settings = LogSettings(witnesses=known, checkpoint_every_s=every_s, poll_ms=20, witness_limit_s=limit_s)
    return LoggingFleet(dsn, store, key, policy, settings)


@asynccontextmanager
async def running_log(log: DeploymentLog) -> AsyncIterator[DeploymentLog]:
    """Run it until the block ends; it must not have ended by itself then."""
    running = asyncio.create_task(log.run())
    try:
        yield log
    finally:
        ended_by_itself = running.done()
        running.cancel()
        [end] = await asyncio.gather(running, return_exceptions=True)
    assert not ended_by_itself, end


async def until_cosigned(store: Store, size: int = 1) -> None:
    """Wait for a cosigned checkpoint of at least `size` leaves."""

    async def done() -> bool:
        async with store.transaction() as transaction:
            return await transaction.log_tree.newest_cosigned(covering=size - 1) is not None

    await until(done)
