"""Where readers read from: files beneath a root, and calls to the machine."""

import os
from pathlib import Path

import pytest

from edge_agent.errors import SourceGarbled, SourceUnreadable
from edge_agent.readers.calls import LiveCalls, RecordedCalls, StorageBlocks, calls_for
from edge_agent.readers.figure_limits import objection
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.plain_values import integer
from edge_agent.readers.reading import Fault
from edge_agent.readers.source_tree import SourceTree


def test_a_file_that_does_not_exist_is_none_and_other_failures_are_told(tmp_path: Path) -> None:
    tree = SourceTree(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"12\xff\n")
    assert tree.text("nothing") is None
    assert tree.text("file/beneath") is None
    assert tree.text("file") == "12\ufffd\n"
    with pytest.raises(SourceUnreadable) as caught:
        tree.text("folder")
    assert caught.value.source == "folder"
    assert "directory" in caught.value.detail


def test_a_long_file_is_refused_or_cut(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * 100)
    tree = SourceTree(tmp_path)
    assert tree.text("long", limit_bytes=100) == "x" * 100
    assert tree.text("long", limit_bytes=10, cut=True) == "x" * 10
    with pytest.raises(SourceUnreadable):
        tree.text("long", limit_bytes=99)


def test_a_fifo_does_not_hold_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert SourceTree(tmp_path).text("fifo") == ""


def test_names_are_ordered_by_their_numbers(tmp_path: Path) -> None:
    for name in ("hwmon10", "hwmon2", "other"):
        (tmp_path / "class" / name).mkdir(parents=True)
    tree = SourceTree(tmp_path)
    assert tree.names("class") == ["hwmon2", "hwmon10", "other"]
    assert tree.names("nothing") == []


def test_gathering_keeps_good_figures_and_one_fault_a_source(tmp_path: Path) -> None:
    (tmp_path / "good").write_text("5000")
    (tmp_path / "bad").write_text("volts")
    gathering = Gathering(SourceTree(tmp_path))
    gathering.put("supply_mv", gathering.file("good", integer), "good")
    gathering.put("supply_ma", gathering.file("bad", integer), "bad")
    gathering.put("battery_percent", gathering.file("nothing", integer), "nothing")
    gathering.put("soc_temp_c", 300.0, "good")
    gathering.put("uptime_s", -1, "good")
    gathering.needed_file("needed", integer)
    reading = gathering.reading()
    assert reading.figures == {"supply_mv": 5000}
    assert [fault.source for fault in reading.faults] == ["bad", "good", "needed"]
    assert reading.faults[0] == Fault("bad", "expected an integer, got 'volts'")
    assert "soc_temp_c out of range" in reading.faults[1].detail


def test_an_empty_file_is_told_as_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    gathering = Gathering(SourceTree(tmp_path))
    assert gathering.file("empty", integer) is None
    assert gathering.reading().faults == (Fault("empty", "expected an integer, it is empty"),)


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("soc_temp_c", float("nan")),
        ("clock_offset_ms", float("inf")),
        ("uptime_s", 1 << 53),
        ("battery_percent", 100.1),
        ("undervolted", 1),
        ("supply_mv", 5.5),
        ("link_kind", "pigeon"),
    ],
)
def test_values_the_contract_does_not_allow_are_objected_to(figure: str, value: float | str) -> None:
    assert objection(figure, value) is not None


@pytest.mark.parametrize(("figure", "value"), [("battery_percent", 100), ("link_kind", "lte"), ("undervolted", True)])
def test_values_the_contract_allows_pass(figure: str, value: float | str) -> None:
    assert objection(figure, value) is None


def test_live_commands_give_output_or_say_what_failed() -> None:
    calls = LiveCalls(command_limit_s=20)
    assert calls.command("no-such-program-on-any-machine") is None
    assert calls.command("echo", "a  b") == "a  b\n"
    with pytest.raises(SourceUnreadable, match="exit code 1"):
        calls.command("false")
    with pytest.raises(SourceUnreadable, match="no answer within"):
        LiveCalls(command_limit_s=0.01).command("sleep", "30")


def test_live_calls_ask_the_kernel() -> None:
    blocks = LiveCalls().storage_blocks("/")
    assert blocks is not None
    assert blocks.total == os.statvfs("/").f_blocks
    assert LiveCalls().kernel_clock() is not None
    with pytest.raises(SourceUnreadable):
        LiveCalls().storage_blocks("/no/such/place")


def test_a_tree_answers_from_its_own_files(tmp_path: Path) -> None:
    answers = tmp_path / "run/muster-sim"
    answers.mkdir(parents=True)
    calls = RecordedCalls(SourceTree(tmp_path))
    assert calls.storage_blocks("/") is None
    assert calls.command("vcgencmd", "get_throttled") is None
    (answers / "statvfs").write_text("100 60 50\n")
    (answers / "throttled.txt").write_text("throttled=0x0\n")
    assert calls.storage_blocks("/") == StorageBlocks(100, 60, 50)
    assert calls.command("vcgencmd", "get_throttled") == "throttled=0x0\n"
    assert calls.command("reboot") is None
    assert calls.kernel_clock() is None
    (answers / "statvfs").write_text("full")
    with pytest.raises(SourceGarbled):
        calls.storage_blocks("/")


def test_only_the_real_root_asks_the_real_machine(tmp_path: Path) -> None:
    assert isinstance(calls_for(Path("/")), LiveCalls)
    assert isinstance(calls_for(tmp_path), RecordedCalls)
    assert isinstance(calls_for(tmp_path / "not-yet-there"), RecordedCalls)
