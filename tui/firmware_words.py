"""Rollouts in words: states, why units wait, how near a rollout is to stopping by itself, what a manifest is. Pure."""

from collections.abc import Mapping, Sequence

from protocols.api.rollouts import RingView, RolloutRow, RolloutUnitRow, RolloutView
from protocols.releases.manifest import Manifest, PartName
from protocols.rollouts import UNIT_BAD, Held, Ring, RolloutPlan, RolloutState, UnitUpdateState
from tui.paint import Tone
from tui.words import duration, number, plural

ROLLOUT_TONES: dict[RolloutState, Tone] = {
    "running": "accent",
    "paused": "fair",
    "stopped": "bad",
    "done": "good",
    "cancelled": "muted",
}
UPDATE_TONES: dict[UnitUpdateState, Tone] = {
    "waiting": "muted",
    "told": "plain",
    "working": "accent",
    "done": "good",
    "failed": "bad",
    "rolled-back": "bad",
    "refused": "bad",
    "left-out": "muted",
}
UNDER_WAY: tuple[UnitUpdateState, ...] = ("told", "working")
PART_WORDS: dict[PartName, str] = {"agent": "agent", "mcu": "MCU", "modem": "modem"}
_HELD_ONE: dict[Held, str] = {
    "": "is told next",
    "ring": "waits for its ring",
    "turn": "waits for its turn",
    "schedule": "waits for the time of day",
    "paused": "waits until it goes on",
    "again": "refused for now, is told again later",
    "check": "waits for a check to end",
    "deployment": "waits while deployed",
    "away": "waits to be connected",
}
_HELD_MANY: dict[Held, str] = {
    "": "are told next",
    "ring": "wait for their ring",
    "turn": "wait for their turn",
    "schedule": "wait for the time of day",
    "paused": "wait until it goes on",
    "again": "refused for now, are told again later",
    "check": "wait for a check to end",
    "deployment": "wait while deployed",
    "away": "wait to be connected",
}
ONE_UNIT_PERCENT = 0.005
"""A share of this, rounded up, is one unit of up to 20 000, which is the most that a rollout has."""


def held_words(held: Held, count: int = 1) -> str:
    """`waits for a check to end`; with a `count` above one `wait for a check to end`."""
    return (_HELD_ONE if count == 1 else _HELD_MANY)[held]


def held_counts(held: Mapping[Held, int]) -> str:
    """`3 wait for a check to end, 1 waits to be connected`: most first; nothing when none waits."""
    found = sorted(((count, why) for why, count in held.items() if count), key=lambda pair: (-pair[0], pair[1]))
    return ", ".join(f"{number(count)} {held_words(why, count)}" for count, why in found)


def bad_of(ring: RingView) -> int:
    """How many units of a ring have ended badly."""
    return sum(ring.states.get(state, 0) for state in UNIT_BAD)


def under_way_of(ring: RingView) -> int:
    """How many units of a ring have been told and have not ended."""
    return sum(ring.states.get(state, 0) for state in UNDER_WAY)


def threshold_words(plan: RolloutPlan) -> str:
    """`stops by itself above 3 % bad of a ring, once 5 have ended`."""
    return f"stops by itself above {plan.stop_bad_percent:g} % bad of a ring, once {plan.stop_after} have ended"


def nearness_words(view: RolloutView) -> str:
    """How near it is to stopping by itself, in the ring that is nearest: `1 of 12 bad, 1 more stops it`.

    Empty where it can not stop any more. Those that were bad when a person let it go on count no more; how many they
    are is not told here, so a ring that is beyond the limit and goes on says only that.
    """
    if view.row.state not in {"running", "paused"}:
        return ""
    begun = [ring for ring in view.rings if ring.begun_at is not None]
    told = [(more, ring) for ring in begun for more in [more_that_stop(ring, view.plan)] if more is not None]
    if not told:
        return "nothing of it is bad" if begun and not any(map(bad_of, begun)) else ""
    more, ring = min(told, key=lambda pair: pair[0])
    bad = bad_of(ring)
    ended = bad + ring.states.get("done", 0)
    said = f"{ring.name}: {number(bad)} of {number(ended)} bad"
    if more == 0:
        return f"{said}; those from before it went on do not count"
    return f"{said}, {number(more)} more {'stops' if more == 1 else 'stop'} it"


def more_that_stop(ring: RingView, plan: RolloutPlan) -> int | None:
    """How many of a ring's open units have to end badly, one after the other, until it stops; 0: enough have, None:
    all of them would not do."""
    bad, done = bad_of(ring), ring.states.get("done", 0)
    still_open = ring.units - ring.states.get("left-out", 0) - bad - done
    for more in range(still_open + 1):
        ended = bad + more + done
        if ended >= plan.stop_after and (bad + more) * 100 > plan.stop_bad_percent * ended:
            return more
    return None


def ring_words(ring: Ring, *, is_last: bool) -> str:
    """`1 unit`, `10 %`, `the rest`, with the units that are named in it."""
    named = f"{plural(len(ring.units), 'named unit')}" if ring.units else ""
    if is_last:
        return "the rest"
    if ring.share_percent <= 0:
        return named or "nothing"
    share = "1 unit" if ring.share_percent <= ONE_UNIT_PERCENT else f"{ring.share_percent:g} %"
    return f"{share} ({named} among them)" if named else share


def rings_words(plan: RolloutPlan) -> str:
    """`1 unit, 1 h later 10 %, 4 h later the rest`."""
    parts: list[str] = []
    for index, ring in enumerate(plan.rings):
        words = ring_words(ring, is_last=index == len(plan.rings) - 1)
        wait_s = plan.rings[index - 1].wait_s if index else 0
        parts.append(f"{duration(wait_s)} later {words}" if wait_s else f"then {words}" if index else words)
    return ", ".join(parts) if len(plan.rings) > 1 else "every unit in one ring"


def time_words(plan: RolloutPlan) -> str:
    """`22:00 to 05:00 in London`, `at any time`."""
    if plan.from_time is None or plan.until_time is None:
        return "at any time"
    return f"{plan.from_time:%H:%M} to {plan.until_time:%H:%M} in London"


def manifest_name(path: str) -> str:
    """`autumn` for `manifests/autumn.json`."""
    return path.rpartition("/")[2].removesuffix(".json")


def parts_words(content: Manifest) -> str:
    """`agent 1.5.0, MCU 2.2.1`."""
    return ", ".join(f"{PART_WORDS[part.part]} {part.version}" for part in content.parts)


def models_words(models: Sequence[str]) -> str:
    """`any model`, `models that begin with Raspberry Pi 5`."""
    return f"models that begin with {', '.join(models)}" if models else "any model"


def standing_words(row: RolloutRow) -> str:
    """`12 of 20 done, 1 bad, 4 under way`."""
    parts = [f"{number(row.done)} of {number(row.units)} done"]
    parts += [f"{number(row.bad)} bad"] * bool(row.bad)
    parts += [f"{number(row.under_way)} under way"] * bool(row.under_way)
    return ", ".join(parts)


def state_tone(row: RolloutRow) -> Tone:
    """How a rollout stands; done with bad units is not good."""
    return "fair" if row.state == "done" and row.bad else ROLLOUT_TONES[row.state]


def short_words(row: RolloutUnitRow) -> str:
    """`progress_words` for a line of a list: of a reason what it is, without what is to be done about it."""
    if not row.reason or row.state in UNDER_WAY:
        return progress_words(row)
    return row.reason.partition("; ")[0].removeprefix("the unit's ")


def progress_words(row: RolloutUnitRow) -> str:
    """How far one unit is: `MCU 45 %` while it is sent, `MCU under way` before and after, why it waits, what it runs
    or why not once it has ended."""
    if row.state == "waiting":
        return held_words(row.held)
    if row.state in UNDER_WAY:
        if row.part is None:
            return "the order is on its way" if row.state == "told" else "has begun"
        share = f" {100 * row.done_bytes // row.total_bytes} %" if row.total_bytes else " under way"
        return f"{PART_WORDS[row.part]}{share}"
    if row.reason:
        return row.reason
    return ", ".join(f"{PART_WORDS[part]} {version}" for part, version in sorted(row.versions.items()))
