"""A rollout on a terminal: its bars, and that it is drawn again in its own place."""

import fcntl
import io
import os
import pty
import struct
import termios
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs
from rich.cells import cell_len

from fleet.cli import rollout_shown
from fleet.cli.bars import bar_of
from fleet.cli.output import moment
from fleet.cli.rollout_words import why_words
from protocols.api.rollouts import PartUnderWay, PutOff, RolloutUnitRow
from protocols.rollouts import state_words
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_firmware import ring

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
COLUMNS = 40


class Terminal(io.TextIOWrapper):
    """The inner end of a pty of 40 columns; `heard` reads what was written to it."""

    def __init__(self) -> None:
        self._outer, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        super().__init__(os.fdopen(inner, "wb"), encoding="utf-8")

    def narrow(self, columns: int) -> None:
        fcntl.ioctl(self._outer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def heard(self) -> str:
        self.flush()
        return os.read(self._outer, 65_536).decode()

    def close(self) -> None:
        super().close()
        os.close(self._outer)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with Terminal() as made:
        yield made


def test_a_rollout_is_drawn_in_its_own_place_on_a_narrow_terminal(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", terminal)
    client = StubClient(0)
    rings = [
        ring("van kit", NOW, {"done": 12, "failed": 1, "waiting": 5}, {"check": 5}),
        ring("rest", NOW, {"done": 1}),
    ]
    client.rolls("autumn", "stopped", rings, "5 of 12 of the ring are bad: a person looks at them first")
    drawn = rollout_shown._draw(client.rollout_list[0], [])
    first = terminal.heard().splitlines()
    assert len(first) == len(drawn) == 3
    assert all(cell_len(line) <= COLUMNS for line in first)
    assert first[0].endswith("…")
    drawn = rollout_shown._draw(client.rollout_list[0], drawn)
    assert terminal.heard().startswith("\x1b[3F\x1b[J")
    terminal.narrow(COLUMNS // 2)
    rollout_shown._draw(client.rollout_list[0], drawn)
    assert terminal.heard().startswith("\x1b[6F\x1b[J")


@pytest.mark.parametrize(
    ("done", "bad", "of", "drawn"),
    [
        (3, 1, 4, "██████!!"),
        (0, 4, 4, "!!!!!!!!"),
        (1, 399, 400, "▏!!!!!!!"),
        (399, 1, 400, "███████!"),
        (4, 0, 8, "████"),
        (0, 0, 0, "████████"),
    ],
)
def test_units_that_are_bad_show_in_the_bar(done: int, bad: int, of: int, drawn: str) -> None:
    assert bar_of(done, bad, of, 8) == drawn


@pytest.mark.parametrize(
    ("done", "bad", "going", "of", "drawn"),
    [
        (0, 0, 1, 1, "▒▒▒▒▒▒▒▒"),
        (0, 0, 1, 400, "▒"),
        (2, 1, 1, 4, "████!!▒▒"),
        (398, 1, 1, 400, "██████!▒"),
        (1, 398, 1, 400, "▏!!!!!!▒"),
        (1, 0, 399, 400, "▏▒▒▒▒▒▒▒"),
    ],
)
def test_units_that_are_under_way_show_in_the_bar(done: int, bad: int, going: int, of: int, drawn: str) -> None:
    assert bar_of(done, bad, of, 8, under_way=going) == drawn


def test_why_units_of_a_ring_wait_is_said_with_when_they_are_told_again() -> None:
    at = datetime.now(UTC) + timedelta(days=400)
    seen = ring("all", NOW, {"told": 1, "working": 2, "left-out": 1, "waiting": 7}, {"": 1, "turn": 2, "again": 4})
    low = PutOff(reason="the supply is too low now; see to it", units=1, again_at=at)
    full = PutOff(reason="the disk is full", units=2, again_at=at)
    seen = structs.replace(seen, put_off=[low, full], parts=[PartUnderWay(part="mcu", units=2, percent=45)])
    client = StubClient(0)
    client.rolls("autumn", "running", [seen])
    (line,) = rollout_shown.ring_lines(client.rollout_list[0])
    words = line.partition("  ")[2].strip().partition("  ")[2].strip()
    assert line.startswith("all  ▒▒▒▒")
    assert words.split("; ") == [
        "0 of 11 done",
        "1 told",
        "2 working (mcu 45 %)",
        "1 left out",
        "1 is told next",
        "2 wait for their turn",
        f"1 refused for now: the supply is too low now, told again at {moment(at)}",
        f"2 refused for now: the disk is full, told again from {moment(at)} on",
        "1 refused for now, told again later",
    ]


def test_why_a_unit_waits_is_said_in_words() -> None:
    at = datetime.now(UTC) + timedelta(days=400)
    row = RolloutUnitRow(
        rollout="RO-0123456789ab",
        unit="unit-0001",
        label="van",
        ring="all",
        state="waiting",
        held="again",
        part=None,
        done_bytes=0,
        total_bytes=0,
        reason="the supply is too low",
        versions={},
        told_at=NOW,
        changed_at=NOW,
        again_at=at,
    )
    assert why_words(row) == f"refused for now, told again at {moment(at)}: the supply is too low"
    assert why_words(structs.replace(row, held="away")) == "waits to be connected; before: the supply is too low"
    assert why_words(structs.replace(row, held="turn", reason="")) == "waits for its turn"
    assert why_words(structs.replace(row, state="refused", held="")) == "the supply is too low"


def test_a_rollout_that_is_done_with_bad_units_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    client = StubClient(0)
    client.rolls("autumn", "done", [ring("all", NOW, {"done": 3, "failed": 1})])
    rollout_shown.print_rollout(client.rollout_list[0])
    out = capsys.readouterr().out
    assert "done, 1 bad" in out
    assert "!" in out
    assert [state_words("done", 0), state_words("stopped", 2)] == ["done", "stopped"]
