"""Judging messages: every kind of bad input has its word, and nothing a unit sends can raise."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.ingest.judge import FUTURE_LIMIT_MS, REASONS, Rejection, judge, judge_oversized
from protocols.health import HealthReport
from protocols.topics import MAX_PAYLOAD_BYTES, up
from protocols.uplink import AnyUpMessage, EventBatch, HealthBatch, SessionState, UnitEvent, encode_up

NOW_MS = 1_800_000_000_000
UNIT = "unit-abcd2345"
SESSION = "0" * 32


def health(*sampled_at_ms: int, unit: str = UNIT, v: int = 1) -> HealthBatch:
    reports = [HealthReport(seq=seq, sampled_at_ms=at_ms) for seq, at_ms in enumerate(sampled_at_ms, start=1)]
    return HealthBatch(v=v, unit=unit, session=SESSION, spool_id=7, reports=reports)


def event(sampled_at_ms: int) -> EventBatch:
    told = UnitEvent(seq=1, sampled_at_ms=sampled_at_ms, kind="lid-opened", summary="open")
    return EventBatch(unit=UNIT, session=SESSION, spool_id=7, events=[told])


@pytest.mark.parametrize(
    ("message", "channel"),
    [
        (health(NOW_MS), "health"),
        (health(NOW_MS, NOW_MS + FUTURE_LIMIT_MS, 0), "health"),
        (event(NOW_MS), "event"),
        (SessionState(unit=UNIT, session=SESSION, connection=SESSION, up=True), "lwt"),
    ],
)
def test_good_messages_pass(message: AnyUpMessage, channel: str) -> None:
    assert judge(f"up/{UNIT}/{channel}", encode_up(message), NOW_MS) == (message, None)


@pytest.mark.parametrize(
    ("topic", "payload", "unit_id", "reason"),
    [
        (up(UNIT, "health"), b"{", UNIT, "malformed"),
        (up(UNIT, "health"), b"\xff\xfe", UNIT, "malformed"),
        (up(UNIT, "health"), b"[" * 60_000, UNIT, "malformed"),
        (up(UNIT, "event"), encode_up(health(NOW_MS)), UNIT, "malformed"),
        (up(UNIT, "health"), b"x" * (MAX_PAYLOAD_BYTES + 1), UNIT, "oversized"),
        (up(UNIT, "health"), encode_up(health(NOW_MS, unit="unit-other234")), UNIT, "wrong-unit"),
        (up(UNIT, "health"), encode_up(health(NOW_MS, v=2)), UNIT, "unknown-version"),
        (up(UNIT, "health"), b'{"v":9,"type":"from the future"}', UNIT, "unknown-version"),
        ("up/short/health", encode_up(health(NOW_MS)), None, "invalid-topic"),
        (f"up/{UNIT}/diary", encode_up(health(NOW_MS)), None, "invalid-topic"),
        (f"down/{UNIT}/ack", encode_up(health(NOW_MS)), None, "invalid-topic"),
    ],
)
def test_bad_messages_are_refused_by_reason(topic: str, payload: bytes, unit_id: str | None, reason: str) -> None:
    message, rejection = judge(topic, payload, NOW_MS)
    assert message is None
    assert rejection is not None
    assert (rejection.unit_id, rejection.reason, rejection.refused, rejection.severity) == (
        unit_id,
        reason,
        True,
        "warning",
    )


@pytest.mark.parametrize("late", [health(NOW_MS, NOW_MS + FUTURE_LIMIT_MS + 1), event(NOW_MS + FUTURE_LIMIT_MS + 1)])
def test_samples_from_the_future_are_stored_and_flagged(late: AnyUpMessage) -> None:
    channel = "health" if isinstance(late, HealthBatch) else "event"
    message, rejection = judge(f"up/{UNIT}/{channel}", encode_up(late), NOW_MS)
    assert message == late
    assert rejection is not None
    assert (rejection.reason, rejection.refused, rejection.severity) == ("future-dated", False, "info")


def test_an_oversized_message_is_blamed_on_its_topic() -> None:
    assert judge_oversized(up(UNIT, "health"), 100_000)[1] == Rejection(
        UNIT, "oversized", "payload of 100000 bytes, the limit is 65536"
    )
    strange = judge_oversized("up/+/health", 100_000)[1]
    assert strange is not None
    assert (strange.unit_id, strange.reason) == (None, "invalid-topic")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=6),
    max_leaves=12,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["health", "event", "result", "session"]) | JSON,
        "v": st.sampled_from([1, 2]) | JSON,
        "unit": st.just(UNIT) | JSON,
        "session": st.just(SESSION) | JSON,
        "spool_id": st.just(1) | JSON,
        "reports": st.lists(st.fixed_dictionaries({"seq": JSON, "sampled_at_ms": JSON}), max_size=3) | JSON,
        "events": JSON,
        "up": JSON,
    },
)


@given(st.text(max_size=60) | st.sampled_from([up(UNIT, "health"), up(UNIT, "lwt")]), st.binary(max_size=200))
def test_any_bytes_are_judged(topic: str, payload: bytes) -> None:
    message, rejection = judge(topic, payload, NOW_MS)
    assert message is not None or (rejection is not None and rejection.reason in REASONS)


@given(st.sampled_from([up(UNIT, "health"), up(UNIT, "event"), up(UNIT, "lwt"), up(UNIT, "result")]), FIELDS)
def test_any_json_is_judged(topic: str, fields: dict[str, object]) -> None:
    message, rejection = judge(topic, msgspec.json.encode(fields), NOW_MS)
    if message is None:
        assert rejection is not None
        assert rejection.refused
    else:
        assert message.unit == UNIT
