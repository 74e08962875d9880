"""The rota's rules against an independent oracle, on random books: `python -m tests.rota.agreement --rotas 10000`.

Compared are shifts, findings (rule, persons, answer, interval, measure, rest owed), how everybody stands, loads and
shares. The last line is JSON; it ends with 1 when anything differs. The first differences are told with their seed,
with which `--seed 4711 --rotas 1` shows one again, and with a book that is as small as it can be.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from typing import NamedTuple

from msgspec.json import encode

from fleet.rota.rules.assessment import assess
from fleet.rota.rules.schedule import shifts_of
from protocols.rota.book import RotaBook
from protocols.rota.findings import WORKING_TIME_RULES, Assessment, Finding, PersonAnswers
from tests.bench.lines import say, tell
from tests.rota.oracle import Opinion, Standing, Told, judge
from tests.rota.random_books import random_book
from tests.rota.random_frames import LONDON, clock_changes
from tests.rota.smaller import smaller

BATCH = 25
MEASURED_S: dict[str, int] = {"h": 3600, "min": 60, "days": 86400}
TOLD_AT_MOST = 5
SAID_AT_MOST = 6


class Compared(NamedTuple):
    """What one book came to: how many findings by rule, which changes of clocks it spans, and where the two differ."""

    seed: int
    rules: Counter[str]
    clock_changes: list[datetime]
    differences: list[str]


def seconds(measured: float | None, unit: str) -> int | None:
    return None if measured is None else round(measured * MEASURED_S.get(unit, 1))


def of_rules(finding: Finding) -> tuple[Told, int | None]:
    told = Told(
        finding.rule,
        tuple(sorted(finding.persons)),
        finding.answer,
        finding.starts_at,
        finding.ends_at,
        None,
        finding.owed_min,
    )
    return told, seconds(finding.measured, finding.unit)


def of_oracle(told: Told, units: dict[str, str]) -> tuple[Told, int | None]:
    return told._replace(measured=None), seconds(told.measured, units.get(told.rule, ""))


def apart(what: str, rules: Iterable[Hashable], oracle: Iterable[Hashable]) -> Iterator[str]:
    """What only one of the two has, and how often."""
    ours, theirs = Counter(rules), Counter(oracle)
    for who, more in (("rules", ours - theirs), ("oracle", theirs - ours)):
        for one, times in more.items():
            yield f"{what}, only the {who}, {times} times: {written(one)}"


def written(thing: object) -> str:
    if isinstance(thing, datetime):
        return thing.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(thing, tuple):
        return " ".join(written(one) for one in thing)
    return str(thing)


def compare_findings(assessment: Assessment, opinion: Opinion) -> Iterator[str]:
    units: dict[str, str] = {finding.rule: finding.unit for finding in assessment.findings}
    rules = map(of_rules, assessment.findings)
    return apart("findings", rules, (of_oracle(told, units) for told in opinion.findings))


def compare_shares(assessment: Assessment, opinion: Opinion) -> Iterator[str]:
    """Loads are equal, shares are but for the last digits."""
    loads = assessment.quality.loads
    yield from apart("loads", ((one.person, str(one.load)) for one in loads), map_text(opinion.loads))
    rules = {one.person: {name: round(value, 4) + 0.0 for name, value in one.share.items()} for one in loads}
    oracle = {
        person: {name: round(value, 4) + 0.0 for name, value in share.items()}
        for person, share in opinion.shares.items()
    }
    yield from apart("shares", map_text(rules), map_text(oracle))


def standing(one: PersonAnswers) -> tuple[str, Standing]:
    answers = {answer.rule: answer.answer for answer in one.rules}
    worst = tuple(answers[rule] for rule in WORKING_TIME_RULES)
    return one.person, Standing(worst, one.owed_min, one.regulation_21 is not None, one.reference_weeks, one.opted_out)


def map_text(things: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(person, str(thing)) for person, thing in things.items()]


def differences(book: RotaBook, opinion: Opinion) -> list[str]:
    """What the rules do not say of a book as the oracle does."""
    assessment = assess(book)
    return [
        *apart("shifts", map(str, shifts_of(book)), map(str, opinion.shifts)),
        *compare_findings(assessment, opinion),
        *apart("people", map(standing, assessment.people), opinion.people.items()),
        *compare_shares(assessment, opinion),
    ]


def compare(seed: int) -> Compared:
    book, step_min, changes = random_book(seed)
    opinion = judge(book, step_min)
    return Compared(seed, Counter(told.rule for told in opinion.findings), changes, differences(book, opinion))


def tell_difference(compared: Compared) -> None:
    """Say what differs, and a book that is as small as it can be and still does."""
    book, step_min, _ = random_book(compared.seed)
    small = smaller(book, lambda lighter: bool(differences(lighter, judge(lighter, step_min))))
    left = differences(small, judge(small, step_min))[:SAID_AT_MOST]
    say("\n  ".join([f"seed {compared.seed} differs:", *compared.differences[:SAID_AT_MOST]]))
    say("\n  ".join(["made smaller:", *left, encode(small).decode()]))


def campaign(rotas: int, seed: int, processes: int) -> Iterator[Compared]:
    """The books of `rotas` seeds from `seed` on, compared in that order."""
    seeds = range(seed, seed + rotas)
    if processes == 1:
        yield from map(compare, seeds)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(compare, seeds, chunksize=BATCH)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rotas", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1998)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    by_rule, changes, differing = Counter[str](), Counter[datetime](), 0
    for number, compared in enumerate(campaign(given.rotas, given.seed, given.processes), 1):
        by_rule += compared.rules
        changes.update(compared.clock_changes)
        differing += bool(compared.differences)
        if compared.differences and differing <= TOLD_AT_MOST:
            tell_difference(compared)
        if number % 500 == 0:
            say(f"{number} of {given.rotas} rotas, {differing} differences")
    london = clock_changes(LONDON)
    result = {
        "rotas": given.rotas,
        "seed": given.seed,
        "clock_changes": len(changes),
        "london_changes": len(london),
        "rotas_at_the_rarest": min(changes[moment] for moment in london),
        "findings": by_rule.total(),
        "by_rule": dict(sorted(by_rule.items())),
        "differences": differing,
    }
    tell(json.dumps(result))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
