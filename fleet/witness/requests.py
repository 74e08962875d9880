"""The `add-checkpoint` request of C2SP tlog-witness: an old size, a consistency proof, an empty line, a checkpoint."""

from dataclasses import dataclass

from fleet.witness.errors import InvalidRequest
from protocols.errors import InvalidNote
from protocols.tlog.forms import from_decimal, from_hash_line
from protocols.tlog.merkle import MAX_PROOF_HASHES
from protocols.tlog.note import MAX_NOTE_BYTES, Note, read_note

_OLD = "old "
_HASH_LINE_BYTES = 45
MAX_REQUEST_BYTES = 32 + (MAX_PROOF_HASHES + 1) * _HASH_LINE_BYTES + MAX_NOTE_BYTES


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it says: nothing is verified yet. `origin` is the first line of the note's text."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note

    @property
    def origin(self) -> str:
        """The log that the checkpoint is said to be of."""
        return self.note.body.partition("\n")[0]


def read_request(body: bytes) -> Request:
    """The request in `body`; raises InvalidRequest."""
    if len(body) > MAX_REQUEST_BYTES:
        raise InvalidRequest(f"a request has at most {MAX_REQUEST_BYTES} bytes")
    try:
        head, split, note = body.decode().partition("\n\n")
        old, *proof = head.split("\n")
        if not split or not old.startswith(_OLD):
            raise InvalidRequest("a request is an old size, a proof, an empty line and a checkpoint")
        if len(proof) > MAX_PROOF_HASHES:
            raise InvalidRequest(f"a proof has at most {MAX_PROOF_HASHES} hashes")
        old_size, hashes = from_decimal(old.removeprefix(_OLD)), tuple(map(from_hash_line, proof))
        return Request(old_size, hashes, read_note(note))
    except (ValueError, InvalidNote) as error:
        raise InvalidRequest(f"the request can not be read: {error}"[:200]) from error
