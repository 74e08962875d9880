"""The launcher as a process, with releases that are small scripts: that work, die, hang, and say they are unwell."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from edge_agent.releases.bundle import install
from edge_agent.releases.bundling import make_bundle
from edge_agent.releases.launcher import TRIAL_LIMIT_VARIABLE
from edge_agent.releases.place import ReleasePlace
from edge_agent.releases.rules import Asked, Pointers, Said
from tests.support.reporting import until

UPDATE = "UP-0123456789ab"
STAYS = """
    echo "$MUSTER_LAUNCHED_RELEASE" >> "$STARTED"
    trap 'kill $!; exit 0' TERM
    sleep 1000 & wait
"""
DIES = """
    echo "$MUSTER_LAUNCHED_RELEASE" >> "$STARTED"
    exit 2
"""
HANGS = """
    echo "$MUSTER_LAUNCHED_RELEASE" >> "$STARTED"
    trap '' TERM
    while :; do sleep 0.1; done
"""


class Unit:
    """A releases directory with a release that works, and a launcher of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.place = ReleasePlace(directory / "releases")
        self.started_file = directory / "started"
        self.works = self.install("1.0", STAYS)
        self.place.keep(Pointers(current=self.works))
        self.process: subprocess.Popen[bytes] | None = None

    def install(self, version: str, script: str) -> str:
        """A release that is `script`; its name."""
        tree = self.directory / f"tree-{version}"
        (tree / "bin").mkdir(parents=True)
        program = tree / "bin" / "edge-agent"
        program.write_text(f"#!/bin/sh\n{dedent(script)}")
        program.chmod(0o755)
        bundle = self.directory / f"{version}.tar"
        return install(self.place, bundle, version=version, sha256=make_bundle(version, tree, bundle))

    @property
    def started(self) -> list[str]:
        """The releases that were started, in order."""
        return self.started_file.read_text().split() if self.started_file.exists() else []

    @property
    def outcome(self) -> str:
        """What became of the trial."""
        end = self.place.pointers().end_of(UPDATE, "try")
        return "" if end is None else end.outcome

    def end_agent(self) -> None:
        """What an agent does that has asked for something: it ends."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGTERM)

    def launch(self, limit_s: float) -> subprocess.Popen[bytes]:
        """Start the launcher."""
        environ = {
            **os.environ,
            "MUSTER_AGENT_RELEASES_DIR": str(self.place.root),
            "STARTED": str(self.started_file),
            TRIAL_LIMIT_VARIABLE: str(limit_s),
        }
        self.process = subprocess.Popen([sys.executable, "-m", "edge_agent.releases.launcher"], env=environ)
        return self.process


@asynccontextmanager
async def _running(unit: Unit, limit_s: float = 600.0) -> AsyncIterator[None]:
    before = len(unit.started)
    process = unit.launch(limit_s)
    try:
        await until(lambda: len(unit.started) > before)
        yield
    finally:
        process.terminate()
        assert await asyncio.to_thread(process.wait, 60) == 0


def _try(unit: Unit, release: str) -> None:
    unit.place.ask(Asked(update=UPDATE, wish="try", release=release))
    unit.end_agent()


async def test_a_release_that_reaches_the_controller_stays(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    better = unit.install("2.0", STAYS)
    async with _running(unit):
        _try(unit, better)
        await until(lambda: unit.started[-1] == better)
        assert unit.place.pointers().current == unit.works
        unit.place.say(Said(update=UPDATE, release=better, boot_id="b", state="reached"))
        await until(lambda: unit.outcome == "confirmed")
        assert unit.place.pointers().current == better
        unit.place.ask(Asked(update=UPDATE, wish="back", release=better))
        unit.end_agent()
        await until(lambda: unit.started == [unit.works, better, unit.works])


@pytest.mark.parametrize(("script", "tries"), [(DIES, 3), ("exec /nowhere/at-all\n", 0)], ids=["dies", "no program"])
async def test_a_release_that_dies_three_times_is_gone_back_from(tmp_path: Path, script: str, tries: int) -> None:
    unit = Unit(tmp_path)
    bad = unit.install("2.0", script)
    async with _running(unit):
        _try(unit, bad)
        await until(lambda: unit.outcome == "gone-back")
        await until(lambda: unit.started == [unit.works, *[bad] * tries, unit.works])


@pytest.mark.parametrize("script", [STAYS, HANGS], ids=["never reaches", "hangs"])
@pytest.mark.long
async def test_a_release_that_never_reaches_the_controller_is_gone_back_from(tmp_path: Path, script: str) -> None:
    unit = Unit(tmp_path)
    bad = unit.install("2.0", script)
    async with _running(unit, limit_s=1.0):
        _try(unit, bad)
        await until(lambda: unit.started == [unit.works, bad, unit.works], 60)
        assert unit.outcome == "gone-back"


async def test_a_release_that_says_it_is_unwell_is_gone_back_from(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    bad = unit.install("2.0", STAYS)
    async with _running(unit):
        _try(unit, bad)
        await until(lambda: unit.started[-1] == bad)
        unit.place.say(Said(update=UPDATE, release=bad, boot_id="b", state="unwell", reason="it is another version"))
        await until(lambda: unit.started == [unit.works, bad, unit.works])


async def test_a_launcher_that_is_killed_in_a_trial_counts_what_it_had_started(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    bad = unit.install("2.0", STAYS)
    async with _running(unit):
        _try(unit, bad)
        await until(lambda: unit.started[-1] == bad)
    for _ in range(3):
        async with _running(unit):
            assert unit.started[-1] in {bad, unit.works}
    assert unit.started.count(bad) == 3
    assert unit.outcome == "gone-back"
    assert unit.started[-1] == unit.works
