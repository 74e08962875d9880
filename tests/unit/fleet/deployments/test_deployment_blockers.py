"""What stops a step: every rule of it once kept, once broken, and at its boundary."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from fleet.deployments.rules.blockers import blockers, is_stopped
from fleet.deployments.rules.facts import (
    AttendingFacts,
    CallerFacts,
    ChecklistFacts,
    Evidence,
    Facts,
    OnCall,
    OtherVisit,
    PaperFacts,
    SiteFacts,
    WantedFacts,
)
from fleet.deployments.rules.steps import STEPS
from protocols.deployments import Blocker, ChecklistItem, KitWanted, Step
from protocols.rota.member import Absence
from tests.unit.fleet.deployments.facts_made import (
    CERTIFICATE,
    COMPETENCES,
    DAY,
    FIT,
    ITEMS,
    MANDATE,
    NOW,
    RECOVER,
    TICK,
    H,
    of_deployment,
    ready,
    with_authority,
    with_items,
    with_person,
    with_unit,
)

Spoil = Callable[[Facts], Facts]

STOPPED = Blocker(rule="kit-failed", answer="refused", sentence="K-0001 failed", whose="a supervisor", remedy="another")
CHECKLIST = ChecklistFacts(items=[ChecklistItem(key="drain", text="Drain", evidence="number", at_most=50)])
PAPER = PaperFacts(step="plan", owed_until=NOW + H)
LEAVE = Absence(absence="1", kind="sick", starts_at=NOW, ends_at=NOW + DAY, zone="Europe/London")
ELSEWHERE = OtherVisit(visit="v-9", deployment="DEP-9", starts_at=NOW, ends_at=NOW + DAY)
SHIFT = OnCall(rota="other", position="primary", starts_at=NOW, ends_at=NOW + DAY)
ENDING = [replace(one, valid_until=date(2026, 11, 30)) for one in COMPETENCES]
ORAL: dict[str, Any] = {"urgent_oral": True, "statement_due_at": NOW + H}


def deployment(**changes: Any) -> Spoil:
    return lambda facts: of_deployment(facts, **changes)


def item(**changes: Any) -> Spoil:
    return lambda facts: with_items(facts, **changes)


def unit(**changes: Any) -> Spoil:
    return lambda facts: with_unit(facts, **changes)


def authority(**changes: Any) -> Spoil:
    return lambda facts: with_authority(facts, **changes)


def person(**changes: Any) -> Spoil:
    return lambda facts: with_person(facts, **changes)


def facts(**changes: Any) -> Spoil:
    return lambda facts: replace(facts, **changes)


def site(**changes: Any) -> Spoil:
    made = replace(SiteFacts(site="S1", surveyed_at=NOW - DAY, supply="mains", best_rsrp_dbm=-90), **changes)
    return lambda facts: replace(of_deployment(facts, kind="camera-alarm"), site=made)


def certificate(**changes: Any) -> Spoil:
    return lambda facts: replace(facts, certificates=[replace(CERTIFICATE, **changes)])


def mandate(**changes: Any) -> Spoil:
    return lambda facts: replace(facts, mandates=[replace(MANDATE, **changes)])


def measured(ma: float) -> Spoil:
    evidence = {"drain": Evidence(key="drain", number=ma)}
    return lambda facts: replace(facts, checklists={step: replace(CHECKLIST, evidence=evidence) for step in STEPS})


BROKEN: list[tuple[Step, str, str, Spoil]] = [
    ("assess", "refused", "not-next", deployment(state="closed")),
    ("assess", "refused", "not-permitted", facts(caller=CallerFacts(person="p-x", role="inspector"))),
    ("assess", "refused", "time-past", deployment(expected_back_at=NOW)),
    ("assess", "refused", "nothing-wanted", lambda f: replace(of_deployment(f, wants=[]), wanted=[])),
    ("assess", "refused", "modalities-missing", deployment(modalities=[])),
    ("assess", "refused", "site-missing", lambda f: replace(of_deployment(f, kind="av-capture"), site=None)),
    ("assess", "warning", "survey-missing", site(surveyed_at=None)),
    ("assess", "warning", "survey-old", site(surveyed_at=NOW - 180 * DAY - TICK)),
    ("assess", "warning", "supply-none", site(supply="none")),
    ("assess", "warning", "signal-poor", site(best_rsrp_dbm=-115.0)),
    ("assess", "refused", "kit-not-owned", facts(wanted=[WantedFacts(owned=0, free=0), WantedFacts(owned=1, free=1)])),
    ("assess", "warning", "kit-not-free", facts(wanted=[WantedFacts(owned=1, free=0), WantedFacts(owned=1, free=1)])),
    ("plan", "refused", "time-past", deployment(expected_back_at=NOW)),
    ("plan", "refused", "kit-missing", facts(items=ITEMS[:1])),
    ("plan", "warning", "kit-not-ready", item(stopped=[STOPPED])),
    ("plan", "refused", "lead-missing", deployment(lead=None)),
    ("plan", "refused", "no-one-alarmed", deployment(rota=None, supervisor=None)),
    ("plan", "refused", "no-fit-visit", facts(visits=[RECOVER])),
    ("plan", "warning", "no-recovery-visit", facts(visits=[FIT])),
    ("plan", "refused", "work-competence", person(competences=[])),
    ("plan", "refused", "unit-training", person(competences=[])),
    ("plan", "refused", "person-unknown", facts(people={})),
    ("plan", "refused", "term-ended", person(term_until=NOW)),
    ("plan", "refused", "on-leave", person(absences=[LEAVE])),
    ("plan", "refused", "double-booked", person(visits=[ELSEWHERE])),
    ("plan", "warning", "competence-ending", person(competences=ENDING)),
    ("plan", "warning", "on-call-elsewhere", person(on_call=[SHIFT])),
    ("plan", "warning", "rest-owed", person(rest_until=NOW + DAY)),
    ("authorise", "refused", "same-person", facts(caller=CallerFacts(person="p-eng", role="supervisor"))),
    ("authorise", "refused", "no-install-authority", authority(kinds=["use", "retrieve"])),
    ("authorise", "refused", "no-install-authority", authority(state="ended")),
    ("authorise", "refused", "no-use-authority", authority(modalities=["video"])),
    ("authorise", "warning", "no-retrieve-authority", authority(kinds=["install", "use"])),
    ("authorise", "warning", "authority-short", authority(lapses_at=NOW + 5 * DAY - TICK)),
    ("authorise", "warning", "fit-before-authority", authority(starts_at=FIT.starts_at + TICK, state="future")),
    ("authorise", "refused", "work-competence", person(competences=[])),
    ("check-out", "refused", "time-past", deployment(expected_back_at=NOW)),
    ("check-out", "refused", "kit-cannot-go", item(stopped=[STOPPED], is_out=False)),
    ("check-out", "refused", "nothing-kept", facts(items=[])),
    ("check-out", "refused", "kit-not-out", item(is_out=False)),
    ("check-out", "refused", "unit-not-active", unit(state="quarantined")),
    ("check-out", "warning", "maintenance-soon", item(maintenance_due_at=NOW + 5 * DAY - TICK)),
    ("check-out", "refused", "checklist-open", facts(checklists={"check-out": CHECKLIST})),
    ("fit", "refused", "no-install-authority", authority(state="future")),
    ("fit", "refused", "no-install-authority", authority(state="review-overdue")),
    ("fit", "refused", "no-install-authority", authority(kinds=["use"])),
    ("fit", "refused", "bench-mandate-live", mandate(kind="bench")),
    ("fit", "refused", "bench-mandate-live", mandate(kind="bench", state="future")),
    ("fit", "refused", "kit-not-out", item(is_out=False)),
    ("fit", "refused", "unit-not-active", unit(state="revoked")),
    ("fit", "refused", "work-competence", person(competences=[])),
    ("fit", "refused", "unit-training", person(competences=[])),
    ("commission", "refused", "unit-not-joined", item(unit=None)),
    ("commission", "refused", "certificate-missing", facts(certificates=[])),
    ("commission", "refused", "certificate-failed", certificate(passed=False)),
    ("commission", "refused", "certificate-old", certificate(valid_until=NOW - TICK)),
    ("commission", "warning", "certificate-early", certificate(issued_at=NOW - H - TICK)),
    ("go-live", "refused", "no-use-authority", authority(modalities=["video", "audio"])),
    ("go-live", "refused", "no-use-authority", authority(state="cancelled")),
    ("go-live", "refused", "certificate-missing", facts(certificates=[])),
    ("go-live", "warning", "certificate-old", certificate(valid_until=NOW - TICK)),
    ("go-live", "refused", "unit-not-active", unit(state="quarantined")),
    ("go-live", "warning", "nobody-on-call", facts(has_on_call=False)),
    ("go-live", "warning", "alarms-open", facts(alarms_open=1)),
    ("maintain", "warning", "no-authority-now", authority(state="ended")),
    ("resume", "refused", "no-use-authority", authority(kinds=["install"])),
    ("resume", "refused", "certificate-failed", certificate(passed=False)),
    ("resume", "warning", "not-judged-since", certificate(issued_at=NOW - H - TICK)),
    ("resume", "refused", "kit-not-out", item(is_out=False)),
    ("recover", "refused", "mandate-live", mandate()),
    ("recover", "refused", "mandate-live", mandate(kind="bench")),
    ("recover", "refused", "no-retrieve-authority", authority(kinds=["install", "use"])),
    ("recover", "warning", "work-competence", person(competences=[])),
    ("close", "refused", "kit-out", item(is_out=True)),
    ("close", "warning", "kit-lost", item(is_out=True, is_gone=True)),
    ("close", "refused", "papers-owed", facts(papers=[PAPER])),
    ("close", "refused", "alarms-untaken", facts(alarms_open=2, alarms_untaken=1)),
    ("close", "refused", "statement-missing", authority(**ORAL)),
    ("close", "refused", "checklist-open", facts(checklists={"close": CHECKLIST})),
    ("cancel", "refused", "kit-out", item(is_out=True)),
    ("cancel", "warning", "papers-owed", facts(papers=[PAPER])),
    ("cancel", "warning", "statement-missing", authority(**ORAL)),
]

KEPT: list[tuple[Step, str, Spoil]] = [
    ("assess", "nobody asks", facts(caller=None)),
    ("assess", "the end is just to come", deployment(expected_back_at=NOW + TICK)),
    (
        "assess",
        "nothing to open, and no unit",
        lambda f: of_deployment(
            f,
            modalities=[],
            wants=f.deployment.wants[1:],
        ),
    ),
    ("assess", "kit that moves has no place", facts(site=None)),
    ("assess", "a survey of exactly 180 days ago", site(surveyed_at=NOW - 180 * DAY)),
    ("assess", "the signal is just above the limit", site(best_rsrp_dbm=-114.9)),
    ("assess", "the signal was not measured", site(best_rsrp_dbm=None)),
    ("assess", "as many on the books and free as are wanted", facts(wanted=[WantedFacts(owned=1, free=1)] * 2)),
    ("plan", "it has a supervisor, and no rota", deployment(rota=None)),
    ("plan", "the model that is wanted is kept", deployment(wants=[KitWanted(kind="unit", count=1, model="van-kit")])),
    ("authorise", "the authority is to come", lambda f: with_authority(f, state="in-force", starts_at=FIT.starts_at)),
    ("authorise", "it ends exactly when the kit is to be back", authority(lapses_at=NOW + 5 * DAY)),
    ("check-out", "maintenance is due exactly when it is back", item(maintenance_due_at=NOW + 5 * DAY)),
    ("fit", "a field mandate is live", mandate()),
    ("fit", "the bench mandate is of another unit", mandate(kind="bench", unit="unit-two")),
    ("fit", "the bench mandate is cancelled", mandate(kind="bench", state="cancelled")),
    ("fit", "review and use do not matter", authority(kinds=["install"], modalities=[])),
    ("commission", "the certificate is exactly as old as it may be", certificate(valid_until=NOW)),
    ("commission", "it was judged when it was fitted", certificate(issued_at=NOW - H)),
    ("go-live", "one authority has every modality", authority(modalities=["position"], kinds=["use"])),
    ("maintain", "using it is authorised", authority(kinds=["use"], modalities=["position"])),
    ("resume", "it was judged when maintenance began", certificate(issued_at=NOW - H)),
    ("recover", "the mandate is for retrieval", mandate(kind="retrieval")),
    ("recover", "the mandate is to come", mandate(state="future")),
    ("recover", "the mandate is of another unit", mandate(unit="unit-two")),
    ("close", "the statement was made", authority(urgent_oral=True, statement_at=NOW)),
]


@pytest.mark.parametrize("step", STEPS)
def test_nothing_stops_a_step_for_which_all_is_there(step: Step) -> None:
    for state in STEPS[step].from_states:
        assert blockers(step, ready(step, state)) == []


@pytest.mark.parametrize(
    ("step", "answer", "rule", "spoil"), BROKEN, ids=lambda one: one if isinstance(one, str) else ""
)
def test_a_rule_that_is_broken_says_so(step: Step, answer: str, rule: str, spoil: Spoil) -> None:
    found = blockers(step, spoil(ready(step)))
    assert (rule, answer) in [(one.rule, one.answer) for one in found]
    assert is_stopped(found) == any(one.answer == "refused" for one in found)
    assert all(one.sentence and one.whose and one.remedy for one in found)


@pytest.mark.parametrize(("step", "why", "spoil"), KEPT, ids=lambda one: one if isinstance(one, str) else "")
def test_a_rule_that_is_just_kept_says_nothing(step: Step, why: str, spoil: Spoil) -> None:
    changed = spoil(ready(step))
    if len(changed.wanted) != len(changed.deployment.wants):
        changed = replace(changed, wanted=changed.wanted[: len(changed.deployment.wants)])
    assert blockers(step, changed) == [], why


def test_a_drain_at_the_limit_is_met_and_one_above_it_is_not() -> None:
    assert blockers("fit", measured(50.0)(ready("fit"))) == []
    assert [one.rule for one in blockers("fit", measured(50.1)(ready("fit")))] == ["checklist-open"]


def test_a_step_that_does_not_come_next_is_refused_for_that_alone() -> None:
    found = blockers("fit", with_authority(ready("fit", "live"), kinds=["use"]))
    assert [one.rule for one in found] == ["not-next"]
    assert "recover" in found[0].remedy


def test_a_review_that_is_overdue_is_named_as_what_to_do() -> None:
    found = blockers("fit", with_authority(ready("fit"), state="review-overdue"))
    assert "review" in found[0].remedy


def test_what_is_out_for_it_is_stopped_by_nothing_of_the_store() -> None:
    assert blockers("check-out", item(stopped=[STOPPED])(ready("check-out"))) == []


def test_kit_that_was_scanned_in_before_recovery_still_counts_for_its_mandate() -> None:
    changed = replace(with_items(ready("recover"), is_out=False, was_out=True), mandates=[MANDATE])
    assert [one.rule for one in blockers("recover", changed)] == ["mandate-live"]


def test_fitting_counts_who_is_on_a_visit_about_now() -> None:
    late = replace(FIT, starts_at=NOW - 20 * H, ends_at=NOW - 12 * H, people=FIT.people)
    caller = CallerFacts(person="p-sup", role="supervisor")
    assert blockers("fit", ready("fit", visits=[late], caller=caller)) == []
    over = replace(late, ends_at=NOW - 12 * H - TICK)
    found = blockers("fit", ready("fit", visits=[over], caller=caller))
    assert {one.rule for one in found} == {"work-competence", "unit-training"}


def test_fitting_begins_twelve_hours_before_its_visit_at_the_earliest() -> None:
    caller = CallerFacts(person="p-sup", role="supervisor")
    soon = replace(FIT, starts_at=NOW + 12 * H, ends_at=NOW + 14 * H)
    assert blockers("fit", ready("fit", visits=[soon], caller=caller)) == []
    later = replace(soon, starts_at=NOW + 12 * H + TICK)
    assert is_stopped(blockers("fit", ready("fit", visits=[later], caller=caller)))


def test_the_caller_fits_it_where_there_is_no_visit_or_it_is_urgent() -> None:
    assert blockers("fit", ready("fit", visits=[])) == []
    assert is_stopped(blockers("fit", ready("fit", visits=[], caller=None)))
    others = replace(FIT, people=[AttendingFacts(person="p-sup")])
    assert is_stopped(blockers("fit", ready("fit", visits=[others])))
    assert blockers("fit", of_deployment(ready("fit", visits=[others]), urgent=True)) == []


def test_fitting_asks_for_live_work_and_not_for_driving() -> None:
    assert blockers("fit", with_person(ready("fit"), competences=COMPETENCES[1:])) == []
    found = blockers("fit", with_person(ready("fit"), competences=[COMPETENCES[0], COMPETENCES[2]]))
    assert [(one.rule, one.answer) for one in found] == [("work-competence", "refused")]
    assert "automotive" in found[0].sentence


def test_what_is_missing_of_an_authority_names_its_modalities() -> None:
    (found,) = blockers("go-live", with_authority(ready("go-live"), modalities=["video"]))
    assert "to use with position" in found.sentence
    (found,) = blockers("recover", with_authority(ready("recover"), kinds=["use"]))
    assert "position" not in found.sentence


def test_fitting_takes_a_competence_that_holds_now() -> None:
    today = [replace(one, valid_until=date(2026, 11, 22)) for one in ready("fit").people["p-eng"].competences]
    yesterday = [replace(one, valid_until=date(2026, 11, 21)) for one in today]
    assert blockers("fit", with_person(ready("fit"), competences=today)) == []
    assert is_stopped(blockers("fit", with_person(ready("fit"), competences=yesterday)))


@pytest.mark.parametrize("state", ["checked-out", "fitted", "commissioned", "live"])
def test_urgent_ones_owe_papers_and_nothing_else(state: Any) -> None:
    steps: dict[str, Step] = {
        "checked-out": "fit",
        "fitted": "commission",
        "commissioned": "go-live",
        "live": "recover",
    }
    step = steps[state]
    empty = replace(
        ready(step, state),
        authorities=[],
        certificates=[],
        checklists={step: CHECKLIST},
        mandates=[MANDATE, replace(MANDATE, kind="bench")],
        people={},
    )
    plain = blockers(step, empty)
    urgent = blockers(step, of_deployment(empty, urgent=True))
    assert [one.rule for one in urgent if one.answer == "owed"] == ["checklist-open"]
    refused = {one.rule for one in plain if one.answer == "refused"}
    assert {one.rule for one in urgent if one.answer == "refused"} == refused - {"checklist-open"}
    assert refused - {"checklist-open"}


def test_an_urgent_one_is_still_not_authorised_by_who_asked_for_it() -> None:
    own = ready("authorise", caller=CallerFacts(person="p-eng", role="supervisor"))
    found = blockers("authorise", of_deployment(own, urgent=True))
    assert ("same-person", "refused") in [(one.rule, one.answer) for one in found]


def test_nothing_is_owed_of_closing() -> None:
    closing = of_deployment(ready("close", checklists={"close": CHECKLIST}), urgent=True)
    assert [(one.rule, one.answer) for one in blockers("close", closing)] == [("checklist-open", "refused")]
