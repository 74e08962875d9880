"""A few seconds of `make fuzz-grants`; and that it finds what a unit overlooks, whichever of its rules is left out."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from edge_agent import people_keeping
from edge_agent.openings import desk, rules
from edge_agent.openings.nonces import MadeNonce
from edge_agent.openings.verdicts import Facts, Permit, Refusal
from protocols.lease import Lease
from protocols.mandate import read_mandate
from protocols.people import read_list
from tests.fuzz.grants_documents import GrantAttack, Tally, attack, show
from tests.fuzz.grants_lists import ListAttack
from tests.fuzz.grants_papers import World
from tests.fuzz.grants_steps import Life
from tests.fuzz.grants_wrong import WRONGS, spoiled

SEED = "20261122"
DOCUMENTS, STEPS, LISTS = 1500, 400, 300


@pytest.fixture(scope="module")
def grants() -> GrantAttack:
    return GrantAttack(SEED)


@pytest.fixture(scope="module")
def world() -> World:
    return World(Random(SEED))


async def lived(state_dir: Path, seed: str = SEED, steps: int = STEPS) -> Tally:
    tally = Tally()
    await Life(Random(seed), state_dir, tally).live(steps)
    return tally


def opened(grants: GrantAttack, wrong: str) -> int:
    """How many of the grants open that have this one thing wrong."""
    tally = Tally()
    for attempt in grants.undamaged():
        if attempt.case.wrong == wrong:
            show(attempt, grants.world.honest, tally)
    assert tally.documents > 0
    return len(tally.illegal)


@pytest.mark.parametrize("name", WRONGS)
def test_each_wrong_has_its_rule(name: str, world: World) -> None:
    made = [case for case in (spoiled(world, one, name) for one in world.cases[:8]) if case is not None]
    assert made
    for case in made[:3]:
        verdict = rules.judge(case.grant, case.facts)
        assert isinstance(verdict, Refusal)
        assert verdict.rule == WRONGS[name].rule


def test_a_unit_opens_for_what_is_good(world: World) -> None:
    assert all(isinstance(rules.judge(one.grant, one.facts), Permit) for one in world.cases)


def test_no_damaged_grant_opens_and_every_good_one_does() -> None:
    tally = attack(GrantAttack(SEED), ListAttack(SEED), DOCUMENTS)
    assert (tally.illegal, tally.unopened) == ([], [])
    assert tally.documents == DOCUMENTS
    assert tally.controls > 0


async def test_a_life_opens_what_the_model_says_and_nothing_else(tmp_path: Path) -> None:
    tally = await lived(tmp_path)
    assert (tally.illegal, tally.unopened) == ([], [])
    assert tally.controls > STEPS / 20


def nothing(*_: Any, **__: Any) -> None:
    """A check that is left out."""


def any_nonce(_lease: Lease, facts: Facts) -> MadeNonce:
    return next(iter(facts.nonces.values()))


RULES_LEFT_OUT: list[tuple[str, Callable[..., Any], str]] = [
    ("check_logged", nothing, "no-receipt"),
    ("check_window", nothing, "not-yet-valid"),
    ("_told_ms", lambda lease, *_: lease.granted_at_ms, "time-before-one-trusted"),
    ("_told_ms", lambda lease, *_: lease.granted_at_ms, "time-that-stood-still-since"),
    ("check_logged", nothing, "seen-long-after-its-time"),
    ("check_logged", nothing, "logged-with-another-expires-at"),
    ("_check_agreement", nothing, "mandate-of-another-unit"),
    ("_check_person", nothing, "asked-for-by-an-inspector"),
    ("_check_openings", nothing, "over-openings"),
    ("_check_place", nothing, "open-for-somebody-else"),
    ("_left_ms", lambda *given: given[-1], "over-minutes"),
    ("check_mandate", lambda signed, *_, **__: read_mandate(signed.text), "single-signer"),
    (
        "_answered",
        lambda lease, facts: facts.nonces.get(lease.nonce, next(iter(facts.nonces.values()))),
        "replayed-nonce",
    ),
]


@pytest.mark.parametrize(("rule", "instead", "opens"), RULES_LEFT_OUT)
def test_a_unit_without_one_of_its_rules_is_found_out(
    rule: str, instead: Callable[..., Any], opens: str, grants: GrantAttack, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opened(grants, opens) == 0
    monkeypatch.setattr(rules, rule, instead)
    assert opened(grants, opens) > 0


OVERLOOKED: list[tuple[str, Callable[..., Any]]] = [
    ("check_logged", nothing),
    ("_left_ms", lambda *given: given[-1]),
    ("_told_ms", lambda lease, *_: lease.granted_at_ms),
]


@pytest.mark.parametrize(("rule", "instead"), OVERLOOKED)
async def test_a_unit_that_overlooks_something_is_found_out_by_a_life(
    rule: str, instead: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, rule, instead)
    assert (await lived(tmp_path)).illegal != []


def test_a_unit_that_follows_any_list_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_keeping, "check_next", lambda _current, candidate: read_list(candidate.text))
    lists = ListAttack(SEED)
    assert any(lists.is_illegal(lists.page()) for _ in range(LISTS))


async def test_a_unit_that_refuses_everything_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "judge", lambda *_: Refusal("fault", "never"))
    assert (await lived(tmp_path)).unopened != []
