"""A controller with units and a manifest in force: for tests of rollouts.

Looks are taken and messages written when a test says so, by a clock that stands still.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import msgspec

from fleet.client import connect
from fleet.ingest.batch import Inbound
from fleet.ingest.judge import Rejection
from fleet.ingest.turns import Turn
from fleet.ingest.writer import Writer
from fleet.releases.in_force import manifest_in_force
from fleet.renewal.proofs import keep_proofs
from fleet.rollouts.runner import RolloutRunner
from fleet.settings import PresenceSettings
from fleet.store.store import Store
from protocols.api.rollouts import NewRollout, RolloutUnitRow, RolloutView
from protocols.commands import UpdateUnit
from protocols.people import Role
from protocols.releases.manifest import Manifest, Part
from protocols.releases.reports import UpdateReport, UpdateState
from protocols.rollouts import Ring, RolloutPlan
from protocols.uplink import AnyUpMessage, CommandResult
from tests.support.controller import running_api
from tests.support.people import Keyholder
from tests.support.reporting import ScriptedUnit
from tests.support.rota_house import HouseClock, RotaHouse

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MANIFEST = "manifests/autumn.json"
MODEL = "test unit"
ROLES: dict[str, Role] = {"SU-01": "supervisor", "TO-12": "engineer", "IN-01": "inspector", "AP-01": "approver"}
_SHA256 = "ab" * 32


def manifest(name: str = "autumn", version: str = "2.0.0", models: Sequence[str] = ()) -> Manifest:
    """One for the microcontroller alone."""
    part = Part(part="mcu", version=version, target=f"mcu/{name}.bin", updater="mcuboot")
    return Manifest(format=1, name=name, models=list(models), parts=[part])


async def put_in_force(owner: Owner, *manifests: Manifest, version: int = 1) -> None:
    """Put targets metadata in force that nobody signed: who reads it at the controller does not look."""
    now, targets = datetime.now(UTC), {}
    async with owner.transaction():
        await owner.execute("SET LOCAL session_replication_role = replica")
        for one in manifests:
            content = msgspec.json.encode(one)
            digest = sha256(content).hexdigest()
            targets[f"manifests/{one.name}.json"] = _target(digest, len(content))
            targets |= {part.target: _target(_SHA256, 1000) for part in one.parts}
            await owner.execute(
                "INSERT INTO release_file VALUES ($1, $2, 'SU-01', $3, 'SU-01', $3) ON CONFLICT DO NOTHING",
                digest,
                len(content),
                now,
            )
            await owner.execute("INSERT INTO release_piece VALUES ($1, 0, $2) ON CONFLICT DO NOTHING", digest, content)
        signed = {
            "_type": "targets",
            "spec_version": "1.0.31",
            "version": version,
            "expires": f"{now + timedelta(days=90):%Y-%m-%dT%H:%M:%SZ}",
            "targets": targets,
        }
        content = json.dumps({"signatures": [], "signed": signed}).encode()
        await owner.execute(
            "INSERT INTO release_metadata VALUES ('targets', $1, $2, $3, $4, 'RD-000000000000')",
            version,
            content,
            now + timedelta(days=90),
            now,
        )


def _target(digest: str, length: int) -> dict[str, Any]:
    return {"length": length, "hashes": {"sha256": digest}}


async def enter_units(owner: Owner, unit_ids: Sequence[str], *, model: str = MODEL, accepted_by: str = "SU-01") -> None:
    """Enter units as if a person had accepted them; none has a session."""
    await owner.execute(
        "INSERT INTO unit (unit_id, label, model, state, fingerprint, key_protection, joined_at, accepted_by)"
        " SELECT id, 'of ' || id, $2, 'active', 'fp-' || id, 'soft', now(), $3 FROM unnest($1::text[]) AS id",
        unit_ids,
        model,
        accepted_by,
    )
    await owner.execute("INSERT INTO unit_live (unit_id) SELECT unnest($1::text[])", unit_ids)
    await owner.execute(
        "INSERT INTO unit_settings SELECT id, 1, 60, 64, 30, NULL, now() FROM unnest($1::text[]) AS id", unit_ids
    )


def plan(*rings: Ring, **more: Any) -> RolloutPlan:
    """One ring of everybody, unless others are told."""
    return RolloutPlan(rings=list(rings) or [Ring(name="all", share_percent=100)], **more)


class _NoLink:
    def acknowledge(self, packet_ids: object) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


@dataclass(kw_only=True)
class RolloutHouse(RotaHouse):
    """Everybody of ROLES signed in; `units` are the sides of units that tests speak for."""

    owner: Owner
    runner: RolloutRunner
    writer: Writer
    units: dict[str, ScriptedUnit] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)

    async def add(self, *unit_ids: str, model: str = MODEL) -> None:
        """Units with a session."""
        await enter_units(self.owner, unit_ids, model=model)
        self.units |= {unit: ScriptedUnit(unit) for unit in unit_ids}
        await self.write(*(self.units[unit].announcement() for unit in unit_ids))

    async def start(self, wanted: RolloutPlan, **more: Any) -> str:
        """Let SU-01 begin a rollout of everybody, and look; returns its id."""
        new = NewRollout(title="autumn", manifest=MANIFEST, plan=wanted, **more)
        rollout = (await self["SU-01"].start_rollout(new)).row.rollout
        await self.runner.look()
        return rollout

    async def view(self, rollout: str) -> RolloutView:
        """How it stands."""
        return await self["IN-01"].rollout(rollout)

    async def rows(self, rollout: str) -> dict[str, RolloutUnitRow]:
        """Its units."""
        return {row.unit: row for row in (await self["IN-01"].rollout_units(rollout, limit=500)).rows}

    async def states(self, rollout: str) -> dict[str, str]:
        """The states of its units."""
        return {unit: row.state for unit, row in (await self.rows(rollout)).items()}

    async def orders(self, unit: str) -> list[tuple[str, UpdateUnit]]:
        """The orders to a unit to update itself, with their ids, in order."""
        rows = await self.owner.fetch(
            "SELECT command_id, body FROM command WHERE unit_id = $1 AND order_kind = 'update-unit'"
            " ORDER BY created_at, command_id",
            unit,
        )
        return [(row["command_id"], msgspec.json.decode(row["body"], type=UpdateUnit)) for row in rows]

    async def answer(self, unit: str, state: str, reason: str = "") -> None:
        """Let a unit get what waits for it and answer its last order, and look."""
        side = self.units[unit]
        async with self.api.services.store.transaction() as transaction:
            await transaction.commands.take_waiting([unit], self.clock.now)
        command_id, _ = (await self.orders(unit))[-1]
        await self.write(
            CommandResult(
                unit=unit,
                session=side.session,
                command_id=command_id,
                state=state,  # type: ignore[arg-type]  # one of the four
                reason=reason,
            )
        )
        await self.runner.look()

    async def say(self, unit: str, *states: UpdateState, update: str | None = None, **more: Any) -> None:
        """Let a unit report its update, and look."""
        name = update or (await self.orders(unit))[-1][1].update
        side = self.units[unit]
        said = [UpdateReport(update=name, state=state, **more) for state in states]
        await self.write(*(side.event("update", update=one) for one in said))
        await self.runner.look()

    async def write(self, *messages: AnyUpMessage) -> None:
        """Let messages come in one batch."""
        received_ms = int(self.clock.now.timestamp() * 1000)
        items = [Inbound(_NoLink(), 0, 0, received_ms, message, None) for message in messages]
        turn = Turn()
        try:
            _, rejections = await self.writer.write(items, turn)
        finally:
            turn.finish()
        self.rejections += [one for one in rejections if one.reason != "future-dated"]


@asynccontextmanager
async def rollout_house(store: Store, dsn: str, owner: Owner, home: Path) -> AsyncIterator[RolloutHouse]:
    """The house; it has no units, and MANIFEST in force."""
    clock = HouseClock(NOW)
    async with running_api(store, dsn, home, clock=clock) as api, AsyncExitStack() as stack:
        runner = RolloutRunner(store, clock, api.services.hub, manifest_in_force)
        writer = Writer(store, PresenceSettings(), keep_proofs, clock)
        house = RolloutHouse(api, clock, owner=owner, runner=runner, writer=writer)
        for person_id, role in ROLES.items():
            settings = await api.add(Keyholder.make(person_id), role)
            house.doors[person_id] = await stack.enter_async_context(connect(settings))
        await put_in_force(owner, manifest())
        yield house
