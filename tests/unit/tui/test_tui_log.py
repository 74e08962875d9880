"""The log's rooms on a real Textual screen, driven by keys."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocols.api.log import LogQuery
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, console
from tests.unit.tui.stub_log import POLICY
from tui.log_lines import fields_of, status_line
from tui.periods import PeriodUnclear, read_moment

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("size", SIZES)
async def test_the_log_says_who_did_what_and_who_vouches_for_it(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(StubClient(role="inspector"), tmp_path, size) as screen:
        await screen.press("7")
        await screen.sees("LOG  3 entries", "cosigned by 1 of 1 witness", "modality.opened", "TO-12", "unit.labelled")
        await screen.sees("on what authority", "URN 1/26", "by the unit's clock")
        assert len(screen.asked("log_entries")) == 1
        await screen.press("down")
        await screen.sees("“van kit 3”")


async def test_coming_back_to_the_log_is_no_new_reading(tmp_path: Path) -> None:
    async with console(StubClient(role="inspector"), tmp_path) as screen:
        await screen.press("7")
        await screen.sees("modality.opened")
        await screen.press("1")
        await screen.sees("NEEDS YOU")
        await screen.press("7")
        await screen.sees("modality.opened")
        assert len(screen.asked("log_entries")) == 1
        await screen.press("r")
        await screen.until(lambda: len(screen.asked("log_entries")) == 2)


async def test_whoever_may_not_read_the_log_is_told_whose_it_is(tmp_path: Path) -> None:
    async with console(StubClient(role="engineer"), tmp_path) as screen:
        await screen.press("7")
        await screen.sees("reading the log is a supervisor's or an inspector's", "LOG  3 entries")
        await screen.press("slash", "o", "r", "e")
        await screen.sees("reading error reports is")
        assert screen.asked("log_entries") == []


async def test_the_log_is_searched(tmp_path: Path) -> None:
    async with console(StubClient(role="inspector"), tmp_path) as screen:
        await screen.press("7")
        await screen.sees("modality.opened")
        await screen.press("slash")
        await screen.sees("Look in the log for", "What you read is an entry itself")
        await screen.press("tab", *"su-02")
        await screen.sees("person does not have its form yet")
        await screen.press(*["backspace"] * 5, *"SU-02", "enter")
        await screen.sees("only   person SU-02", "unit.labelled")
        await screen.misses("modality.opened")
        assert screen.asked("log_entries")[-1][1] == LogQuery(person="SU-02")
        await screen.press("escape")
        await screen.sees("modality.opened")


async def test_a_units_page_leads_to_its_entries_and_back(tmp_path: Path) -> None:
    async with console(StubClient(role="inspector"), tmp_path) as screen:
        await screen.press("2")
        await screen.sees("van kit 000")
        await screen.press("down", "enter")
        await screen.sees("unit-00000001", "l log")
        await screen.press("l")
        await screen.sees("only   unit unit-00000001", "modality.opened")
        assert screen.asked("log_entries")[-1][1] == LogQuery(unit="unit-00000001")
        await screen.press("escape")
        await screen.sees("SoC temperature")


async def test_an_entrys_receipt_is_checked_here(tmp_path: Path) -> None:
    client = StubClient(role="inspector")
    client.put_log_policy(POLICY.text)
    async with console(client, tmp_path) as screen:
        await screen.press("7", "end")
        await screen.sees("ab:cd")
        await screen.press("enter")
        await screen.sees("ENTRY  0", "entry 0 of a tree of 1", "cosigned by north at", "checked", "key protection")
        await screen.press("end")
        await screen.sees("as it was hashed", '"v":1,"dpa":"life"')
        await screen.press("escape", "home", "enter")
        await screen.sees("ENTRY  2", "the receipt does NOT hold")


async def test_openings_show_the_verdict_and_can_be_saved(tmp_path: Path) -> None:
    async with console(StubClient(role="inspector"), tmp_path) as screen:
        await screen.press("7")
        await screen.sees("modality.opened")
        await screen.press("o")
        await screen.sees("WHO OPENED WHAT  2", "1 outside", "1 inside", "URN 1/26", "51 s")
        await screen.press("x")
        await screen.sees("only   not inside their mandate", "outside; opened 12 min before the authority began")
        await screen.press("s")
        await screen.sees("Save the report as CSV", "report.made")
        path = tmp_path / "report.csv"
        await screen.press(*["backspace"] * 40, *[_key(sign) for sign in str(path)], "enter")
        await screen.sees("saved ")
        assert path.read_bytes() == b"opening,unit\r\n"
        assert path.stat().st_mode & 0o777 == 0o600


async def test_what_was_refused_is_told_from_what_was_open(tmp_path: Path) -> None:
    client = StubClient(role="inspector")
    never: dict[str, Any] = {
        "verdict": "refused",
        "close_reason": "refused: no-device",
        "open_s": None,
        "purpose": "aim and focus",
    }
    client.opening_list.append(msgspec.structs.replace(client.opening_list[0], opening="op-2", **never))
    async with console(client, tmp_path) as screen:
        await screen.press("7", "o")
        await screen.sees("WHO OPENED WHAT  3", "1 outside", "1 inside", "1 refused")
        await screen.sees("1 lease that opened nothing is left out: n lists it")
        assert sum(" refused" in line for line in screen.lines[4:]) == 0
        await screen.press("n", "end")
        await screen.sees("refused: no-device; it was never open", "aim and focus")
        await screen.misses("left out")
        await screen.press("x")
        await screen.misses("it was never open")
        await screen.misses("left out")


async def test_a_search_that_finds_only_refusals_says_so(tmp_path: Path) -> None:
    client = StubClient(role="inspector")
    client.opening_list = [msgspec.structs.replace(client.opening_list[0], verdict="unopened", open_s=None)]
    async with console(client, tmp_path) as screen:
        await screen.press("7", "o")
        await screen.sees("Nothing was opened.", "1 lease that opened nothing is left out: n lists it")
        await screen.press("n")
        await screen.sees("unopened", "TO-12")


async def test_an_error_report_goes_its_way(tmp_path: Path) -> None:
    async with console(StubClient(role="supervisor"), tmp_path) as screen:
        await screen.press("7", "e")
        await screen.sees("ERROR REPORTS", "1 open report", "before its authority began (draft)", "entry 2, record 7")
        assert "c close" not in screen.lines[-1]
        await screen.press("w")
        await screen.sees("Account for it", "error-report.advanced")
        await screen.press(*"wrong clock", "enter")
        await screen.sees("the report is accounted")
        assert screen.asked("error report") == [("error report", "r-draft", "accounted", "wrong clock")]
        await screen.press("s", *"see above", "enter")
        await screen.sees("the report is submitted")
        await screen.press("o")
        await screen.sees("closed    van kit 3")
        await screen.press("down", "enter")
        await screen.sees("ERROR REPORT  r-closed", "Told the inspectorate.")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", None),
        ("2h", NOW - timedelta(hours=2)),
        (" 7 d ", NOW - timedelta(days=7)),
        ("2026-11-21 14:00", datetime(2026, 11, 21, 14, tzinfo=UTC)),
        ("21 Nov 2026", datetime(2026, 11, 21, tzinfo=UTC)),
    ],
)
def test_periods_are_read_as_people_type_them(text: str, moment: datetime | None) -> None:
    assert read_moment(text, NOW, utc=True) == moment


@pytest.mark.parametrize("text", ["yesterday", "0h", "2026-13-01", "-2h", "2 weeks"])
def test_what_is_no_period_is_said(text: str) -> None:
    with pytest.raises(PeriodUnclear, match="is no time"):
        read_moment(text, NOW, utc=True)


async def test_an_erased_text_says_so() -> None:
    client = StubClient()
    entry = next(one for one in client.entry_list if one.kind == "unit.labelled")
    erased = msgspec.structs.replace(entry, texts=[msgspec.structs.replace(entry.texts[0], text=None)])
    assert fields_of(erased) == [("label", "(erased)")]


async def test_the_status_says_when_nobody_vouches() -> None:
    status = await StubClient().log_status()
    alone = msgspec.structs.replace(status, quorum=0)
    silent = msgspec.structs.replace(status, cosigned_at=None)
    alarmed = msgspec.structs.replace(status, alarms=["witness north has seen another tree"])
    said = ["".join(span.text for span in status_line(one, NOW)) for one in (alone, silent, alarmed)]
    away = msgspec.structs.replace(status.witnesses[0], answer="timeout")
    half = msgspec.structs.replace(status, witnesses=[status.witnesses[0], msgspec.structs.replace(away, name="south")])
    assert "cosigned by 1 of 2 witnesses" in (told := "".join(span.text for span in status_line(half, NOW)))
    assert "south timeout" in told
    assert "no witness: only this controller vouches" in said[0]
    assert "no witness has vouched" in said[1]
    assert "another tree" in said[2]


def _key(sign: str) -> str:
    return {"/": "slash", ".": "full_stop", "-": "minus", "_": "underscore"}.get(sign, sign)
