"""Rollouts and releases of a fleet in memory."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from fleet.client import FleetClient, Refused
from protocols.api.problems import Problem
from protocols.api.releases import DraftView, ReleasesView, RoleView, SignedRole, TargetView
from protocols.api.rollouts import (
    NewRollout,
    RingView,
    RolloutRow,
    RolloutUnitPage,
    RolloutUnitRow,
    RolloutView,
)
from protocols.ids import new_rollout_id
from protocols.releases.manifest import Manifest, Part
from protocols.rollouts import UNIT_BAD, Held, Ring, RolloutPlan, RolloutState, UnitUpdateState

AUTUMN = "manifests/autumn.json"
MANIFEST = Manifest(
    format=1,
    name="autumn",
    models=["Raspberry Pi"],
    parts=[
        Part(part="agent", version="1.5.0", target="agent/1.5.0.tar", updater="release"),
        Part(part="mcu", version="2.2.1", target="mcu/nucleo.bin", updater="mcuboot", board="nucleo"),
    ],
)
PLAN = RolloutPlan(
    rings=[
        Ring(name="1 unit", share_percent=0.005, wait_s=3600),
        Ring(name="10 %", share_percent=10, wait_s=14_400),
        Ring(name="rest", share_percent=100),
    ]
)
Counts = Mapping[UnitUpdateState, int]


def ring(name: str, now: datetime, states: Counts, held: Mapping[Held, int] | None = None) -> RingView:
    """A ring; it has begun when a unit of it does not wait."""
    begun = any(state != "waiting" and count for state, count in states.items())
    over = not any(states.get(state, 0) for state in ("waiting", "told", "working"))
    return RingView(
        name=name,
        units=sum(states.values()),
        states=dict(states),
        held=dict(held or {}),
        begun_at=now - timedelta(hours=3) if begun else None,
        ended_at=now - timedelta(hours=2) if over and begun else None,
    )


class StubFirmware(FleetClient):
    """The client's methods for rollouts and releases. It begins with a manifest in force and no rollout."""

    now: datetime
    asked: list[tuple[Any, ...]]

    def found_firmware(self) -> None:
        """Begin with no rollout; `starts` holds up the answer to a new one while it is cleared."""
        self.starts = asyncio.Event()
        self.starts.set()
        self.rollout_list: list[RolloutView] = []
        self.rollout_unit_list: dict[str, list[RolloutUnitRow]] = {}
        end = {"root": 300, "targets": 80, "snapshot": 7, "timestamp": 1}
        self.release_view = ReleasesView(
            roles=[
                RoleView(
                    role=role,
                    version=3,
                    expires_at=self.now + timedelta(days=end[role]),
                    threshold=2 if role in {"root", "targets"} else 1,
                    signers=["SU-01", "TO-12"] if role in {"root", "targets"} else ["controller"],
                )
                for role in ("root", "targets", "snapshot", "timestamp")
            ],
            targets=[
                TargetView(path="agent/1.5.0.tar", sha256="ab" * 32, length_bytes=31_000_000),
                TargetView(path="mcu/nucleo.bin", sha256="cd" * 32, length_bytes=210_000),
            ],
            manifests={AUTUMN: MANIFEST},
            drafts=[],
        )

    def rolls(self, title: str, state: RolloutState, rings: list[RingView], reason: str = "") -> str:
        """There is such a rollout; its id."""
        rollout = new_rollout_id()
        self.rollout_list.insert(0, self._rollout_view(rollout, title, state, rings, reason, PLAN))
        return rollout

    def _rollout_view(
        self, rollout: str, title: str, state: RolloutState, rings: list[RingView], reason: str, plan: RolloutPlan
    ) -> RolloutView:
        def count(*states: UnitUpdateState) -> int:
            return sum(ring.states.get(one, 0) for ring in rings for one in states)

        begun = [ring.name for ring in rings if ring.begun_at is not None]
        row = RolloutRow(
            rollout=rollout,
            title=title,
            manifest=AUTUMN,
            state=state,
            reason=reason,
            ring=begun[-1] if begun else "",
            units=sum(ring.units for ring in rings),
            done=count("done"),
            bad=count(*UNIT_BAD),
            under_way=count("told", "working"),
            made_by="SU-02",
            made_at=self.now - timedelta(hours=5),
            changed_at=self.now - timedelta(minutes=12),
        )
        return RolloutView(row=row, plan=plan, content=MANIFEST, rings=rings)

    def updates(self, rollout: str, unit: str, state: UnitUpdateState, **changed: Any) -> RolloutUnitRow:
        """A unit is so in a rollout."""
        row = RolloutUnitRow(
            rollout=rollout,
            unit=unit,
            label=f"van {unit[-2:]}",
            ring="10 %",
            state=state,
            held="",
            part=None,
            done_bytes=0,
            total_bytes=0,
            reason="",
            versions={},
            told_at=None if state == "waiting" else self.now - timedelta(minutes=9),
            changed_at=self.now - timedelta(minutes=2),
        )
        row = msgspec.structs.replace(row, **changed)
        self.rollout_unit_list.setdefault(rollout, []).append(row)
        return row

    def drafts_release(self, role: SignedRole, may_sign: list[str], signed_by: list[str]) -> None:
        """A draft waits for two signatures."""
        draft = DraftView(
            role=role,
            version=4,
            text="{}",
            sha256="ef" * 32,
            made_by="SU-02",
            made_at=self.now - timedelta(hours=1),
            may_sign=may_sign,
            signed_by=signed_by,
            needed=2,
        )
        self.release_view = msgspec.structs.replace(self.release_view, drafts=[*self.release_view.drafts, draft])

    def ends(self, role: str, left: timedelta) -> None:
        """A role of the repository ends so soon."""
        roles = [
            msgspec.structs.replace(one, expires_at=self.now + left) if one.role == role else one
            for one in self.release_view.roles
        ]
        self.release_view = msgspec.structs.replace(self.release_view, roles=roles)

    async def releases(self) -> ReleasesView:
        self.asked.append(("releases",))
        return self.release_view

    async def rollouts(self) -> list[RolloutRow]:
        self.asked.append(("rollouts",))
        return [view.row for view in self.rollout_list]

    async def rollout(self, rollout_id: str) -> RolloutView:
        return next(view for view in self.rollout_list if view.row.rollout == rollout_id)

    async def rollout_units(
        self,
        rollout_id: str,
        *,
        ring: str = "",
        state: Literal["any", UnitUpdateState] = "any",
        offset: int = 0,
        limit: int = 100,
    ) -> RolloutUnitPage:
        self.asked.append(("rollout_units", rollout_id, ring, state, offset, limit))
        rows = [row for row in self.rollout_unit_list.get(rollout_id, []) if state in {"any", row.state}]
        return RolloutUnitPage(total=len(rows), offset=offset, rows=rows[offset : offset + limit])

    async def unit_updates(self, unit_id: str) -> list[RolloutUnitRow]:
        self.asked.append(("unit_updates", unit_id))
        return [row for rows in self.rollout_unit_list.values() for row in rows if row.unit == unit_id]

    async def start_rollout(self, new: NewRollout) -> RolloutView:
        self.asked.append(("start_rollout", new))
        await self.starts.wait()
        if new.title == "again":
            problem = Problem(
                code="rollout-running", message="RO-0 brings units to it already", remedy="cancel it, or wait"
            )
            raise Refused(409, problem)
        rings = [
            RingView(name=ring.name, units=4, states={"waiting": 4}, held={"ring": 4}, begun_at=None, ended_at=None)
            for ring in new.plan.rings
        ]
        self.rollout_list.insert(0, self._rollout_view(new_rollout_id(), new.title, "running", rings, "", new.plan))
        return self.rollout_list[0]

    async def pause_rollout(self, rollout_id: str, reason: str) -> RolloutView:
        return self._rollout_is("pause_rollout", rollout_id, "paused", reason)

    async def resume_rollout(self, rollout_id: str, reason: str) -> RolloutView:
        return self._rollout_is("resume_rollout", rollout_id, "running", reason)

    async def cancel_rollout(self, rollout_id: str, reason: str) -> RolloutView:
        return self._rollout_is("cancel_rollout", rollout_id, "cancelled", reason)

    def _rollout_is(self, what: str, rollout: str, state: RolloutState, reason: str) -> RolloutView:
        self.asked.append((what, rollout, reason))
        index = next(index for index, view in enumerate(self.rollout_list) if view.row.rollout == rollout)
        before = self.rollout_list[index]
        why = "" if state == "running" else reason
        row = msgspec.structs.replace(before.row, state=state, reason=why, changed_at=self.now)
        self.rollout_list[index] = msgspec.structs.replace(before, row=row)
        return self.rollout_list[index]
