"""Samples a unit's health: runs the readers without holding up the event loop, keeps what is known with its age.

`FigureMemory` and `ProblemLedger` are the rules, without I/O; `Sampler` is the shell that runs readers in threads;
`to_report` puts a sample into the wire contract.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec

from edge_agent.readers import Fault, Figure, Reader, Reading
from edge_agent.readers.figure_limits import LARGEST_INT, objection
from protocols.health import FIGURES, HealthReport

READER_LIMIT_S = 5.0
KEEP_S = 900
"""A figure read longer ago than this is unknown."""

CLEAR_AFTER_SAMPLES = 3
"""Samples in a row without a problem before it counts as cleared, so that a loose contact does not fill the spool."""

_SUMMARY_CHARACTERS = 200
_LAST_UNIX_MS = 253_402_300_800_000 - 1


@dataclass(frozen=True, slots=True)
class ReaderProblem:
    """A source of figures that began to fail, or, with `cleared`, is well again."""

    reader: str
    source: str
    detail: str
    cleared: bool = False

    @property
    def summary(self) -> str:
        """One line for a person, at most 200 characters."""
        text = f"{self.source}: read again" if self.cleared else f"{self.source}: {self.detail}"
        return f"{self.reader} {text}"[:_SUMMARY_CHARACTERS]


@dataclass(frozen=True, slots=True)
class Sample:
    """`figures` known now, `ages_s` of those kept from earlier, `problems` that arose or cleared since the last one."""

    figures: dict[str, Figure] = field(default_factory=dict)
    ages_s: dict[str, int] = field(default_factory=dict)
    problems: tuple[ReaderProblem, ...] = ()


class FigureMemory:
    """Keeps the last value of each figure for `keep_s` seconds. Times are seconds of one monotonic clock."""

    def __init__(self, keep_s: float = KEEP_S) -> None:
        self._keep_s = keep_s
        self._last: dict[str, tuple[Figure, float]] = {}

    def fold(
        self,
        fresh: Mapping[str, Figure],
        withdrawn: Iterable[str],
        now_s: float,
        measured_s_ago: Mapping[str, float] = MappingProxyType({}),
    ) -> tuple[dict[str, Figure], dict[str, int]]:
        """Take in what was read at `now_s`, some of it `measured_s_ago`; return all figures known, and the ages of
        those not measured now.

        A withdrawn figure is forgotten at once, one older than `keep_s` from then on.
        """
        for name in withdrawn:
            self._last.pop(name, None)
        self._last.update({name: (value, now_s - measured_s_ago.get(name, 0.0)) for name, value in fresh.items()})
        self._last = {name: kept for name, kept in self._last.items() if now_s - kept[1] <= self._keep_s}
        figures = {name: value for name, (value, _) in self._last.items()}
        new = fresh.keys() - measured_s_ago.keys()
        ages_s = {name: int(now_s - at_s) for name, (_, at_s) in self._last.items() if name not in new}
        return figures, ages_s


class ProblemLedger:
    """Tells each problem once when it arises and once when it has stayed away for `clear_after` samples."""

    def __init__(self, clear_after: int = CLEAR_AFTER_SAMPLES) -> None:
        self._clear_after = clear_after
        self._standing: dict[str, tuple[ReaderProblem, int]] = {}

    def fold(self, present: Iterable[ReaderProblem]) -> tuple[ReaderProblem, ...]:
        """The changes after a sample in which `present` were seen. A source has one problem at a time."""
        seen: dict[str, ReaderProblem] = {}
        for problem in present:
            seen.setdefault(problem.source, problem)
        changes = [problem for source, problem in seen.items() if source not in self._standing]
        for source, (problem, absences) in list(self._standing.items()):
            if source in seen:
                self._standing[source] = (problem, 0)
            elif absences + 1 < self._clear_after:
                self._standing[source] = (problem, absences + 1)
            else:
                del self._standing[source]
                changes.append(ReaderProblem(problem.reader, source, problem.detail, cleared=True))
        self._standing.update({problem.source: (problem, 0) for problem in changes if not problem.cleared})
        return tuple(changes)


class Sampler:
    """Runs `readers`, each in a thread of its own for `reader_limit_s` at the most.

    A reader that hangs keeps its one thread and is not started again until that returns; the others go on. `mono_clock`
    gives seconds and never steps back.
    """

    def __init__(
        self,
        readers: Sequence[Reader],
        mono_clock: Callable[[], float] = time.monotonic,
        *,
        reader_limit_s: float = READER_LIMIT_S,
        keep_s: float = KEEP_S,
    ) -> None:
        self._readers = tuple(readers)
        self._mono_clock = mono_clock
        self._reader_limit_s = reader_limit_s
        self._memory = FigureMemory(keep_s)
        self._ledger = ProblemLedger()
        self._calls: dict[str, Future[Reading]] = {}
        self._ever_given: dict[str, set[str]] = {reader.name: set() for reader in readers}
        self._one_at_a_time = asyncio.Lock()
        self.samples = 0
        """How often everything was read; whoever watches over the program sees by it that it still is."""

    async def sample(self) -> Sample:
        """Read everything once. Returns within about `reader_limit_s` and never raises for what a reader does."""
        async with self._one_at_a_time:
            readings = await self._read_all()
        fresh = {name: value for reading in readings.values() for name, value in reading.figures.items()}
        withdrawn = [name for reading in readings.values() for name in reading.withdrawn]
        measured_s_ago = {name: age_s for reading in readings.values() for name, age_s in reading.ages_s.items()}
        figures, ages_s = self._memory.fold(fresh, withdrawn, self._mono_clock(), measured_s_ago)
        problems = [
            ReaderProblem(reader, fault.source, fault.detail)
            for reader, reading in readings.items()
            for fault in (*reading.faults, *self._vanished(reader, reading))
        ]
        self.samples += 1
        return Sample(figures, ages_s, self._ledger.fold(problems))

    async def _read_all(self) -> dict[str, Reading]:
        hung = {name for name, call in self._calls.items() if not call.done()}
        self._calls.update({reader.name: _start(reader) for reader in self._readers if reader.name not in hung})
        awaited = {name: asyncio.wrap_future(call) for name, call in self._calls.items() if name not in hung}
        try:
            if awaited:
                await asyncio.wait(awaited.values(), timeout=self._reader_limit_s)
        finally:
            # Cancelling the asyncio side only: a thread can not be stopped, and must find nobody waiting later.
            late = {name for name, waiting in awaited.items() if not waiting.done()}
            for name in late:
                awaited[name].cancel()
        no_answer = f"no answer within {self._reader_limit_s:g} s"
        return {
            name: _fault_of(name, no_answer) if name in hung | late else self._calls[name].result()
            for name in self._ever_given
        }

    def _vanished(self, reader: str, reading: Reading) -> list[Fault]:
        """What the reader gave before and does not give now, unless it says why itself."""
        ever_given = self._ever_given[reader]
        ever_given.update(reading.figures)
        if reading.faults:
            return []
        missing = ever_given - reading.figures.keys() - reading.withdrawn
        return [Fault(figure, "no longer there") for figure in sorted(missing)]


def _start(reader: Reader) -> "Future[Reading]":
    """Runs `reader.read` in a daemon thread: a hung one must not keep the program from ending."""
    call: Future[Reading] = Future()
    # Marks the call as running, so that cancelling the waiting side can not cancel it.
    call.set_running_or_notify_cancel()

    def run() -> None:
        try:
            reading = reader.read()
        except BaseException as error:  # noqa: BLE001 -- a defect of one reader is told, and must not silence the others
            reading = _fault_of(reader.name, f"failed with {type(error).__name__}: {str(error)[:80]!a}")
        call.set_result(reading)

    try:
        threading.Thread(target=run, name=f"reader-{reader.name}", daemon=True).start()
    except RuntimeError as error:
        call.set_result(_fault_of(reader.name, f"no thread to read in: {error}"))
    return call


def _fault_of(reader: str, detail: str) -> Reading:
    return Reading(faults=(Fault(f"reader {reader}", detail),))


def to_report(
    sample: Sample,
    *,
    seq: int,
    sampled_at_ms: int,
    spool_waiting: int | None = None,
    spool_dropped: int | None = None,
    access: tuple[int, str] | None = None,
) -> HealthReport:
    """The report of `sample`, always one that `protocols.uplink.decode_up` accepts.

    A figure that is unknown to the contract or out of its range is left out; a clock outside the contract's years is
    held at their edge. `access` is length and head of the unit's own chain, where there is one. Raises
    msgspec.ValidationError when `seq` is outside 1 … 2**53 - 1.
    """
    spool = {"spool_waiting": spool_waiting, "spool_dropped": spool_dropped}
    figures = sample.figures | {name: count for name, count in spool.items() if count is not None}
    sound = {name: value for name, value in figures.items() if name in FIGURES and objection(name, value) is None}
    ages_s = {name: min(max(age_s, 0), LARGEST_INT) for name, age_s in sample.ages_s.items() if name in sound}
    held_ms = min(max(sampled_at_ms, 0), _LAST_UNIX_MS)
    chain = {} if access is None else dict(zip(("access_records", "access_head"), access, strict=True))
    return msgspec.convert({"seq": seq, "sampled_at_ms": held_ms, "ages_s": ages_s, **sound, **chain}, HealthReport)
