"""The demo as a person runs it: its own processes, its last line, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

FLEET = Path(sys.executable).parent / "fleet"
LIMIT_S = 200
GONE_LIMIT_S = 30


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that PostgreSQL's user can walk to, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        yield Path(folder) / "demo"


def _demo(place: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [FLEET, "demo", "--headless", "--no-week", "--directory", place, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _alive_with(place: Path) -> list[str]:
    """Command lines of living processes that name the demo's folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(place) in command and int(entry.name) != os.getpid():
            found.append(command)
    return found


def test_a_headless_demo_ends_with_a_line_that_proves_it(place: Path) -> None:
    demo = _demo(place, "--units", "3", "--seconds", "2")
    out, complaint = demo.communicate(timeout=LIMIT_S)
    outcome = json.loads(out.splitlines()[-1])
    assert demo.returncode == 0, complaint
    assert (outcome["units_joined"], outcome["reports_lost"], outcome["duplicates"]) == (3, 0, 0)
    assert outcome["reports_stored"] >= 3
    assert outcome["entries_logged"] >= outcome["entries_witnessed"] > 6
    assert 0 < outcome["seconds_to_first_report"] < LIMIT_S
    assert _alive_with(place) == []
    secrets = [path for path in place.rglob("*") if path.is_file() and path.suffix in {".key", ""}]
    assert all(path.stat().st_mode & 0o077 == 0 for path in secrets if path.parent.name in {"ca", "tls", "keys"})


def test_interrupted_demos_leave_no_process_behind(place: Path) -> None:
    demo = _demo_until("units report", place, "--units", "2", "--seconds", "100")
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=LIMIT_S)
    assert demo.returncode == 130
    assert _alive_with(place) == []
    demo = _demo_until("founding a fleet", place, "--units", "1", "--seconds", "100", "--reset")
    demo.send_signal(signal.SIGTERM)
    demo.communicate(timeout=LIMIT_S)
    assert demo.returncode == 130
    assert _alive_with(place) == []


def _demo_until(moment: str, place: Path, *arguments: str) -> subprocess.Popen[str]:
    """A demo that has said `moment`."""
    demo = _demo(place, *arguments)
    assert demo.stderr is not None
    assert any(moment in line for line in demo.stderr)
    return demo


def _outcome(demo: subprocess.Popen[str]) -> dict[str, float]:
    """The last line of a demo that ends well."""
    out, complaint = demo.communicate(timeout=LIMIT_S)
    assert demo.returncode == 0, complaint
    found: dict[str, float] = json.loads(out.splitlines()[-1])
    return found


def _descendants(pid: int) -> set[int]:
    """Process ids of everything that `pid` started, directly or not."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found: set[int] = set()
    newest = {pid}
    while newest:
        newest = {child for child, parent in parents.items() if parent in newest} - found
        found |= newest
    return found


def _runs(pid: int) -> bool:
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_killed_demos_take_their_programs_along_and_the_next_one_keeps_their_units(place: Path) -> None:
    _kill(_demo_until("founding a fleet", place, "--units", "2", "--seconds", "100"), place)
    _kill(_demo_until("units report", place, "--units", "2", "--seconds", "100"), place)
    kept = {unit.name for unit in (place / "units").iterdir()}
    again = _outcome(_demo(place, "--units", "2", "--seconds", "2"))
    assert (again["units_joined"], again["reports_lost"]) == (2, 0)
    assert again["reports_stored"] >= 2
    assert again["seconds_to_first_report"] > 0
    assert {unit.name for unit in (place / "units").iterdir()} == kept
    anew = _outcome(_demo(place, "--units", "1", "--seconds", "2", "--reset"))
    assert anew["units_joined"] == 1
    assert len(list((place / "units").iterdir())) == 1


def _kill(demo: subprocess.Popen[str], place: Path) -> None:
    """Kill it, and see every program that it started end."""
    programs = _descendants(demo.pid)
    assert len(programs) >= 3, "PostgreSQL has children of its own"
    demo.kill()
    demo.wait(LIMIT_S)
    deadline = time.monotonic() + GONE_LIMIT_S
    while any(map(_runs, programs)) or _alive_with(place):
        assert time.monotonic() < deadline, _alive_with(place)
        time.sleep(0.05)
