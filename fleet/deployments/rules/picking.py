"""Which items are taken first where the controller chooses. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from fleet.deployments.rules.matching import fits, missing
from fleet.kit.rules.standing import KitFacts, what_stops
from protocols.api.units import Presence
from protocols.deployments import KitWanted
from protocols.kit import ItemKind

SOON = timedelta(hours=24)
"""What begins within this time wants kit that could go out now †; later, kit that is out may be back."""

_NOT_YET = frozenset({"kit-out", "kit-unserviced", "kit-damaged", "kit-reserved"})
"""What stops an item now, and may be put right by the time it is wanted."""
_HEARD: dict[Presence, int] = {"online": 0, "stale": 1, "never": 2, "quiet": 3}


class Choice(NamedTuple):
    """An item that could be taken, with what is known of the unit that it is: `presence` None where it is none."""

    item: str
    kind: ItemKind
    model: str
    facts: KitFacts
    presence: Presence | None = None
    battery_percent: float | None = None


def can_take(one: Choice, deployment: str, starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Whether the item can be kept for the deployment in the time: nobody else has it kept then, and it may go out
    now, or, for what begins later, may be fit by then."""
    facts = one.facts
    if any(
        kept.deployment != deployment and kept.starts_at < ends_at and starts_at < kept.ends_at
        for kept in facts.reserved
    ):
        return False
    if one.presence in {"revoked", "quarantined"}:
        return False
    stops = {stop.rule for stop in what_stops(facts, now, deployment=deployment, until=ends_at)}
    if starts_at <= now + SOON:
        return not stops
    back = facts.place is not None or (facts.expected_back_at is not None and facts.expected_back_at <= starts_at)
    return back and stops <= _NOT_YET


def in_order(choices: Iterable[Choice]) -> list[Choice]:
    """Those first that are ready: what is in a store before what has yet to come back, units that are heard, fuller
    batteries, what needs no maintenance soon, then by code."""
    return sorted(choices, key=_rank)


def still_wanted(wants: Sequence[KitWanted], kept: Sequence[Choice]) -> list[KitWanted]:
    """What of `wants` is not fulfilled by what is kept, those that name a model first."""
    found = [(one, lack) for one, lack in zip(wants, missing(wants, kept), strict=True) if lack]
    found.sort(key=lambda pair: pair[0].model is None)
    return [one for one, lack in found for _ in range(lack)]


def candidates(wanted: KitWanted, choices: Iterable[Choice], taken: Mapping[str, object]) -> list[Choice]:
    """The choices that are what is wanted and not taken, in their order."""
    return [one for one in choices if one.item not in taken and fits(wanted, one)]


def _rank(one: Choice) -> tuple[bool, int, float, bool, int, str]:
    heard = 0 if one.presence is None else _HEARD.get(one.presence, 9)
    charge = 0.0 if one.battery_percent is None else -one.battery_percent
    ageing = bool(one.facts.due) and one.facts.due[0].standing != "in-time"
    return (one.facts.place is None, heard, charge, ageing, len(one.item), one.item)
