"""Commands of the controller: each carried out once, its result told as often as it is asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import structlog

from edge_agent.clock import Clock
from edge_agent.errors import AgentError
from edge_agent.link.uplink import Outcome, ResultState
from edge_agent.spool.spool import Spool
from protocols.commands import ApplySettings, CancelMandate, ReportNow, SendRecords, UpdateUnit
from protocols.downlink import Command
from protocols.settings import UnitSettings

WAITING_MAX = 16
ORDER_LIMIT_S = 60.0
_INTERRUPTED = "the agent was stopped before it was done; give the command again if it is still wanted"

_log = structlog.get_logger(__name__)


def refuse_settings(own: UnitSettings, wanted: UnitSettings) -> str | None:
    """Why a unit with settings `own` does not take `wanted`; None when it does."""
    if wanted.version < own.version:
        return f"settings version {wanted.version} is older than the unit's own {own.version}"
    return None


class Orders:
    """Takes commands one at a time, in the order they came."""

    def __init__(
        self,
        spool: Spool,
        clock: Clock,
        tell: Callable[[Outcome], None],
        report_now: Callable[[], Awaitable[None]],
        own_settings: Callable[[], UnitSettings],
        apply_settings: Callable[[UnitSettings], Awaitable[None]],
        send_records: Callable[[int], Awaitable[int]],
        cancel_mandate: Callable[[str], Awaitable[int]],
        update_unit: Callable[[UpdateUnit], Awaitable[tuple[ResultState, str]]],
    ) -> None:
        """`tell` sends a result; `report_now`, `apply_settings`, `send_records` and `cancel_mandate` (which return how
        many records were sent, openings closed) carry out, or raise AgentError; `update_unit` begins an update, or says
        why not."""
        self._spool = spool
        self._clock = clock
        self._tell = tell
        self._report_now = report_now
        self._own_settings = own_settings
        self._apply_settings = apply_settings
        self._send_records = send_records
        self._cancel_mandate = cancel_mandate
        self._update_unit = update_unit
        self._waiting: asyncio.Queue[tuple[Command, int]] = asyncio.Queue(WAITING_MAX)

    def take(self, command: Command, good_until_ms: int) -> None:
        """Take `command` over, to be begun before monotonic time `good_until_ms`; one too many is refused at once."""
        try:
            self._waiting.put_nowait((command, good_until_ms))
        except asyncio.QueueFull:
            self._tell(Outcome(command.command_id, "refused", f"{WAITING_MAX} commands are waiting already"))

    async def run(self) -> None:
        """Carry out commands until cancelled."""
        while True:
            await self._once(*await self._waiting.get())

    async def _once(self, command: Command, good_until_ms: int) -> None:
        known = await self._spool.recall(command.command_id)
        if known is None and self._clock.mono_ms() >= good_until_ms:
            await self._settle(command.command_id, "refused", "it expired while it waited for its turn")
        elif known is None:
            await self._settle(command.command_id, "accepted", "")
            await self._settle(command.command_id, *await self._carry_out(command))
        elif known[0] == "accepted":
            await self._settle(command.command_id, "failed", _INTERRUPTED)
        else:
            self._tell(Outcome(command.command_id, cast(ResultState, known[0]), known[1]))

    async def _settle(self, command_id: str, state: ResultState, reason: str) -> None:
        await self._spool.remember(command_id, state, reason)
        self._tell(Outcome(command_id, state, reason))
        _log.info("command", command_id=command_id, state=state, reason=reason)

    async def _carry_out(self, command: Command) -> tuple[ResultState, str]:
        try:
            async with asyncio.timeout(ORDER_LIMIT_S):
                match command.order:
                    case ReportNow():
                        await self._report_now()
                        return "done", ""
                    case ApplySettings(settings=wanted):
                        return await self._settings(wanted)
                    case SendRecords(after=number):
                        return "done", f"{await self._send_records(number)} records"
                    case CancelMandate(mandate=mandate):
                        return "done", f"{await self._cancel_mandate(mandate)} openings closed"
                    case UpdateUnit() as order:
                        return await self._update_unit(order)
        except AgentError as error:
            return "failed", str(error)
        except TimeoutError:
            return "failed", f"it was not done within {ORDER_LIMIT_S:.0f} s"

    async def _settings(self, wanted: UnitSettings) -> tuple[ResultState, str]:
        reason = refuse_settings(self._own_settings(), wanted)
        if reason is not None:
            return "refused", reason
        await self._apply_settings(wanted)
        return "done", ""
