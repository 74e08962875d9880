"""What the words of the capturing children mean for an opening. Pure."""

from edge_agent.errors import PositionFault, PositionUnavailable
from edge_agent.media import messages as media
from edge_agent.openings.opener import GONE, Answered, Began, Event, Failed, Found
from edge_agent.position import messages as position
from protocols.opening import MAX_SDP_CHARS, Degrees

_MEDIA_RULES: dict[media.FaultReason, str] = {
    "missing": "device-missing",
    "busy": "device-busy",
    "denied": "device-denied",
    "died": "device-died",
    "unreadable": "device-unreadable",
    "timeout": "device-unreadable",
}
_POSITION_RULES: dict[PositionFault, str] = {**_MEDIA_RULES, "timeout": "no-fix"}


def of_media(payload: bytes) -> Event | None:
    """What the media child says; None for what concerns nobody here. Raises `media.messages.MessageUnusable`."""
    match media.from_child(payload):
        case media.Answer(sdp=sdp):
            return Answered(sdp) if len(sdp) <= MAX_SDP_CHARS else Failed("media-failed", "the answer is too long")
        case media.Began(modality=modality):
            return Began(modality)
        case media.Fault(modality=modality, reason=reason, detail=detail):
            return Failed(_MEDIA_RULES[reason], f"{modality}: {detail}")
        case media.OfferUnusable(detail=detail):
            return Failed("media-failed", f"the offer can not be answered: {detail}")
        case media.Connection(state="failed"):
            return Failed("media-failed", "no media connection to the controller; check the network between them")
        case media.Connection(state="closed"):
            return Failed(GONE, "whoever received picture and sound is gone")
        case _:
            return None


def of_position(payload: bytes) -> Event | None:
    """What the position child says; None for what concerns nobody here. Raises InvalidMessage."""
    match position.decode_from_child(payload):
        case position.Found(fix=fix):
            at = Degrees(latitude_deg=fix.latitude_deg, longitude_deg=fix.longitude_deg)
            return Found(at, fix.hdop, fix.satellites)
        case position.Fault(reason=reason):
            return Failed(_POSITION_RULES[reason], str(PositionUnavailable(reason)))
        case _:
            return None
