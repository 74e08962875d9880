"""Whether a check may have a lease at this moment, and for how long: asked before each, first or renewed."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from fleet.checks.refusals import NO_MANDATE, busy, several, used_up, will_end
from fleet.mandates.standing import Obstacle, Standing, kept, may_open, openable
from fleet.openings.budgets import day_of, day_starts
from fleet.store.checks import Use
from fleet.store.people import Person
from fleet.store.store import Transaction
from protocols.access_record import Modality
from protocols.mandate import Allowance
from protocols.people import may, roles_with


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, and by whom."""

    opening: str
    unit_id: str
    modalities: list[Modality]
    mandate_id: str
    person_id: str
    begun_at: datetime


class Permit(NamedTuple):
    """A lease may be granted for `lasts_s`; `used_s` of `minutes_per_day` are used, of the modality with least left.
    `beyond` is what stands in the way of a longer one, None where that may be asked for again."""

    standing: Standing
    lasts_s: int
    used_s: int
    minutes_per_day: int
    beyond: Obstacle | None


async def permit(
    transaction: Transaction, check: Check, now: datetime, longest_s: int, *, first: bool
) -> Permit | Obstacle:
    """The permit for a lease of at most `longest_s`, or the obstacle. Nobody changes unit, mandate and authority, or
    opens the same of the unit, until the transaction ends. `first`: the opening is not counted yet."""
    await kept(transaction, check.mandate_id)
    obstacle = await _unit_or_person_in_the_way(transaction, check, now)
    if obstacle is not None:
        return obstacle
    standing: Standing | None = None
    for modality in check.modalities:
        found = await may_open(transaction, check.mandate_id, modality, now)
        if isinstance(found, Obstacle):
            return found
        if found.unit_id != check.unit_id:
            return Obstacle("other-unit", f"{check.mandate_id} is for {found.unit_id}", "choose a mandate of this unit")
        standing = found
    assert standing is not None, "a check has a modality"
    used = await transaction.checks.used(check.mandate_id, day_starts(day_of(now)), now)
    allowances = [one for one in standing.mandate.allows if one.modality in check.modalities]
    left = within_budget(allowances, used, first=first)
    if isinstance(left, Obstacle):
        return left
    scarcest, used_s = left
    lasts_s, beyond = cut(longest_s, standing, now, scarcest, used_s)
    if beyond is not None and lasts_s < 1:
        return beyond
    return Permit(standing, lasts_s, used_s, scarcest.minutes_per_day, beyond)


def cut(
    longest_s: int, standing: Standing, now: datetime, scarcest: Allowance, used_s: int
) -> tuple[int, Obstacle | None]:
    """For how many of `longest_s` seconds a lease may last at `now`, and what it would last longer without. Pure."""
    in_force_s = int((standing.until - now).total_seconds())
    left_s = scarcest.minutes_per_day * 60 - used_s
    lasts_s = min(longest_s, in_force_s, left_s)
    if lasts_s == longest_s:
        return lasts_s, None
    return lasts_s, will_end(standing) if in_force_s <= left_s else used_up(scarcest)


def within_budget(
    allowances: list[Allowance], used: Mapping[Modality, Use], *, first: bool
) -> tuple[Allowance, int] | Obstacle:
    """The allowance of which least is left with the seconds used of it, or the obstacle; as the controller knows the
    day: the unit counts for itself."""
    left: list[tuple[int, Allowance, int]] = []
    for allowance in allowances:
        use = used.get(allowance.modality, Use())
        if first and use.openings >= allowance.openings_per_day:
            said = f"{allowance.modality} was opened {use.openings} times today, which is what the mandate allows"
            return Obstacle("over-openings", said, "wait until tomorrow, or have a mandate with more signed")
        left_s = allowance.minutes_per_day * 60 - use.used_s
        if left_s < 1:
            return used_up(allowance)
        left.append((left_s, allowance, use.used_s))
    _, scarcest, used_s = min(left, key=lambda one: one[0])
    return scarcest, used_s


async def the_mandate(
    transaction: Transaction, unit_id: str, modalities: list[Modality], now: datetime
) -> str | Obstacle:
    """The one mandate under which all of `modalities` may be opened, or what stands in the way."""
    every: list[list[str]] = []
    for modality in modalities:
        found = await openable(transaction, unit_id, modality, now)
        standing = [one.mandate_id for one in found if isinstance(one, Standing)]
        if not standing:
            return next((one for one in found if isinstance(one, Obstacle)), NO_MANDATE)
        every.append(standing)
    common = [name for name in every[0] if all(name in names for names in every)]
    if len(common) > 1:
        return several(common)
    if not common:
        return Obstacle("modality-not-covered", f"no one mandate covers {' and '.join(modalities)}", NO_MANDATE.remedy)
    return common[0]


def may_watch(person: Person, now: datetime) -> bool:
    """Whether somebody may begin checks, and be given their pictures."""
    return person.may_sign_in(now) and may(person.role, "check-unit")


async def _unit_or_person_in_the_way(transaction: Transaction, check: Check, now: datetime) -> Obstacle | None:
    unit = await transaction.checks.unit_now(check.unit_id, locked=True)
    if unit is None or unit.state != "active":
        state = "no unit of this fleet" if unit is None else unit.state
        said = f"{check.unit_id} is {state}: it opens nothing"
        return Obstacle("revoked", said, "a supervisor has to release it: fleet unit release")
    person = await transaction.people.get(check.person_id)
    if person is None or not may_watch(person, now):
        able = " or ".join(roles_with("check-unit"))
        return Obstacle("not-in-force", f"{check.person_id} may not check units", f"ask a person with the role {able}")
    others = await transaction.checks.going_on(check.unit_id, check.modalities, check.opening, now)
    if others:
        opening, until = others[0]
        return busy(opening, until, now)
    return None
