"""Facts of a deployment with which every step can be gone, to be spoilt one by one."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from fleet.deployments.rules.facts import (
    AttendingFacts,
    AuthorityFacts,
    CallerFacts,
    CertificateFacts,
    DeploymentFacts,
    Facts,
    ItemFacts,
    MandateFacts,
    PersonFacts,
    SiteFacts,
    UnitFacts,
    VisitFacts,
    WantedFacts,
)
from fleet.deployments.rules.steps import STEPS
from protocols.deployments import DeploymentState, KitWanted, Step
from protocols.rota.member import Competence

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
H = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)

DEPLOYMENT = DeploymentFacts(
    deployment="DEP-7",
    kind="vehicle-tracking",
    state="requested",
    state_since=NOW - H,
    requested_by="p-eng",
    site="S1",
    starts_at=NOW - H,
    expected_back_at=NOW + 5 * DAY,
    wants=[KitWanted(kind="unit", count=1), KitWanted(kind="loom", count=1)],
    works=["driving", "vehicle-install"],
    modalities=["position"],
    lead="p-eng",
    rota="technical",
    supervisor="p-sup",
    urgent=False,
)
ITEMS = [
    ItemFacts(item="K-0001", kind="unit", model="van-kit", unit="unit-one", training="unit:van"),
    ItemFacts(item="K-0002", kind="loom", model="loom-12v"),
]
UNIT = UnitFacts(
    unit="unit-one",
    item="K-0001",
    label="van 1",
    state="active",
    key_protection="tpm",
    presence="online",
    modalities=["position"],
)
COMPETENCES = [
    Competence(subject="driving-licence"),
    Competence(subject="automotive", level=3),
    Competence(subject="unit:van"),
]
FIT = VisitFacts(
    visit="v-fit",
    kind="fit",
    starts_at=NOW - H,
    ends_at=NOW + 2 * H,
    people=[AttendingFacts(person="p-eng", role="lead")],
    works=["driving", "vehicle-install"],
    trainings=["unit:van"],
)
RECOVER = replace(FIT, visit="v-rec", kind="recover", starts_at=NOW + 3 * H, ends_at=NOW + 5 * H, trainings=[])
PERSON = PersonFacts(
    person="p-eng",
    role="engineer",
    term_from=NOW - 100 * DAY,
    term_until=NOW + 200 * DAY,
    competences=COMPETENCES,
)
AUTHORITY = AuthorityFacts(
    authority_id="a-1",
    reference="URN-1",
    kinds=["install", "use", "retrieve"],
    modalities=["position", "video", "audio"],
    starts_at=NOW - DAY,
    lapses_at=NOW + 30 * DAY,
    state="in-force",
    recorded_by="p-app",
)
CERTIFICATE = CertificateFacts(
    certificate="c-1",
    item="K-0001",
    unit="unit-one",
    issued_at=NOW - TICK,
    valid_until=NOW - TICK + 12 * H,
    passed=True,
)
MANDATE = MandateFacts(
    mandate="m-1",
    kind="field",
    unit="unit-one",
    state="live",
    modalities=["position"],
    not_before=NOW - H,
    not_after=NOW + H,
)

_CALLERS = {"plan": "supervisor", "authorise": "supervisor", "close": "supervisor"}


def ready(step: Step, state: DeploymentState | None = None, **changes: Any) -> Facts:
    """Facts with which nothing stops `step`, or warns; then `changes` in the facts."""
    at = state or STEPS[step].from_states[0]
    out = at in {"checked-out", "fitted", "commissioned", "live", "maintenance"} and step != "cancel"
    done = at == "recovered"
    items = [replace(one, is_out=out or step == "check-out", was_out=done, is_kept=not done) for one in ITEMS]
    role: Any = _CALLERS.get(step, "engineer")
    person = "p-eng" if role == "engineer" else "p-sup"
    facts = Facts(
        deployment=replace(DEPLOYMENT, state=at, state_since=NOW - H),
        wanted=[WantedFacts(owned=2, free=1), WantedFacts(owned=2, free=1)],
        items=items,
        units=[UNIT],
        visits=[FIT, replace(RECOVER, starts_at=FIT.starts_at, ends_at=FIT.ends_at)] if out else [FIT, RECOVER],
        people={"p-eng": PERSON, "p-sup": replace(PERSON, person="p-sup", role="supervisor", competences=[])},
        authorities=[AUTHORITY],
        mandates=[],
        checklists={},
        certificates=[CERTIFICATE],
        site=SiteFacts(site="S1", surveyed_at=NOW - DAY, supply="mains", best_rsrp_dbm=-90),
        papers=[],
        alarms_open=0,
        alarms_untaken=0,
        has_on_call=True,
        now=NOW,
        caller=CallerFacts(person=person, role=role),
    )
    return replace(facts, **changes)


def of_deployment(facts: Facts, **changes: Any) -> Facts:
    """The facts with a deployment that is otherwise."""
    return replace(facts, deployment=replace(facts.deployment, **changes))


def with_items(facts: Facts, **changes: Any) -> Facts:
    """The facts with a first item that is otherwise."""
    first, *rest = facts.items
    return replace(facts, items=[replace(first, **changes), *rest])


def with_unit(facts: Facts, **changes: Any) -> Facts:
    """The facts with a unit that is otherwise."""
    return replace(facts, units=[replace(UNIT, **changes)])


def with_authority(facts: Facts, **changes: Any) -> Facts:
    """The facts with an authority that is otherwise."""
    return replace(facts, authorities=[replace(AUTHORITY, **changes)])


def with_person(facts: Facts, **changes: Any) -> Facts:
    """The facts with an engineer who is otherwise."""
    return replace(facts, people={**facts.people, "p-eng": replace(PERSON, **changes)})
