"""The agent as a part: what it makes of what the launcher says became of an update."""

import asyncio
from pathlib import Path

import pytest

from edge_agent.releases.place import ReleasePlace
from edge_agent.releases.rules import Ended, Pointers
from edge_agent.updating.agent_part import AgentPart
from edge_agent.updating.parts import Job, PartFailed
from edge_agent.updating.state import PartProgress

UPDATE = "UP-0123456789ab"
WANTED = PartProgress(
    part="agent", version="2.0.0", target="agent/image", sha256="ab" * 32, length=1, updater="release"
)


def _part(place: ReleasePlace, version: str) -> AgentPart:
    return AgentPart(place, launched=f"{version}-abababab", version=version, boot_id="boot", reached=asyncio.Event())


def _nobody(_state: str, _done: int, _total: int) -> None:
    pass


async def test_what_was_confirmed_once_is_not_done_when_another_version_runs(tmp_path: Path) -> None:
    place = ReleasePlace(tmp_path)
    place.keep(Pointers(current="3.0.0-abababab", ended=[Ended(update=UPDATE, wish="try", outcome="confirmed")]))
    job = Job(UPDATE, WANTED, tmp_path / "bundle")
    await _part(place, "2.0.0").bring(job, _nobody)
    with pytest.raises(PartFailed, match="carried out before"):
        await _part(place, "3.0.0").bring(job, _nobody)
