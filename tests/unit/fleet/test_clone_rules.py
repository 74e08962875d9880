"""Who is quarantined: never a unit that there is one of, whatever becomes of its messages, and soon one with a copy."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.clones.rules import (
    LEFT_BOOTS_KEPT,
    Evidence,
    Finding,
    behind_what_is_stored,
    judge,
    judge_certificate,
    learn,
)
from fleet.store.proofs import Proven
from protocols.uplink import SessionProof, SessionState
from tests.support.clones import Controllers, Device, Welcomed, a_new_unit

CHAIN = {"a": None, "b": "a", "b2": "a", "c": "b"}


def shown(certificate: str = "a", boot_id: str = "boot-1", spool_id: int = 7, next_seq: int = 10) -> Evidence:
    return Evidence(certificate=certificate, boot_id=boot_id, spool_id=spool_id, next_seq=next_seq)


def cause(proven: Proven, *evidence: Evidence) -> str | None:
    """What the last of `evidence` gives away, the others having been learnt."""
    finding: Finding | None = None
    for one in evidence:
        finding = judge(proven, one, CHAIN)
        proven = learn(proven, one, CHAIN)
    return None if finding is None else finding.cause


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        ([shown("a")], None),
        ([shown("a"), shown("b")], None),
        ([shown("a"), shown("c")], None),
        ([shown("b"), shown("a")], "superseded-certificate"),
        ([shown("c"), shown("a")], "superseded-certificate"),
        ([shown("b"), shown("b2")], "two-successors"),
        ([shown("c"), shown("b2")], "two-successors"),
        ([shown("a"), shown("b"), shown("a"), shown("b")], None),
        ([shown(boot_id="1"), shown(boot_id="2")], None),
        ([shown(boot_id="1"), shown(boot_id="2"), shown(boot_id="1")], "two-places"),
        ([shown(boot_id="1"), shown(boot_id="2"), shown(boot_id="3"), shown(boot_id="1")], "two-places"),
        ([shown(boot_id=""), shown(boot_id="1"), shown(boot_id="")], None),
        ([shown(next_seq=10), shown(next_seq=10)], None),
        ([shown(next_seq=10), shown(next_seq=9)], "spool-went-back"),
        ([shown(next_seq=10), shown(spool_id=8, next_seq=1)], None),
    ],
)
def test_each_rule(evidence: list[Evidence], expected: str | None) -> None:
    assert cause(Proven(), *evidence) == expected


def test_a_finding_names_the_certificates_that_show_it() -> None:
    superseded, other_line = judge_certificate("c", "a", CHAIN), judge_certificate("b", "b2", CHAIN)
    assert superseded is not None
    assert other_line is not None
    assert (superseded.certificates, other_line.certificates) == (["a", "c"], ["b", "b2"])


def test_a_circle_of_predecessors_is_followed_once() -> None:
    assert judge_certificate("x", "y", {"x": "y", "y": "x"}) is None
    assert judge_certificate("z", "y", {"x": "y", "y": "x", "z": None}) is not None


@given(st.lists(st.text("abc", min_size=1, max_size=3), max_size=100))
def test_what_is_kept_of_boots_is_bounded_and_never_the_present_one(boots: list[str]) -> None:
    proven = Proven()
    for boot in boots:
        proven = learn(proven, shown(boot_id=boot), CHAIN)
        assert proven.boot_id == boot
        assert boot not in proven.left_boots
        assert len(proven.left_boots) <= LEFT_BOOTS_KEPT


def test_being_behind_what_is_stored_is_told_for_the_challenged_spool_only() -> None:
    assert behind_what_is_stored(shown(next_seq=10), 7, 10)
    assert not behind_what_is_stored(shown(next_seq=11), 7, 10)
    assert not behind_what_is_stored(shown(next_seq=1), 8, 10)
    assert not behind_what_is_stored(shown(next_seq=1), None, None)


_STEPS = (
    "write",
    "announce",
    "answer",
    "deliver",
    "deliver-again",
    "drop",
    "reboot",
    "renew",
    "renew-unanswered",
    "lose-pending-key",
    "lose-spool",
    "broker-invents-announcement",
    "converse",
    "converse-and-delay",
)


class World:
    """One unit, its controllers, and a broker that delivers what it wants, when and as often as it wants."""

    def __init__(self) -> None:
        self.controllers = Controllers()
        self.device = a_new_unit(self.controllers)
        self.up: list[SessionState | SessionProof] = []
        self.down: list[Welcomed] = []

    def step(self, name: str, number: int) -> None:
        steps: dict[str, Callable[[], object]] = {
            "write": lambda: self.device.write(1 + number % 5),
            "announce": lambda: self.up.append(self.device.announce()),
            "answer": lambda: self._answer(number),
            "deliver": lambda: self._deliver(number, again=False),
            "deliver-again": lambda: self._deliver(number, again=True),
            "drop": lambda: self.up.pop(number % len(self.up)) if self.up else None,
            "reboot": self.device.boot,
            "renew": lambda: self.device.renew(self.controllers),
            "renew-unanswered": lambda: self.device.renew(self.controllers, answered=False),
            "lose-pending-key": self.device.lose_pending_key,
            "lose-spool": self.device.lose_spool,
            "broker-invents-announcement": lambda: self.up.append(self._invented(number)),
            "converse": lambda: self._converse(is_delivered=True),
            "converse-and-delay": lambda: self._converse(is_delivered=False),
        }
        steps[name]()

    def _answer(self, number: int) -> None:
        if self.down:
            proof = self.device.answer(self.down[-1 - number % len(self.down)])
            self.up += [] if proof is None else [proof]

    def _converse(self, *, is_delivered: bool) -> None:
        """A connection as it should be, whose proof the broker keeps for later or for another time too."""
        self.up.append(self.device.announce())
        self._deliver(0, again=True)
        self._answer(0)
        if is_delivered:
            self._deliver(0, again=True)

    def _deliver(self, number: int, *, again: bool) -> None:
        if self.up:
            place = len(self.up) - 1 - number % len(self.up)
            message = self.up[place] if again else self.up.pop(place)
            # The broker may have invented reports with any number.
            welcome = self.controllers.hear(message, stored_seq=number)
            self.down += [] if welcome is None else [welcome]

    def _invented(self, number: int) -> SessionState:
        nonce = f"{number:032x}"
        return SessionState(
            unit="unit-23456789", session=nonce, connection=nonce, up=True, spool_id=self.device.disk.spool_id
        )


_HISTORY = st.lists(st.tuples(st.sampled_from(_STEPS), st.integers(0, 60)), min_size=30, max_size=100)


@settings(max_examples=150, deadline=None)
@given(_HISTORY)
def test_no_history_of_a_single_unit_gives_a_cause(history: list[tuple[str, int]]) -> None:
    world = World()
    for name, number in history:
        world.step(name, number)
        assert world.controllers.findings == []
    world.device.connect(world.controllers)
    assert world.controllers.findings == [], "it is not quarantined, and can still prove itself"


def test_the_histories_above_reach_what_they_are_about() -> None:
    world = World()
    steps = ["announce", "deliver", "answer", "deliver", "renew-unanswered", "renew", "announce", "deliver", "answer"]
    for name in [*steps, "deliver-again", "deliver-again", "reboot", "announce", "deliver", "answer", "deliver"]:
        world.step(name, 0)
    assert world.controllers.accepted == 3
    assert len(world.controllers.certificates) == 2
    assert world.controllers.findings == []


_LIFE: dict[str, Callable[[Device, Controllers], None]] = {
    "write": lambda device, _: device.write(3),
    "reboot": lambda device, _: device.boot(),
    "connect": lambda device, controllers: device.connect(controllers),
    "renew": lambda device, controllers: device.renew(controllers),
    "renew-unanswered": lambda device, controllers: device.renew(controllers, answered=False),
    "lose-spool": lambda device, _: device.lose_spool(),
}
_BEFORE = st.lists(st.sampled_from(sorted(_LIFE)), max_size=15)
_BETWEEN = st.lists(st.sampled_from(["write", "renew", "renew-unanswered"]), max_size=3)


@settings(max_examples=150, deadline=None)
@given(_BEFORE, _BEFORE, st.lists(_BETWEEN, min_size=4, max_size=4), st.booleans())
def test_a_copy_is_found_when_both_have_run_for_a_few_connections(
    before: list[str], after: list[str], between: list[list[str]], copy_first: bool
) -> None:
    """Copied at any moment of the unit's life, switched on whenever; they take the client id from each other."""
    controllers = Controllers()
    original = a_new_unit(controllers)
    for name in before:
        _LIFE[name](original, controllers)
    copy = original.copied()
    for name in after:
        _LIFE[name](original, controllers)
    devices = [copy, original] if copy_first else [original, copy]
    for device, steps in zip(devices * 2, between, strict=True):
        for name in steps:
            _LIFE[name](device, controllers)
        device.connect(controllers)
    assert controllers.findings


@settings(max_examples=100, deadline=None)
@given(_BEFORE, st.lists(st.sampled_from(["write", "reboot", "connect"]), max_size=4))
def test_a_copy_that_is_always_started_anew_is_found_when_both_have_renewed(
    before: list[str], between: list[str]
) -> None:
    """Devices that run by turns, each after a boot, are told apart by their certificates at the second renewal."""
    controllers = Controllers()
    original = a_new_unit(controllers)
    for name in before:
        _LIFE[name](original, controllers)
    copy = original.copied()
    for _ in range(2):
        for device in (original, copy):
            for name in ["reboot", *between, "renew", "reboot", "connect"]:
                _LIFE[name](device, controllers)
    assert controllers.findings


def test_a_broker_that_invents_reports_raises_an_alarm_and_quarantines_nobody() -> None:
    controllers = Controllers()
    unit = a_new_unit(controllers)
    unit.write(3)
    unit.connect(controllers, stored_seq=3)
    assert controllers.alarms == 0
    unit.connect(controllers, stored_seq=1_000_000)
    assert (controllers.alarms, controllers.findings) == (1, [])
