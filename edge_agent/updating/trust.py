"""What a unit trusts of releases: TUF's client over the controller's door, its state kept whole over power cuts.

The library works in a directory of its own for each refresh, on copies; only what it has verified is then kept, each
file in one durable step, root first. Whatever of that a power cut leaves is a state that TUF goes on from.
"""

import asyncio
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from tuf.api import exceptions
from tuf.api.metadata import Metadata, Targets
from tuf.api.serialization import DeserializationError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from edge_agent.durable import ensure_directory, read_bounded, write_durably
from edge_agent.errors import AgentError, ControllerAway, StateUnusable
from edge_agent.identity import IdentityInUse
from edge_agent.renewal.plan import KnownTime
from edge_agent.unit_door import MAX_METADATA_BYTES, ReleaseDoor
from edge_agent.updating.errors import ReleaseUntrusted, TrustReason
from edge_agent.updating.roots import check_first, check_shape
from protocols.errors import InvalidPeopleList
from protocols.people import read_list
from protocols.releases.manifest import MAX_TARGET_BYTES, TargetPath

_SHA256 = re.compile("[0-9a-f]{64}")
_ROLES = ("root", "timestamp", "snapshot", "targets")
_WORK = ".work-"
_ANSWER_LIMIT_S = 200.0
"""Longer than the door itself waits."""
_LENGTHS = UpdaterConfig(
    max_root_rotations=64,
    max_delegations=0,
    root_max_length=512 * 1024,
    timestamp_max_length=16 * 1024,
    snapshot_max_length=64 * 1024,
    targets_max_length=MAX_METADATA_BYTES,
)
_HOSTILE = (TypeError, ValueError, LookupError, AttributeError, RecursionError, OverflowError)
"""What the library, too, raises at metadata of a form that it has not thought of."""
_REASONS: tuple[tuple[type[Exception], TrustReason, str], ...] = (
    (exceptions.ExpiredMetadataError, "expired", "it has expired, or is kept from this unit"),
    (exceptions.BadVersionNumberError, "rolled-back", "it is older than what this unit knows"),
    (exceptions.UnsignedMetadataError, "not-signed", "too few of those who have to have signed it"),
    (exceptions.LengthOrHashMismatchError, "differs", "it is not what was announced"),
    (exceptions.DownloadLengthMismatchError, "too-long", "it is longer than it may be"),
    (exceptions.DownloadHTTPError, "nothing-released", "the controller has none"),
    (exceptions.RepositoryError, "unreadable", "it can not be read, or says what it may not"),
)


class TargetFacts(NamedTuple):
    """A file that is trusted: `sha256` hexadecimal, `length` in bytes, 1 to MAX_TARGET_BYTES."""

    path: str
    sha256: str
    length: int


class Trust:
    """One unit's trust; one refresh at a time. Its files are `root.json`, `timestamp.json`, `snapshot.json` and
    `targets.json` under `updating/trust` in the state directory."""

    def __init__(
        self,
        state_dir: Path,
        door: ReleaseDoor,
        identities: IdentityInUse,
        known_time: Callable[[], KnownTime],
        *,
        plain_keys_may_sign: bool = False,
    ) -> None:
        """Nothing is read yet. `known_time` is what the unit knows of the time; `plain_keys_may_sign`: people's keys on
        disk sign releases too."""
        self._directory = state_dir / "updating" / "trust"
        self._door = door
        self._identities = identities
        self._known_time = known_time
        self._plain = plain_keys_may_sign
        self._turn = asyncio.Lock()
        self._targets: Targets | None = None

    async def refresh(self) -> None:
        """Fetch and judge what is new.

        Raises ReleaseUntrusted, StateUnusable, and what the door raises (ControllerAway when it is worth trying again).
        """
        async with self._turn:
            self._targets = None
            now = self._known_time()
            if now.wall_ms is None or not now.sure:
                raise ReleaseUntrusted(
                    "time-unknown", "this unit does not know the time, so not what has expired; connect it, and wait"
                )
            at = datetime.fromtimestamp(now.wall_ms / 1000, UTC)
            fetcher = _DoorFetcher(self._door, self._identities, asyncio.get_running_loop())
            try:
                self._targets = await asyncio.to_thread(self._refresh, fetcher, at)
            finally:
                fetcher.close()

    async def target(self, path: str) -> TargetFacts:
        """A target of the metadata that the last refresh found good; refreshes when there was none.

        Raises ReleaseUntrusted `unknown-target`, and what `refresh` raises.
        """
        if self._targets is None:
            await self.refresh()
        found = None if self._targets is None else self._targets.targets.get(path)
        digest = "" if found is None else found.hashes.get("sha256", "")
        with suppress(msgspec.ValidationError):
            msgspec.convert(path, TargetPath)
            if found is not None and 1 <= found.length <= MAX_TARGET_BYTES and _SHA256.fullmatch(digest):
                return TargetFacts(path, digest, found.length)
        raise ReleaseUntrusted("unknown-target", f"{path[:80]!a} is not released")

    def _refresh(self, fetcher: "_DoorFetcher", at: datetime) -> Targets:
        ensure_directory(self._directory)
        held = {role: read_bounded(self._directory / f"{role}.json") for role in _ROLES}
        try:
            root = _readable(held["root"]) or self._first_root(fetcher, at)
            for left in self._directory.parent.glob(f"{_WORK}*"):  # what a power cut has left
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=_WORK, dir=self._directory.parent) as work:
                place = Path(work)
                for role in _ROLES[1:]:
                    content = held[role]
                    if content is not None:
                        (place / f"{role}.json").write_bytes(content)
                try:
                    _update(place, fetcher, root, at)
                finally:
                    self._keep(place, held)
            return _targets_in(read_bounded(self._directory / "targets.json") or b"")
        except (exceptions.RepositoryError, exceptions.DownloadError) as error:
            raise fetcher.failure or _untrusted(error) from error
        except _HOSTILE as error:
            said = f"the release is not trusted: it is not of its form ({type(error).__name__})"
            raise ReleaseUntrusted("unreadable", said) from error
        except OSError as error:
            raise StateUnusable(self._directory, f"can not be used ({error.strerror}); check the disk") from error

    def _first_root(self, fetcher: "_DoorFetcher", at: datetime) -> bytes:
        """The newest root, if this unit may begin with it."""
        content = fetcher.download_bytes("root.json", _LENGTHS.root_max_length)
        try:
            people = read_list(self._identities.now.people_list)
        except InvalidPeopleList as error:
            raise ReleaseUntrusted("people-list-unusable", f"this unit's people list: {error.detail}") from error
        check_first(content, people, at, plain_keys_may_sign=self._plain)
        return content

    def _keep(self, place: Path, held: dict[str, bytes | None]) -> None:
        """Keep what was verified, also of a refresh that failed on the way: a new root counts at once."""
        root = (place / "root.json").read_bytes() if (place / "root.json").exists() else None
        if root is None:
            return
        check_shape(root, plain_keys_may_sign=self._plain)
        for role in _ROLES:
            path = place / f"{role}.json"
            content = path.read_bytes() if path.exists() else None
            if content is not None and content != held[role]:
                write_durably(self._directory / path.name, content)


class _DoorFetcher(FetcherInterface):
    """The library's way to the door, from the thread it works in. `failure` is what the door itself has raised."""

    def __init__(self, door: ReleaseDoor, identities: IdentityInUse, loop: asyncio.AbstractEventLoop) -> None:
        self._door = door
        self._identities = identities
        self._loop = loop
        self._closed = threading.Event()
        self.failure: AgentError | None = None

    def close(self) -> None:
        """Nothing more is asked for: whoever waited has gone."""
        self._closed.set()

    def _fetch(self, url: str) -> Iterator[bytes]:
        if self._closed.is_set():
            raise exceptions.DownloadError("nobody waits for it any more")
        asked = self._door.release_metadata(self._identities.now, url.rpartition("/")[2])
        answer = asyncio.run_coroutine_threadsafe(asked, self._loop)
        try:
            content = answer.result(_ANSWER_LIMIT_S)
        except TimeoutError as error:
            answer.cancel()
            self.failure = ControllerAway("its address", f"no answer after {_ANSWER_LIMIT_S:.0f} s")
            raise exceptions.DownloadError(url) from error
        except AgentError as error:
            self.failure = error
            raise exceptions.DownloadError(url) from error
        if content is None:
            raise exceptions.DownloadHTTPError(f"there is no {url}", 404)
        return iter([content])


def _update(place: Path, fetcher: _DoorFetcher, root: bytes, at: datetime) -> None:
    updater = Updater(str(place), "metadata", fetcher=fetcher, config=_LENGTHS, bootstrap=root)
    # The library takes the machine's clock; the unit knows the time better, or not at all.
    updater._trusted_set.reference_time = at  # noqa: SLF001 - there is no other way to say what time it is
    updater.refresh()


def _readable(root: bytes | None) -> bytes | None:
    """The root that is kept; None when a failing disk has left none that can be read: the unit begins anew then."""
    try:
        Metadata.from_bytes(root or b"")
    except (DeserializationError, RecursionError):
        return None
    return root


def _targets_in(content: bytes) -> Targets:
    found: Metadata[Targets] = Metadata.from_bytes(content)
    return found.signed


def _untrusted(error: Exception) -> ReleaseUntrusted:
    for kind, reason, said in _REASONS:
        if isinstance(error, kind):
            return ReleaseUntrusted(reason, f"the release is not trusted: {said} ({error})"[:300])
    return ReleaseUntrusted("unreadable", f"the release is not trusted: {error}"[:300])
