"""Alarms, welfare and handovers of a fleet in memory; it begins without any, and with alarming alive."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from fleet.client import FleetClient
from protocols.alarms import DEFAULT_RULES, AlarmRules, PageLevel, PageState
from protocols.api.alarms import (
    Acknowledging,
    AlarmAcknowledged,
    AlarmDetail,
    AlarmingStanding,
    AlarmPage,
    AlarmRulesView,
    AlarmView,
    ContactView,
    PageView,
    WindowView,
)
from protocols.api.handovers import HandoverRow
from protocols.api.problems import Problem
from protocols.api.welfare import WelfareView


def an_alarm(number: int, raised_at: datetime, **changed: Any) -> AlarmView:
    """A tamper alarm of a deployed unit, raised and paged at level 0."""
    view = AlarmView(
        alarm=f"AL-{number:012x}",
        subject_kind="unit",
        subject="unit-00000005",
        label="van kit 005",
        kind="tamper",
        deployment="DEP-118",
        severity="alarm",
        state="raised",
        summary="the housing was opened",
        rule="tamper",
        raised_at=raised_at,
        last_at=raised_at,
        count=1,
        cleared_at=None,
        acknowledged_by=None,
        acknowledged_at=None,
        acknowledged_how=None,
        closed_at=None,
        pages=True,
        level=0,
        in_maintenance=False,
    )
    return msgspec.structs.replace(view, **changed)


def a_page(
    person: str | None, at: datetime, level: PageLevel = 0, state: PageState = "sent", error: str = ""
) -> PageView:
    """A page by e-mail."""
    sent = at if state == "sent" else None
    return PageView(
        page=1,
        person=person,
        level=level,
        channel="e-mail",
        state=state,
        tries=1,
        queued_at=at,
        sent_at=sent,
        error=error,
    )


def a_timer(started_at: datetime, due_min: float, person: str = "TO-12") -> WelfareView:
    """A welfare timer of a call-out, due so many minutes after it began."""
    due = started_at + timedelta(minutes=due_min)
    return WelfareView(
        welfare="WF-00000000000a",
        person=person,
        call_out="CO-1",
        visit=None,
        deployment="DEP-118",
        every_min=60,
        grace_min=10,
        started_by=person,
        started_at=started_at,
        due_at=due,
        missed_at=due + timedelta(minutes=10),
        stage="waiting",
        answers=0,
        answered_at=None,
        ended_by=None,
        ended_at=None,
        ended_how=None,
    )


class StubAlarms(FleetClient):
    """The client's methods for what pages people."""

    now: datetime
    asked: list[tuple[Any, ...]]

    def found_alarms(self) -> None:
        """Begin with none."""
        self.alarm_list: list[AlarmView] = []
        self.alarm_pages: dict[str, list[PageView]] = {}
        self.next_page_at: datetime | None = None
        self.going_problem: Problem | None = None
        self.rules_view = AlarmRulesView(version=0, rules=DEFAULT_RULES, changed_by=None, changed_at=None)
        self.timer: WelfareView | None = None
        self.alarming_is = AlarmingStanding(
            standing="alive",
            at=self.now,
            age_s=4.0,
            round_s=0.1,
            pages_waiting=0,
            last_sent_at=None,
            contacts_failing=False,
            unreachable=0,
            last_error="",
        )

    async def alarms(
        self,
        *,
        open_only: bool = True,
        unit: str | None = None,
        deployment: str | None = None,
        before: str | None = None,
        limit: int = 100,
    ) -> AlarmPage:
        self.asked.append(("alarms", unit, deployment, before))
        found = [view for view in self.alarm_list if not open_only or view.closed_at is None]
        return AlarmPage(alarms=found[:limit], next_before=None)

    async def alarm_details(self, alarm_ids: Sequence[str]) -> list[AlarmDetail]:
        return [await self.alarm(alarm_id) for alarm_id in alarm_ids]

    async def alarm(self, alarm_id: str) -> AlarmDetail:
        view = next(view for view in self.alarm_list if view.alarm == alarm_id)
        pages = self.alarm_pages.get(alarm_id, [])
        return AlarmDetail(
            alarm=view,
            pages=pages,
            events=[],
            next_page_at=self.next_page_at,
            next_level=1,
            paged_by="technical",
        )

    async def acknowledge_alarm(self, alarm_id: str, asked: Acknowledging | None = None) -> AlarmAcknowledged:
        self.asked.append(("acknowledge_alarm", alarm_id, asked))
        index = next(i for i, view in enumerate(self.alarm_list) if view.alarm == alarm_id)
        taken = msgspec.structs.replace(
            self.alarm_list[index],
            state="acknowledged",
            acknowledged_by="TO-12",
            acknowledged_at=self.now,
            acknowledged_how="console",
        )
        self.alarm_list[index] = taken
        going = asked is not None and asked.going
        if going:
            self.timer = a_timer(self.now, 60)
        return AlarmAcknowledged(alarm=taken, call_out="CO-1" if going else None, problem=self.going_problem)

    async def alarming(self) -> AlarmingStanding:
        return self.alarming_is

    async def alarm_rules(self) -> AlarmRulesView:
        return self.rules_view

    async def set_alarm_rules(self, rules: AlarmRules, version: int) -> AlarmRulesView:
        self.asked.append(("set_alarm_rules", rules, version))
        self.rules_view = AlarmRulesView(version=version + 1, rules=rules, changed_by="SU-02", changed_at=self.now)
        return self.rules_view

    async def alarm_windows(self, *, unit: str | None = None, deployment: str | None = None) -> list[WindowView]:
        self.asked.append(("alarm_windows", unit, deployment))
        return []

    async def contacts(self) -> list[ContactView]:
        return []

    async def welfare(self, person: str | None = None, *, ended: bool = False) -> list[WelfareView]:
        self.asked.append(("welfare", person, ended))
        return [] if self.timer is None else [self.timer]

    async def answer_welfare(self, welfare_id: str) -> WelfareView:
        self.asked.append(("answer_welfare", welfare_id))
        assert self.timer is not None
        due = self.now + timedelta(minutes=60)
        self.timer = msgspec.structs.replace(
            self.timer, due_at=due, missed_at=due + timedelta(minutes=10), answers=1, answered_at=self.now
        )
        return self.timer

    async def handovers(self, rota: str | None = None, limit: int = 20) -> list[HandoverRow]:
        self.asked.append(("handovers", rota, limit))
        return []
