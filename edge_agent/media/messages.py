"""What agent and media child say to each other. No media library is imported here: the agent imports this module.

    agent → child   Begin, Stop
    child → agent   Ready, Answer, OfferUnusable, Began, Fault, Connection, Figures

One message is one JSON object with the tag `kind`; the channel that carries it keeps messages apart. Both ends are of
one installation, so unknown fields are refused. Order: Ready first, then, after Begin, Answer (or OfferUnusable) and
for each modality Began or Fault, in any order; Figures each second from then on. Deadlines are not said here: they
are the supervisor's (`edge_agent.capture`).
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge_agent.errors import AgentError

MAX_BYTES = 64 * 1024
"""Largest message, encoded."""

Modality = Literal["video", "audio"]
FaultReason = Literal["missing", "busy", "denied", "died", "unreadable", "timeout"]
Mode = Literal["pass-through", "re-encoding"]
ConnectionState = Literal["connecting", "connected", "failed", "closed"]

_Text = Annotated[str, Meta(max_length=500)]
_Sdp = Annotated[str, Meta(max_length=32 * 1024)]
_Source = Annotated[str, Meta(max_length=1024)]
_Count = Annotated[int, Meta(ge=0)]
_Figure = Annotated[float, Meta(ge=0)]


class MessageUnusable(AgentError):
    """Bytes from the other end that are no message; `detail` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"not a message between agent and media child: {detail}")
        self.detail = detail


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    pass


class IceServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A STUN or TURN server: `stun:host:port`, `turn:host:port?transport=udp|tcp`, `turns:host:port?transport=tcp`."""

    urls: tuple[_Text, ...]
    username: _Text = ""
    credential: _Text = ""

    def __repr__(self) -> str:
        """Without the credential."""
        return f"IceServer(urls={self.urls!r}, username={self.username!r})"


class Begin(_Message, frozen=True, kw_only=True, tag="begin"):
    """Open the sources of `modalities`, and answer `offer_sdp`.

    video_source, audio_source: see `edge_agent.media.sources`; "" for a modality that is not asked for. Where both
        are the same text, the source is opened once.
    ice_servers: none means host candidates only; there is never a default server.
    addresses: the local addresses that may be candidates; empty means all but loopback. A demo on one machine names
        127.0.0.1.
    relay_only: candidates of the TURN server only.
    """

    opening: _Text
    modalities: Annotated[tuple[Modality, ...], Meta(min_length=1, max_length=2)]
    video_source: _Source = ""
    audio_source: _Source = ""
    offer_sdp: _Sdp
    ice_servers: Annotated[tuple[IceServer, ...], Meta(max_length=8)] = ()
    addresses: Annotated[tuple[_Text, ...], Meta(max_length=16)] = ()
    relay_only: bool = False

    def __repr__(self) -> str:
        """Without sources, which may hold passwords, and without the offer."""
        return f"Begin(opening={self.opening!r}, modalities={self.modalities!r})"


class Stop(_Message, frozen=True, kw_only=True, tag="stop"):
    """Close what is open and end."""


class Ready(_Message, frozen=True, kw_only=True, tag="ready"):
    """All is loaded, and nothing is open."""


class Answer(_Message, frozen=True, kw_only=True, tag="answer"):
    """The answer to the offer, with every candidate in it."""

    sdp: _Sdp


class OfferUnusable(_Message, frozen=True, kw_only=True, tag="offer-unusable"):
    """The offer can not be answered; `detail` says why. Nothing stays open."""

    detail: _Text


class Began(_Message, frozen=True, kw_only=True, tag="began"):
    """The first picture or sound of `modality` was really read from its device, at `boot_ns` on CLOCK_BOOTTIME."""

    modality: Modality
    boot_ns: _Count


class Fault(_Message, frozen=True, kw_only=True, tag="fault"):
    """`modality` can not be sent, or not any more. `detail` is a sentence for people, without passwords.

    missing: no such device or host; busy: somebody else uses it; denied: no permission, or a wrong password;
    died: it worked and ended; unreadable: what comes is no picture or sound; timeout: nothing comes.
    """

    modality: Modality
    reason: FaultReason
    detail: _Text


class Connection(_Message, frozen=True, kw_only=True, tag="connection"):
    """The state of the connection to the controller."""

    state: ConnectionState


class VideoFigures(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of the second before: what was sent, how, and what the receiver says about it.

    source_kbit_s: what the camera delivers; target_kbit_s: what may be sent, 0 while passing through.
    gop_s: longest time between two key frames of the source lately, 0 when not known.
    loss_pct, rtt_ms: as the receiver reports, None before its first report.
    keyframe_requests: PLI and FIR since the beginning.
    """

    mode: Mode
    width: _Count
    height: _Count
    fps: _Figure
    kbit_s: _Figure
    source_kbit_s: _Figure
    target_kbit_s: _Figure = 0
    gop_s: _Figure = 0
    loss_pct: _Figure | None = None
    rtt_ms: _Figure | None = None
    keyframe_requests: _Count = 0


class AudioFigures(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of the second before; see VideoFigures."""

    kbit_s: _Figure
    loss_pct: _Figure | None = None
    rtt_ms: _Figure | None = None


class Figures(_Message, frozen=True, kw_only=True, tag="figures"):
    """About once a second; None for a modality of which nothing came yet.

    dropped: frames thrown away since the beginning because the child could not keep up.
    """

    video: VideoFigures | None = None
    audio: AudioFigures | None = None
    dropped: _Count = 0


ToChild = Begin | Stop
FromChild = Ready | Answer | OfferUnusable | Began | Fault | Connection | Figures

_ENCODER = msgspec.json.Encoder()
_TO_CHILD: msgspec.json.Decoder[ToChild] = msgspec.json.Decoder(ToChild)
_FROM_CHILD: msgspec.json.Decoder[FromChild] = msgspec.json.Decoder(FromChild)


def encode(message: ToChild | FromChild) -> bytes:
    """`message` as bytes, at most MAX_BYTES of them; raises MessageUnusable for a larger one."""
    return _bounded(_ENCODER.encode(message))


def to_child(body: bytes) -> ToChild:
    """The message to the child in `body`; raises MessageUnusable."""
    try:
        return _TO_CHILD.decode(_bounded(body))
    except msgspec.DecodeError as error:
        raise MessageUnusable(str(error)) from None


def from_child(body: bytes) -> FromChild:
    """The message from the child in `body`; raises MessageUnusable."""
    try:
        return _FROM_CHILD.decode(_bounded(body))
    except msgspec.DecodeError as error:
        raise MessageUnusable(str(error)) from None


def _bounded(body: bytes) -> bytes:
    if len(body) > MAX_BYTES:
        raise MessageUnusable(f"it has {len(body)} bytes, and {MAX_BYTES} is the limit")
    return body
