"""A renewal or rejoining that was begun, kept so that exactly the same request is sent again after a restart."""

from pathlib import Path

import msgspec
import structlog

from edge_agent.durable import read_bounded, remove_durably, write_durably
from edge_agent.renewal.plan import Kind

_log = structlog.get_logger(__name__)


class StoredRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`request` is the JSON of a RenewRequest or RejoinRequest, sent as it is. `certificate` is the serial of the one
    it is to follow, `key_name` the key in the request."""

    kind: Kind
    certificate: str
    key_name: str
    request: str


class RequestStore:
    """The request under way in the state directory, if there is one."""

    def __init__(self, state_dir: Path) -> None:
        """`state_dir` need not exist."""
        self._path = state_dir / "renewal.json"

    def load(self) -> StoredRequest | None:
        """The request under way; raises StateUnusable when the disk can not be read.

        What can not be understood counts as none: a request that is lost is only made again.
        """
        content = read_bounded(self._path)
        if content is None:
            return None
        try:
            return msgspec.json.decode(content, type=StoredRequest)
        except msgspec.DecodeError as error:
            _log.warning("stored renewal is damaged, beginning anew", path=str(self._path), detail=str(error))
            return None

    def save(self, stored: StoredRequest) -> None:
        """Keep `stored` in place of any other; raises StateUnusable."""
        write_durably(self._path, msgspec.json.encode(stored))

    def clear(self) -> None:
        """Nothing is under way any more; raises StateUnusable."""
        remove_durably(self._path)
