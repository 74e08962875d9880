"""Messages between agent and media child: there and back, bounded, and silent about secrets."""

import subprocess
import sys

import pytest

from edge_agent.media.messages import (
    MAX_BYTES,
    Answer,
    AudioFigures,
    Began,
    Begin,
    Connection,
    Fault,
    Figures,
    FromChild,
    IceServer,
    MessageUnusable,
    OfferUnusable,
    Ready,
    Stop,
    ToChild,
    VideoFigures,
    encode,
    from_child,
    to_child,
)

TURN = IceServer(urls=("turn:turn.example:3478?transport=udp",), username="1:unit", credential="s3cret")
BEGIN = Begin(
    opening="open-0123456789abcdef01234567",
    modalities=("video", "audio"),
    video_source="rtsp://user:hidden@camera/1",
    audio_source="rtsp://user:hidden@camera/1",
    offer_sdp="v=0\r\n",
    ice_servers=(TURN,),
    addresses=("127.0.0.1",),
)
VIDEO = VideoFigures(mode="pass-through", width=640, height=360, fps=15.0, kbit_s=400.5, source_kbit_s=400.5)


@pytest.mark.parametrize("message", [BEGIN, Stop()])
def test_what_is_said_to_the_child_arrives(message: ToChild) -> None:
    assert to_child(encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        Ready(),
        Answer(sdp="v=0\r\n"),
        OfferUnusable(detail="no H.264"),
        Began(modality="video", boot_ns=5),
        Fault(modality="audio", reason="busy", detail="taken"),
        Connection(state="failed"),
        Figures(video=VIDEO, audio=AudioFigures(kbit_s=24.0, loss_pct=1.5, rtt_ms=80.0), dropped=3),
    ],
)
def test_what_the_child_says_arrives(message: FromChild) -> None:
    assert from_child(encode(message)) == message


def test_secrets_are_in_no_repr() -> None:
    shown = repr(BEGIN) + repr(TURN) + str(BEGIN)
    assert "hidden" not in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"kind":"begun"}',
        b'{"kind":"stop","more":1}',
        b'{"kind":"deadline","boot_ns":1}',
        b'{"kind":"ready"}',
        b'{"kind":"begin","opening":"o","modalities":[],"offer_sdp":""}',
        b'{"kind":"begin","opening":"o","modalities":["position"],"offer_sdp":""}',
        b" " * (MAX_BYTES + 1),
    ],
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(MessageUnusable):
        to_child(body)


def test_a_message_over_the_limit_is_not_made() -> None:
    with pytest.raises(MessageUnusable):
        encode(Answer(sdp="x" * MAX_BYTES))


def test_the_messages_load_no_media_library() -> None:
    program = "import sys, edge_agent.media.messages; print(sorted({'av', 'aiortc'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
