"""Every word of the capturing children ends in a word that the log knows."""

from typing import get_args

import pytest

from edge_agent.errors import PositionFault
from edge_agent.media import messages as media
from edge_agent.openings.child_words import of_media, of_position
from edge_agent.openings.opener import Failed, Found
from edge_agent.position import messages as position
from protocols.access_record import REASONS
from protocols.errors import InvalidMessage

DEVICE = {"missing", "busy", "denied", "died", "unreadable"}


@pytest.mark.parametrize("word", get_args(PositionFault))
def test_each_fault_of_a_receiver_closes_with_a_reason_that_the_log_knows(word: PositionFault) -> None:
    event = of_position(position.encode(position.Fault(reason=word)))
    assert isinstance(event, Failed)
    assert event.rule == (f"device-{word}" if word in DEVICE else "no-fix")
    assert event.rule in REASONS
    assert word in event.detail


@pytest.mark.parametrize("word", get_args(media.FaultReason))
def test_each_fault_of_a_camera_or_microphone_does_too(word: media.FaultReason) -> None:
    event = of_media(media.encode(media.Fault(modality="video", reason=word, detail="/dev/video0")))
    assert isinstance(event, Failed)
    assert event.rule == (f"device-{word}" if word in DEVICE else "device-unreadable")
    assert (event.rule in REASONS, event.detail) == (True, "video: /dev/video0")


def test_a_position_is_found_and_readiness_is_no_event() -> None:
    fix = position.Fix(latitude_deg=51.5, longitude_deg=-0.1, hdop=0.9, quality=1, satellites=9)
    found = of_position(position.encode(position.Found(fix=fix)))
    assert isinstance(found, Found)
    assert (found.at.latitude_deg, found.hdop, found.satellites) == (51.5, 0.9, 9)
    assert of_position(position.encode(position.Ready())) is None


def test_words_of_nobody_are_refused() -> None:
    with pytest.raises(InvalidMessage):
        of_position(b'{"type":"fault","reason":"no-fix"}')
    with pytest.raises(media.MessageUnusable):
        of_media(b'{"type":"fault","modality":"video","reason":"no-fix","detail":""}')
