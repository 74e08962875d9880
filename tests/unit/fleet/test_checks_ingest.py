"""What units say about openings, as ingest judges it before anything is checked that needs the database."""

import pytest

from fleet.ingest.judge import judge
from fleet.ingest.subscriber import filters
from protocols.opening import Closed, Degrees, PositionFound, Signal, seal_signal, signal_text
from protocols.topics import UpChannel, up
from protocols.uplink import PositionMessage, SignalMessage, encode_up

UNIT = "unit-abcd2345"
OPENING = "open-0123456789abcdef01234567"
CLOSED = Closed(opening=OPENING, reason="asked", open_s=7)
FOUND = PositionFound(opening=OPENING, at=Degrees(latitude_deg=51.123456, longitude_deg=-1.765432), hdop=1.1)


def judged(channel: UpChannel, text: str) -> tuple[object, str | None]:
    """The message that is taken, and the reason it is refused for."""
    kind = PositionMessage if channel == "position" else SignalMessage
    sealed = seal_signal(text, "ab12", b"signature")
    message, rejection = judge(up(UNIT, channel), encode_up(kind(unit=UNIT, session="0" * 32, sealed=sealed)), 0)
    assert rejection is None or "51.1" not in rejection.summary
    return message, None if rejection is None else rejection.reason


@pytest.mark.parametrize(("channel", "signal"), [("signal", CLOSED), ("position", FOUND)])
def test_a_signal_on_its_own_channel_is_taken(channel: UpChannel, signal: Signal) -> None:
    message, reason = judged(channel, signal_text(signal))
    assert message is not None
    assert reason is None
    assert "51.1" not in repr(message)


@pytest.mark.parametrize(
    ("channel", "text"),
    [
        ("signal", signal_text(FOUND)),
        ("position", signal_text(CLOSED)),
        ("signal", "{}"),
        ("signal", signal_text(CLOSED).replace("open-", "shut-")),
        ("position", signal_text(FOUND).replace("51.1", "951.1")),
    ],
)
def test_what_is_no_signal_of_its_channel_is_refused_as_malformed(channel: UpChannel, text: str) -> None:
    assert judged(channel, text) == (None, "malformed")


def test_controllers_that_share_what_units_report_each_hear_all_signals() -> None:
    shared = filters("fleet")
    assert "$share/fleet/up/+/health" in shared
    assert {"up/+/signal", "up/+/position"} < set(shared)
