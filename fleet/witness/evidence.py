"""What logs signed and should not have: kept as files that a person can read and hand on.

Everything in them was public to whoever sent it; each is kept once, the first of each kind up to a limit.
"""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import structlog

from fleet.witness.errors import PlaceUnusable
from fleet.witness.files import write_durably
from fleet.witness.rules import EvidenceKind, Refusal

MAX_FILES = 64
"""Of each kind: whoever can send many of one must not crowd out the others."""
_WORDS: dict[EvidenceKind, str] = {
    "split-view": "SPLIT VIEW: the log signed two different trees of the same size",
    "unproven": "the log signed a larger tree and did not prove that it continues the one cosigned here",
    "rolled-back": "the log signed a smaller tree than the one cosigned here: rolled back, or an old request again",
}

_log = structlog.get_logger(__name__)


class Evidence:
    """The evidence in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, refusal: Refusal, request: bytes, now: datetime) -> None:
        """Log and keep what `refusal` says the log signed, beside what was cosigned before, if it is evidence at all.

        A disk that does not take it is logged: the refusal stands all the same.
        """
        kind, log, note = refusal.evidence, refusal.log, refusal.note
        if kind is None or log is None or note is None:
            return
        latest = "nothing\n" if log.latest is None else log.latest.note.text
        path = self._directory / f"{kind}-{sha256(note.body.encode()).hexdigest()[:32]}.txt"
        if path.exists():
            return
        _log.error(_WORDS[kind], origin=log.origin, refused=refusal.detail, evidence=path.name)
        try:
            if len(list(self._directory.glob(f"{kind}-*"))) >= MAX_FILES:
                _log.error("no more evidence of this kind is kept: look at what there is and move it away", kind=kind)
                return
            told = request.decode(errors="replace")
            when = now.astimezone(UTC).isoformat(timespec="seconds")
            text = f"{_WORDS[kind]}\n{when}: {refusal.detail}\n\n=== asked\n{told}\n=== cosigned before\n{latest}"
            write_durably(path, text.encode())
        except (OSError, PlaceUnusable) as error:
            _log.error("evidence can not be kept", error=str(error))
