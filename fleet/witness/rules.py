"""What a witness answers (C2SP tlog-witness, `add-checkpoint`), as pure rules.

The one promise: of two checkpoints of one log that it ever cosigned, the smaller tree is a prefix of the larger.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.witness.errors import InvalidRequest
from fleet.witness.requests import Request, read_request
from protocols.errors import InvalidCheckpoint, InvalidNote, InvalidProof
from protocols.tlog.checkpoint import Checkpoint, read_checkpoint
from protocols.tlog.cosignature import cosign
from protocols.tlog.merkle import EMPTY_ROOT, verify_consistency
from protocols.tlog.note import Note, NoteSignature, VerifierKey, verify_note

MAX_TEXT_BYTES = 4096
"""Of a checkpoint without its signatures: leaves room for those in a note."""
MAX_KEYS = 8
"""Of one log."""
EvidenceKind = Literal["split-view", "unproven", "rolled-back"]
"""split-view: two roots for one size, signed by the log; proof of misbehaviour by itself. unproven: a larger tree
without a proof that it continues the known one. rolled-back: a smaller tree; it may be an old request sent again."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The latest checkpoint that was cosigned. `note` has the log's signatures and `cosignature`, of `at_s`."""

    checkpoint: Checkpoint
    note: Note
    cosignature: NoteSignature
    at_s: int


@dataclass(frozen=True, slots=True)
class TrustedLog:
    """A log: its origin, the keys it may sign with, and its latest checkpoint, None when none was cosigned."""

    origin: str
    keys: tuple[VerifierKey, ...]
    latest: Remembered | None = None

    @property
    def latest_size(self) -> int:
        """Leaves under the latest checkpoint."""
        return 0 if self.latest is None else self.latest.checkpoint.size

    @property
    def latest_root(self) -> bytes:
        """The root of the latest checkpoint, of the empty tree before the first."""
        return EMPTY_ROOT if self.latest is None else self.latest.checkpoint.root


@dataclass(frozen=True, slots=True)
class Accepted:
    """A checkpoint of `log` that may be cosigned; `note` has those of its signatures that are by the log's keys."""

    log: TrustedLog
    checkpoint: Checkpoint
    note: Note


@dataclass(frozen=True, slots=True)
class Refusal:
    """No cosignature. `conflict_size` is what a 409 tells; `evidence` when the log itself signed something odd."""

    status: HTTPStatus
    detail: str
    log: TrustedLog | None = None
    conflict_size: int | None = None
    evidence: EvidenceKind | None = None
    note: Note | None = None


def decide(body: bytes, logs: Mapping[str, TrustedLog]) -> Accepted | Refusal:
    """What to answer to the request `body`, for the witness of `logs`, by origin."""
    try:
        request = read_request(body)
    except InvalidRequest as error:
        return Refusal(HTTPStatus.BAD_REQUEST, error.detail)
    log = logs.get(request.origin)
    if log is None:
        return Refusal(HTTPStatus.NOT_FOUND, "the log is not known here")
    try:
        signed = signed_by_log(request.note, log)
    except InvalidNote as error:
        return Refusal(HTTPStatus.FORBIDDEN, error.detail, log)
    if len(request.note.body.encode()) > MAX_TEXT_BYTES:
        return Refusal(HTTPStatus.BAD_REQUEST, f"a checkpoint has at most {MAX_TEXT_BYTES} bytes of text here", log)
    try:
        checkpoint = read_checkpoint(request.note.body)
    except InvalidCheckpoint as error:
        return Refusal(_status_of_unreadable(request), error.detail, log)
    return _weigh(Accepted(log, checkpoint, signed), request)


def signed_by_log(note: Note, log: TrustedLog) -> Note:
    """`note` with one signature of each of the log's keys that signed it, and no others; raises InvalidNote when one
    is bad, or there is none."""
    verified = {(key.name, key.key_id) for key in verify_note(note, log.keys)}
    if not verified:
        raise InvalidNote("unsigned", "no key that is trusted for this log signed the checkpoint")
    by_key = {(each.name, each.key_id): each for each in note.signatures}
    return Note(note.body, tuple(each for key, each in by_key.items() if key in verified))


def _status_of_unreadable(request: Request) -> HTTPStatus:
    """C2SP asks for 422, not 400, when an empty tree has another root than the empty one."""
    _, _, rest = request.note.body.partition("\n")
    return HTTPStatus.UNPROCESSABLE_ENTITY if rest.startswith("0\n") else HTTPStatus.BAD_REQUEST


def _weigh(asked: Accepted, request: Request) -> Accepted | Refusal:
    """Hold a checkpoint that the log signed against the latest one."""
    log, checkpoint = asked.log, asked.checkpoint
    evidence = _oddity(log, checkpoint)
    if request.old_size > checkpoint.size:
        detail = "the old size is above the checkpoint's"
        return Refusal(HTTPStatus.BAD_REQUEST, detail, log, evidence=evidence, note=asked.note)
    if request.old_size != log.latest_size:
        detail = f"the latest size is {log.latest_size}, not {request.old_size}"
        return Refusal(HTTPStatus.CONFLICT, detail, log, log.latest_size, evidence, asked.note)
    try:
        verify_consistency(log.latest_size, log.latest_root, checkpoint.size, checkpoint.root, request.proof)
    except InvalidProof as error:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return Refusal(status, error.detail, log, evidence=evidence or "unproven", note=asked.note)
    return asked


def _oddity(log: TrustedLog, checkpoint: Checkpoint) -> EvidenceKind | None:
    if checkpoint.size < log.latest_size:
        return "rolled-back"
    if checkpoint.size == log.latest_size and checkpoint.root != log.latest_root:
        return "split-view"
    return None


def cosigned(accepted: Accepted, name: str, key: Ed25519PrivateKey, now_s: int) -> Remembered:
    """What is to be remembered once `accepted` is cosigned by the witness `name` at `now_s`, Unix seconds.

    The time is never before that of the cosignature before it, whatever the clock says, and never 0.
    """
    before_s = 1 if accepted.log.latest is None else accepted.log.latest.at_s
    at_s = max(now_s, before_s)
    signature = cosign(accepted.note.body, name, key, at_s)
    return Remembered(accepted.checkpoint, accepted.note.with_signatures([signature]), signature, at_s)
