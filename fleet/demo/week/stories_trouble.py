"""Deployments in which something goes wrong, is refused, and is put right."""

from fleet.demo.week.planning import SUPERVISOR
from fleet.demo.week.stories_quiet import plan_of, story
from fleet.demo.week.story import (
    HERO,
    Act,
    Answer,
    Go,
    Home,
    Judge,
    Keep,
    KitHome,
    Look,
    Mandated,
    OnCall,
    Out,
    Recorded,
    Reports,
    Seen,
    Story,
    Swap,
    Take,
    Unmandated,
    Visits,
    Wired,
    at,
)
from fleet.demo.week.ways import usual, visits

_QUAY = plan_of("TO-12 TO-18", "105", at(0, 10), at(1, 10), at(3, 13))
_DEPOT = plan_of(
    "TO-07 TO-23",
    "107",
    at(1, 14),
    at(2, 12),
    at(8, 14),
    authority=[
        Recorded(
            at_h=at(1, 15.5),
            by="AP-04",
            reference="URN-26/107",
            modalities=["video"],
            from_h=at(2, 12.7),
            to_h=at(20, 0),
            review_h=at(9, 12),
        )
    ],
    modalities=["video"],
)
_WHITE_VAN = plan_of("TO-23 TO-15", "108", at(2, 9), at(3, 14), at(10, 15), modalities=["position"])
_BENCH = plan_of("TO-15 TO-21", "109", at(1, 16), at(2, 14), at(5, 10))
_TOWER = plan_of("TO-12 TO-18", "110", at(0, 11), at(1, 15), at(8, 14))
_FARM = plan_of("TO-08", "111", at(2, 8), at(3, 9), at(5, 8), modalities=["position"])
_HILL = plan_of("TO-12 TO-18", "112", at(2, 15), at(4, 9), at(9, 10))


def _before(acts: list[Act], *others: Act) -> list[Act]:
    """Acts with others among them, each of which comes before what is of its time."""
    return sorted([*others, *acts], key=lambda act: act.at_h)


_LOW_H = at(4, 22)
"""The supply of the tower's unit gives way, at night."""

TROUBLE: tuple[Story, ...] = (
    story(
        "quay-side",
        "av-capture",
        "QUAY-4",
        "van-kit",
        _QUAY,
        ends="closed",
        acts=_before(
            usual(_QUAY, "closed"),
            Mandated(at_h=at(1, 13), by="TO-12", to_h=at(6, 12)),
            Go(at_h=at(3, 13.5), by="TO-12", step="recover", refused="mandate-live"),
            Unmandated(at_h=at(3, 13.8), by="TO-12"),
            KitHome(at_h=at(3, 17.5), by="TO-12"),
            Take(at_h=at(3, 17.8), by=SUPERVISOR),
        ),
    ),
    story(
        "depot",
        "camera-alarm",
        "DEPOT",
        "mast-kit",
        _DEPOT,
        ends="live",
        acts=_before(
            usual(_DEPOT, "live"),
            Go(at_h=at(2, 12.5), by="TO-07", step="fit", refused="no-install-authority"),
        ),
    ),
    story(
        "white-van",
        "vehicle-tracking",
        None,
        "van-kit",
        _WHITE_VAN,
        ends="live",
        acts=_before(
            usual(_WHITE_VAN, "live"),
            visits(_WHITE_VAN, at(2, 9.3), team=("TO-08", "TO-15")),
            Keep(at_h=at(2, 9.35), by="TO-23"),
            Go(at_h=at(2, 9.4), by=SUPERVISOR, step="plan", refused="work-competence"),
            Wired(at_h=at(3, 15), by="TO-23", template="van-12v"),
        ),
    ),
    story(
        "bench-failure",
        "av-capture",
        "WORKSHOP",
        "pack-kit",
        _BENCH,
        ends="recovered",
        acts=_before(
            usual(_BENCH, "recovered"),
            Seen(at_h=at(2, 12.5), by="TO-15", kind="unit", condition="failed"),
            Out(at_h=at(2, 12.7), by="TO-15", refused="kit-quarantined"),
            Swap(at_h=at(2, 12.9), by="TO-15", kind="unit"),
        ),
    ),
    story(
        "tower",
        "av-capture",
        "TOWER",
        "mast-kit",
        _TOWER,
        ends="live",
        acts=_before(
            usual(_TOWER, "live"),
            Reports(at_h=at(1, 15.9), low=True),
            Judge(at_h=at(1, 15.9), by="TO-12", passes=False),
            Go(at_h=at(1, 16), by="TO-12", step="commission", refused="certificate-failed"),
            Reports(at_h=_LOW_H, low=True),
            Look(at_h=_LOW_H),
            Reports(at_h=_LOW_H + 0.05, low=True),
            Look(at_h=_LOW_H + 0.05),
            OnCall(at_h=_LOW_H + 0.2),
            Take(at_h=_LOW_H + 0.2, by=HERO, kind="undervoltage", going=True),
            Answer(at_h=_LOW_H + 1.1, by=HERO),
            Go(at_h=_LOW_H + 1.2, by=HERO, step="maintain"),
            Reports(at_h=_LOW_H + 1.7),
            Judge(at_h=_LOW_H + 1.7, by=HERO),
            Go(at_h=_LOW_H + 1.8, by=HERO, step="resume"),
            Reports(at_h=_LOW_H + 1.81),
            Look(at_h=_LOW_H + 1.81),
            Reports(at_h=_LOW_H + 1.9),
            Look(at_h=_LOW_H + 1.9),
            Home(at_h=_LOW_H + 3, by=HERO),
        ),
    ),
    story(
        "farm-trailer",
        "property-tracking",
        None,
        "van-kit",
        _FARM,
        ends="live",
        late=True,
    ),
    story(
        "hill-farm",
        "av-capture",
        "HILLTOP",
        "pack-kit",
        _HILL,
        ends="live",
        acts=_before(
            usual(_HILL, "live"),
            Visits(
                at_h=at(2, 15.3),
                by="TO-12",
                trips=[visits(_QUAY, 0).trips[1]],
                refused="double-booked",
            ),
            Keep(at_h=at(2, 15.4), by="TO-12", of="tower", refused="double-booked"),
        ),
    ),
)
