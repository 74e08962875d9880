"""Deployments of a fleet in memory: the screens' contract with the client, without any rule."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from fleet.client import FleetClient, Refused
from protocols.api.advice import Advice, Available, Candidate
from protocols.api.checklists import ChecklistView, EvidenceView, NewEvidence
from protocols.api.deployments import (
    Attending,
    AuthorityShown,
    DeploymentPage,
    DeploymentRow,
    DeploymentView,
    NamedAuthorities,
    NewDeployment,
    NewIncident,
    ReadinessLine,
    ReadinessView,
    SetDeployment,
    SetKit,
    SetVisits,
    StepAsked,
    StepView,
    VisitView,
)
from protocols.api.kit import ItemPage, ItemView
from protocols.api.problems import Problem
from protocols.deployments import (
    TEMPLATES,
    Blocker,
    ChecklistItem,
    Deadline,
    DeploymentKind,
    DeploymentState,
    KitWanted,
    Step,
)
from protocols.kit import ItemKind

UNIT = "unit-00000000"
CHAIN: tuple[tuple[Step, DeploymentState], ...] = (
    ("assess", "feasible"),
    ("plan", "planned"),
    ("authorise", "authorised"),
    ("check-out", "checked-out"),
    ("fit", "fitted"),
    ("commission", "commissioned"),
    ("go-live", "live"),
    ("recover", "recovered"),
    ("close", "closed"),
)
NO_AUTHORITY = Blocker(
    rule="authority-in-force",
    answer="refused",
    sentence="No authority to install is in force for it.",
    whose="an approver",
    remedy="name an authority with install that is in force now",
)
NEAR_END = Blocker(
    rule="competence-ends",
    answer="warning",
    sentence="TO-12's driving licence ends in 12 days.",
    whose="TO-12",
    remedy="renew it",
)


def item(code: str, kind: ItemKind, now: datetime, **changed: Any) -> ItemView:
    """An item in the store."""
    view = ItemView(
        item=code,
        model=f"{kind}-a",
        model_name=f"{kind.capitalize()} A",
        kind=kind,
        serial="",
        unit=UNIT if kind == "unit" else None,
        unit_label="van kit 0" if kind == "unit" else None,
        condition="good",
        service="in-service",
        standing="available",
        why="",
        custodian="TO-07",
        place="STORE-1",
        deployment=None,
        reserved_for=None,
        reserved_from=None,
        out_since=None,
        expected_back_at=None,
        next_maintenance=None,
        version=1,
    )
    return msgspec.structs.replace(view, **changed)


def deadline(now: datetime, hours: float, **changed: Any) -> Deadline:
    """A written statement that is due in some hours."""
    one = Deadline(
        deployment="DEP-7",
        kind="statement",
        about="A-0123456789ab",
        due_at=now + timedelta(hours=hours),
        owner="AP-04",
        stage="72-hours",
        sentence="the written statement of URN-118/26 is due",
    )
    return msgspec.structs.replace(one, **changed)


def certificate(now: datetime, *, passed: bool = True, **changed: Any) -> ReadinessView:
    """A readiness certificate of the one unit."""
    lines = [
        ReadinessLine(
            name="supply",
            result="pass" if passed else "fail",
            value=12.4 if passed else 10.9,
            limit=11.8,
            unit_of_measure="V",
            age_s=40,
            reason="" if passed else "below its limit: charge or change the battery",
        )
    ]
    one = ReadinessView(
        certificate="RC-0123456789ab",
        unit=UNIT,
        item="K-0001",
        issued_at=now,
        issued_by="TO-12",
        valid_until=now + timedelta(hours=12),
        passed=passed,
        lines=lines,
        sha256="ab" * 32,
    )
    return msgspec.structs.replace(one, **changed)


def visit(now: datetime, **changed: Any) -> VisitView:
    """Two people fit it tomorrow."""
    one = VisitView(
        visit="V-0123456789ab",
        kind="fit",
        starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=1, hours=2),
        people=[Attending(person="TO-12", role="lead"), Attending(person="TO-15", role="driver")],
        away=False,
        works=["driving"],
        findings=[],
    )
    return msgspec.structs.replace(one, **changed)


def authority_shown(now: datetime) -> AuthorityShown:
    """An urgent oral authority in force."""
    return AuthorityShown(
        authority_id="A-0123456789ab",
        reference="URN-118/26",
        kinds=["install", "use"],
        modalities=["video", "audio"],
        starts_at=now - timedelta(hours=2),
        ends_at=now + timedelta(hours=58),
        state="in-force",
        urgent_oral=True,
    )


def row(now: datetime, number: int = 7, **changed: Any) -> DeploymentRow:
    """A row of the board."""
    one = DeploymentRow(
        deployment=f"DEP-{number}",
        kind="av-capture",
        title="depot gate",
        state="requested",
        site="K7",
        lead="TO-12",
        starts_at=now,
        expected_back_at=now + timedelta(days=14),
        next_step="assess",
        blocked_by=0,
        deadline=None,
        deadlines=0,
        owed=0,
        alarms=0,
        units=[],
    )
    return msgspec.structs.replace(one, **changed)


def view(now: datetime, state: DeploymentState = "requested", **changed: Any) -> DeploymentView:
    """A deployment whose every step can be gone."""
    states: list[DeploymentState] = ["requested", *[after for _step, after in CHAIN]]
    here = states.index("live" if state == "maintenance" else state) if state != "cancelled" else 0
    following = CHAIN[here][0] if here < len(CHAIN) and state != "cancelled" else None
    steps = [
        StepView(
            step=step,
            done_at=now if index < here else None,
            done_by="TO-12" if index < here else None,
            is_next=step == following,
            skipped=False,
            owed_until=None,
            blockers=[],
        )
        for index, (step, _after) in enumerate(CHAIN)
    ]
    extra: list[Step] = ["maintain"] if state == "live" else ["resume"] if state == "maintenance" else []
    extra += ["cancel"] if here <= states.index("checked-out") else []
    steps += [
        StepView(step=one, done_at=None, done_by=None, is_next=True, skipped=False, owed_until=None, blockers=[])
        for one in extra
    ]
    template = TEMPLATES["av-capture"]
    one = DeploymentView(
        row=row(now, state=state, next_step="resume" if state == "maintenance" else following),
        version=3,
        requested_by="TO-13",
        requested_at=now - timedelta(hours=3),
        rota="technical",
        supervisor=None,
        wants=list(template.wants),
        works=list(template.works),
        modalities=list(template.modalities),
        note="",
        urgent=False,
        items=[],
        visits=[],
        authorities=[],
        steps=steps,
        deadlines=[],
        certificates=[],
    )
    return msgspec.structs.replace(one, **changed)


def blocked(told: DeploymentView, step: Step, *blockers: Blocker) -> DeploymentView:
    """The same with something that stops, or warns of, a step."""
    steps = [msgspec.structs.replace(one, blockers=list(blockers)) if one.step == step else one for one in told.steps]
    refused = sum(one.answer == "refused" for one in blockers)
    return msgspec.structs.replace(told, steps=steps, row=msgspec.structs.replace(told.row, blocked_by=refused))


def owing(told: DeploymentView, step: Step, until: datetime) -> DeploymentView:
    """The same with a step that the fast path went past."""
    steps = [
        msgspec.structs.replace(one, skipped=True, owed_until=until) if one.step == step else one for one in told.steps
    ]
    deadlines = [*told.deadlines, deadline(until, 0, kind="paper", about=step, owner="TO-07")]
    owed = msgspec.structs.replace(told.row, owed=told.row.owed + 1)
    return msgspec.structs.replace(told, steps=steps, row=owed, deadlines=deadlines, urgent=True)


CHECKLIST = (
    ChecklistItem(key="mounting", text="The housing is fixed and does not rattle", procedure="OP014"),
    ChecklistItem(
        key="supply",
        text="Supply at the unit under load",
        evidence="number",
        procedure="OP016",
        unit_of_measure="V",
        at_least=11.8,
        at_most=14.6,
    ),
    ChecklistItem(key="view", text="What the camera looks at", evidence="text", required=False),
)


class StubDeployments(FleetClient):
    """The client's methods for deployments. It begins without one."""

    now: datetime
    asked: list[tuple[Any, ...]]

    def found_deployments(self) -> None:
        """Begin with none."""
        self.deployment_views: dict[str, DeploymentView] = {}
        self.kit_items: list[ItemView] = []
        self.checklist_views: list[ChecklistView] = [
            ChecklistView(step="fit", version=1, items=list(CHECKLIST), evidence=[], missing=["mounting", "supply"])
        ]
        self.readiness_passes = True

    def deploys(self, *views: DeploymentView) -> None:
        """These deployments are there."""
        for one in views:
            self.deployment_views[one.row.deployment] = one

    async def deployments(
        self,
        filter: str = "",  # noqa: A002  the client's own name
        *,
        states: Sequence[DeploymentState] = (),
        kind: DeploymentKind | None = None,
        open_only: bool = False,
        person: str | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> DeploymentPage:
        self.asked.append(("deployments", filter, states, kind, open_only, person, offset, limit))
        rows = [one.row for one in self.deployment_views.values()]
        rows = [one for one in rows if not open_only or one.state not in {"closed", "cancelled"}]
        states_seen = [one.state for one in rows]
        counts: dict[str, int] = {one: states_seen.count(one) for one in states_seen}
        return DeploymentPage(total=len(rows), offset=offset, rows=rows[offset : offset + limit], states=counts)

    async def deployment(self, deployment_id: str) -> DeploymentView:
        self.asked.append(("deployment", deployment_id))
        return self.deployment_views[deployment_id]

    def _is(self, deployment_id: str, **changed: Any) -> DeploymentView:
        before = self.deployment_views[deployment_id]
        after = msgspec.structs.replace(before, version=before.version + 1, **changed)
        self.deployment_views[deployment_id] = after
        return after

    async def request_deployment(self, new: NewDeployment) -> DeploymentView:
        self.asked.append(("request_deployment", new))
        made = row(self.now, 8, kind=new.kind, title=new.title, site=new.site, lead=new.lead)
        self.deploys(view(self.now, row=made))
        return self.deployment_views["DEP-8"]

    async def set_deployment(self, deployment_id: str, change: SetDeployment) -> DeploymentView:
        self.asked.append(("set_deployment", deployment_id, change))
        return self._is(deployment_id)

    async def set_visits(self, deployment_id: str, asked: SetVisits) -> DeploymentView:
        self.asked.append(("set_visits", deployment_id, asked))
        visits = [
            visit(self.now, visit=f"V-{number:012x}", kind=one.kind, starts_at=one.starts_at, people=one.people)
            for number, one in enumerate(asked.visits)
        ]
        return self._is(deployment_id, visits=visits)

    async def set_kit(self, deployment_id: str, asked: SetKit) -> DeploymentView:
        self.asked.append(("set_kit", deployment_id, asked))
        kept = [one for one in self.kit_items if asked.pick or one.item in asked.items]
        return self._is(deployment_id, items=kept)

    async def name_authorities(self, deployment_id: str, asked: NamedAuthorities) -> DeploymentView:
        self.asked.append(("name_authorities", deployment_id, asked))
        return self._is(deployment_id, authorities=[authority_shown(self.now)])

    async def go_step(self, deployment_id: str, step: Step, asked: StepAsked) -> DeploymentView:
        self.asked.append(("go_step", deployment_id, step, asked))
        before = self.deployment_views[deployment_id]
        if before.row.blocked_by:
            raise Refused(409, Problem(code="blocked", message="a rule refuses it", remedy="see its page"))
        ends: dict[Step, DeploymentState] = {"maintain": "maintenance", "resume": "live", "cancel": "cancelled"}
        state = ends.get(step) or dict(CHAIN)[step]
        after = view(self.now, state)
        changed = msgspec.structs.replace(before.row, state=after.row.state, next_step=after.row.next_step)
        return self._is(deployment_id, row=changed, steps=after.steps)

    async def begin_incident(self, new: NewIncident) -> DeploymentView:
        self.asked.append(("begin_incident", new))
        if new.site == "NOWHERE":
            raise Refused(404, Problem(code="site-unknown", message="there is no site NOWHERE", remedy="lay it down"))
        made = view(
            self.now, "checked-out", authorities=[authority_shown(self.now)] if new.authorities else [], urgent=True
        )
        changed = msgspec.structs.replace(
            made.row, deployment="DEP-9", kind="critical-incident", title=new.title, units=[UNIT]
        )
        self.deploys(owing(msgspec.structs.replace(made, row=changed), "plan", self.now + timedelta(hours=71)))
        return self.deployment_views["DEP-9"]

    async def judge_readiness(self, deployment_id: str) -> list[ReadinessView]:
        self.asked.append(("judge_readiness", deployment_id))
        found = [certificate(self.now, passed=self.readiness_passes)]
        self._is(deployment_id, certificates=found)
        return found

    async def checklists(self, deployment_id: str) -> list[ChecklistView]:
        self.asked.append(("checklists", deployment_id))
        return list(self.checklist_views)

    async def give_evidence(self, deployment_id: str, new: NewEvidence) -> ChecklistView:
        self.asked.append(("give_evidence", deployment_id, new))
        before = self.checklist_views[0]
        given = EvidenceView(
            key=new.key, ticked=new.ticked, text=new.text, number=new.number, met=True, by="TO-12", at=self.now
        )
        others = [one for one in before.evidence if one.key != new.key]
        missing = [key for key in before.missing if key != new.key]
        self.checklist_views[0] = msgspec.structs.replace(before, evidence=[*others, given], missing=missing)
        return self.checklist_views[0]

    async def advice(
        self,
        kind: DeploymentKind,
        *,
        at: datetime | None = None,
        until: datetime | None = None,
        site: str | None = None,
    ) -> Advice:
        self.asked.append(("advice", kind, at, until, site))
        starts_at = at or self.now
        return Advice(
            kind=kind,
            starts_at=starts_at,
            until=until or starts_at + timedelta(hours=12),
            possible=True,
            at_most=3,
            kit=[
                Available(wanted=KitWanted(kind="unit", count=1), items=["K-0001", "K-0002"], missing=0, held_back=[]),
                Available(
                    wanted=KitWanted(kind="battery", count=1),
                    items=["K-0003"],
                    missing=0,
                    held_back=["K-0009: maintenance is overdue"],
                ),
            ],
            people=[
                Candidate(person="TO-12", on_call="primary", works=["driving"], findings=[], free=True),
                Candidate(person="TO-15", on_call=None, works=[], findings=[NEAR_END], free=False),
            ],
            team=["TO-12"],
            missing=[],
        )

    async def deployment_file_pdf(self, deployment_id: str) -> bytes:
        self.asked.append(("deployment_file_pdf", deployment_id))
        return b"%PDF-1.7"

    async def deployment_file_json(self, deployment_id: str) -> bytes:
        self.asked.append(("deployment_file_json", deployment_id))
        return b"{}"

    async def kit(
        self,
        filter: str = "",  # noqa: A002  the client's own name
        *,
        kind: ItemKind | None = None,
        model: str | None = None,
        standing: Any = None,
        custodian: str | None = None,
        deployment: str | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> ItemPage:
        self.asked.append(("kit", filter, kind, model, standing, custodian, deployment, offset, limit))
        rows = self.kit_items[offset : offset + limit]
        return ItemPage(total=len(self.kit_items), offset=offset, rows=rows, standings={})
