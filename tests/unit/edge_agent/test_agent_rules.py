"""Small rules of the reporting side: clocks, announcements, sessions, watch, orders."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.clock import PLAUSIBLE_FROM_MS, SETTLED_AFTER_MS, StepWatch
from edge_agent.errors import StateUnusable
from edge_agent.link.announcing import LONGEST_MS, PROVE_AGAIN_MS, Announcing
from edge_agent.link.session import TELL_AGAIN_AFTER_MS, Refusals, Session
from edge_agent.link.uplink import Outcome, ResultState
from edge_agent.orders import WAITING_MAX, Orders, refuse_settings
from edge_agent.reporting import Clockwork
from edge_agent.sampler import ReaderProblem, Sample
from edge_agent.spool.bounds import SpoolLimits
from edge_agent.spool.spool import Spool, open_spool
from edge_agent.watch import CLEAR_AFTER_SAMPLES, Watch
from protocols.commands import ApplySettings, CancelMandate, Order, ReportNow, SendRecords, UpdateUnit
from protocols.downlink import Ack, Body, Command, Signed, Welcome, seal
from protocols.errors import InvalidEnvelope
from protocols.ids import new_token_id
from protocols.settings import UnitSettings
from protocols.signed_text import key_id
from protocols.topics import down

UNIT = "unit-abcdefgh"
KEY = Ed25519PrivateKey.generate()
KEYS = {key_id(KEY.public_key().public_bytes_raw()): KEY.public_key()}
WELCOME = Welcome("c" * 32, 1)
WALL_MS = PLAUSIBLE_FROM_MS + 10**11


class HandClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.wall = WALL_MS
        self.mono = 1_000

    def wall_ms(self) -> int:
        return self.wall

    def mono_ms(self) -> int:
        return self.mono

    def go_on(self, by_ms: int) -> None:
        self.wall += by_ms
        self.mono += by_ms


@given(jump_ms=st.integers(-(10**12), 10**12), drift_ms=st.integers(-5_000, 5_000))
def test_a_step_is_what_jumps_by_more_than_five_seconds(jump_ms: int, drift_ms: int) -> None:
    watch = StepWatch(WALL_MS, 0)
    assert watch.observe(WALL_MS + 60_000 + drift_ms, 60_000) is None
    stepped = watch.observe(WALL_MS + 61_000 + drift_ms + jump_ms, 61_000)
    assert stepped == (jump_ms if abs(jump_ms) > 5_000 else None)
    assert watch.observe(WALL_MS + 62_000 + drift_ms + jump_ms, 62_000) is None, "told once"


def test_a_clock_is_trusted_to_age_reports_when_it_is_set_and_has_settled() -> None:
    watch = StepWatch(0, 0)
    assert watch.trusted_wall_ms(1_000, 1_000) is None
    watch.observe(WALL_MS, 2_000)
    assert watch.trusted_wall_ms(WALL_MS, 2_000 + SETTLED_AFTER_MS - 1) is None
    assert watch.trusted_wall_ms(WALL_MS, 2_000 + SETTLED_AFTER_MS) == WALL_MS
    assert StepWatch(WALL_MS, 0).trusted_wall_ms(WALL_MS, 1) == WALL_MS


def test_a_clock_step_becomes_one_event() -> None:
    clock = HandClock()
    clockwork = Clockwork(clock)
    clock.go_on(1_000)
    assert clockwork.step() is None
    clock.wall -= 90_000
    happening = clockwork.step()
    assert happening is not None
    assert (happening.kind, happening.summary) == ("clock-stepped", "the clock was set back by 90 s")
    assert clockwork.step() is None


def _even(_low: float, _high: float) -> float:
    return 1.0


def test_an_unanswered_announcement_is_made_again_less_and_less_often() -> None:
    announcing = Announcing(20_000, 0, _even)
    assert announcing.due_ms(waiting=False) == 20_000
    now_ms, waits = 0, []
    for _ in range(7):
        due_ms = announcing.due_ms(waiting=False)
        waits.append(due_ms - now_ms)
        now_ms = due_ms
        announcing.announced(now_ms)
        assert announcing.probe_from_ms() == now_ms + 2_000
    assert waits == [20_000, 40_000, 80_000, 160_000, LONGEST_MS, LONGEST_MS, LONGEST_MS]


def test_silence_counts_only_while_something_waits() -> None:
    announcing = Announcing(20_000, 0, _even)
    announcing.welcomed(500)
    assert announcing.due_ms(waiting=False) == PROVE_AGAIN_MS
    assert announcing.due_ms(waiting=True) == 20_500
    assert announcing.heard_lately(60_500)
    assert not announcing.heard_lately(60_501)
    assert not Announcing(20_000, 0, _even).heard_lately(0)


def test_a_worn_nonce_is_replaced_in_a_hurry_but_not_without_end() -> None:
    announcing = Announcing(20_000, 0, _even)
    announcing.refused_stale()
    assert announcing.due_ms(waiting=False) == 2_000
    announcing.announced(2_000)
    announcing.refused_stale()
    assert announcing.due_ms(waiting=False) == 6_000
    announcing.heard(3_000, progress=True)
    announcing.welcomed(3_000)
    assert announcing.due_ms(waiting=False) == 2_000 + PROVE_AGAIN_MS
    assert announcing.due_ms(waiting=True) == 23_000


def test_acknowledgements_do_not_stand_in_for_a_welcome() -> None:
    announcing = Announcing(20_000, 0, _even)
    for now_ms in range(1_000, 20_000, 1_000):
        announcing.heard(now_ms, progress=True)
        assert announcing.due_ms(waiting=True) == announcing.due_ms(waiting=False) == 20_000
    announcing.announced(20_000)
    announcing.welcomed(20_500)
    assert announcing.due_ms(waiting=False) == 20_000 + PROVE_AGAIN_MS


def _envelope(session: Session, body: Body, counter: int, nonce: str | None = None) -> bytes:
    signed = Signed(
        unit=UNIT,
        session=nonce or session.nonce,
        sender="5e4de75e4de75e4d",
        counter=counter,
        issued_at_ms=WALL_MS,
        expires_at_ms=WALL_MS + 60_000,
        body=body,
    )
    return seal(signed, KEY)


def _reason(session: Session, topic: str, payload: object) -> str:
    with pytest.raises(InvalidEnvelope) as caught:
        session.judge(topic, payload, 0)
    return caught.value.reason


def test_a_body_is_obeyed_on_its_own_channel_only() -> None:
    session = Session(UNIT, KEYS, 0)
    command = Command(new_token_id(), ReportNow())
    for body, channel, wrong in ((WELCOME, "ack", "command"), (Ack(1, [(1, 1)]), "ack", "signal")):
        payload = _envelope(session, body, 1 if isinstance(body, Welcome) else 2)
        assert _reason(session, f"down/{UNIT}/{wrong}", payload) == "wrong-channel"
        assert session.judge(f"down/{UNIT}/{channel}", payload, 500) == (body, 60_000, session.nonce)
    assert _reason(session, down(UNIT, "ack"), _envelope(session, command, 3)) == "wrong-channel"
    assert _reason(session, down("unit-another", "command"), _envelope(session, command, 3)) == "wrong-channel"
    assert session.judge(down(UNIT, "command"), _envelope(session, command, 3), 500).body == command
    assert _reason(session, down(UNIT, "ack"), "text") == "malformed"


def test_a_renewed_nonce_leaves_what_is_under_way_good_until_the_next_one() -> None:
    session = Session(UNIT, KEYS, 0)
    earlier = session.nonce
    session.renew(10)
    late = _envelope(session, Ack(1, [(1, 1)]), 1, earlier)
    assert session.judge(down(UNIT, "ack"), late, 500).good_until_ms == 60_000
    assert _reason(session, down(UNIT, "ack"), late) == "replayed"
    expired = _envelope(session, Ack(1, [(1, 1)]), 2, earlier)
    with pytest.raises(InvalidEnvelope, match="expiry"):
        session.judge(down(UNIT, "ack"), expired, 60_000)
    session.renew(20)
    assert _reason(session, down(UNIT, "ack"), _envelope(session, WELCOME, 3, earlier)) == "stale-session"


def test_answers_to_an_earlier_connection_are_stale_and_to_a_strange_session_wrong() -> None:
    session = Session(UNIT, KEYS, 0)
    earlier = session.nonce
    session.begin(10)
    assert _reason(session, down(UNIT, "ack"), _envelope(session, WELCOME, 1, earlier)) == "stale-session"
    assert _reason(session, down(UNIT, "ack"), _envelope(session, WELCOME, 1, "0" * 32)) == "wrong-session"


def test_each_reason_of_refusal_is_told_once_an_hour() -> None:
    refusals = Refusals()
    told = [refusals.note(InvalidEnvelope("bad-signature", "no"), now_ms) for now_ms in range(1_000)]
    assert [telling.severity for telling in told if telling] == ["alarm"]
    assert refusals.note(InvalidEnvelope("stale-session", "late"), 0) is None
    mild = refusals.note(InvalidEnvelope("expired", "late"), 0)
    assert mild is not None
    assert mild.severity == "info"
    again = refusals.note(InvalidEnvelope("bad-signature", "no"), TELL_AGAIN_AFTER_MS)
    assert again is not None
    assert again.summary.startswith("refused 1000 envelopes (bad-signature)")
    assert refusals.counts == {"bad-signature": 1_001, "stale-session": 1, "expired": 1}


def _kinds(watch: Watch, **figures: float | bool) -> list[str]:
    return [happening.kind for happening in watch.judge(Sample(figures=dict(figures)))]


def test_undervoltage_is_told_when_it_begins_and_when_it_has_stayed_away() -> None:
    watch = Watch()
    assert _kinds(watch, undervolted=False) == []
    assert _kinds(watch, undervolted=True) == ["undervoltage"]
    for flicker in (False, False, True, True, False, False):
        assert _kinds(watch, undervolted=flicker) == []
    assert _kinds(watch) == [], "an absent figure says nothing"
    assert _kinds(watch, undervolted=False) == ["undervoltage-ended"]
    assert _kinds(watch, undervolted=True) == ["undervoltage"]


def test_temperature_has_two_limits_with_room_between_on_and_off() -> None:
    watch = Watch()
    assert _kinds(watch, soc_temp_c=79.9) == []
    assert _kinds(watch, soc_temp_c=80.0) == ["temperature-high"]
    assert _kinds(watch, soc_temp_c=86.0) == ["temperature-critical"]
    for _ in range(CLEAR_AFTER_SAMPLES + 2):
        assert _kinds(watch, soc_temp_c=80.0) == []
    assert [_kinds(watch, soc_temp_c=76.0) for _ in range(3)] == [[], [], ["temperature-below-limit"]]
    assert [_kinds(watch, soc_temp_c=74.9) for _ in range(3)] == [[], [], ["temperature-normal"]]
    (high,) = watch.judge(Sample(figures={"soc_temp_c": 81.25}))
    assert high.summary == "the SoC is at 81.2 °C and slows down"


def test_a_figure_kept_from_earlier_begins_nothing() -> None:
    assert Watch().judge(Sample(figures={"storage_read_only": True}, ages_s={"storage_read_only": 4})) == []
    assert _kinds(Watch(), storage_read_only=True) == ["storage-read-only"]


def test_reader_problems_become_events() -> None:
    failed = ReaderProblem("thermal", "sys/class/thermal", "gone")
    cleared = ReaderProblem("thermal", "sys/class/thermal", "gone", cleared=True)
    happenings = Watch().judge(Sample(problems=(failed, cleared)))
    assert [(happening.kind, happening.severity) for happening in happenings] == [
        ("reader-failed", "warning"),
        ("reader-recovered", "info"),
    ]


@given(own=st.integers(0, 100), wanted=st.integers(0, 100))
def test_only_older_settings_are_refused(own: int, wanted: int) -> None:
    reason = refuse_settings(UnitSettings(version=own), UnitSettings(version=wanted))
    assert (reason is not None) == (wanted < own)


class Bench:
    """Orders over a real spool, with what they told."""

    def __init__(self, spool: Spool) -> None:
        self.told: list[Outcome] = []
        self.reports = 0
        self.failure: StateUnusable | None = None
        self.settings = UnitSettings(version=2)
        self.clock = HandClock()
        self.sent_after: list[int] = []
        self.cancelled: list[str] = []
        self.orders = Orders(
            spool,
            self.clock,
            self.told.append,
            self._report,
            lambda: self.settings,
            self._apply,
            self._send,
            self._cancel,
            self._update,
        )

    async def _report(self) -> None:
        self.reports += 1

    async def _apply(self, wanted: UnitSettings) -> None:
        if self.failure is not None:
            raise self.failure
        self.settings = wanted

    async def _send(self, after: int) -> int:
        if self.failure is not None:
            raise self.failure
        self.sent_after.append(after)
        return 3

    async def _cancel(self, mandate: str) -> int:
        if self.failure is not None:
            raise self.failure
        self.cancelled.append(mandate)
        return 1

    async def _update(self, order: UpdateUnit) -> tuple[ResultState, str]:
        return "refused", f"{order.update} suits nobody"

    async def give(self, order: Order, command_id: str, good_until_ms: int = 1 << 40) -> list[str]:
        """What is told of one command."""
        before = len(self.told)
        await self.orders._once(Command(command_id, order), good_until_ms)
        return [outcome.state for outcome in self.told[before:]]


async def test_orders_are_carried_out_once_whatever_happens_between(tmp_path: Path) -> None:
    clockwork = Clockwork(HandClock())
    spool = await open_spool(tmp_path, SpoolLimits(1 << 20, 1 << 40), clockwork.now)
    bench = Bench(spool)
    assert await bench.give(ReportNow(), "a" * 24) == ["accepted", "done"]
    assert await bench.give(ReportNow(), "a" * 24) == ["done"]
    assert bench.reports == 1
    assert await bench.give(ApplySettings(UnitSettings(version=1)), "b" * 24) == ["accepted", "refused"]
    bench.failure = StateUnusable(tmp_path, "read-only")
    assert await bench.give(ApplySettings(UnitSettings(version=3)), "c" * 24) == ["accepted", "failed"]
    assert bench.settings.version == 2
    assert await bench.give(SendRecords(after=7), "1" * 24) == ["accepted", "failed"]
    assert await bench.give(CancelMandate("M-0123456789ab"), "3" * 24) == ["accepted", "failed"]
    bench.failure = None
    assert await bench.give(SendRecords(after=7), "2" * 24) == ["accepted", "done"]
    assert (bench.sent_after, bench.told[-1].reason) == ([7], "3 records")
    assert await bench.give(CancelMandate("M-0123456789ab"), "4" * 24) == ["accepted", "done"]
    assert (bench.cancelled, bench.told[-1].reason) == (["M-0123456789ab"], "1 openings closed")
    assert await bench.give(ApplySettings(UnitSettings(version=3)), "d" * 24) == ["accepted", "done"]
    assert bench.settings.version == 3
    await spool.remember("e" * 24, "accepted", "")
    assert await bench.give(UpdateUnit("UP-0123456789ab", "manifests/a.json"), "5" * 24) == ["accepted", "refused"]
    assert await bench.give(ReportNow(), "e" * 24) == ["failed"], "interrupted by a kill: not done twice"
    assert await bench.give(ReportNow(), "f" * 24, bench.clock.mono_ms()) == ["refused"], "late is worse than never"
    assert bench.reports == 1
    await spool.close()


async def test_one_command_too_many_is_refused(tmp_path: Path) -> None:
    spool = await open_spool(tmp_path, SpoolLimits(1 << 20, 1 << 40), Clockwork(HandClock()).now)
    bench = Bench(spool)
    for _ in range(WAITING_MAX + 2):
        bench.orders.take(Command(new_token_id(), ReportNow()), 1 << 40)
    assert [outcome.state for outcome in bench.told] == ["refused", "refused"]
    working = asyncio.create_task(bench.orders.run())
    async with asyncio.timeout(20):
        while bench.reports < WAITING_MAX:  # noqa: ASYNC110 - Orders tells nobody when it is idle
            await asyncio.sleep(0.01)
    working.cancel()
    await spool.close()
