"""Negotiating the H.264 profile that a camera has, whatever it is, although aiortc knows two profiles only.

Nothing here is encoded or decoded, so aiortc need not know the profile: it is shown the browser's offer with the chosen
payload type under a profile that it knows, and its answer is given back under the name that the browser uses.
"""

import re
from dataclasses import dataclass

from aiortc.sdp import H264Profile, SessionDescription, parse_h264_profile_level_id

KNOWN = "42e01f"
"""Constrained baseline, level 3.1: the name under which aiortc negotiates."""

_PLAYED_BY: dict[H264Profile, tuple[H264Profile, ...]] = {
    H264Profile.PROFILE_CONSTRAINED_BASELINE: (
        H264Profile.PROFILE_CONSTRAINED_BASELINE,
        H264Profile.PROFILE_BASELINE,
        H264Profile.PROFILE_MAIN,
        H264Profile.PROFILE_HIGH,
    ),
    H264Profile.PROFILE_BASELINE: (H264Profile.PROFILE_BASELINE,),
    H264Profile.PROFILE_MAIN: (H264Profile.PROFILE_MAIN, H264Profile.PROFILE_HIGH),
    H264Profile.PROFILE_CONSTRAINED_HIGH: (H264Profile.PROFILE_CONSTRAINED_HIGH, H264Profile.PROFILE_HIGH),
    H264Profile.PROFILE_HIGH: (H264Profile.PROFILE_HIGH,),
}
"""Decoders of which profiles play a stream of a profile (H.264, A.2), the best first."""
_FMTP = re.compile(r"^a=fmtp:(\d+) (.*)$")


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload type of the browser's offer, and its profile-level-id there."""

    payload_type: int
    profile_level_id: str


def profile_of(profile_level_id: str) -> H264Profile | None:
    """The H.264 profile that `profile_level_id` names (RFC 6184); None for an unknown one."""
    try:
        return parse_h264_profile_level_id(profile_level_id)[0]
    except ValueError:
        return None


def h264_payloads(offer: SessionDescription) -> list[Payload]:
    """The H.264 payload types of an offer in packetisation mode 1, which is the one that is sent."""
    return [
        Payload(codec.payloadType, str(codec.parameters.get("profile-level-id", KNOWN)))
        for media in offer.media
        if media.kind == "video"
        for codec in media.rtp.codecs
        if codec.payloadType is not None
        and codec.mimeType.lower() == "video/h264"
        and str(codec.parameters.get("packetization-mode", "0")) == "1"
    ]


def chosen(payloads: list[Payload], profile_level_id: str) -> Payload | None:
    """The best of `payloads` to play a stream whose parameter set has `profile_level_id`; None if none does."""
    profile = profile_of(profile_level_id)
    for played_by in _PLAYED_BY.get(profile, ()) if profile else ():
        for payload in payloads:
            if profile_of(payload.profile_level_id) == played_by:
                return payload
    return None


def shown_to_aiortc(offer: str, payload: Payload) -> str:
    """`offer` with `payload` under the KNOWN profile, and no other payload type that aiortc could choose instead."""
    lines = offer.splitlines(keepends=True)
    return "".join(_relabelled(line, payload) for line in lines)


def _relabelled(line: str, payload: Payload) -> str:
    found = _FMTP.match(line.rstrip("\r\n"))
    if found is None or "packetization-mode=1" not in found[2]:
        return line
    if int(found[1]) != payload.payload_type:
        return line.replace("packetization-mode=1", "packetization-mode=0")
    return f"a=fmtp:{found[1]} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={KNOWN}\r\n"


def shown_to_browser(answer: str, payload: Payload) -> str:
    """aiortc's `answer` with the profile that the browser offered for `payload`."""
    return answer.replace(f"profile-level-id={KNOWN}", f"profile-level-id={payload.profile_level_id}")
