"""The witness: rules, key and memory together.

Nothing here waits for anybody. A request is decided, remembered on the disk and answered in one piece, so no other can
come between: one at a time for each log, and for all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus

import structlog

from fleet.witness.errors import PlaceUnusable
from fleet.witness.evidence import Evidence
from fleet.witness.place import Place, origin_hash
from fleet.witness.rules import Accepted, Refusal, cosigned, decide

TEXT = "text/plain; charset=utf-8"
_SIZE = "text/x.tlog.size"
_UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back. `moved_on`: a log's next checkpoint was cosigned, which nobody but the log could bring first;
    the latest one again is no such thing, as anybody can ask for it and send it."""

    status: HTTPStatus
    body: str
    content_type: str = TEXT
    moved_on: bool = False


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Witness:
    """The witness in `place`, which this process must hold. Raises PlaceUnusable, MemoryDamaged included."""

    def __init__(self, place: Place, now: Callable[[], datetime] = _utc_now) -> None:
        self._place = place
        self._now = now
        self._identity = place.identity()
        self._logs = place.logs()
        self._by_hash = {origin_hash(origin): origin for origin in self._logs}
        self._evidence = Evidence(place.evidence)

    @property
    def name(self) -> str:
        """The witness's name."""
        return self._identity.name

    @property
    def origins(self) -> list[str]:
        """The logs that are trusted."""
        return list(self._logs)

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to an `add-checkpoint` request; a cosignature is on the disk before it is returned."""
        verdict = decide(body, self._logs)
        return self._refuse(verdict, body) if isinstance(verdict, Refusal) else self._cosign(verdict)

    def checkpoint(self, wanted: str) -> Answer:
        """The latest checkpoint of the log with the origin hash `wanted`."""
        log = self._logs.get(self._by_hash.get(wanted, ""))
        if log is None or log.latest is None:
            return Answer(HTTPStatus.NOT_FOUND, "no checkpoint of such a log was cosigned here\n")
        return Answer(HTTPStatus.OK, log.latest.note.text)

    def _cosign(self, accepted: Accepted) -> Answer:
        log, now_s = accepted.log, int(self._now().timestamp())
        latest = cosigned(accepted, self.name, self._identity.key, now_s)
        if latest.at_s > now_s:
            _log.warning(
                "the clock is behind the last cosignature: its time is used again", behind_s=latest.at_s - now_s
            )
        try:
            self._place.keep(log, latest)
        except PlaceUnusable as error:
            # What may be on the disk and was not answered binds nobody; the next one replaces it.
            _log.error("nothing is cosigned while it can not be remembered", error=str(error))
            return Answer(_UNAVAILABLE, "the witness can not write to its disk\n")
        self._logs[log.origin] = replace(log, latest=latest)
        _log.debug("cosigned", origin=log.origin, size=latest.checkpoint.size)
        moved_on = log.latest is None or latest.checkpoint.size > log.latest_size
        return Answer(HTTPStatus.OK, latest.cosignature.line, moved_on=moved_on)

    def _refuse(self, refusal: Refusal, body: bytes) -> Answer:
        self._evidence.keep(refusal, body, self._now())
        # What anybody on the network can cause is no news.
        tell = _log.debug if refusal.log is None else _log.info
        tell("not cosigned", status=int(refusal.status), reason=refusal.detail)
        if refusal.conflict_size is not None:
            return Answer(refusal.status, f"{refusal.conflict_size}\n", _SIZE)
        return Answer(refusal.status, f"{refusal.detail}\n")
