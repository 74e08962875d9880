"""What the supervisor takes for a request, and which deadlines it grants."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_agent.capture import control
from edge_agent.errors import CaptureRequestMalformed

OPENING = "open-0123456789abcdef01234567"
OPEN = {"do": "open", "opening": OPENING, "deadline_boot_ns": 5}

times_ns = st.integers(min_value=0, max_value=1 << 62)


@given(
    st.builds(
        lambda do, digits: (do, f"open-{digits:024x}"), st.sampled_from(["open", "extend"]), st.integers(0, 1 << 95)
    ),
    times_ns,
)
def test_a_request_is_read_as_it_was_written(asked: tuple[str, str], deadline_boot_ns: int) -> None:
    do, opening = asked
    data = control.encode({"do": do, "opening": opening, "deadline_boot_ns": deadline_boot_ns})
    assert control.request_from(data) == (do, opening, deadline_boot_ns)


def test_a_kill_names_no_deadline() -> None:
    assert control.request_from(control.encode({"do": "kill", "opening": OPENING})) == ("kill", OPENING, 0)


@given(st.binary(max_size=600))
@example(b"")
@example(b"[" * 512)
@example(b'{"do":"open","opening":"' + OPENING.encode() + b'","deadline_boot_ns":1e400}')
@example(b'{"do":"open","opening":"' + OPENING.encode() + b'","deadline_boot_ns":' + b"9" * 400 + b"}")
def test_any_bytes_are_a_request_or_malformed(data: bytes) -> None:
    try:
        request = control.request_from(data)
    except CaptureRequestMalformed:
        return
    assert request.do in {"open", "extend", "kill"}
    assert isinstance(request.deadline_boot_ns, int)


@pytest.mark.parametrize(
    "message",
    [
        OPEN | {"more": 1},
        OPEN | {"do": "look"},
        OPEN | {"do": ["open"]},
        OPEN | {"do": "kill"},
        OPEN | {"opening": OPENING.upper()},
        OPEN | {"opening": f"{OPENING}\n"},
        OPEN | {"opening": None},
        OPEN | {"deadline_boot_ns": True},
        OPEN | {"deadline_boot_ns": 5.0},
        OPEN | {"deadline_boot_ns": "5"},
        {"do": "extend", "opening": OPENING},
        [OPEN],
        "open",
        None,
    ],
)
def test_what_is_not_exactly_a_request_is_malformed(message: object) -> None:
    with pytest.raises(CaptureRequestMalformed):
        control.request_from(json.dumps(message).encode())


@given(times_ns, times_ns)
def test_no_child_may_run_from_the_past_or_beyond_the_limit(deadline_boot_ns: int, now_boot_ns: int) -> None:
    refusal = control.deadline_refusal(deadline_boot_ns, now_boot_ns)
    assert (refusal is None) == (now_boot_ns < deadline_boot_ns <= now_boot_ns + 960_000_000_000)


@given(times_ns, times_ns, times_ns)
def test_an_extension_is_later_and_in_time_and_within_the_limit(deadline_ns: int, until_ns: int, now_ns: int) -> None:
    granted = control.extension_refusal(deadline_ns, until_ns, now_ns) is None
    assert granted == (now_ns < until_ns < deadline_ns <= now_ns + 960_000_000_000)


def test_each_refusal_of_a_deadline_has_its_word() -> None:
    assert control.deadline_refusal(10, 10) == "past"
    assert control.deadline_refusal(960_000_000_001, 0) == "too-far"
    assert control.extension_refusal(20, 10, 10) == "ending"
    assert control.extension_refusal(10, 10, 5) == "not-later"
    assert control.extension_refusal(960_000_000_006, 10, 5) == "too-far"
