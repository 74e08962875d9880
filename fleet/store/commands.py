"""Commands to units and what became of them."""

from datetime import datetime

import msgspec

from fleet.entries.entry import CONTROLLER, UNIT
from fleet.entries.people_and_units import CommandFinished
from fleet.store.connection import Connection
from fleet.store.log import LogStore
from fleet.store.queries import load
from protocols.api.units import CommandView
from protocols.commands import FINAL, Order, may_follow
from protocols.uplink import CommandResult

_SQL = load("commands")
_order_decoder: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)


class WaitingCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command to be sent to a unit that has a session."""

    command_id: str
    unit_id: str
    order: Order
    expires_at: datetime
    session: str


class CommandStore:
    """Commands within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self, command_id: str, unit_id: str, order: Order, *, created_by: str, now: datetime, expires_at: datetime
    ) -> None:
        """Queue a command."""
        await self._connection.execute(
            _SQL["add"],
            command_id,
            unit_id,
            str(order.__struct_config__.tag),
            msgspec.json.encode(order).decode(),
            created_by,
            now,
            expires_at,
        )

    async def take_waiting(
        self, unit_ids: list[str] | None, now: datetime, *, again: bool = False
    ) -> list[WaitingCommand]:
        """The unexpired queued commands of these units (of all, for None), now marked as sent.

        With `again` also those sent before that no answer has come for.

        Only for units with a session; locked rows are another controller's to send.
        """
        states = ["queued", "sent"] if again else ["queued"]
        records = await self._connection.fetch(_SQL["waiting"], unit_ids, now, states)
        await self._connection.execute(_SQL["mark_sent"], [record["command_id"] for record in records], now)
        return [
            WaitingCommand(
                command_id=record["command_id"],
                unit_id=record["unit_id"],
                order=_order_decoder.decode(record["body"]),
                expires_at=record["expires_at"],
                session=record["session_nonce"],
            )
            for record in records
        ]

    async def put_back(self, command_ids: list[str], now: datetime) -> None:
        """These were not sent after all: they are queued, unless the unit has answered them."""
        await self._connection.execute(_SQL["put_back"], command_ids, now)

    async def record_result(self, unit_id: str, result: CommandResult, now: datetime) -> bool:
        """Enter a unit's answer; False when the command is not that unit's, or is past that state already."""
        state = await self._connection.fetchval(_SQL["lock_one"], result.command_id, unit_id)
        if state is None or not may_follow(state, result.state):
            return False
        await self._connection.execute(_SQL["set_state"], result.command_id, result.state, result.reason, now)
        if result.state in FINAL:
            await self._log_end(result.command_id, unit_id, result.state, UNIT, now)
        return True

    async def expire(self, now: datetime) -> dict[str, str]:
        """End the commands whose time has passed; returns unit ids by command id."""
        ended = {
            record["command_id"]: record["unit_id"] for record in await self._connection.fetch(_SQL["expire"], now)
        }
        for command_id, unit_id in ended.items():
            await self._log_end(command_id, unit_id, "expired", CONTROLLER, now)
        return ended

    async def of_unit(self, unit_id: str, limit: int = 20) -> list[CommandView]:
        """The unit's newest commands."""
        return [CommandView(**record) for record in await self._connection.fetch(_SQL["of_unit"], unit_id, limit)]

    async def out_of_step(self, unit_ids: list[str]) -> list[str]:
        """Those of these units with a session that run older settings than wanted, with no command under way."""
        return [record["unit_id"] for record in await self._connection.fetch(_SQL["out_of_step"], unit_ids)]

    async def _log_end(self, command_id: str, unit_id: str, state: str, actor: str, now: datetime) -> None:
        entry = CommandFinished(at=now, actor=actor, unit=unit_id, command=command_id, state=state)
        await LogStore(self._connection).append(entry)
