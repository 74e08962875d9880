"""What the desk for updates asks of releases: what is trusted, and its files."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from edge_agent.errors import AgentError, ControllerAway, UpdateRefused
from edge_agent.updating.errors import FetchFailed, ReleaseUntrusted
from edge_agent.updating.plan import File
from protocols.errors import InvalidManifest
from protocols.releases.manifest import MAX_MANIFEST_BYTES, Manifest, read_manifest

if TYPE_CHECKING:
    from edge_agent.updating.fetching import Fetching
    from edge_agent.updating.store import FileStore
    from edge_agent.updating.trust import Trust

Tell = Callable[[int, int], Awaitable[None]]


class Releases(Protocol):
    """What the unit trusts of releases. Its methods raise AgentError."""

    async def refresh(self) -> None:
        """Fetch and judge what is new."""
        ...

    async def target(self, path: str) -> File:
        """A target in force."""
        ...

    async def fetch(self, path: str, file: File, tell: Tell) -> Path:
        """The target's content, verified."""
        ...

    async def settle(self, in_use: Sequence[str]) -> None:
        """These are the hashes of what runs now: files that nobody needs to go back to may go."""
        ...


class TrustedReleases(NamedTuple):
    """By TUF, over the controller's door for units."""

    trust: "Trust"
    fetching: "Fetching"
    store: "FileStore"

    async def refresh(self) -> None:
        """See Releases."""
        await self.trust.refresh()

    async def target(self, path: str) -> File:
        """See Releases."""
        found = await self.trust.target(path)
        return File(found.sha256, found.length)

    async def fetch(self, path: str, file: File, tell: Tell) -> Path:
        """See Releases."""
        from edge_agent.updating.trust import TargetFacts  # noqa: PLC0415 - TUF is large, and seldom needed

        return await self.fetching.fetch(TargetFacts(path, file.sha256, file.length), tell)

    async def settle(self, in_use: Sequence[str]) -> None:
        """See Releases."""
        await asyncio.to_thread(self.store.settle, list(in_use))


async def released(releases: Releases, path: str) -> tuple[Manifest, dict[str, File]]:
    """The manifest at `path`, as it is in force now, and the targets that it names; raises UpdateRefused."""
    try:
        await releases.refresh()
        found = await releases.target(path)
        if found.length > MAX_MANIFEST_BYTES:
            raise UpdateRefused(f"{path} is too long for a manifest")
        file = await releases.fetch(path, found, tell_nobody)
        manifest = read_manifest(await asyncio.to_thread(file.read_bytes))
        return manifest, {part.target: await releases.target(part.target) for part in manifest.parts}
    except (InvalidManifest, AgentError) as error:
        raise UpdateRefused(str(error), passing=_passes(error)) from error
    except OSError as error:
        raise UpdateRefused(f"the manifest can not be read ({error.strerror}); check the disk") from error


def _passes(error: Exception) -> bool:
    """Whether nobody has to do anything for it to be otherwise later, or only at the unit's place."""
    if isinstance(error, ReleaseUntrusted):
        return error.reason == "time-unknown"
    if isinstance(error, FetchFailed):
        return error.reason in {"no-space", "away"}
    return isinstance(error, ControllerAway)


async def tell_nobody(_done: int, _total: int) -> None:
    """For who does not want to know how far it is."""
