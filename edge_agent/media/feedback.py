"""What the receiver says about a stream that is sent: estimate, key frame requests, loss, round-trip time.

The seam into aiortc: `RTCRtpSender._handle_rtcp_packet`, through which every RTCP packet for a sender goes, is wrapped
on the sender itself; loss and time come from its public statistics. aiortc keeps the estimate (REMB) and the requests
(PLI, FIR) for its own encoder, which is not used here. `tests/unit/edge_agent/test_media_seams.py` holds the seam.
"""

from collections.abc import Callable
from typing import Any

from aiortc import RTCRemoteInboundRtpStreamStats, RTCRtpSender
from aiortc.rtp import RTCP_PSFB_APP, RTCP_PSFB_FIR, RTCP_PSFB_PLI, RtcpPsfbPacket, unpack_remb_fci

_FRACTION = 256


class Feedback:
    """Of one sender."""

    def __init__(self, sender: RTCRtpSender, on_keyframe_request: Callable[[], None]) -> None:
        """Listen from now on."""
        self._on_keyframe_request = on_keyframe_request
        self.estimate_bit_s: float | None = None
        self.keyframe_requests = 0
        self.loss: float | None = None
        self.rtt_s: float | None = None
        self._sender = sender
        self._handle = sender._handle_rtcp_packet  # noqa: SLF001 - the seam
        sender._handle_rtcp_packet = self._listen  # type: ignore[method-assign] # noqa: SLF001 - the seam

    async def _listen(self, packet: Any) -> None:
        if isinstance(packet, RtcpPsfbPacket):
            self._note(packet)
        await self._handle(packet)

    def _note(self, packet: RtcpPsfbPacket) -> None:
        if packet.fmt in {RTCP_PSFB_PLI, RTCP_PSFB_FIR}:
            self.keyframe_requests += 1
            self._on_keyframe_request()
        elif packet.fmt == RTCP_PSFB_APP:
            try:
                self.estimate_bit_s = float(unpack_remb_fci(packet.fci)[0])
            except ValueError:  # another application's packet: there is no estimate in it
                return

    async def refresh(self) -> None:
        """Take up loss (0 … 1) and round-trip time as last reported."""
        for report in (await self._sender.getStats()).values():
            if isinstance(report, RTCRemoteInboundRtpStreamStats):
                self.loss = report.fractionLost / _FRACTION
                self.rtt_s = report.roundTripTime
