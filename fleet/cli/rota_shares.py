"""`fleet rota quality|fairness`: how good a rota is, and who has had how much."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cyclopts import App

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import rota_named
from fleet.cli.output import print_json, print_line, print_table
from fleet.cli.rota_options import RotaName
from fleet.cli.rota_times import Since, Until, period_of, said
from fleet.client import FleetClient
from fleet.rota.rules.spans import Span
from protocols.rota.findings import PersonLoad, Quality
from protocols.rota.load import MEASURES

_BAR = 30
_WORDS = {
    "primary_h": "hours as primary",
    "secondary_h": "hours as secondary",
    "weekend_days": "weekend days",
    "bank_holidays": "bank holidays",
    "festive_days": "25 and 26 December, 1 January",
    "nights": "nights",
    "days_away": "days away",
}


def add_commands(app: App) -> None:
    """Make these commands part of `fleet rota`."""
    for command in (quality, fairness):
        app.command(command)


def quality(
    rota: RotaName, *, since: Since = None, until: Until = None, client: Config = None, json: Json = False
) -> None:
    """Score a period from 0 to 100, part by part."""
    zone, period, found = _asked(rota, since, until, client)
    if json:
        print_json(found)
        return
    print_line(_period_words(period, zone))
    rows = [(part.name, f"{part.points:g}", f"{part.of:g}", part.sentence) for part in found.parts]
    print_table(("part", "points", "of", "why"), rows, empty="nothing to score", free=["why"])
    print_line(f"score {found.score:g} of 100")


def fairness(
    rota: RotaName, *, since: Since = None, until: Until = None, client: Config = None, json: Json = False
) -> None:
    """Show who has how much, beside what would be their share.

    A share counts in how much somebody is to do, absence for sickness or family, and what they had beyond their share
    in the year before.
    """
    zone, period, found = _asked(rota, since, until, client)
    if json:
        print_json({"spread": found.spread, "loads": found.loads})
        return
    told = [measure for measure in MEASURES if any(getattr(one.load, measure) for one in found.loads)]
    lines = [_period_words(period, zone)]
    for measure in told:
        lines += ["", f"{_WORDS[measure]}, spread {found.spread.get(measure, 0):.1f}", *bars(found.loads, measure)]
    print_line("\n".join(lines if told else [*lines, "nobody has anything"]))


def bars(loads: Sequence[PersonLoad], measure: str) -> list[str]:
    """A line for each person, who has most first: a bar as long as their load, its number, their share, and by how much
    they stand above or below it."""
    counts = [(one.person, int(getattr(one.load, measure)), one.share.get(measure, 0.0)) for one in loads]
    most = max((count for _, count, _ in counts), default=0)
    wide = max((len(person) for person, _, _ in counts), default=0)
    lines = []
    for person, count, share in sorted(counts, key=lambda one: (-one[1], one[0])):
        length = round(_BAR * count / most) if most > 0 else 0
        bar = "█" * max(length, 1 if count > 0 else 0)
        lines.append(f"{person:<{wide}}  {bar:<{_BAR}}  {count:>5}  share {share:>7.1f}  {count - share:>+7.1f}")
    return lines


def _asked(rota: str, since: str | None, until: str | None, client: Config) -> tuple[str, Span, Quality]:
    now = datetime.now(UTC)

    async def look(door: FleetClient) -> tuple[str, Span, Quality]:
        named = await rota_named(door, rota)
        period = period_of(since, until, named.zone, now, named.published_until)
        return named.zone, period, (await door.check_rota(named.rota, *period)).quality

    return ask(client, look)


def _period_words(period: Span, zone: str) -> str:
    return f"from {said(period.starts_at, zone)} until {said(period.ends_at, zone)} ({zone})"
