"""Carrying rollouts on: looks when something of them has changed, and every two seconds."""

import asyncio
import time
from contextlib import suppress

import structlog

from fleet.clock import Clock
from fleet.errors import StoreUnavailable
from fleet.feed.hub import Hub, Subscription
from fleet.rollouts.carrying_out import carry_out, plan_of
from fleet.rollouts.manifests import ReadManifest
from fleet.rollouts.rules.deciding import decide
from fleet.rollouts.rules.facts import RolloutNow
from fleet.store.rollouts import StoredRollout
from fleet.store.store import Store, Transaction

_EVERY_S = 2.0
"""Sessions, checks and deployments that hold units begin and end without a word of it."""
_PAUSE_S = 0.2
_PAUSE_FOR_WORK = 3.0
"""So many times as long as a look took, the next waits: a large rollout takes a quarter of a processor at most."""
_AGAIN_S = 5.0

_log = structlog.get_logger(__name__)


class RolloutRunner:
    """Of several controllers one at a time looks."""

    def __init__(self, store: Store, clock: Clock, hub: Hub, manifest: ReadManifest) -> None:
        self._store = store
        self._clock = clock
        self._hub = hub
        self._manifest = manifest

    async def run(self) -> None:
        """Look until cancelled; a lost database only delays."""
        with self._hub.subscribe() as subscription:
            while True:
                began = time.monotonic()
                try:
                    await self.look()
                except StoreUnavailable as error:
                    _log.warning("rollouts wait for the database", detail=error.detail)
                    await asyncio.sleep(_AGAIN_S)
                    continue
                await asyncio.sleep(max(_PAUSE_S, _PAUSE_FOR_WORK * (time.monotonic() - began)))
                await _until_changed(subscription)

    async def look(self) -> int:
        """Take each rollout a step on; returns how much was done. Raises StoreUnavailable."""
        async with self._store.transaction() as transaction:
            rollouts = await transaction.rollouts.to_look_at()
        return sum([await self._look_at(rollout_id) for rollout_id in rollouts])

    async def _look_at(self, rollout_id: str) -> int:
        async with self._store.transaction() as transaction:
            if not await transaction.rollouts.lock_runner():
                return 0
            rollout = await transaction.rollouts.locked(rollout_id)
            assert rollout is not None, "rollouts are never deleted"
            rings = await transaction.rollouts.rings(rollout_id)
            units = await transaction.rollouts.units_now(rollout_id, self._clock())
            barred = await self._why_barred(transaction, rollout)
            now = RolloutNow(rollout.state, rings)
            decided = decide(plan_of(rollout), now, units, self._clock(), barred=barred)
            return await carry_out(transaction, rollout, rings, units, decided, self._clock)

    async def _why_barred(self, transaction: Transaction, rollout: StoredRollout) -> str:
        """A unit fetches what is in force under the manifest's path: that has to be what the rollout began with."""
        if rollout.state != "running":
            return ""
        there = await self._manifest(transaction, rollout.manifest)
        if there is None:
            return f"{rollout.manifest} is not in force any more"
        return "" if there.sha256 == rollout.sha256 else f"{rollout.manifest} is another manifest now"


async def _until_changed(subscription: Subscription) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_EVERY_S):
            while True:
                change = await subscription.take()
                if change.rollouts or change.all:
                    return
