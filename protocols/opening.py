"""Opening a unit: what controller and unit say to each other on the `signal` channels, and where the unit is.

    controller                                 unit
    AskNonce          ───────────────────────► makes a nonce, begins to count
                      ◄─────────────────────── NonceMade
    writes lease.granted, waits for its receipt
    GrantLease        ───────────────────────► verifies, records, opens
                      ◄─────────────────────── Answered | Refused
    AskNonce … GrantLease without an offer, to go on
    CloseOpening      ───────────────────────►
                      ◄─────────────────────── Closed

What goes down is in the controller's signed envelope. What goes up is signed with the key of the unit's certificate, so
that a broker can not put itself between the two ends of the media: the session description is in what each end signs,
with unit, opening and nonce.
"""

from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import Annotated

import msgspec
from msgspec import Meta

from protocols.access_record import Modality
from protocols.errors import InvalidSignal
from protocols.ids import Nonce, OpeningId
from protocols.lease import LoggedLease
from protocols.mandate import SignedMandate
from protocols.text import ShortText, SummaryText

MAX_SDP_CHARS = 16 * 1024
MAX_SIGNAL_CHARS = 24 * 1024
SIGNAL_PREFIX = b"muster signal v1\n"

Sdp = Annotated[str, Meta(min_length=1, max_length=MAX_SDP_CHARS)]
Rule = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$(?!\n)")]
"""One of `protocols.access_record.REASONS`."""


class IceServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A STUN or TURN server; the credentials live minutes."""

    urls: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(min_length=1, max_length=4)]
    username: Annotated[str, Meta(max_length=200)] = ""
    credential: Annotated[str, Meta(max_length=200)] = ""


class MediaOffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The controller's session description for the media of an opening, and the ICE servers that the unit may use."""

    sdp: Sdp
    ice_servers: Annotated[list[IceServer], Meta(max_length=4)] = []


class AskNonce(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="ask-nonce", tag_field="type"):
    """On `down/<unit>/signal`: make a fresh nonce for `opening`, which is to begin or to go on."""

    opening: OpeningId
    modalities: Annotated[list[Modality], Meta(min_length=1, max_length=3)]


class GrantLease(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="grant-lease", tag_field="type"):
    """On `down/<unit>/signal`: open, or stay open. `offer` is there for the first lease of an opening with media.

    Carried by a laptop it is the same, in a file: nothing in it depends on the envelope.
    """

    mandate: SignedMandate
    logged: LoggedLease
    offer: MediaOffer | None = None


class CloseOpening(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="close-opening", tag_field="type"):
    """On `down/<unit>/signal`: close now; `reason` is one of `protocols.access_record.REASONS`."""

    opening: OpeningId
    reason: Rule


DownSignal = AskNonce | GrantLease | CloseOpening


class _Up(msgspec.Struct, frozen=True, kw_only=True, tag_field="signal"):
    opening: OpeningId


class NonceMade(_Up, tag="nonce-made", frozen=True, kw_only=True):
    """The unit waits for a lease that answers `nonce`."""

    nonce: Nonce
    boot_id: ShortText


class Answered(_Up, tag="answered", frozen=True, kw_only=True):
    """The lease that answers `nonce` is obeyed; `sdp` answers the offer, if there was one."""

    nonce: Nonce
    sdp: Sdp | None = None


class Refused(_Up, tag="refused", frozen=True, kw_only=True):
    """The unit does not open, or does not stay open longer, by `rule`; `detail` is a sentence for a person."""

    rule: Rule
    nonce: Nonce | None = None
    detail: SummaryText = ""


class Closed(_Up, tag="closed", frozen=True, kw_only=True):
    """The unit has closed, `open_s` seconds after it opened."""

    reason: Rule
    open_s: Annotated[int, Meta(ge=0, lt=1 << 31)]
    detail: SummaryText = ""


class Degrees(msgspec.Struct, frozen=True, kw_only=True):
    """A position, WGS 84. It is not shown by `repr`: no log and no traceback may hold one."""

    latitude_deg: Annotated[float, Meta(ge=-90, le=90)]
    longitude_deg: Annotated[float, Meta(ge=-180, le=180)]

    def __repr__(self) -> str:
        return "Degrees(…)"


class PositionFound(_Up, tag="position-found", frozen=True, kw_only=True):
    """On `up/<unit>/position`, never spooled: where the unit is, and how good the fix was."""

    at: Degrees
    hdop: Annotated[float, Meta(ge=0, le=100)]
    satellites: Annotated[int, Meta(ge=0, le=200)] | None = None


Signal = NonceMade | Answered | Refused | Closed | PositionFound

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Signal] = msgspec.json.Decoder(Signal)


class SealedSignal(msgspec.Struct, frozen=True, kw_only=True):
    """A signal as it travels: its text, the serial of the unit's certificate in lower-case hexadecimal, and a
    signature in base64 over `signal_bytes`: ECDSA with SHA-256 in DER for a P-256 key, else Ed25519."""

    text: Annotated[str, Meta(max_length=MAX_SIGNAL_CHARS)]
    certificate: Annotated[str, Meta(pattern=r"^[0-9a-f]{1,40}$(?!\n)")]
    signature: Annotated[str, Meta(max_length=128)]

    def __repr__(self) -> str:
        return f"SealedSignal({self.certificate}, …)"  # the text may say where the unit is


def signal_text(signal: Signal) -> str:
    """The JSON text of `signal`."""
    return _encoder.encode(signal).decode()


def signal_bytes(unit: str, text: str) -> bytes:
    """What a unit's signature under a signal covers: a prefix, the unit, the text."""
    return SIGNAL_PREFIX + f"{unit}\n{text}".encode()


def seal_signal(text: str, certificate: str, signature: bytes) -> SealedSignal:
    """The signal in `text` with the `signature` that the key of `certificate` made over its `signal_bytes`."""
    return SealedSignal(text=text, certificate=certificate, signature=b64encode(signature).decode())


def signature_of(sealed: SealedSignal) -> bytes:
    """The signature's bytes; raises InvalidSignal `malformed`."""
    try:
        raw = a2b_base64(sealed.signature, strict_mode=True)
    except (Base64Error, ValueError) as error:
        raise InvalidSignal("malformed", "the signature under the signal is not base64") from error
    return raw


def read_signal(sealed: SealedSignal) -> Signal:
    """What the unit says, once its signature has been checked; raises InvalidSignal `malformed`."""
    try:
        return _decoder.decode(sealed.text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidSignal("malformed", f"the signal can not be read ({error})"[:200]) from error
