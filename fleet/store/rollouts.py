"""Rollouts, their rings and their units."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from fleet.entries.entry import UNIT
from fleet.store.connection import Connection
from fleet.store.queries import load
from fleet.store.rollout_facts import Followed, Move, RingNow, UnitNow
from protocols.api.rollouts import PartUnderWay, PutOff, RolloutRow, RolloutUnitRow
from protocols.api.units import UnitState
from protocols.releases.manifest import PartName
from protocols.releases.reports import UpdateReport
from protocols.rollouts import RolloutState, UnitUpdateState

_SQL = load("rollouts")
_versions = msgspec.json.Decoder(dict[PartName, str])


class StoredRollout(msgspec.Struct, frozen=True, kw_only=True):
    """A rollout; `sha256` is of the manifest's file, `content`, `plan` and `permits` are the exact JSON that it began
    with."""

    rollout_id: str
    title: str
    manifest: str
    sha256: str
    content: str
    plan: str
    permits: str
    state: RolloutState
    reason: str
    made_by: str
    made_at: datetime
    changed_by: str
    changed_at: datetime


class Candidate(NamedTuple):
    """A unit that may be of a rollout."""

    unit_id: str
    model: str
    state: UnitState


class NewUnit(NamedTuple):
    """A unit of a new rollout; `left-out` with the reason where it can not be told."""

    unit_id: str
    ring: int
    turn: int
    update_id: str
    state: UnitUpdateState
    reason: str


class OpenUpdate(NamedTuple):
    """An update as it is locked for a report."""

    update_id: str
    rollout_id: str
    followed: Followed


class RolloutStore:
    """Rollouts within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock_runner(self) -> bool:
        """Whether this transaction alone carries rollouts on, until it ends."""
        alone: bool = await self._connection.fetchval(_SQL["lock_runner"])
        return alone

    async def candidates(self, unit_ids: Collection[str] | None) -> list[Candidate]:
        """These units, or with None all there are."""
        named = None if unit_ids is None else list(unit_ids)
        return [Candidate(*record) for record in await self._connection.fetch(_SQL["candidates"], named)]

    async def busy(self, unit_ids: Collection[str]) -> dict[str, str]:
        """Those of these units that are in a rollout and have not ended in it, with that rollout."""
        records = await self._connection.fetch(_SQL["busy"], list(unit_ids))
        return {record["unit_id"]: record["rollout_id"] for record in records}

    async def add(self, new: StoredRollout, rings: Sequence[str], units: Sequence[NewUnit]) -> bool:
        """Enter a rollout; False where one of its units has come into another meanwhile."""
        await self._connection.execute(_SQL["add"], *msgspec.structs.astuple(new))
        await self._connection.execute(_SQL["add_rings"], new.rollout_id, list(rings))
        columns = [list(column) for column in zip(*units, strict=True)]
        added = await self._connection.fetch(_SQL["add_units"], new.rollout_id, *columns, new.made_at)
        return len(added) == len(units)

    async def one(self, rollout_id: str) -> StoredRollout | None:
        """A rollout."""
        return await self._read("one", rollout_id)

    async def locked(self, rollout_id: str) -> StoredRollout | None:
        """The same, and nobody else changes its state until the transaction ends."""
        return await self._read("locked", rollout_id)

    async def to_look_at(self) -> list[str]:
        """Rollouts that go on, or that have units which have not ended."""
        return [record["rollout_id"] for record in await self._connection.fetch(_SQL["to_look_at"])]

    async def set_state(self, rollout_id: str, state: RolloutState, reason: str, by: str, now: datetime) -> None:
        """Bring a rollout that is locked to another state."""
        await self._connection.execute(_SQL["set_state"], rollout_id, state, reason, by, now)

    async def rings(self, rollout_id: str) -> tuple[RingNow, ...]:
        """Its rings, in order."""
        return tuple(RingNow(*record) for record in await self._connection.fetch(_SQL["rings"], rollout_id))

    async def set_rings(self, rollout_id: str, rings: Mapping[int, RingNow]) -> None:
        """Enter how these rings are now."""
        if rings:
            columns = [list(column) for column in zip(*rings.values(), strict=True)]
            await self._connection.execute(_SQL["set_rings"], rollout_id, list(rings), *columns)

    async def units_now(self, rollout_id: str, now: datetime) -> list[UnitNow]:
        """Its units with what decides about them, by ring and turn."""
        return [UnitNow(*record) for record in await self._connection.fetch(_SQL["units_now"], rollout_id, now)]

    async def put_off(self, rollout_id: str, now: datetime) -> dict[int, list[PutOff]]:
        """By ring, why units of it wait that are told again later, the most frequent reason first."""
        found: dict[int, list[PutOff]] = {}
        for ring, reason, units, again_at in await self._connection.fetch(_SQL["put_off"], rollout_id, now):
            found.setdefault(ring, []).append(PutOff(reason=reason, units=units, again_at=again_at))
        return found

    async def parts_under_way(self, rollout_id: str) -> dict[int, list[PartUnderWay]]:
        """By ring, how far the units are with each part that they fetch or install."""
        found: dict[int, list[PartUnderWay]] = {}
        for ring, part, units, percent in await self._connection.fetch(_SQL["parts_under_way"], rollout_id):
            found.setdefault(ring, []).append(PartUnderWay(part=part, units=units, percent=percent))
        return found

    async def lock_units(self, rollout_id: str, unit_ids: Collection[str]) -> None:
        """Let nobody else change these units of it until the transaction ends; always in the order in which reports
        lock them."""
        await self._connection.execute(_SQL["lock_units"], rollout_id, list(unit_ids))

    async def move(
        self, rollout_id: str, moves: Mapping[str, Move], before: Mapping[str, UnitUpdateState], now: datetime
    ) -> dict[str, str]:
        """Bring units to other states, those that are still in the state `before`; returns their updates' ids."""
        units = sorted(moves)
        records = await self._connection.fetch(
            _SQL["move"],
            rollout_id,
            units,
            [before[unit] for unit in units],
            [moves[unit].state for unit in units],
            [moves[unit].reason for unit in units],
            now,
        )
        return {record["unit_id"]: record["update_id"] for record in records}

    async def leave_out(self, rollout_id: str, reason: str, now: datetime) -> int:
        """Leave out who waits; returns how many."""
        return len(await self._connection.fetch(_SQL["leave_out"], rollout_id, reason, now))

    async def waiting(self, rollout_id: str, unit_ids: Collection[str]) -> list[tuple[str, str, int]]:
        """Those of these units that wait, with their updates' ids and how often they were told, in turn."""
        return [
            (record["unit_id"], record["update_id"], record["tellings"])
            for record in await self._connection.fetch(_SQL["waiting"], rollout_id, list(unit_ids))
        ]

    async def tell(self, rollout_id: str, orders: Mapping[str, str], now: datetime) -> None:
        """Units that are locked were told now, each by an order's id."""
        await self._connection.execute(_SQL["tell"], rollout_id, list(orders), list(orders.values()), now)

    async def has_orders(self, command_ids: Collection[str]) -> bool:
        """Whether one of these commands is the last order of a rollout's unit."""
        return bool(await self._connection.fetchval(_SQL["has_orders"], list(command_ids)))

    async def lock_updates(self, update_ids: Collection[str]) -> dict[str, OpenUpdate]:
        """Those of these updates that there are, locked in order of their ids."""
        records = await self._connection.fetch(_SQL["lock_updates"], list(update_ids))
        return {update: OpenUpdate(update, rollout, Followed(*rest)) for update, rollout, *rest in records}

    async def report(self, report: UpdateReport, now_so: Followed, again_at: datetime | None, now: datetime) -> None:
        """Enter what a unit said of an update that is locked, which is `now_so` by that; `again_at` is when the unit is
        told again at the earliest, None: it is not, or may be at once."""
        await self._connection.execute(
            _SQL["report"],
            report.update,
            now_so.state,
            now_so.spool_id,
            now_so.seq,
            report.part,
            report.done_bytes,
            report.total_bytes,
            report.reason,
            msgspec.json.encode(report.versions).decode(),
            UNIT,
            now,
            now_so.put_off,
            again_at,
        )

    async def rows(self, limit: int) -> list[RolloutRow]:
        """The newest rollouts."""
        return [RolloutRow(**record) for record in await self._connection.fetch(_SQL["rows"], None, limit)]

    async def row(self, rollout_id: str) -> RolloutRow | None:
        """One of them."""
        record = await self._connection.fetchrow(_SQL["rows"], rollout_id, 1)
        return None if record is None else RolloutRow(**record)

    async def unit_rows(
        self, rollout_id: str, ring: str, state: str, offset: int, limit: int
    ) -> tuple[int, list[RolloutUnitRow]]:
        """How many units of a ring and in a state there are (empty: of any, in any), and some of them; `held` is left
        empty."""
        total: int = await self._connection.fetchval(_SQL["count_units"], rollout_id, ring, state)
        records = await self._connection.fetch(_SQL["unit_rows"], rollout_id, ring, state, offset, limit)
        return total, [_unit_row(**record) for record in records]

    async def of_unit(self, unit_id: str, limit: int) -> list[RolloutUnitRow]:
        """A unit's newest updates; `held` is left empty."""
        return [_unit_row(**record) for record in await self._connection.fetch(_SQL["of_unit"], unit_id, limit)]

    async def _read(self, query: str, rollout_id: str) -> StoredRollout | None:
        record = await self._connection.fetchrow(_SQL[query], rollout_id)
        return None if record is None else StoredRollout(**record)


def _unit_row(*, versions: str, **fields: object) -> RolloutUnitRow:
    return RolloutUnitRow(held="", versions=_versions.decode(versions), **fields)  # type: ignore[arg-type]  # by name
