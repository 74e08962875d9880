"""The guard against an adversary who owns the broker: delays, repeats, reorders and drops, but can not sign."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from protocols.commands import ReportNow
from protocols.downlink import Ack, Body, Command, Signed, Welcome
from protocols.errors import InvalidEnvelope
from protocols.session import MAX_SENDERS, SessionGuard

UNIT = "unit-23456789"
NONCE = "0123456789abcdef" * 2
SENDER = "5e4de75e4de75e4d"
COMMAND = Command("0" * 24, ReportNow())
ACK = Ack(7, [(1, 2)])


def envelope(
    counter: int = 1,
    *,
    issued_at_ms: int = 1_000_000,
    life_ms: int = 60_000,
    body: Body = COMMAND,
    unit: str = UNIT,
    session: str = NONCE,
    sender: str = SENDER,
) -> Signed:
    return Signed(
        unit=unit,
        session=session,
        sender=sender,
        counter=counter,
        issued_at_ms=issued_at_ms,
        expires_at_ms=issued_at_ms + life_ms,
        body=body,
    )


def guard_at(made_at_mono_ms: int = 5_000) -> SessionGuard:
    return SessionGuard(UNIT, NONCE, made_at_mono_ms)


def reason_for(guard: SessionGuard, signed: Signed, mono_ms: int) -> str:
    with pytest.raises(InvalidEnvelope) as caught:
        guard.admit(signed, mono_ms)
    return caught.value.reason


def test_the_first_envelope_is_obeyed_and_calibrates() -> None:
    guard = guard_at()
    before = guard.calibrated, guard.latest_controller_time_ms(9_000)
    assert before == (False, None)
    assert guard.admit(envelope(body=Welcome("c" * 32, 1)), 5_100) == Welcome("c" * 32, 1)
    assert guard.calibrated
    assert guard.latest_controller_time_ms(5_100) == 1_000_100


def test_each_refusal_has_its_reason() -> None:
    guard = guard_at()
    assert reason_for(guard, envelope(unit="unit-zzzzzzzz"), 5_100) == "wrong-unit"
    assert reason_for(guard, envelope(session="f" * 32), 5_100) == "wrong-session"
    assert guard.admit(envelope(3), 5_100) == COMMAND
    assert reason_for(guard, envelope(3), 5_100) == "replayed"
    assert reason_for(guard, envelope(2), 5_100) == "replayed"
    assert reason_for(guard, envelope(4), 5_000 + 60_000) == "expired"


def test_an_envelope_dies_exactly_at_its_expiry() -> None:
    assert guard_at().admit(envelope(), 5_000 + 59_999) == COMMAND
    assert reason_for(guard_at(), envelope(), 5_000 + 60_000) == "expired"


def test_answers_and_orders_count_apart() -> None:
    guard = guard_at()
    assert guard.admit(envelope(9, body=ACK), 5_100) == ACK
    assert guard.admit(envelope(1, body=COMMAND), 5_100) == COMMAND
    assert reason_for(guard, envelope(9, body=Welcome("c" * 32, 1)), 5_100) == "replayed"


def test_an_earlier_issue_learnt_later_tightens_the_bound() -> None:
    guard = guard_at()
    guard.admit(envelope(1, issued_at_ms=1_050_000, life_ms=600_000), 5_100)
    guard.admit(envelope(1, issued_at_ms=1_000_000, life_ms=600_000, body=ACK), 5_200)
    assert guard.latest_controller_time_ms(5_200) == 1_000_200


def test_a_controller_at_the_beginning_of_time_still_bounds() -> None:
    guard = guard_at()
    guard.admit(envelope(1, issued_at_ms=0, life_ms=600_000), 5_000)
    guard.admit(envelope(2, issued_at_ms=500_000, life_ms=600_000), 5_000)
    assert guard.latest_controller_time_ms(5_000) == 0


@given(
    sent=st.lists(st.tuples(st.integers(0, 50_000), st.integers(1, 60_000), st.booleans()), min_size=1, max_size=8),
    data=st.data(),
)
def test_no_order_of_delivery_lets_an_envelope_live_past_its_expiry(
    sent: list[tuple[int, int, bool]], data: st.DataObject
) -> None:
    """The controller's clock reads 1,000,000 when the unit's reads 0; the broker does as it likes."""
    guard = SessionGuard(UNIT, NONCE, 0)
    issued = sorted(sent)
    envelopes = [
        envelope(n + 1, issued_at_ms=1_000_000 + at, life_ms=life, body=ACK if answer else COMMAND)
        for n, (at, life, answer) in enumerate(issued)
    ]
    now = 0
    obeyed = []
    for signed in data.draw(st.lists(st.sampled_from(envelopes), max_size=20)):
        earliest_arrival = signed.issued_at_ms - 1_000_000
        now = max(now, earliest_arrival) + data.draw(st.integers(0, 40_000))
        try:
            guard.admit(signed, now)
        except InvalidEnvelope:
            continue
        assert 1_000_000 + now < signed.expires_at_ms
        obeyed.append((isinstance(signed.body, Ack), signed.counter))
    assert len(obeyed) == len(set(obeyed))
    for lane in (True, False):
        counters = [counter for answers, counter in obeyed if answers is lane]
        assert counters == sorted(counters)


@dataclass(frozen=True)
class _Held:
    signed: Signed
    genuine: bool


class Broker(RuleBasedStateMachine):
    """A broker that holds every envelope it ever saw and delivers any of them at any time, also altered ones."""

    @initialize(skew_ms=st.integers(0, 10**12), travel_ms=st.integers(0, 5_000))
    def start(self, skew_ms: int, travel_ms: int) -> None:
        self.mono_ms = 10_000
        self.skew_ms = skew_ms
        self.guard = SessionGuard(UNIT, NONCE, self.mono_ms)
        self.mono_ms += travel_ms
        self.held: list[_Held] = []
        self.counters = {True: 0, False: 0}
        self.obeyed: set[tuple[bool, int]] = set()

    @property
    def controller_now_ms(self) -> int:
        """The controller's true clock, which the unit never sees."""
        return self.skew_ms + self.mono_ms

    @rule(answer=st.booleans(), life_ms=st.integers(1, 60_000))
    def controller_sends(self, answer: bool, life_ms: int) -> None:
        self.counters[answer] += 1
        body: Body = ACK if answer else COMMAND
        signed = envelope(self.counters[answer], issued_at_ms=self.controller_now_ms, life_ms=life_ms, body=body)
        self.held.append(_Held(signed, genuine=True))

    @rule(unit=st.sampled_from([UNIT, "unit-zzzzzzzz"]), session=st.sampled_from(["e" * 32, "f" * 32]))
    def broker_keeps_an_envelope_of_another_session(self, unit: str, session: str) -> None:
        foreign = envelope(1 << 40, issued_at_ms=self.controller_now_ms, unit=unit, session=session)
        self.held.append(_Held(foreign, genuine=False))

    @rule(ms=st.integers(1, 90_000))
    def time_passes(self, ms: int) -> None:
        self.mono_ms += ms

    @rule(data=st.data())
    def broker_delivers(self, data: st.DataObject) -> None:
        if not self.held:
            return
        held = data.draw(st.sampled_from(self.held))
        before = self._state()
        try:
            body = self.guard.admit(held.signed, self.mono_ms)
        except InvalidEnvelope:
            assert self._state() == before
            return
        assert held.genuine
        assert body == held.signed.body
        assert self.controller_now_ms < held.signed.expires_at_ms
        key = (isinstance(body, Ack), held.signed.counter)
        assert key not in self.obeyed
        self.obeyed.add(key)

    @invariant()
    def the_controllers_clock_is_never_past_the_bound(self) -> None:
        bound = self.guard.latest_controller_time_ms(self.mono_ms)
        assert self.guard.calibrated == bool(self.obeyed)
        assert bound is None or bound >= self.controller_now_ms

    def _state(self) -> tuple[bool, int | None, dict[tuple[str, str], int]]:
        guard = self.guard
        return guard.calibrated, guard.latest_controller_time_ms(0), dict(guard._highest_counter)


TestBroker = Broker.TestCase


def test_controllers_that_share_a_unit_need_no_common_clock() -> None:
    guard = guard_at()
    for counter in range(1, 20):
        guard.admit(envelope(counter, sender="a" * 16), 5_000)
        guard.admit(envelope(counter, sender="b" * 16), 5_000)
    assert reason_for(guard, envelope(19, sender="a" * 16), 5_000) == "replayed"


def test_a_session_listens_to_so_many_controllers_and_forgets_none() -> None:
    guard = guard_at()
    senders = [f"{number:016x}" for number in range(2 * MAX_SENDERS)]
    for sender in senders:
        guard.admit(envelope(5, sender=sender), 5_000)
    assert reason_for(guard, envelope(1, sender="f" * 16), 5_000) == "too-many-senders"
    assert {reason_for(guard, envelope(5, sender=sender), 5_000) for sender in senders} == {"replayed"}
