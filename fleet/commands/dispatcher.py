"""Sending queued commands to units that have a session, and ending those whose time has passed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

import structlog

from fleet.clock import Clock
from fleet.commands.desk import SETTINGS_LIFE, write_command
from fleet.entries.entry import CONTROLLER
from fleet.entries.people_and_units import VoucherUsed
from fleet.errors import StoreUnavailable
from fleet.feed.hub import Hub
from fleet.store.commands import WaitingCommand
from fleet.store.store import Store
from protocols.commands import ApplySettings

_log = structlog.get_logger()
_TICK_S = 1.0

SendCommand = Callable[[WaitingCommand, datetime], Awaitable[bool]]
"""Takes one command to be sealed and published, False when it can not be taken now; the downlink's."""


class Dispatcher:
    """Sends at least once: a unit knows a command it has seen by its id."""

    def __init__(self, store: Store, clock: Clock, hub: Hub, send: SendCommand) -> None:
        self._store = store
        self._clock = clock
        self._hub = hub
        self._send = send
        self._untaken: set[str] = set()
        self._has_untaken = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled; a lost database only delays."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send_new(), name="commands: send")
            tasks.create_task(self._send_untaken(), name="commands: send again")
            tasks.create_task(self._expire(), name="commands: expire")

    async def on_sessions(self, unit_ids: Iterable[str]) -> None:
        """These units have just announced a session: their vouchers are used, and what waits for them is sent.

        A unit that runs older settings than wanted is told again.
        """
        units = sorted(unit_ids)
        now = self._clock()
        async with self._store.transaction() as transaction:
            for unit_id, voucher_id in await transaction.joining.mark_used(units, now):
                await transaction.log.append(VoucherUsed(at=now, actor=CONTROLLER, unit=unit_id, voucher=voucher_id))
            for unit_id in await transaction.commands.out_of_step(units):
                settings = await transaction.units.settings(unit_id)
                assert settings is not None, "every unit has settings"
                await write_command(
                    transaction,
                    unit_id,
                    ApplySettings(settings),
                    actor=CONTROLLER,
                    clock=self._clock,
                    life=SETTINGS_LIFE,
                )
            waiting = await transaction.commands.take_waiting(units, now, again=True)
            transaction.changed.units.update(command.unit_id for command in waiting)
        await self._send_each(waiting, now)

    async def _send_new(self) -> None:
        with self._hub.subscribe() as subscription:
            while True:
                change = await subscription.take()
                if not change.commands and not change.all:
                    continue
                units = None if change.all else sorted(change.commands)
                try:
                    # At its beginning also what a controller may have called sent that was killed before it sent it.
                    await self._send_queued(units, again=change.all)
                except StoreUnavailable as error:
                    self._has_untaken.set()  # nobody else would look for them before the next change
                    _log.warning("commands wait for the database", detail=error.detail)

    async def _send_queued(self, units: list[str] | None, *, again: bool = False) -> None:
        now = self._clock()
        async with self._store.transaction() as transaction:
            waiting = await transaction.commands.take_waiting(units, now, again=again)
            transaction.changed.units.update(command.unit_id for command in waiting)
        await self._send_each(waiting, now)

    async def _send_each(self, waiting: Iterable[WaitingCommand], now: datetime) -> None:
        for command in waiting:
            if not await self._send(command, now):
                self._untaken.add(command.command_id)
                self._has_untaken.set()

    async def _send_untaken(self) -> None:
        """Send what could not be taken again, each second until it is: its unit may keep its session all the while."""
        while True:
            await self._has_untaken.wait()
            await asyncio.sleep(_TICK_S)
            untaken = sorted(self._untaken)
            try:
                async with self._store.transaction() as transaction:
                    await transaction.commands.put_back(untaken, self._clock())
                self._untaken.difference_update(untaken)
                if not self._untaken:
                    self._has_untaken.clear()
                await self._send_queued(None)
            except StoreUnavailable as error:
                self._has_untaken.set()
                _log.warning("commands wait for the database", detail=error.detail)

    async def _expire(self) -> None:
        while True:
            try:
                async with self._store.transaction() as transaction:
                    ended = await transaction.commands.expire(self._clock())
                    transaction.changed.units.update(ended.values())
            except StoreUnavailable as error:
                _log.warning("commands can not be expired now", detail=error.detail)
            await asyncio.sleep(_TICK_S)
