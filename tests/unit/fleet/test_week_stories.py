"""The week's stories are possible: who is in them is there, and nobody is in two places but where that is refused."""

from collections import Counter
from itertools import combinations

from fleet.demo.place import PEOPLE
from fleet.demo.week.cast import ENGINEERS, MORE_PEOPLE
from fleet.demo.week.sites import SITES
from fleet.demo.week.stock import ACCESSORIES, UNIT_MODELS, UNITS_OF_EACH
from fleet.demo.week.stories import STORIES, WEEK
from fleet.demo.week.story import HERO, Incident, Recorded, Visits

WEEK_H = 168


def test_it_has_what_a_newcomer_is_told_of() -> None:
    ends = Counter(story.ends for story in STORIES)
    assert ends.total() == 25
    assert min(ends[state] for state in ("requested", "feasible", "planned", "authorised", "fitted", "live")) >= 1
    assert (ends["maintenance"], ends["recovered"], ends["cancelled"]) == (1, 1, 1)
    assert sum(isinstance(act, Incident) for story in STORIES for act in story.acts) == 2
    assert [story.key for story in STORIES if story.late] == ["farm-trailer"]
    assert len(UNIT_MODELS) * UNITS_OF_EACH == 60
    assert sum(lot.pieces for lot in ACCESSORIES) == 80


def test_everybody_and_every_site_of_it_is_there() -> None:
    people, sites = PEOPLE.keys() | MORE_PEOPLE.keys(), {site.code for site in SITES}
    assert len(people) == 14
    assert {act.by for story in WEEK for act in story.acts} - {"", HERO} <= people
    assert {story.site for story in STORIES} - {None} <= sites
    going = {one for _, _, one, _ in _trips()}
    assert going <= set(ENGINEERS)


def test_nobody_is_on_two_visits_and_no_reference_comes_twice() -> None:
    for (key, begins, person, ends), (other, later, somebody, until) in combinations(_trips(), 2):
        is_one = person == somebody and key != other and begins < until and later < ends
        assert not is_one, (key, other, person)
    given = [act.reference for story in STORIES for act in story.acts if isinstance(act, Recorded)]
    assert len(given) == len(set(given))


def test_all_of_it_is_played_before_the_week_is_over() -> None:
    assert max(act.at_h for story in WEEK for act in story.acts) <= WEEK_H
    assert min(act.at_h for story in WEEK for act in story.acts) > 0


def _trips() -> list[tuple[str, float, str, float]]:
    return [
        (story.key, trip.from_h, person, trip.to_h)
        for story in STORIES
        for act in story.acts
        if isinstance(act, Visits) and not act.refused
        for trip in act.trips
        for person in trip.people
    ]
