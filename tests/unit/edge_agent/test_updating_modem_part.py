"""The modem as a part: what becomes of a plug-in that fails in a way that nobody foresaw."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_agent.updating import modem_part
from edge_agent.updating.modem_part import ModemPart
from edge_agent.updating.parts import Job, PartSilent, PartStuck, PartUnsure
from edge_agent.updating.state import PartProgress
from firmware_bridge.errors import PluginUnusable

JOB = PartProgress(part="modem", version="2.0", target="modem/image", sha256="ab" * 32, length=1, updater="quick")


class Line:
    """Nobody reads it."""

    name = "modem"


class Owner:
    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[Any]:
        yield Line()


class Broken:
    """A device whose plug-in has a fault."""

    def __init__(self, _line: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        raise KeyError(f"{name} at 48.1173, 11.5167")


async def test_a_plug_in_that_breaks_ends_no_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modem_part, "load_plugin", lambda _name: Broken)
    part, job = ModemPart(Owner(), "quick"), Job("UP-0123456789ab", JOB, tmp_path / "image")
    job.file.write_bytes(b"image")
    for failure, act in (
        (PartSilent, part.running()),
        (PartUnsure, part.bring(job, lambda *_: None)),
        (PartStuck, part.take_back(job)),
    ):
        with pytest.raises(failure, match=r"the plug-in quick failed \(KeyError\)") as failed:
            await act
        assert "48" not in str(failed.value)


async def test_a_plug_in_that_is_gone_leaves_the_modem_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(name: str) -> Any:
        raise PluginUnusable(name, "it is not installed")

    monkeypatch.setattr(modem_part, "load_plugin", gone)
    with pytest.raises(PartStuck, match="not installed"):
        await ModemPart(Owner(), "quick").take_back(Job("UP-0123456789ab", JOB, tmp_path))
