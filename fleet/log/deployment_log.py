"""The deployment log in one controller: its parts, put together."""

import asyncio
from pathlib import Path

from fleet.clock import Clock
from fleet.log.cosigning import Cosigner, WitnessAddress
from fleet.log.disagreements import Disagreements
from fleet.log.key import LogKey
from fleet.log.news import LogNews
from fleet.log.publishing import Publisher
from fleet.log.receipts import Receipts
from fleet.log.sequencer import Sequencer
from fleet.log.stamping import Stamping
from fleet.log.status import LogStanding
from fleet.log.sweep import LogSweep
from fleet.log.timestamping import Timestamper
from fleet.log.watch import LogWatch
from fleet.metrics import Metrics
from fleet.settings import Settings
from fleet.store.store import Store
from protocols.api.log import LogStatus


class DeploymentLog:
    """`receipts` work without `run`, as long as some controller sequences. Raises SettingsInvalid when a CA file of
    the settings can not be read."""

    def __init__(self, settings: Settings, store: Store, key: LogKey, clock: Clock, metrics: Metrics) -> None:
        log = settings.log
        self._news = LogNews()
        self._cosigner = Cosigner(
            [WitnessAddress(one.name, one.url, Path(one.ca_file)) for one in log.witnesses], log.witness_limit_s
        )
        disagreements = Disagreements(store, clock, again_s=log.checkpoint_every_s)
        self._publisher = Publisher(
            store, key, self._cosigner, clock, self._news, disagreements, every_s=log.checkpoint_every_s
        )
        self._timestamper: Timestamper | None = None
        self._while_leading = [self._publisher.run, LogSweep(store, clock).run]
        if log.timestamp_url is not None and log.timestamp_ca_file is not None:
            self._timestamper = Timestamper(log.timestamp_url, Path(log.timestamp_ca_file))
            stamping = Stamping(store, self._timestamper, clock, self._news, every_h=log.timestamp_every_h)
            self._while_leading.append(stamping.run)
        self._sequencer = Sequencer(
            settings.database.dsn,
            self._news,
            poll_s=log.poll_ms / 1000,
            meanwhile=self._lead,
            on_damage=disagreements.tell_damage,
        )
        self._watch = LogWatch(store, clock, metrics, every_s=log.checkpoint_every_s)
        self._standing = LogStanding(
            store,
            key,
            clock,
            every_s=log.checkpoint_every_s,
            is_leading=lambda: self._sequencer.is_leading,
            is_stuck=lambda: self._watch.is_stuck,
            answers=self._publisher.witnesses,
        )
        self.receipts = Receipts(store, self._news)

    async def run(self) -> None:
        """Sequence, publish and watch until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._sequencer.run(), name="log sequencer")
                group.create_task(self._watch.run(), name="log watch")
        finally:
            await self._cosigner.close()
            if self._timestamper is not None:
                await self._timestamper.close()

    async def _lead(self) -> None:
        async with asyncio.TaskGroup() as group:
            for part in self._while_leading:
                group.create_task(part())

    async def status(self) -> LogStatus:
        """How the log stands. Raises StoreUnavailable."""
        return await self._standing.status()
