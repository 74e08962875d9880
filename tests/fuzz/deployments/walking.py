"""Walks: people do anything in any order, at times two at once, and after each move everything promised still holds.

A walk is told by its seed and the moves of it that are made, so that one that found something can be made shorter.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from fleet.client import Refused
from fleet.client.errors import ClientError
from tests.fuzz.deployments import moves, papers
from tests.fuzz.deployments.beginning import goal, help_to
from tests.fuzz.deployments.checker import Traces, broken
from tests.fuzz.deployments.helping import help_on
from tests.fuzz.deployments.moves import Asked, Known
from tests.fuzz.deployments.world import World

MOVES = 30
TWO_AT_ONCE = 0.15
TRIES = 20
_TIMES_MIN = (1, 15, 60, 60, 60, 180, 720)
_FAR_TIMES_MIN = (15, 15, 15, 60, 60, 180, 720, 1440)
_LEASE = "asks for a lease"
_LEAVES_A_TRACE = frozenset({_LEASE, "signs"})
"""What is refused of these is an entry of the log: somebody tried to open something."""

Move = Callable[[Known, Random], Awaitable[Asked | None]]
_WEIGHTS: dict[Move, int] = {
    help_on: 60,
    moves.request: 5,
    moves.incident: 4,
    moves.change: 3,
    moves.visits: 4,
    moves.kit: 4,
    moves.name_papers: 3,
    moves.step: 7,
    moves.scan: 7,
    moves.service: 3,
    moves.keeper: 1,
    papers.record: 3,
    papers.end_authority: 2,
    papers.draft: 8,
    papers.sign: 4,
    papers.end_mandate: 3,
    papers.carry: 8,
    papers.quarantine: 2,
    papers.leave: 1,
    papers.acknowledge: 1,
}
_FAR_WEIGHTS: dict[Move, int] = _WEIGHTS | {
    help_on: 18,
    moves.incident: 6,
    moves.swap: 12,
    papers.end_authority: 5,
    papers.draft: 10,
    papers.end_mandate: 6,
    papers.carry: 36,
    papers.quarantine: 3,
}
"""Of walks that begin far on: less help, and more of what ends or opens something."""
_RACES: tuple[tuple[Move, Move], ...] = (
    (papers.carry, papers.carry),
    (papers.carry, papers.end_mandate),
    (papers.carry, papers.end_authority),
    (papers.carry, papers.quarantine),
    (moves.step, papers.end_authority),
    (moves.step, moves.swap),
    (moves.swap, moves.swap),
    (moves.incident, moves.swap),
    (moves.swap, papers.draft),
    (help_on, help_on),
)
"""What is asked at once where it matters which comes first."""


@dataclass
class Tally:
    """What walks came to: answers by status, moves that were made, states from which walks began and that were reached,
    leases that were granted, and why others were refused."""

    sequences: int = 0
    asked: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    begun: Counter[str] = field(default_factory=Counter)
    leases: int = 0
    leases_refused: Counter[str] = field(default_factory=Counter)
    found: list["Found"] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """A walk after which a promise did not hold: what was done, and what is wrong then."""

    seed: str
    made: Sequence[int]
    told: Sequence[str]
    wrong: Sequence[str]


async def walk(world: World, seed: str, tally: Tally, made: Sequence[int] = range(MOVES)) -> Found | None:
    """Make these moves of a walk, up to the first after which something is wrong."""
    furniture = await world.furnish()
    known = Known(world, furniture, world.house.clock.now)
    told: list[str] = []
    traces = Traces(world.owner)
    tally.begun[goal(seed) or "requested"] += 1
    wrong = await _begin(known, seed)
    if wrong:
        return Found(seed, [], told, wrong)
    try:
        for number in made:
            wrong = await _make(known, Random(f"{seed} {number}"), traces, told, tally)
            wrong += await broken(world.owner, furniture.items, known.now)
            if wrong:
                return Found(seed, list(made)[: list(made).index(number) + 1], told, wrong)
    finally:
        await _count(world, known, tally)
        await world.clear(furniture.items)
    return None


async def shortened(world: World, found: Found, tries: int = TRIES) -> Found:
    """The same with fewer moves, as few as still find something in so many tries; each is a whole walk."""
    best, size = found, max(1, len(found.made) // 2)
    while True:
        for begin in range(0, len(best.made), size):
            if not tries:
                return best
            tries -= 1
            fewer = [*best.made[:begin], *best.made[begin + size :]]
            again = await walk(world, best.seed, Tally(), fewer)
            if again is not None and len(again.made) < len(best.made):
                best = again
                break
        else:
            if size == 1:
                return best
            size = max(1, size // 2)


async def _begin(known: Known, seed: str) -> list[str]:
    """Ask for a deployment, or help one as far as the seed says; what is wrong then."""
    draw, wanted = Random(seed), goal(seed)
    if wanted is None:
        await _answer(await moves.request(known, draw))
        return []
    known.is_far = True
    answer = await _answer(Asked(wanted, lambda: help_to(known, draw, wanted)))
    return [] if answer == "200" else [f"help to be {wanted} was refused: {answer}"]


async def _make(known: Known, draw: Random, traces: Traces, told: list[str], tally: Tally) -> list[str]:
    """One move, or two at once; what is wrong with the answers."""
    known.world.house.clock.go_on(seconds=1)
    if draw.random() < (0.3 if known.is_far else 0.12):
        known.world.house.clock.go_on(minutes=draw.choice(_FAR_TIMES_MIN if known.is_far else _TIMES_MIN))
        await known.world.keep_sessions()
        told.append(f"it is {known.now}")
    drawn = await _drawn_at_once(known, draw)
    asked = [one for one in drawn if one is not None]
    await traces.mark()
    answers = await asyncio.gather(*(_answer(one) for one in asked))
    tally.asked += len(asked)
    tally.answers.update(answer.split()[0] for answer in answers)
    tally.refusals.update(" ".join(answer.split()[:2]) for answer in answers if answer[0] != "2")
    tally.leases_refused.update(
        answer.split()[1]
        for one, answer in zip(asked, answers, strict=True)
        if _LEASE in one.words and answer[0] != "2"
    )
    told += [f"{one.words} -> {answer}" for one, answer in zip(asked, answers, strict=True)]
    wrong = [f"{one.words}: {answer}" for one, answer in zip(asked, answers, strict=True) if answer[0] not in "24"]
    if asked and all(answer.startswith("4") and not _may_tell(one) for one, answer in zip(asked, answers, strict=True)):
        left = await traces.left()
        wrong += [f"refused, and left a trace in {', '.join(left)}: {told[-1]}"] if left else []
    return wrong


async def _drawn_at_once(known: Known, draw: Random) -> list[Asked | None]:
    """What is asked next: one thing, or two at once."""
    if draw.random() >= TWO_AT_ONCE:
        return [await _drawn(known, draw)]
    if known.is_far and draw.random() < 0.7:
        return [await move(known, draw) for move in draw.choice(_RACES)]
    return [await _drawn(known, draw) for _ in range(2)]


async def _drawn(known: Known, draw: Random) -> Asked | None:
    """A move that there is something for; None where three were none."""
    weights = _FAR_WEIGHTS if known.is_far else _WEIGHTS
    for move in draw.choices(list(weights), list(weights.values()), k=3):
        if (asked := await move(known, draw)) is not None:
            return asked
    return None


async def _answer(asked: Asked) -> str:
    """How it was answered: a status, and what was said."""
    try:
        await asked.ask()
    except Refused as refused:
        return f"{refused.status} {refused.problem.code} {refused.problem.message}"
    except ClientError as error:
        return f"failed {type(error).__name__} {error}"
    return "200"


def _may_tell(asked: Asked) -> bool:
    return any(one in asked.words for one in _LEAVES_A_TRACE)


async def _count(world: World, known: Known, tally: Tally) -> None:
    tally.sequences += 1
    reached = "SELECT DISTINCT to_state FROM deployment_step WHERE deployment_id = ANY ($1)"
    tally.states.update(row[0] for row in await world.owner.fetch(reached, known.deployments))
    leases = "SELECT count(*) FROM opening WHERE unit_id = ANY ($1) AND state <> 'refused'"
    tally.leases += await world.owner.fetchval(leases, list(known.furniture.units))
