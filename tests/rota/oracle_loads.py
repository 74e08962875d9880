"""How much everybody has, counted noon by noon and night by night."""

from datetime import date, time, timedelta

from protocols.rota.book import RotaBook
from protocols.rota.load import MEASURES, Load
from protocols.rota.member import Member
from tests.rota.oracle_grid import DAY, Grid
from tests.rota.oracle_on_call import DUTY, Held, steps_of
from tests.rota.oracle_work import dates_touched

FESTIVE = ((12, 25), (12, 26), (1, 1))
NOON = time(12)
NIGHT_AFTER = timedelta(hours=3)


def loads(book: RotaBook, rows: Held, grid: Grid) -> dict[str, Load]:
    return {member.person: load(book, member, rows, grid) for member in book.members}


def load(book: RotaBook, member: Member, rows: Held, grid: Grid) -> Load:
    judged = range(grid.first, grid.count)
    primary, secondary = (steps_of(rows, member.person, (position,)).intersection(judged) for position in DUTY)
    on_call = primary | secondary
    noons, nights = [], 0
    for day in grid.dates():
        if grid.exact(grid.wall(day, NOON)) in on_call:
            noons.append(day)
        nights += grid.exact(grid.midnight(day + DAY) + NIGHT_AFTER) in on_call
    return Load(
        primary_h=len(primary) * grid.step_min // 60,
        secondary_h=len(secondary) * grid.step_min // 60,
        weekend_days=sum(day.weekday() >= 5 for day in noons),
        bank_holidays=sum(day in book.bank_holidays for day in noons),
        festive_days=sum((day.month, day.day) in FESTIVE for day in noons),
        nights=nights,
        days_away=len(days_away(book, member, grid)),
    )


def days_away(book: RotaBook, member: Member, grid: Grid) -> set[date]:
    found: set[date] = set()
    for one in member.absences:
        if one.kind == "away":
            found.update(dates_touched(grid, one.starts_at, one.ends_at))
    return {day for day in found if book.starts_at <= grid.wall(day, NOON) < book.ends_at}


def shares(book: RotaBook, had: dict[str, Load], grid: Grid) -> dict[str, dict[str, float]]:
    """What would be everybody's share of each measure."""
    weights = {member.person: member.terms.share_percent * days_there(book, member, grid) for member in book.members}
    whole = sum(weights.values())
    found: dict[str, dict[str, float]] = {}
    for member in book.members:
        found[member.person] = {}
        for measure in MEASURES:
            total = sum(getattr(had[one.person], measure) + getattr(one.debt, measure) for one in book.members)
            part = total * weights[member.person] / whole if whole else 0.0
            found[member.person][measure] = part - getattr(member.debt, measure)
    return found


def days_there(book: RotaBook, member: Member, grid: Grid) -> int:
    """Days of the period in a member's term and not on sick or family leave."""
    ill = [one for one in member.absences if one.kind in ("sick", "family")]
    count = 0
    for day in grid.dates():
        at = grid.wall(day, NOON)
        count += (
            book.starts_at <= at < book.ends_at
            and member.valid_from <= at < member.valid_until
            and not any(one.starts_at <= at < one.ends_at for one in ill)
        )
    return count
