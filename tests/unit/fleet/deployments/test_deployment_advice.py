"""What could be fielded, compared with trying everything on small cases."""

from collections.abc import Sequence
from datetime import date
from itertools import combinations, permutations, product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fleet.deployments.rules.advice import AdviceFacts, AdviceItem, advise
from fleet.deployments.rules.facts import OnCall, OtherVisit, PersonFacts
from fleet.deployments.rules.matching import assigned, fits
from fleet.deployments.rules.teams import best_team, most_teams
from protocols.deployments import WORK_LEVEL, WORK_NEEDS, KindTemplate, KitWanted, Work
from protocols.kit import ItemKind
from protocols.rota.member import Competence
from tests.unit.fleet.deployments.facts_made import DAY, NOW, PERSON, H

WORKS: list[Work] = ["driving", "vehicle-install", "mains"]
TEMPLATE = KindTemplate(
    kind="vehicle-tracking",
    wants=[KitWanted(kind="unit", count=1), KitWanted(kind="battery", count=2)],
    works=["driving", "vehicle-install"],
    people=2,
    modalities=["position"],
)

masks = st.lists(st.integers(0, 7), max_size=6)


def whole_sets(have: Sequence[int], whole: int, size: int) -> list[tuple[int, ...]]:
    """Every set of so many of them, by index, that can do all of it."""
    return [
        chosen
        for chosen in combinations(range(len(have)), size)
        if not whole & ~sum({1 << bit for i in chosen for bit in range(3) if have[i] >> bit & 1})
    ]


def most_by_trying(have: Sequence[int], whole: int, people: int) -> int:
    """The most teams, by giving each person every team there could be."""
    best = 0
    for given_to in product(range(len(have) + 1), repeat=len(have)):
        teams: dict[int, list[int]] = {}
        for i, team in enumerate(given_to):
            if team:
                teams.setdefault(team, []).append(have[i])
        good = [one for one in teams.values() if len(one) >= people and not whole & ~_either(one)]
        best = max(best, len(good))
    return best


def _either(several: Sequence[int]) -> int:
    found = 0
    for one in several:
        found |= one
    return found


@given(masks, st.integers(0, 7), st.integers(1, 3))
def test_the_best_team_is_a_smallest_one_and_takes_the_first_who_can(have: list[int], whole: int, people: int) -> None:
    team = best_team(have, whole, people)
    every = [chosen for size in range(people, len(have) + 1) for chosen in whole_sets(have, whole, size)]
    assert team == (list(every[0]) if every else None)


@given(st.lists(st.integers(0, 7), max_size=5), st.integers(0, 7), st.integers(1, 3))
def test_the_most_teams_are_as_many_as_trying_everything_finds(have: list[int], whole: int, people: int) -> None:
    assert most_teams(have, whole, people, 9) == most_by_trying(have, whole, people)


def test_the_most_teams_are_never_more_than_asked() -> None:
    assert most_teams([1] * 200, 1, 1, 7) == 7
    assert most_teams(list(range(1, 7)) * 33, 7, 2, 12) == 12
    # 12 pairs of one who can do all with somebody, and 9 teams of four: 24 + 36 of 60 people.
    assert most_teams([1, 2, 4, 8, 15] * 12, 15, 2, 60) == 21


_MODELS = ["m-a", "m-b"]
_items = st.lists(
    st.builds(
        lambda kind, model, good, training: (kind, model, good, training),
        st.sampled_from(["unit", "battery"]),
        st.sampled_from(_MODELS),
        st.booleans(),
        st.sampled_from(["", "", "unit:van"]),
    ),
    max_size=6,
)
_wants = st.lists(
    st.builds(
        KitWanted,
        kind=st.sampled_from(["unit", "battery"]),
        count=st.integers(1, 2),
        model=st.sampled_from([None, "m-a"]),
    ),
    max_size=3,
)
_people = st.lists(st.tuples(st.integers(0, 15), st.booleans()), max_size=4)


def person(number: int, can: int, *, free: bool) -> PersonFacts:
    """Somebody who can do the works of the bits of `can`, and (bit 3) was trained for the van kit."""
    competences = [
        Competence(subject=WORK_NEEDS[work], level=WORK_LEVEL[work]) for bit, work in enumerate(WORKS) if can >> bit & 1
    ]
    if can & 8:
        competences.append(Competence(subject="unit:van"))
    visit = OtherVisit(visit="v", deployment="DEP-9", starts_at=NOW, ends_at=NOW + H)
    return replace(PERSON, person=f"p-{number}", competences=competences, visits=[] if free else [visit])


def fulfils(wants: Sequence[KitWanted], items: Sequence[AdviceItem]) -> bool:
    """Whether distinct items can be found for all that is wanted, by trying."""
    slots = [one for one in wants for _ in range(one.count)]
    return any(
        all(fits(one, item) for one, item in zip(slots, chosen, strict=True))
        for chosen in permutations(items, len(slots))
    )


@given(_items, _wants, _people, st.integers(0, 7), st.integers(1, 2))
def test_it_is_possible_if_and_only_if_trying_everything_finds_kit_and_a_team(
    drawn: list[Any], wants: list[KitWanted], people: list[tuple[int, bool]], works: int, size: int
) -> None:
    items = [
        AdviceItem(item=f"K-{i:04}", kind=kind, model=model, why_not="" if good else "it failed", training=training)
        for i, (kind, model, good, training) in enumerate(drawn)
    ]
    crew = [person(i, can, free=free) for i, (can, free) in enumerate(people)]
    needed: list[Work] = [work for bit, work in enumerate(WORKS) if works >> bit & 1]
    template = replace(TEMPLATE, wants=wants, works=needed, people=size)
    advice = advise(AdviceFacts(template=template, starts_at=NOW, until=NOW + H, items=items, people=crew, now=NOW))
    free = [can for can, is_free in people if is_free]
    trained = any(can & 8 for can in free)
    usable = [one for one in items if not one.why_not and (not one.training or trained)]
    possible = fulfils(wants, usable) and len(free) >= size and not works & ~_either(free)
    assert advice.possible == possible == (not advice.missing)
    assert (advice.at_most >= 1) == possible
    if possible:
        taken = [code for one in advice.kit for code in one.items]
        assert len(taken) == len(set(taken)) == sum(one.count for one in wants)
        team = [can for i, (can, _) in enumerate(people) if f"p-{i}" in advice.team]
        assert len(team) >= size
        assert not works & ~_either(team)
        if any(one.item in taken and one.training for one in items):
            assert _either(team) & 8


@given(_items, st.integers(1, 2), st.booleans())
def test_at_most_is_what_trying_more_and_more_finds(drawn: list[Any], count: int, named: bool) -> None:
    items = [AdviceItem(item=f"K-{i:04}", kind=kind, model=model) for i, (kind, model, _, _) in enumerate(drawn)]
    wants = [KitWanted(kind="unit", count=count), KitWanted(kind="unit", count=1, model="m-a" if named else None)]
    crew = [person(i, 3, free=True) for i in range(5)]
    template = replace(TEMPLATE, wants=wants, people=1)
    advice = advise(AdviceFacts(template=template, starts_at=NOW, until=NOW + H, items=items, people=crew, now=NOW))
    most = 0
    while most < 5 and fulfils([replace(one, count=one.count * (most + 1)) for one in wants], items):
        most += 1
    assert advice.at_most == most


@given(_items, _wants)
def test_kit_is_assigned_as_far_as_it_goes(drawn: list[Any], wants: list[KitWanted]) -> None:
    items = [AdviceItem(item=f"K-{i:04}", kind=kind, model=model) for i, (kind, model, _, _) in enumerate(drawn)]
    found = assigned(wants, items)
    taken = [code for codes in found for code in codes]
    assert len(taken) == len(set(taken))
    by_code = {one.item: one for one in items}
    assert all(fits(one, by_code[code]) for one, codes in zip(wants, found, strict=True) for code in codes)
    assert all(len(codes) <= one.count for one, codes in zip(wants, found, strict=True))
    assert (len(taken) == sum(one.count for one in wants)) == fulfils(wants, items)


def _facts(**changes: Any) -> AdviceFacts:
    items = [
        AdviceItem(item="K-0001", kind="unit", model="m-a"),
        AdviceItem(item="K-0002", kind="battery", model="m-b"),
        AdviceItem(item="K-0003", kind="battery", model="m-b"),
    ]
    on_call = OnCall(rota="technical", position="secondary", starts_at=NOW - DAY, ends_at=NOW + DAY)
    crew = [person(1, 3, free=True), replace(person(2, 1, free=True), on_call=[on_call]), person(3, 2, free=True)]
    facts = AdviceFacts(template=TEMPLATE, starts_at=NOW, until=NOW + H, items=items, people=crew, now=NOW)
    return replace(facts, **changes)


def test_those_on_call_go_first_and_what_lacks_is_said() -> None:
    advice = advise(_facts())
    assert advice.team == ["p-2", "p-1"]
    assert advice.at_most == 1
    assert [one.on_call for one in advice.people] == ["secondary", None, None]
    assert advice.people[0].works == ["driving"]
    broken = [AdviceItem(item="K-0001", kind="unit", model="m-a", why_not="K-0001 failed")]
    advice = advise(_facts(items=broken, people=[person(3, 2, free=True)]))
    assert advice.kit[0].held_back == ["K-0001 failed"]
    assert advice.missing == [
        "1 of 1 of unit",
        "2 of 2 of battery",
        "somebody free who has driving-licence",
        "1 more of 2 people who are free",
    ]
    assert (advice.team, advice.at_most) == ([], 0)


def test_more_than_twelve_are_not_counted() -> None:
    kinds: list[tuple[ItemKind, int]] = [("unit", 20), ("battery", 40)]
    items = [AdviceItem(item=f"K-{kind}-{i}", kind=kind, model="m-a") for kind, count in kinds for i in range(count)]
    assert advise(_facts(items=items, people=[person(i, 3, free=True) for i in range(60)])).at_most == 12


def test_a_competence_that_ends_in_the_time_does_not_count() -> None:
    ending = [Competence(subject="driving-licence", valid_until=date(2026, 11, 22))]
    one = replace(person(1, 3, free=True), competences=[*person(1, 2, free=True).competences, *ending])
    assert advise(_facts(people=[one, person(2, 0, free=True)], until=NOW + 12 * H)).possible
    assert not advise(_facts(people=[one, person(2, 0, free=True)], until=NOW + 13 * H)).possible
