"""What holds whatever the facts are: no way round authority, mandates, readiness and competence, and always a way to
the end."""

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fleet.deployments.rules.blockers import blockers, is_stopped
from fleet.deployments.rules.blockers_people import LIVE_WORK
from fleet.deployments.rules.facts import CallerFacts, ChecklistFacts, Facts, PaperFacts
from fleet.deployments.rules.papers import FAST_PATH, fast_path, made_up
from fleet.deployments.rules.people import competent_until, needed_for
from fleet.deployments.rules.steps import OVER, STEPS, NotAStep, after, is_past, next_steps
from protocols.deployments import ChecklistItem, DeploymentState, Step
from tests.unit.fleet.deployments.facts_made import (
    AUTHORITY,
    CERTIFICATE,
    FIT,
    ITEMS,
    MANDATE,
    NOW,
    PERSON,
    H,
    of_deployment,
    ready,
)

STATES: tuple[DeploymentState, ...] = get_args(DeploymentState)

_TO_LIVE: list[Step] = ["go-live", "resume"]
_MODALITIES = st.lists(st.sampled_from(["video", "audio", "position"]), unique=True)
_authorities = st.lists(
    st.builds(
        lambda kinds, modalities, state: replace(AUTHORITY, kinds=kinds, modalities=modalities, state=state),
        st.lists(st.sampled_from(["install", "use", "retrieve"]), unique=True),
        _MODALITIES,
        st.sampled_from(["future", "in-force", "in-force", "review-overdue", "ended", "cancelled"]),
    ),
    max_size=3,
)
_mandates = st.lists(
    st.builds(
        lambda kind, state, unit: replace(MANDATE, kind=kind, state=state, unit=unit),
        st.sampled_from(["field", "bench", "retrieval"]),
        st.sampled_from(["live", "future", "cancelled"]),
        st.sampled_from(["unit-one", "unit-two"]),
    ),
    max_size=2,
)
_certificates = st.lists(
    st.builds(
        lambda passed, hours: replace(CERTIFICATE, passed=passed, valid_until=NOW + hours * H),
        st.booleans(),
        st.integers(-1, 1),
    ),
    max_size=1,
)
_items = st.lists(
    st.builds(
        lambda which, kept, out, was: replace(ITEMS[which], is_kept=kept, is_out=out, was_out=was and not out),
        st.integers(0, 1),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=2,
    unique_by=lambda one: one.item,
)
_checklist = ChecklistFacts(items=[ChecklistItem(key="seals", text="Seals")])


@st.composite
def drawn_facts(draw: st.DrawFn, step: Step) -> Facts:
    """Any facts of a deployment from which `step` may go, good or bad."""
    state = draw(st.sampled_from(STEPS[step].from_states))
    competences = draw(st.lists(st.sampled_from(PERSON.competences), unique_by=lambda one: one.subject))
    role: Any = draw(st.sampled_from(["engineer", "supervisor", "approver", "inspector"]))
    good = ready(step, state)
    chosen: dict[str, Any] = {
        "authorities": draw(_authorities),
        "mandates": draw(_mandates),
        "certificates": draw(_certificates),
        "items": draw(_items),
        "visits": draw(st.sampled_from([[FIT], [], good.visits])),
        "people": {"p-eng": replace(PERSON, competences=competences)},
        "checklists": draw(st.sampled_from([{}, {step: _checklist}])),
        "papers": draw(st.sampled_from([[], [PaperFacts(step="plan", owed_until=NOW)]])),
        "alarms_open": draw(st.integers(0, 1)),
        "alarms_untaken": draw(st.integers(0, 1)),
        "caller": draw(st.sampled_from([None, CallerFacts(person="p-eng", role=role)])),
    }
    changed = draw(st.sets(st.sampled_from(sorted(chosen)), max_size=4))
    facts = replace(good, **{name: chosen[name] for name in changed})
    return of_deployment(facts, urgent=draw(st.booleans()), modalities=draw(_MODALITIES) or ["position"])


def goes(step: Step, facts: Facts) -> bool:
    return not is_stopped(blockers(step, facts))


def in_force(facts: Facts, kind: str) -> list[set[str]]:
    """The modalities of each authority of a kind that is in force."""
    return [set(one.modalities) for one in facts.authorities if kind in one.kinds and one.state == "in-force"]


@given(drawn_facts("fit"))
def test_nothing_is_fitted_without_an_authority_in_force_and_somebody_competent(facts: Facts) -> None:
    if not goes("fit", facts):
        return
    assert in_force(facts, "install")
    assert not any(
        one.kind == "bench" and one.state == "live" and one.unit == "unit-one" for one in facts.mandates
    ) or ("unit-one" not in [one.unit for one in facts.items if one.is_kept or one.is_out])
    works = [one for one in facts.deployment.works if one in LIVE_WORK]
    assert all(any(competent_until(who, needed_for(one)) > NOW for who in facts.people.values()) for one in works)


@given(drawn_facts("commission"))
def test_nothing_is_commissioned_that_was_not_found_ready(facts: Facts) -> None:
    units = [one.unit for one in facts.items if (one.is_kept or one.is_out) and one.unit]
    if goes("commission", facts):
        sound = {one.unit for one in facts.certificates if one.passed and one.valid_until >= NOW}
        assert set(units) <= sound


@given(st.sampled_from(_TO_LIVE).flatmap(lambda step: st.tuples(st.just(step), drawn_facts(step))))
def test_nothing_is_live_without_an_authority_for_every_modality(drawn: tuple[Step, Facts]) -> None:
    step, facts = drawn
    if goes(step, facts):
        assert any(one >= set(facts.deployment.modalities) for one in in_force(facts, "use"))


@given(drawn_facts("recover"))
def test_nothing_is_recovered_while_a_mandate_for_anything_else_is_live(facts: Facts) -> None:
    if goes("recover", facts):
        at_work = {one.unit for one in facts.items if one.is_out or one.was_out}
        live = [one for one in facts.mandates if one.state == "live" and one.kind != "retrieval"]
        assert not at_work & {one.unit for one in live}
        assert in_force(facts, "retrieve")


@given(drawn_facts("close"))
def test_nothing_is_closed_with_kit_out_papers_owed_or_alarms_untaken(facts: Facts) -> None:
    if goes("close", facts):
        assert not facts.papers
        assert not facts.alarms_untaken
        assert not any(one.is_out for one in facts.items)


@settings(max_examples=300)
@given(st.sampled_from(list(STEPS)).flatmap(lambda step: st.tuples(st.just(step), drawn_facts(step))))
def test_urgent_turns_papers_into_debts_and_changes_nothing_else(drawn: tuple[Step, Facts]) -> None:
    step, facts = drawn
    plain = blockers(step, of_deployment(facts, urgent=False))
    urgent = blockers(step, of_deployment(facts, urgent=True))
    papers = {"checklist-open", "no-fit-visit", "lead-missing", "no-one-alarmed", "site-missing", "nothing-wanted"}
    papers |= {"modalities-missing"}
    if step == "authorise":
        papers |= {"no-install-authority", "no-use-authority"}
    owed = {one.rule for one in urgent if one.answer == "owed"}
    assert owed <= papers
    if step in {"close", "cancel"}:
        assert not owed
    for answer in ("refused", "warning"):
        lost = {one.rule for one in plain if one.answer == answer} - {
            one.rule for one in urgent if one.answer == answer
        }
        # Of an urgent one the caller counts among those who do the work.
        assert lost <= owed | {"work-competence", "unit-training"}


def test_states_are_reached_by_one_table_of_steps() -> None:
    assert {step for step, rule in STEPS.items() if rule.to_state == "fitted"} == {"fit"}
    assert {step for step, rule in STEPS.items() if rule.to_state == "live"} == {"go-live", "resume"}
    assert {step for step, rule in STEPS.items() if rule.to_state == "recovered"} == {"recover"}
    reached: set[DeploymentState] = {"requested"}
    for _ in STATES:
        reached |= {after(state, step) for state in reached for step in next_steps(state)}
    assert reached == set(STATES)
    assert [state for state in STATES if not next_steps(state)] == [state for state in STATES if state in OVER]
    with pytest.raises(NotAStep) as refused:
        after("live", "fit")
    assert (refused.value.step, refused.value.state) == ("fit", "live")


@pytest.mark.parametrize("urgent", [False, True])
@pytest.mark.parametrize("start", [state for state in STATES if state not in OVER])
def test_from_every_state_there_is_a_way_to_the_end(start: DeploymentState, *, urgent: bool) -> None:
    state, gone = start, 0
    while state not in OVER:
        step = next(one for one in reversed(next_steps(state)) if one not in {"cancel", "maintain"})
        assert goes(step, of_deployment(ready(step, state), urgent=urgent)), (step, state)
        state, gone = after(state, step), gone + 1
        assert gone < len(STATES)
    assert state == "closed"


@pytest.mark.parametrize("start", STEPS["cancel"].from_states)
def test_what_was_not_fitted_can_be_given_up_whatever_is_owed(start: DeploymentState) -> None:
    facts = replace(ready("cancel", start), papers=[PaperFacts(step="authorise", owed_until=NOW)], authorities=[])
    facts = replace(facts, alarms_open=3, people={}, visits=[], certificates=[], site=None)
    assert goes("cancel", of_deployment(facts, urgent=True, lead=None, rota=None, supervisor=None))


@pytest.mark.parametrize("state", ["fitted", "commissioned", "live", "maintenance", "recovered"])
def test_all_that_the_fast_path_owes_can_be_made_up_for_afterwards(state: DeploymentState) -> None:
    started = of_deployment(ready("check-out"), state="requested", urgent=True)
    assert not is_stopped(fast_path(started).found)
    caller = CallerFacts(person="p-sup", role="supervisor")
    ended = [replace(AUTHORITY, state="ended")] if state == "recovered" else [AUTHORITY]
    later = replace(ready("close"), caller=caller, authorities=ended, visits=[])
    later = of_deployment(later, state=state, urgent=True, expected_back_at=NOW - H)
    assert all(made_up(step, later) for step in FAST_PATH)


def test_a_step_is_behind_when_it_or_a_later_one_was_gone() -> None:
    assert [state for state in STATES if is_past(state, "fit")] == [
        "fitted",
        "commissioned",
        "live",
        "maintenance",
        "recovered",
        "closed",
    ]
    assert not any(is_past("requested", step) for step in STEPS if step not in {"maintain", "resume", "cancel"})
