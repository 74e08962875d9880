"""Why units of a rollout wait, and how far those are that are under way, in words for a command's output."""

from fleet.cli.output import moment
from protocols.api.rollouts import PutOff, RingView, RolloutUnitRow
from protocols.rollouts import held_words


def waiting_words(ring: RingView) -> list[str]:
    """Why the waiting units of a ring wait: `3 wait for their turn`; of those that refused for now, what they said and
    when they are told again."""
    words = [f"{count} {held_words(why, count)}" for why, count in sorted(ring.held.items()) if why != "again"]
    words += [_put_off(one) for one in ring.put_off]
    others = ring.held.get("again", 0) - sum(one.units for one in ring.put_off)
    return words + [f"{others} {held_words('again', others)}, told again later"] * (others > 0)


def under_way_words(ring: RingView) -> list[str]:
    """How many are told and working, with how much of each part is there where units say it."""
    words = [f"{ring.states['told']} told"] if ring.states.get("told") else []
    if ring.states.get("working"):
        parts = ", ".join(f"{one.part} {one.percent} %" for one in ring.parts)
        words.append(f"{ring.states['working']} working" + (f" ({parts})" if parts else ""))
    return words


def why_words(row: RolloutUnitRow) -> str:
    """Why a unit is as it is: what it waits for, when it is told again, else what it said."""
    if row.state != "waiting":
        return row.reason
    if row.held == "again" and row.again_at is not None:
        return f"{held_words('again')}, told again at {moment(row.again_at)}: {row.reason}"
    return f"{held_words(row.held)}; before: {row.reason}" if row.reason else held_words(row.held)


def _put_off(one: PutOff) -> str:
    reason = one.reason.partition("; ")[0]
    again = f"told again at {moment(one.again_at)}" if one.units == 1 else f"told again from {moment(one.again_at)} on"
    return f"{one.units} {held_words('again', one.units)}: {reason}, {again}"
