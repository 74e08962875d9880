"""A join that was begun, kept so that exactly the same request is sent again after a restart."""

from pathlib import Path

import msgspec

from edge_agent.durable import read_bounded, remove_durably, write_durably
from edge_agent.errors import StateUnusable
from edge_agent.keys.keystore import FIRST_KEY


class StoredJoin(msgspec.Struct, frozen=True, kw_only=True):
    """`request` is the JSON of a JoinRequest, sent as it is, `key_name` the key in it. Hashes in hexadecimal;
    `root_pem` once it is pinned."""

    url: str
    ca_sha256: str
    people_sha256: str
    request: str
    root_pem: str | None = None
    key_name: str = FIRST_KEY

    def __repr__(self) -> str:
        return f"StoredJoin(url={self.url!r}, pinned={self.root_pem is not None})"


class JoinStore:
    """The join under way in the state directory, if there is one."""

    def __init__(self, state_dir: Path) -> None:
        """`state_dir` need not exist."""
        self._path = state_dir / "join.json"

    def load(self) -> StoredJoin | None:
        """The join under way; raises StateUnusable when it can not be read."""
        content = read_bounded(self._path)
        if content is None:
            return None
        try:
            return msgspec.json.decode(content, type=StoredJoin)
        except msgspec.DecodeError as error:
            raise StateUnusable(self._path, "is damaged; remove it and join with a new voucher") from error

    def save(self, join: StoredJoin) -> None:
        """Keep `join`; its file holds the voucher's secret and is readable by its owner only."""
        write_durably(self._path, msgspec.json.encode(join))

    def clear(self) -> None:
        """The join is over."""
        remove_durably(self._path)
