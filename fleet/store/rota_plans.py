"""Plans of turns: made by hand or by a solver, then published or discarded."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.rotas import PlanState, PlanView, Solving
from protocols.rota.findings import Quality
from protocols.rota.model import Assigned

_SQL = load("rota_plans")

_assigned = msgspec.json.Decoder(list[Assigned])
_solving = msgspec.json.Decoder(Solving)
_counts = msgspec.json.Decoder(dict[str, int])
_quality = msgspec.json.Decoder(Quality)


class NewPlanRow(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as it begins: `solving` for one that a solver fills, `draft` otherwise."""

    plan_id: str
    rota_id: str
    starts_at: datetime
    ends_at: datetime
    based_on: int
    state: PlanState
    made_by: str
    made_at: datetime
    assigned: list[Assigned] = []
    solving: Solving | None = None
    counts: dict[str, int] | None = None
    quality: Quality | None = None


class PlanStore:
    """Plans within one transaction. What is published, discarded or failed stays as it is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, plan: NewPlanRow) -> None:
        """Keep a new plan."""
        await self._connection.execute(
            _SQL["add"],
            plan.plan_id,
            plan.rota_id,
            plan.starts_at,
            plan.ends_at,
            plan.based_on,
            plan.state,
            plan.made_by,
            plan.made_at,
            _json(plan.assigned),
            _maybe(plan.solving),
            _maybe(plan.counts),
            _maybe(plan.quality),
            plan.made_at if plan.state == "solving" else None,
        )

    async def one(self, plan_id: str) -> PlanView | None:
        """One plan."""
        record = await self._connection.fetchrow(_SQL["one"], plan_id)
        return None if record is None else _stored(record)

    async def locked(self, plan_id: str) -> PlanView | None:
        """One plan, which nobody else changes until the transaction ends."""
        if await self._connection.fetchval(_SQL["lock"], plan_id) is None:
            return None
        return await self.one(plan_id)

    async def newest(self, rota_id: str, limit: int) -> list[PlanView]:
        """A rota's plans, newest first, at most `limit`."""
        return [_stored(record) for record in await self._connection.fetch(_SQL["newest"], rota_id, limit)]

    async def count_open(self, rota_id: str) -> int:
        """How many plans of a rota are neither published nor given up."""
        count: int = await self._connection.fetchval(_SQL["count_open"], rota_id)
        return count

    async def overtaken_by(self, plan: PlanView) -> str | None:
        """The newest plan that was published for a part of the same period since `plan` was made."""
        found: str | None = await self._connection.fetchval(
            _SQL["overtaken_by"], plan.rota, plan.made_at, plan.starts_at, plan.ends_at
        )
        return found

    async def beat(
        self, plan_id: str, now: datetime, solving: Solving, assigned: Sequence[Assigned] | None
    ) -> bool | None:
        """Say how far the solver is, with the best so far where it is a better one. True: it has to stop; None: the
        plan waits for it no more."""
        asked: bool | None = await self._connection.fetchval(
            _SQL["beat"], plan_id, now, _json(solving), _maybe(assigned)
        )
        return asked

    async def ask_to_stop(self, plan_id: str) -> bool:
        """Ask whoever solves it to stop; False when nobody does, or it was asked already."""
        return await self._connection.fetchval(_SQL["ask_to_stop"], plan_id) is not None

    async def solved(
        self, plan_id: str, assigned: Sequence[Assigned], solving: Solving, counts: dict[str, int], quality: Quality
    ) -> bool:
        """The solver has ended; False when the plan waits for it no more."""
        row = (plan_id, _json(assigned), _json(solving), _json(counts), _json(quality))
        return await self._connection.fetchval(_SQL["solved"], *row) is not None

    async def fail(self, plan_id: str, solving: Solving) -> bool:
        """There is no result; False when the plan waits for none any more."""
        return await self._connection.fetchval(_SQL["fail"], plan_id, _json(solving)) is not None

    async def silent(self, since: datetime) -> list[str]:
        """Plans whose solver has not been heard of since then, locked; at most 20."""
        return [record["plan_id"] for record in await self._connection.fetch(_SQL["silent"], since)]

    async def discard(self, plan_id: str) -> None:
        """Give up a plan."""
        await self._connection.execute(_SQL["discard"], plan_id)

    async def publish(
        self,
        plan_id: str,
        assigned: Sequence[Assigned],
        counts: dict[str, int],
        quality: Quality,
        actor: str,
        now: datetime,
    ) -> None:
        """Mark a plan as published, with the turns that it gave and what was found of them."""
        row = (plan_id, _json(assigned), _json(counts), _json(quality), actor, now)
        await self._connection.execute(_SQL["publish"], *row)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _maybe(value: object) -> str | None:
    return None if value is None else _json(value)


def _stored(record: asyncpg.Record) -> PlanView:
    solving, counts, quality = record["solving"], record["counts"], record["quality"]
    return PlanView(
        plan=record["plan_id"],
        rota=record["rota_id"],
        starts_at=record["starts_at"],
        ends_at=record["ends_at"],
        based_on=record["based_on"],
        state=record["state"],
        made_by=record["made_by"],
        made_at=record["made_at"],
        assigned=_assigned.decode(record["assigned"]),
        solving=None if solving is None else _solving.decode(solving),
        counts=None if counts is None else _counts.decode(counts),
        quality=None if quality is None else _quality.decode(quality),
        published_by=record["published_by"],
        published_at=record["published_at"],
    )
