"""Damaged grants before a unit's judgement: none may open, but for those in which only the wrapping changed.

What is legal is decided here without the code under test: a unit may open for the papers that its case was made of, and
no others. Paper is what was signed: armour, blanks around it, a witness more than is needed are wrapping.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import msgspec

import tests.fuzz.grants_unlogged  # noqa: F401  its cases name themselves among the WRONGS
from edge_agent.openings.rules import judge
from edge_agent.openings.verdicts import Permit
from protocols.lease import LoggedLease
from protocols.opening import GrantLease
from tests.fuzz.grants_lists import ListAttack
from tests.fuzz.grants_mutations import damaged, reshaped, spliced
from tests.fuzz.grants_papers import Case, World
from tests.fuzz.grants_wrong import WRONGS, spoiled

CONTROL_EVERY = 100
LIST_EVERY = 25
NEEDED_WITNESSES = 2
WRONG_BASES = 6

PARTS: tuple[tuple[str, ...], ...] = (
    ("mandate", "text"),
    ("mandate", "requester"),
    ("mandate", "approver"),
    ("logged", "lease", "signed"),
    ("logged", "lease", "key"),
    ("logged", "lease", "sig"),
    ("logged", "leaf"),
    ("logged", "receipt"),
)
_SWAPPED = (*PARTS, ("mandate",), ("logged",), ("logged", "lease"), ("offer",))

_decoder = msgspec.json.Decoder(GrantLease)


class Attempt(NamedTuple):
    """What is shown to the unit of `case`: the bytes of a grant, of whatever form."""

    how: str
    case: Case
    shown: bytes


@dataclass
class Tally:
    """What came of the attempts. `illegal` are those that opened and must not have; `unopened` controls that did not
    open; `rules` why the others were refused."""

    documents: int = 0
    controls: int = 0
    rewrapped: int = 0
    illegal: list[str] = field(default_factory=list)
    unopened: list[str] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def found(self) -> int:
        """How much went otherwise than it should."""
        return len(self.illegal) + len(self.unopened)

    def add(self, other: "Tally") -> None:
        """Count what another process has found."""
        self.documents += other.documents
        self.controls += other.controls
        self.rewrapped += other.rewrapped
        self.illegal += other.illegal
        self.unopened += other.unopened
        self.rules += other.rules


class GrantAttack:
    """Draws attempts from a seed: the same ones each time."""

    def __init__(self, seed: int | str) -> None:
        self.drawn = Random(seed)
        self.world = World(Random(seed))
        self.wrong = [
            made
            for name in WRONGS
            for case in self.drawn.sample(self.world.cases, WRONG_BASES)
            if (made := spoiled(self.world, case, name)) is not None
        ]
        self._bytes = {id(case): msgspec.json.encode(case.grant) for case in (*self.world.cases, *self.wrong)}
        self._ways: list[tuple[str, Callable[[], Attempt]]] = [
            ("bytes", self._of_bytes),
            ("part", self._of_part),
            ("part", self._of_part),
            ("splice", self._of_splice),
            ("swap", self._of_swap),
            ("swap", self._of_swap),
            ("shape", self._of_shape),
            ("wrong", self._of_wrong),
            ("elsewhere", self._elsewhere),
        ]

    def attempt(self) -> Attempt:
        """The next attempt."""
        how, way = self.drawn.choice(self._ways)
        return way()._replace(how=how)

    def undamaged(self) -> Iterator[Attempt]:
        """Every grant in which one thing is wrong, as it is."""
        for case in self.wrong:
            yield Attempt("wrong", case, self._bytes[id(case)])

    def control(self) -> Case:
        """A case that opens."""
        return self.drawn.choice(self.world.cases)

    def _base(self) -> Case:
        """Mostly a grant that opens; each wrong one is a beginning too, to which one more change may not help."""
        return self.drawn.choice(self.world.cases if self.drawn.random() < 0.7 else self.wrong)

    def _of_bytes(self) -> Attempt:
        case = self._base()
        text = self._bytes[id(case)].decode()
        return Attempt("", case, damaged(self.drawn, text).encode(errors="surrogateescape"))

    def _of_part(self) -> Attempt:
        case = self._base()
        return self._with(case, self.drawn.choice(PARTS), lambda text: damaged(self.drawn, text))

    def _of_splice(self) -> Attempt:
        case, other, path = self._base(), self._base(), self.drawn.choice(PARTS)
        return self._with(case, path, lambda text: spliced(self.drawn, text, _at(self._whole(other), path)))

    def _of_swap(self) -> Attempt:
        case, whole = (base := self._base()), self._whole(base)
        for _ in range(self.drawn.choice((1, 1, 1, 2, 3))):
            path = self.drawn.choice(_SWAPPED)
            _put(whole, path, _at(self._whole(self._base()), path))
        return Attempt("", case, msgspec.json.encode(whole))

    def _of_shape(self) -> Attempt:
        case = self._base()
        return Attempt("", case, msgspec.json.encode(reshaped(self.drawn, self._whole(case))))

    def _of_wrong(self) -> Attempt:
        case = self.drawn.choice(self.wrong)
        return Attempt("", case, self._bytes[id(case)])

    def _elsewhere(self) -> Attempt:
        """A whole grant, shown to another unit, or to this one at another time."""
        return Attempt("", self._base(), self._bytes[id(self._base())])

    def _with(self, case: Case, path: tuple[str, ...], change: Callable[[str], str]) -> Attempt:
        whole = self._whole(case)
        changed = change(_at(whole, path)).encode(errors="surrogateescape").decode(errors="replace")
        _put(whole, path, changed)
        return Attempt("", case, msgspec.json.encode(whole))

    def _whole(self, case: Case) -> dict[str, Any]:
        whole: dict[str, Any] = msgspec.json.decode(self._bytes[id(case)])
        return whole


def attack(grants: GrantAttack, lists: ListAttack, count: int) -> Tally:
    """Show so many attempts, and controls between them."""
    tally = Tally()
    for number in range(count):
        if number % CONTROL_EVERY == 0:
            _control(grants, lists, tally)
        if number % LIST_EVERY:
            show(grants.attempt(), grants.world.honest, tally)
        else:
            _show_lists(lists, tally)
    return tally


def _control(grants: GrantAttack, lists: ListAttack, tally: Tally) -> None:
    control = grants.control()
    tally.controls += 2
    if not isinstance(judge(control.grant, control.facts), Permit):
        tally.unopened.append(f"a good grant: {control.lease}")
    if not lists.follows_truth():
        tally.unopened.append("true people lists")


def _show_lists(lists: ListAttack, tally: Tally) -> None:
    """A unit that takes a list that nobody signed opens by it: each such list counts as an opening."""
    page = lists.page()
    tally.documents += 1
    tally.rules["people-list"] += 1
    if lists.is_illegal(page):
        tally.illegal.append(f"people lists: {page}")


def show(attempt: Attempt, honest: Mapping[str, list[LoggedLease]], tally: Tally) -> None:
    """Let the unit judge, and judge what it did, by what the log holds of `honest` leases."""
    tally.documents += 1
    try:
        grant = _decoder.decode(attempt.shown)
    except (msgspec.DecodeError, UnicodeDecodeError):
        tally.rules["not-a-grant"] += 1
        return
    verdict = judge(grant, attempt.case.facts)
    if not isinstance(verdict, Permit):
        tally.rules[verdict.rule] += 1
    elif may_open(grant, attempt.case, honest):
        tally.rewrapped += 1
    else:
        shown = attempt.shown.decode(errors="replace")
        tally.illegal.append(f"{attempt.how} of {attempt.case.wrong or 'a good grant'}: {shown}")


def may_open(grant: GrantLease, case: Case, honest: Mapping[str, list[LoggedLease]]) -> bool:
    """Whether these are the papers for which the unit of `case` may open: those of the case that it was made of, if
    nothing is wrong with the unit itself."""
    true = case.origin or case
    return case.facts == true.facts and are_same_papers(grant, true.grant, honest[true.grant.logged.lease.signed])


def are_same_papers(grant: GrantLease, true: GrantLease, logged: Sequence[LoggedLease]) -> bool:
    """Whether the grants say the same over the same signatures, and the log says so too in one of its places.

    They may differ in wrapping, and in the offer.
    """
    same = _papers(grant) == _papers(true)
    return same and any(_sees(grant.logged, one) for one in logged)


def _papers(grant: GrantLease) -> tuple[object, ...]:
    signed = grant.mandate
    return signed.text, _bare(signed.requester), _bare(signed.approver), grant.logged.lease


def _bare(armored: str) -> str:
    return "".join(armored.split())


def _proof(receipt: str) -> list[str]:
    """Index, hashes, and the checkpoint's text."""
    head, _, note = receipt.partition("\n\n")
    return [*(line for line in head.split("\n") if not line.startswith("extra ")), note.partition("\n\n")[0]]


def _sees(logged: LoggedLease, true: LoggedLease) -> bool:
    """Whether it is the same leaf at the same place, and log and witnesses enough have signed that."""
    if (logged.leaf, _proof(logged.receipt)) != (true.leaf, _proof(true.receipt)):
        return False
    under, truly = (one.receipt.rpartition("\n\n")[2].split("\n") for one in (logged, true))
    log, *witnesses = [line for line in truly if line]
    return log in under and sum(line in under for line in witnesses) >= NEEDED_WITNESSES


def _at(whole: dict[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = whole
    for name in path:
        found = found[name]
    return found


def _put(whole: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    _at(whole, path[:-1])[path[-1]] = value
