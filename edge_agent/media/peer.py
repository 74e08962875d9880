"""The connection to the controller: one answer to one offer, sending only."""

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from edge_agent.media.addressing import use_addresses
from edge_agent.media.errors import OfferNotUsable
from edge_agent.media.messages import Begin, Modality
from edge_agent.media.tracks import PacketTrack

_CODEC: dict[Modality, str] = {"video": "video/H264", "audio": "audio/opus"}
_SENDABLE = {"sendonly", "sendrecv"}
"""Directions of the offer, seen from here."""


def new_connection(begin: Begin) -> RTCPeerConnection:
    """A connection with the servers of `begin`. Raises OfferNotUsable for servers or addresses that are none."""
    servers = [
        RTCIceServer(urls=list(server.urls), username=server.username or None, credential=server.credential or None)
        for server in begin.ice_servers
    ]
    policy = RTCIceTransportPolicy.RELAY if begin.relay_only else RTCIceTransportPolicy.ALL
    try:
        use_addresses(begin.addresses)
        # A list is always given: without one aiortc asks a public STUN server.
        configuration = RTCConfiguration(
            iceServers=servers, iceTransportPolicy=policy, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE
        )
        return RTCPeerConnection(configuration)
    except ValueError as error:
        raise OfferNotUsable(f"an address or a server is none: {error}") from None


def add_track(connection: RTCPeerConnection, track: PacketTrack, modality: Modality) -> RTCRtpSender:
    """Have `track` sent. Before the offer is taken: codecs chosen later are not negotiated."""
    transceiver = connection.addTransceiver(track, direction="sendonly")
    codecs = RTCRtpSender.getCapabilities(modality).codecs
    wanted = {_CODEC[modality], f"{modality}/rtx"}
    transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType in wanted])
    return transceiver.sender


async def take_offer(connection: RTCPeerConnection, sdp: str, modalities: frozenset[Modality]) -> None:
    """Take the controller's offer for exactly `modalities`; raises OfferNotUsable.

    What else it offers is answered with "inactive": a unit receives nothing, and sends nothing unasked.
    """
    try:
        await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
    except Exception as error:  # noqa: BLE001 - whatever aiortc makes of foreign text, it is the offer that can not be used
        raise OfferNotUsable(f"{type(error).__name__}: {error}"[:300]) from None
    if connection.sctp is not None:
        raise OfferNotUsable("it offers a data channel, and a unit has none")
    asked = {_kind(transceiver) for transceiver in connection.getTransceivers() if _asked(transceiver)}
    if not modalities <= asked:
        raise OfferNotUsable(f"it does not ask for {' and '.join(sorted(modalities - asked))}")
    for transceiver in connection.getTransceivers():
        if transceiver.direction != "sendonly":
            transceiver.direction = "inactive"


async def answer(connection: RTCPeerConnection) -> str:
    """The answer, with every candidate; raises OfferNotUsable where none can be gathered."""
    try:
        await connection.setLocalDescription(await connection.createAnswer())
    except Exception as error:  # noqa: BLE001 - sockets, servers and SDP alike: no answer can be given
        raise OfferNotUsable(f"{type(error).__name__}: {error}"[:300]) from None
    return connection.localDescription.sdp


def _asked(transceiver: RTCRtpTransceiver) -> bool:
    """Whether the offer names this one of ours and wants to receive it."""
    wanted = transceiver._offerDirection  # noqa: SLF001 - told nowhere else before the answer
    return transceiver.mid is not None and transceiver.direction == "sendonly" and wanted in _SENDABLE


def _kind(transceiver: RTCRtpTransceiver) -> Modality:
    return "video" if transceiver.kind == "video" else "audio"
