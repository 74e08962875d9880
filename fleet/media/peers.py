"""Peer connections as the relay wants them: bound to given addresses, with given ICE servers and no others."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from aioice import Candidate, Connection
from aioice.stun import TransactionError
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpTransceiver,
)
from aiortc.codecs import get_capabilities
from aiortc.sdp import SessionDescription

from fleet.media.frames import MediaKind
from protocols.opening import MAX_SDP_CHARS, IceServer

_CLOSE_LIMIT_S = 5.0
_PING_LIMIT_S = 2.0
_MAX_SECTIONS = 2
_log = structlog.get_logger(__name__)
_CODEC: dict[MediaKind, str] = {"video": "video/H264", "audio": "audio/opus"}


@dataclass(frozen=True, slots=True)
class PeerSettings:
    """How connections are made.

    ice_servers: none means host candidates only; there is never a default server.
    addresses: the local addresses that become candidates; empty means all but loopback. A demo on one machine, and
        tests, name 127.0.0.1.
    """

    ice_servers: Sequence[IceServer] = ()
    addresses: tuple[str, ...] = ()


def new_connection(settings: PeerSettings) -> RTCPeerConnection:
    """A connection that has asked nobody for anything yet."""
    # A list is always given: without one aiortc asks a public STUN server.
    servers = [
        RTCIceServer(urls=list(server.urls), username=server.username, credential=server.credential)
        for server in settings.ice_servers
    ]
    return RTCPeerConnection(RTCConfiguration(iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


def bind(transceiver: RTCRtpTransceiver, addresses: tuple[str, ...]) -> None:
    """Gather candidates of the transceiver's transport on `addresses` only; before a local description is set."""
    if not addresses:
        return
    connection = ice_of(transceiver)
    gather = connection.get_component_candidates

    async def on_addresses(component: int, **_: object) -> list[Candidate]:
        return await gather(component=component, addresses=list(addresses))

    connection.get_component_candidates = on_addresses  # type: ignore[method-assign, assignment] # no setting for it


def ice_of(transceiver: RTCRtpTransceiver) -> Connection:
    """The ICE connection below `transceiver`."""
    return transceiver.receiver.transport.transport.iceGatherer._connection  # noqa: SLF001 - no public way to it


def prefer(transceiver: RTCRtpTransceiver, kind: MediaKind) -> None:
    """Negotiate H.264 or Opus, and nothing else.

    For an answer this has to be done before the remote description is set: afterwards aiortc has already chosen VP8,
    packets flow and no frame decodes.
    """
    wanted = {_CODEC[kind], f"{kind}/rtx"}
    transceiver.setCodecPreferences([codec for codec in get_capabilities(kind).codecs if codec.mimeType in wanted])


def read_description(text: str) -> SessionDescription:
    """A description of at most two media, each audio or video, with a DTLS fingerprint; raises ValueError."""
    if len(text) > MAX_SDP_CHARS:
        raise ValueError(f"it has more than {MAX_SDP_CHARS} characters")
    try:
        description = SessionDescription.parse(text)
    except Exception as error:  # aiortc's parser raises whatever a damaged text leads it to
        raise ValueError(f"it is no session description ({type(error).__name__})") from error
    kinds = [media.kind for media in description.media]
    if not kinds or len(kinds) > _MAX_SECTIONS or len(set(kinds)) != len(kinds) or set(kinds) - set(_CODEC):
        raise ValueError("it has to describe one video, one audio, or one of each")
    for media in description.media:
        if media.dtls is None or not media.dtls.fingerprints or media.ice is None or not media.ice.usernameFragment:
            raise ValueError("it lacks the DTLS fingerprint or the ICE user name")
    return description


def without_names(text: str) -> str:
    """The description without candidates that are names (mDNS, as browsers give them), and without the mark that there
    are no more. Such a peer is found by its own checks, and we ask no network for names that strangers hand us."""
    lines = text.splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("a=end-of-candidates")]
    return "".join(line for line in kept if not (line.startswith("a=candidate:") and ".local " in line))


async def round_trip_ms(transceiver: RTCRtpTransceiver) -> float | None:
    """How long the peer takes to answer a STUN check on the path in use; None when it does not in 2 s.

    A receiver of RTP learns no round-trip time from RTCP, and ICE's own checks keep none.
    """
    connection = ice_of(transceiver)
    pair = connection._nominated.get(1)  # noqa: SLF001 - no public way to the path in use
    if pair is None or connection.remote_password is None:
        return None
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    try:
        async with asyncio.timeout(_PING_LIMIT_S):
            request = connection.build_request(pair, nominate=False)
            await pair.protocol.request(request, pair.remote_addr, integrity_key=connection.remote_password.encode())
    except (TimeoutError, TransactionError, OSError):
        return None
    return (loop.time() - begun_s) * 1000


async def close(connection: RTCPeerConnection) -> None:
    """Close within five seconds; what takes longer is left, and told in the program's log."""
    try:
        async with asyncio.timeout(_CLOSE_LIMIT_S):
            await connection.close()
    except TimeoutError:
        _log.warning("a peer connection did not close in time", limit_s=_CLOSE_LIMIT_S)
