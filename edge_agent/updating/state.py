"""What a unit remembers of an update, so that it goes on after a restart or a power cut."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge_agent.durable import read_bounded, write_durably
from edge_agent.errors import StateUnusable
from protocols.health import Count, Digest, PartVersion
from protocols.releases.manifest import PartName, TargetPath, UpdaterName
from protocols.releases.reports import UpdateId

PartStage = Literal["waiting", "bringing", "brought", "passed-over", "failed", "unsure", "taking-back", "back", "stuck"]
"""`failed`: it could not be brought in, and runs what it ran. `unsure`: nobody knows what it runs. `stuck`: it should
be as it was, and is not."""

Phase = Literal["fetching", "bringing", "taking-back", "ended"]
Outcome = Literal["done", "rolled-back", "failed"]


class PartProgress(msgspec.Struct, frozen=True, kw_only=True):
    """One part: what it is to run, and how far it has come. `was_version` and `was` are what it ran before, the latter
    beyond doubt (an image's hash, a release's name); `tries` is how often its bringing in was begun."""

    part: PartName
    version: PartVersion
    target: TargetPath
    sha256: Digest
    length: Count
    board: str = ""
    updater: UpdaterName
    permitted: bool = False
    stage: PartStage = "waiting"
    was_version: str = ""
    was: str = ""
    tries: int = 0
    reason: str = ""


class UpdateProgress(msgspec.Struct, frozen=True, kw_only=True):
    """One update. Fields that a later version has put here are passed over: a release that is gone back to reads what
    the one on trial wrote. `outcome` is there once it has ended, `told` once that has been spooled."""

    format: Literal[1] = 1
    update: UpdateId
    manifest: TargetPath
    phase: Phase = "fetching"
    parts: Annotated[list[PartProgress], Meta(max_length=3)]
    outcome: Outcome | None = None
    reason: str = ""
    told: bool = False


_decoder = msgspec.json.Decoder(UpdateProgress)


class ProgressFile:
    """The one update that a unit remembers, in its state directory. Blocks."""

    def __init__(self, state_dir: Path) -> None:
        """Nothing is read yet."""
        self.path = state_dir / "update.json"

    def load(self) -> UpdateProgress | None:
        """What is remembered; raises StateUnusable."""
        content = read_bounded(self.path)
        if content is None:
            return None
        try:
            return _decoder.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise StateUnusable(self.path, "is damaged; see what the unit's parts run, then move it aside") from error

    def save(self, progress: UpdateProgress) -> None:
        """Remember it over a power cut; raises StateUnusable."""
        write_durably(self.path, msgspec.json.encode(progress))
