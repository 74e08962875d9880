"""`fleet report`: what was done in a time: use of kit, times taken, answers to alarms."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.bars import bar
from fleet.cli.door import Config, Json, ask
from fleet.cli.log_scope import WHEN_FORM, moment_of
from fleet.cli.options import WholeNumber
from fleet.cli.output import moment, print_json, print_line, print_remark, print_table
from fleet.errors import RequestRefused
from protocols.api.reports import Duration, Reports

app = App(name="report", help="What was done in a time: utilisation, commission, recover, alarms.")

_BAR_CELLS = 24
Since = Annotated[
    str, Parameter(validator=WHEN_FORM, help="From when on: 2026-11-01, 2026-11-01T09:00, or 30d back from now.")
]
Until = Annotated[
    str | None, Parameter(validator=WHEN_FORM, help="Until before when, in the same forms; without it, now.")
]
Most = Annotated[int, Parameter(validator=WholeNumber(1, 10_000), help="How many rows at most.")]


@app.command
def utilisation(
    *, since: Since = "30d", until: Until = None, most: Most = 60, client: Config = None, json: Json = False
) -> None:
    """Show how much of the time each item was out, and could not be used; the busiest first."""
    found = _found(since, until, client)
    if json:
        print_json(found.utilisation)
        return
    ordered = sorted(found.utilisation, key=lambda one: (-one.out_permille, -one.unserviceable_permille, one.item))
    rows = [
        (
            one.item,
            one.model,
            f"{one.out_permille / 10:.1f}",
            bar(one.out_permille / 1000, _BAR_CELLS),
            f"{one.unserviceable_permille / 10:.1f}",
            one.movements,
        )
        for one in ordered[:most]
    ]
    _head(found)
    print_table(("item", "model", "out %", "out", "not usable %", "movements"), rows, empty="there is no kit")
    if len(ordered) > most:
        print_remark(f"{len(ordered) - most} more items are left out: --most {len(ordered)}")


@app.command
def commission(*, since: Since = "30d", until: Until = None, client: Config = None, json: Json = False) -> None:
    """Show how long each deployment took from the request until it was commissioned."""
    found = _found(since, until, client)
    _durations(found, found.to_commission, ("requested", "commissioned"), json=json)


@app.command
def recover(*, since: Since = "30d", until: Until = None, client: Config = None, json: Json = False) -> None:
    """Show how long each deployment took from the end of its authority, or the planned recovery, until its kit was
    recovered. What was recovered before then took no time."""
    found = _found(since, until, client)
    _durations(found, found.to_recover, ("due", "recovered"), json=json)


@app.command
def alarms(*, since: Since = "30d", until: Until = None, client: Config = None, json: Json = False) -> None:
    """Show how alarms of each kind were answered: the median, and what 95 of 100 were below."""
    found = _found(since, until, client)
    if json:
        print_json(found.alarms)
        return
    longest = max((one.median_s for one in found.alarms if one.median_s is not None), default=0)
    rows = [
        (
            one.kind,
            one.raised,
            one.acknowledged,
            None if one.median_s is None else span_words(one.median_s),
            None if one.median_s is None else bar(one.median_s / (longest or 1), _BAR_CELLS),
            None if one.p95_s is None else span_words(one.p95_s),
            one.escalated,
        )
        for one in found.alarms
    ]
    _head(found)
    columns = ("kind", "raised", "acknowledged", "median", "how long", "p95", "escalated")
    print_table(columns, rows, empty="no alarm was raised")


def span_words(seconds: int) -> str:
    """A length of time in its two largest units: `2 d 4 h`, `12 min 5 s`, `0 s`."""
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    parts = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def _found(since: str, until: str | None, client: Config) -> Reports:
    now = datetime.now(UTC)
    starts_at = moment_of(since, now)
    ends_at = now if until is None else moment_of(until, now)
    if ends_at <= starts_at:
        raise RequestRefused("period-unusable", "the period ends before it begins", "let --until be later")
    return ask(client, lambda door: door.reports(starts_at, ends_at))


def _durations(found: Reports, rows: Sequence[Duration], heads: tuple[str, str], *, json: bool) -> None:
    if json:
        print_json(rows)
        return
    longest = max((one.took_s for one in rows if one.took_s is not None), default=0)
    told = [
        (
            one.deployment,
            one.kind,
            one.from_at,
            one.to_at,
            "not over" if one.took_s is None else span_words(one.took_s),
            None if one.took_s is None else bar(one.took_s / (longest or 1), _BAR_CELLS),
        )
        for one in rows
    ]
    _head(found)
    print_table(("deployment", "kind", *heads, "took", "how long"), told, empty="no deployment in that time")


def _head(found: Reports) -> None:
    print_line(f"from {moment(found.since)} until {moment(found.until)}")
