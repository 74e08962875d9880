"""Two critical incidents: whoever is on call goes first, and the paperwork comes after."""

from fleet.demo.week.planning import SUPERVISOR
from fleet.demo.week.story import (
    HERO,
    Act,
    Answer,
    Check,
    Go,
    Home,
    In,
    Incident,
    Judge,
    Look,
    Named,
    Recorded,
    Reports,
    Statement,
    Story,
    Take,
    at,
)

_ORAL_H = 72
_WEDNESDAY, _SUNDAY = at(2, 3), at(6, 2)


def _until_live(begins_h: float, reference: str, hours: int) -> list[Act]:
    """From the call to live within the hour: the authority is given by word of mouth twelve minutes after it."""
    oral_h = begins_h + 0.2
    return [
        Incident(at_h=begins_h, hours=hours),
        Go(at_h=begins_h + 0.1, by=HERO, step="fit", unchecked=True, refused="no-install-authority"),
        Recorded(at_h=oral_h, by="AP-04", reference=reference, from_h=oral_h, to_h=oral_h + _ORAL_H, oral=True),
        Named(at_h=oral_h + 0.05, by=HERO, references=[reference]),
        Go(at_h=begins_h + 2 / 3, by=HERO, step="fit", unchecked=True),
        Reports(at_h=begins_h + 0.8),
        Judge(at_h=begins_h + 0.8, by=HERO),
        Go(at_h=begins_h + 52 / 60, by=HERO, step="commission", unchecked=True),
        Go(at_h=begins_h + 0.95, by=HERO, step="go-live", unchecked=True),
    ]


INCIDENTS: tuple[Story, ...] = (
    Story(
        key="wednesday-night",
        title="critical incident, town",
        site="MARKET",
        acts=[
            *_until_live(_WEDNESDAY, "ORAL-26/7", 48),
            Look(at_h=_WEDNESDAY + 1.05),
            Look(at_h=_WEDNESDAY + 1.2),
            Answer(at_h=_WEDNESDAY + 1.27, by=HERO),
            Home(at_h=_WEDNESDAY + 3.5, by=HERO),
            Check(at_h=at(2, 10), by=HERO, step="plan"),
            Check(at_h=at(2, 10), by=HERO, step="check-out"),
            Check(at_h=at(2, 10.2), by=HERO, step="fit"),
            Check(at_h=at(2, 10.3), by=HERO, step="commission"),
            Go(at_h=at(3, 2), by="AP-06", step="authorise", unchecked=True),
            Go(at_h=at(3, 12), by=HERO, step="recover"),
            In(at_h=at(3, 13), by=HERO),
            Go(at_h=at(3, 14), by=SUPERVISOR, step="close", refused="papers-owed"),
            Go(at_h=at(3, 15), by=SUPERVISOR, step="plan", unchecked=True),
            Go(at_h=at(3, 15.5), by=SUPERVISOR, step="close", refused="statement-missing"),
            Statement(at_h=_WEDNESDAY + 50.2, by="AP-04", reference="ORAL-26/7"),
            Take(at_h=_WEDNESDAY + 51, by=SUPERVISOR),
            Go(at_h=_WEDNESDAY + 51.2, by=SUPERVISOR, step="close"),
        ],
        ends="closed",
    ),
    Story(
        key="sunday-night",
        title="critical incident, harbour",
        site="QUAY-4",
        acts=[
            *_until_live(_SUNDAY, "ORAL-26/8", 72),
            Answer(at_h=_SUNDAY + 0.97, by=HERO),
            Home(at_h=_SUNDAY + 1.9, by=HERO),
        ],
        ends="live",
    ),
)
