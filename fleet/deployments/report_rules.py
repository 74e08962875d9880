"""The figures of reports. Pure: rows in, figures out. Times are half-open, from `since` until before `until`."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from protocols.api.reports import AlarmResponse, Duration, Utilisation
from protocols.deployments import DeploymentKind

_SECOND = timedelta(seconds=1)
_WHOLE = 1000


class ItemChange(NamedTuple):
    """From `at` on an item is out or not, its service state or condition keeps it from use or not; None: as before.
    `moved`: it is a movement that counts."""

    at: datetime
    is_out: bool | None = None
    is_held: bool | None = None
    is_unfit: bool | None = None
    moved: bool = False


class Way(NamedTuple):
    """How a deployment got from one point to another: `due_at` is from when on it counts, None: not yet."""

    deployment: str
    kind: DeploymentKind
    due_at: datetime | None
    done_at: datetime | None


class Answer(NamedTuple):
    """An alarm: when it was raised, and taken (None: not yet), and the highest level that was paged."""

    kind: str
    raised_at: datetime
    taken_at: datetime | None
    level: int | None


def utilised(item: str, model: str, changes: Iterable[ItemChange], since: datetime, until: datetime) -> Utilisation:
    """How much of the time an item was out, and could not be used, in thousandths, rounded to the nearest. `changes`
    are in order, also those before `since`; before the first it was in a store, and fit."""
    spent, out, unserviceable, movements = since, timedelta(), timedelta(), 0
    is_out = is_held = is_unfit = False
    for one in [*changes, ItemChange(until)]:
        at = min(max(one.at, since), until)
        out += (at - spent) * is_out
        unserviceable += (at - spent) * (is_held or is_unfit)
        spent = at
        if one.at >= until:
            break
        is_out = is_out if one.is_out is None else one.is_out
        is_held = is_held if one.is_held is None else one.is_held
        is_unfit = is_unfit if one.is_unfit is None else one.is_unfit
        movements += one.moved
    whole = until - since
    return Utilisation(
        item=item,
        model=model,
        out_permille=_permille(out, whole),
        unserviceable_permille=_permille(unserviceable, whole),
        movements=movements,
    )


def durations(ways: Iterable[Way], since: datetime, until: datetime) -> list[Duration]:
    """How long each took: of those that were due before `until` and done in the time, or not done by its end. What was
    done before it was due took 0 s."""
    found = []
    for one in ways:
        if one.due_at is None or one.due_at >= until or (one.done_at is not None and one.done_at < since):
            continue
        done_at = one.done_at if one.done_at is not None and one.done_at < until else None
        found.append(
            Duration(
                deployment=one.deployment,
                kind=one.kind,
                from_at=one.due_at,
                to_at=done_at,
                took_s=None if done_at is None else max(0, (done_at - one.due_at) // _SECOND),
            )
        )
    return found


def recovery_due(
    authority_ends: Sequence[datetime], planned_at: datetime | None, expected_back_at: datetime
) -> datetime:
    """From when on kit should have been recovered: the end of its last authority other than for retrieval, or, where
    that is earlier or there is none, the planned recovery; without a planned one, the expected return."""
    planned = expected_back_at if planned_at is None else planned_at
    return min([planned, *([max(authority_ends)] if authority_ends else [])])


def responses(answers: Iterable[Answer], until: datetime) -> list[AlarmResponse]:
    """How alarms were answered, by kind; what was taken at `until` or later was not yet. Median and 95 of 100 are by
    nearest rank."""
    by_kind: dict[str, list[Answer]] = {}
    for one in answers:
        by_kind.setdefault(one.kind, []).append(one)
    found = []
    for kind, raised in sorted(by_kind.items()):
        taken = sorted(
            (one.taken_at - one.raised_at) // _SECOND
            for one in raised
            if one.taken_at is not None and one.taken_at < until
        )
        found.append(
            AlarmResponse(
                kind=kind,
                raised=len(raised),
                acknowledged=len(taken),
                median_s=nearest_rank(taken, 50),
                p95_s=nearest_rank(taken, 95),
                escalated=sum(one.level is not None and one.level > 0 for one in raised),
            )
        )
    return found


def nearest_rank(ordered: Sequence[int], percent: int) -> int | None:
    """The least value below or at which `percent` (1 … 100) of the ascending values are; None of none."""
    return ordered[ceil(len(ordered) * percent / 100) - 1] if ordered else None


def _permille(part: timedelta, whole: timedelta) -> int:
    return round(part / whole * _WHOLE) if whole > timedelta() else 0
