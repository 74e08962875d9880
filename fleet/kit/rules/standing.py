"""Whether an item may go out now, and what stops it: the rule, who decides, and what would make it possible. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import get_args

import msgspec

from fleet.kit.rules.maintenance import is_overdue
from protocols.api.kit import KitStanding
from protocols.deployments import Blocker
from protocols.kit import Condition, DueMaintenance, ServiceState

RESERVED_AHEAD = timedelta(hours=24)
"""How long before a reservation begins its item is kept back †."""

STANDINGS: tuple[KitStanding, ...] = get_args(KitStanding)
_MANAGERS = "a supervisor"


class Reserved(msgspec.Struct, frozen=True, kw_only=True):
    """A reservation that was not released."""

    deployment: str
    starts_at: datetime
    ends_at: datetime


class KitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What decides about an item. `place` None: it is out; `deployment`: what it is out for."""

    item: str
    condition: Condition
    service: ServiceState
    custodian: str
    place: str | None
    deployment: str | None = None
    expected_back_at: datetime | None = None
    due: Sequence[DueMaintenance] = ()
    reserved: Sequence[Reserved] = ()


def standing_of(facts: KitFacts, now: datetime) -> KitStanding:
    """The one word for it, as `KitStanding` says."""
    held: dict[KitStanding, bool] = {
        "available": True,
        "reserved": next_reserved(facts, now, before=now + RESERVED_AHEAD) is not None,
        "out": facts.place is None,
        "overdue": is_late(facts, now),
        "unserviced": facts.condition == "damaged" or is_overdue(facts.due),
        "quarantined": facts.service == "quarantined",
        "in-repair": facts.service == "in-repair",
        "failed": facts.condition == "failed",
        "gone": is_gone(facts),
    }
    return next(word for word in reversed(STANDINGS) if held[word])


def what_stops(
    facts: KitFacts, now: datetime, *, deployment: str | None = None, until: datetime | None = None
) -> list[Blocker]:
    """Everything that stops the item from going out at `now`, for `deployment` or (None) for the bench, where it would
    be back at `until`; empty when it can. What is reserved for `deployment` itself is no reason, nor is what is
    reserved for another once it would be back."""
    found = [*_gone_or_held(facts), *_unfit(facts), *_elsewhere(facts, now)]
    horizon = max(now + RESERVED_AHEAD, until or now)
    if deployment is not None and until is not None:
        horizon = max(now, until - datetime.resolution)
    kept = next_reserved(facts, now, before=horizon, other_than=deployment)
    if kept is not None:
        when = "now" if kept.starts_at <= now else f"from {kept.starts_at:%Y-%m-%d %H:%M} UTC"
        found.append(
            _no(
                "kit-reserved",
                f"{facts.item} is kept for {kept.deployment} {when}",
                f"the lead of {kept.deployment}",
                f"take another, or have it released from {kept.deployment}",
            )
        )
    return found


def can_go_out(facts: KitFacts, now: datetime, *, deployment: str | None = None, until: datetime | None = None) -> str:
    """Why the item can not go out, in a sentence; empty when it can. As `what_stops`, of which it is the first."""
    found = what_stops(facts, now, deployment=deployment, until=until)
    return found[0].sentence if found else ""


def next_reserved(
    facts: KitFacts, now: datetime, *, before: datetime | None = None, other_than: str | None = None
) -> Reserved | None:
    """The reservation that has begun or begins next, not later than `before`, not of a deployment."""
    open_ones = [one for one in facts.reserved if one.ends_at > now and one.deployment != other_than]
    first = min(open_ones, key=lambda one: one.starts_at, default=None)
    return None if first is None or (before is not None and first.starts_at > before) else first


def is_gone(facts: KitFacts) -> bool:
    """Whether it is lost or disposed of: on the books, and no more to be had."""
    return facts.service in {"lost", "disposed"}


def is_late(facts: KitFacts, now: datetime) -> bool:
    """Whether it is out, and should be back by now."""
    return facts.place is None and facts.expected_back_at is not None and facts.expected_back_at <= now


def _gone_or_held(facts: KitFacts) -> list[Blocker]:
    item = facts.item
    if facts.service == "disposed":
        return [_no("kit-gone", f"{item} was disposed of", _MANAGERS, "take another")]
    if facts.service == "lost":
        return [_no("kit-gone", f"{item} is lost", _MANAGERS, "when it is found, have it put in service again")]
    if facts.service == "quarantined":
        return [_no("kit-quarantined", f"{item} is quarantined", _MANAGERS, "have it released, or take another")]
    if facts.service == "in-repair":
        return [_no("kit-in-repair", f"{item} is in repair", _MANAGERS, "have the repair's end entered")]
    return []


def _unfit(facts: KitFacts) -> list[Blocker]:
    found = []
    if facts.condition == "failed":
        found.append(_no("kit-failed", f"{facts.item} has failed", _MANAGERS, "have it repaired, or take another"))
    if facts.condition == "damaged":
        found.append(
            _no("kit-damaged", f"{facts.item} is damaged", "who keeps kit", "have it serviced and enter its condition")
        )
    found += [
        _no(
            "kit-unserviced",
            f"maintenance of {facts.item} is overdue: {one.what}" + (f" ({one.procedure})" if one.procedure else ""),
            "who keeps kit",
            f"do it and enter it: fleet kit maintained {facts.item} {one.rule}",
        )
        for one in facts.due
        if one.standing == "overdue"
    ]
    return found


def _elsewhere(facts: KitFacts, now: datetime) -> list[Blocker]:
    if facts.place is not None:
        return []
    for_what = "" if facts.deployment is None else f" for {facts.deployment}"
    late = ""
    if is_late(facts, now):
        late = f", and should have been back at {facts.expected_back_at:%Y-%m-%d %H:%M} UTC"
    return [
        _no(
            "kit-overdue" if late else "kit-out",
            f"{facts.item} is out with {facts.custodian}{for_what}{late}",
            facts.custodian,
            "have it scanned in first, or take it from them: hand-over",
        )
    ]


def _no(rule: str, sentence: str, whose: str, remedy: str) -> Blocker:
    return Blocker(rule=rule, answer="refused", sentence=sentence, whose=whose, remedy=remedy)
