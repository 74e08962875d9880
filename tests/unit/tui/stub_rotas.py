"""Rotas of a fleet in memory: what is laid down and published is kept, and its books are judged by the real rules."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from fleet.client import FleetClient, Refused
from fleet.rota.bank_holidays import bank_holidays
from fleet.rota.rules.assessment import assess
from fleet.rota.rules.wall import local_date
from protocols.api.problems import Problem
from protocols.api.rotas import NewPlan, NewSolve, OnCallNow, PlanView, RotaSummary, RotaView, Solving
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment
from protocols.rota.member import CallOut, CompensatoryRest, Member
from protocols.rota.model import Assigned, Change, Rota
from tests.support.rota_books import member, office_hours

SIX = ("TO-12", "TO-13", "TO-14", "TO-15", "TO-16", "TO-17")
BEFORE = timedelta(weeks=28)


class StubRotas(FleetClient):
    """The client's methods for rotas. It begins without a rota."""

    now: datetime
    asked: list[tuple[Any, ...]]

    def found_rotas(self) -> None:
        """Begin with none."""
        self.rota_views: list[RotaView] = []
        self.rota_members: list[Member] = []
        self.rota_assigned: list[Assigned] = []
        self.rota_changes_made: list[Change] = []
        self.rota_call_outs: list[CallOut] = []
        self.rota_rests: list[CompensatoryRest] = []
        self.rota_plan_list: list[PlanView] = []
        self.published_until: datetime | None = None
        self.solver_steps: list[Solving] = []
        self.on_call_list: list[OnCallNow] = []

    def lays_down(self, rota: Rota, *members: Member) -> None:
        """A rota with its people, who have office hours where none are given."""
        self.rota_views.append(self._rota_view(rota, 1))
        self.rota_members = list(members) or [member(one, hours=office_hours()) for one in rota.members]

    def _rota_view(self, rota: Rota, version: int) -> RotaView:
        return RotaView(rota=rota, version=version, changed_by="SU-02", changed_at=self.now, ended_at=None)

    async def on_call(self) -> list[OnCallNow]:
        self.asked.append(("on_call",))
        return list(self.on_call_list)

    async def rotas(self) -> list[RotaSummary]:
        self.asked.append(("rotas",))
        return [
            RotaSummary(
                rota=view.rota.rota,
                name=view.rota.name,
                zone=view.rota.zone,
                version=view.version,
                members=len(view.rota.members),
                published_until=self.published_until,
                ended_at=view.ended_at,
            )
            for view in self.rota_views
        ]

    async def rota(self, rota_id: str) -> RotaView:
        return next(view for view in self.rota_views if view.rota.rota == rota_id)

    async def put_rota(self, rota: Rota, version: int) -> RotaView:
        self.asked.append(("put_rota", rota, version))
        view = self._rota_view(rota, version + 1)
        self.rota_views = [one for one in self.rota_views if one.rota.rota != rota.rota] + [view]
        known = {one.person for one in self.rota_members}
        self.rota_members += [member(one) for one in rota.members if one not in known]
        return view

    async def rota_book(self, rota_id: str, since: datetime, until: datetime) -> RotaBook:
        self.asked.append(("rota_book", rota_id, since, until))
        rota = (await self.rota(rota_id)).rota
        known_from = since - BEFORE
        return RotaBook(
            rota=rota,
            starts_at=since,
            ends_at=until,
            known_from=known_from,
            as_of=self.now,
            members=self.rota_members,
            bank_holidays=self._bank_holidays(local_date(known_from, rota.zone), local_date(until, rota.zone)),
            assigned=[one for one in self.rota_assigned if known_from <= one.starts_at < until],
            changes=self.rota_changes_made,
            call_outs=[one for one in self.rota_call_outs if known_from <= one.left_home_at < until],
            rests=self.rota_rests,
        )

    def _bank_holidays(self, first: date, last: date) -> list[date]:
        return bank_holidays(first, last)

    async def check_rota(
        self, rota_id: str, since: datetime, until: datetime, plan_id: str | None = None
    ) -> Assessment:
        self.asked.append(("check_rota", rota_id, since, until, plan_id))
        return assess(await self.rota_book(rota_id, since, until))

    async def draft_rota_plan(self, rota_id: str, new: NewPlan) -> PlanView:
        self.asked.append(("draft_rota_plan", rota_id, new))
        return self.keeps_plan(rota_id, new.starts_at, new.ends_at, new.assigned)

    def keeps_plan(
        self, rota_id: str, starts_at: datetime, ends_at: datetime, assigned: list[Assigned], **changed: Any
    ) -> PlanView:
        plan = PlanView(
            plan=f"plan-{len(self.rota_plan_list) + 1}",
            rota=rota_id,
            starts_at=starts_at,
            ends_at=ends_at,
            based_on=1,
            state="draft",
            made_by="TO-12",
            made_at=self.now,
            assigned=assigned,
            solving=None,
            counts={"warning": 2},
            quality=None,
            published_by=None,
            published_at=None,
        )
        self.rota_plan_list.insert(0, msgspec.structs.replace(plan, **changed))
        return self.rota_plan_list[0]

    async def rota_plans(self, rota_id: str) -> list[PlanView]:
        return [msgspec.structs.replace(plan, assigned=[]) for plan in self.rota_plan_list if plan.rota == rota_id]

    async def rota_plan(self, plan_id: str) -> PlanView:
        plan = next(plan for plan in self.rota_plan_list if plan.plan == plan_id)
        if plan.state == "solving" and self.solver_steps:
            solving = self.solver_steps.pop(0)
            state = "solving" if solving.ended is None else "draft"
            plan = self._plan_is(plan_id, solving=solving, state=state)
        return plan

    async def solve_rota(self, rota_id: str, new: NewSolve) -> PlanView:
        self.asked.append(("solve_rota", rota_id, new))
        solving = Solving(seed=new.seed, elapsed_s=0.0, found=0, objective=None, bound=None, ended=None)
        return self.keeps_plan(rota_id, new.starts_at, new.ends_at, [], state="solving", solving=solving, counts=None)

    async def stop_solving(self, plan_id: str) -> PlanView:
        self.asked.append(("stop_solving", plan_id))
        plan = await self.rota_plan(plan_id)
        assert plan.solving is not None
        return self._plan_is(plan_id, state="draft", solving=msgspec.structs.replace(plan.solving, ended="stopped"))

    async def publish_rota_plan(self, plan_id: str, despite: str = "") -> PlanView:
        self.asked.append(("publish_rota_plan", plan_id, despite))
        plan = await self.rota_plan(plan_id)
        if plan.ends_at <= self.now:
            raise Refused(409, Problem(code="plan-over", message="the period of the plan is over"))
        given = {(one.layer, one.starts_at): one for one in self.rota_assigned}
        given |= {(one.layer, one.starts_at): one for one in plan.assigned}
        self.rota_assigned = list(given.values())
        self.published_until = plan.ends_at
        return self._plan_is(plan_id, state="published", published_by="TO-12", published_at=self.now)

    async def discard_rota_plan(self, plan_id: str) -> PlanView:
        self.asked.append(("discard_rota_plan", plan_id))
        return self._plan_is(plan_id, state="discarded")

    def _plan_is(self, plan_id: str, **changed: Any) -> PlanView:
        index = next(index for index, plan in enumerate(self.rota_plan_list) if plan.plan == plan_id)
        self.rota_plan_list[index] = msgspec.structs.replace(self.rota_plan_list[index], **changed)
        return self.rota_plan_list[index]
