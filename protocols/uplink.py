"""Messages a unit sends: health, events, command results, and the session it speaks in.

JSON, at most 64 KiB, format version `v`. Fields this version does not know are ignored going up.
`decode_up` is the one place that reads them.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocols.access_record import MAX_RECORD_CHARS
from protocols.commands import CommandId
from protocols.errors import InvalidMessage, MessageTooLarge, UnknownVersion, WrongUnit
from protocols.health import Count, Digest, HealthReport, Seq, UnixMs
from protocols.ids import Nonce
from protocols.opening import SealedSignal
from protocols.releases.reports import UpdateReport
from protocols.settings import SettingsVersion
from protocols.text import LongText, ShortText, SummaryText
from protocols.topics import MAX_PAYLOAD_BYTES, UpTopic

VERSION = 1
MAX_BATCH = 100
"""Reports or events in one message at the most."""

SpoolId = Annotated[int, Meta(ge=1, lt=1 << 53)]
Severity = Literal["info", "warning", "alarm"]


# Messages hold no cycles, and a controller holds thousands of them: left out of the collector's rounds (gc=False).
class UnitEvent(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """Something that happened on a unit: `kind` is a kebab-case word, `summary` one line for a person.

    `record` is the exact text of a record of the unit's own chain (`protocols.access_record`), where the event is that;
    `update` how far an update has come, where it is about one.
    """

    seq: Seq
    sampled_at_ms: UnixMs
    kind: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$(?!\n)")]
    severity: Severity = "info"
    summary: SummaryText
    record: Annotated[str, Meta(max_length=MAX_RECORD_CHARS)] | None = None
    update: UpdateReport | None = None


class UpMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", gc=False):
    """What every message from a unit carries: version, the unit's own id, its session nonce."""

    v: int = VERSION
    unit: str
    session: Nonce


class HealthBatch(UpMessage, tag="health", frozen=True, kw_only=True):
    """On `up/<unit>/health`: one live report, or up to 100 when catching up."""

    spool_id: SpoolId
    settings_version: SettingsVersion = 0
    reports: Annotated[list[HealthReport], Meta(min_length=1, max_length=MAX_BATCH)]


class EventBatch(UpMessage, tag="event", frozen=True, kw_only=True):
    """On `up/<unit>/event`."""

    spool_id: SpoolId
    events: Annotated[list[UnitEvent], Meta(min_length=1, max_length=MAX_BATCH)]


class CommandResult(UpMessage, tag="result", frozen=True, kw_only=True):
    """On `up/<unit>/result`: what became of a command. `reason` says why when it is refused or failed."""

    command_id: CommandId
    state: Literal["accepted", "done", "refused", "failed"]
    reason: LongText = ""


class SessionState(UpMessage, tag="session", frozen=True, kw_only=True):
    """On `up/<unit>/lwt`: sent after connecting (`up` true) and, as the will, by the broker (`up` false).

    A hint, never evidence: a broker can invent it. `connection` is the nonce that the MQTT connection began with: the
    will, which was fixed then, ends whatever session that connection has come to. `boot_id` is the kernel's,
    `next_seq` the spool's next number.
    """

    up: bool
    connection: Nonce
    boot_id: ShortText = ""
    agent_version: ShortText = ""
    model: ShortText = ""
    settings_version: SettingsVersion = 0
    spool_id: SpoolId | None = None
    next_seq: Seq | None = None


class SessionProof(UpMessage, tag="proof", frozen=True, kw_only=True):
    """On `up/<unit>/lwt`: the answer to a Welcome, signed with the key of the certificate the unit connects with.

    The only evidence of who is connected: a broker can delay it, but not make it. `challenge` is the Welcome's,
    `certificate` the serial in lower-case hexadecimal, `next_seq` the spool's next number when it was signed,
    `signature` (base64) covers `proof_text`: ECDSA with SHA-256 in DER for a P-256 key, else Ed25519.
    `access_records` and `access_head` are the length and head of the unit's own chain of records when it was signed;
    both, or neither of a unit that keeps none or can not read it.
    """

    challenge: Nonce
    certificate: Annotated[str, Meta(pattern=r"^[0-9a-f]{1,40}$(?!\n)")]
    boot_id: ShortText
    spool_id: SpoolId
    next_seq: Seq
    signature: Annotated[str, Meta(max_length=128)]
    access_records: Count | UnsetType = UNSET
    access_head: Digest | UnsetType = UNSET

    def __post_init__(self) -> None:
        if (self.access_records is UNSET) != (self.access_head is UNSET):
            raise ValueError("access_records and access_head come together")


_PROOF_PREFIX = b"muster session proof v1\n"


def proof_text(proof: SessionProof) -> bytes:
    """What `proof.signature` covers: a fixed prefix, then the fields but the signature, each on a line of its own;
    length and head of the chain of records only where they are given."""
    fields = (proof.unit, proof.session, proof.challenge, proof.certificate, proof.boot_id)
    lines = [*fields, str(proof.spool_id), str(proof.next_seq)]
    if proof.access_records is not UNSET and proof.access_head is not UNSET:
        lines += [str(proof.access_records), proof.access_head]
    return _PROOF_PREFIX + "\n".join(lines).encode()


class SignalMessage(UpMessage, tag="signal", frozen=True, kw_only=True):
    """On `up/<unit>/signal`: what a unit says about an opening (`protocols.opening`)."""

    sealed: SealedSignal


class PositionMessage(UpMessage, tag="position", frozen=True, kw_only=True):
    """On `up/<unit>/position`: a `protocols.opening.PositionFound`, and nothing else."""

    sealed: SealedSignal


AnyUpMessage = HealthBatch | EventBatch | CommandResult | SessionState | SessionProof | SignalMessage | PositionMessage

_CHANNEL_OF: dict[type[UpMessage], str] = {
    HealthBatch: "health",
    EventBatch: "event",
    CommandResult: "result",
    SessionState: "lwt",
    SessionProof: "lwt",
    SignalMessage: "signal",
    PositionMessage: "position",
}


class _Header(msgspec.Struct, frozen=True):
    v: int = VERSION


_decoder: msgspec.json.Decoder[AnyUpMessage] = msgspec.json.Decoder(AnyUpMessage)
_header_decoder = msgspec.json.Decoder(_Header)
_encoder = msgspec.json.Encoder()


def encode_up(message: AnyUpMessage) -> bytes:
    """JSON bytes of `message`; raises MessageTooLarge above 64 KiB."""
    payload = _encoder.encode(message)
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise MessageTooLarge(len(payload), MAX_PAYLOAD_BYTES)
    return payload


def decode_up(topic: UpTopic, payload: bytes) -> AnyUpMessage:
    """Read the payload that arrived on `topic`.

    Raises MessageTooLarge, UnknownVersion, WrongUnit or InvalidMessage; never anything else, whatever the bytes.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise MessageTooLarge(len(payload), MAX_PAYLOAD_BYTES)
    try:
        message = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _explain(payload, error) from error
    if message.v != VERSION:
        raise UnknownVersion(message.v)
    if message.unit != topic.unit_id:
        raise WrongUnit(message.unit, topic.unit_id)
    if _CHANNEL_OF[type(message)] != topic.channel:
        raise InvalidMessage(f"a {type(message).__name__} does not belong on channel {topic.channel!r}")
    return message


def _explain(payload: bytes, error: Exception) -> InvalidMessage:
    """A version from the future usually breaks the schema first; say the version rather than the symptom."""
    try:
        header = _header_decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return InvalidMessage(str(error)[:300])
    return UnknownVersion(header.v) if header.v != VERSION else InvalidMessage(str(error)[:300])
