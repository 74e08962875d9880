"""Checking a unit on a real Textual screen, driven by keys: choosing, watching, judging, refusals."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocols.api.checks import Budget, NewCheck, UnitAccess, Verdict
from protocols.mandate import Allowance
from tests.unit.tui.stub_checks import MANDATE, OPENING, stripes
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, StubConsole, console
from tui.access_lines import access_lines
from tui.check_lines import METER_CELLS, clock_of, meter
from tui.paint import line_width
from tui.picture import decoded
from tui.words import moment


async def to_unit(screen: StubConsole) -> None:
    await screen.press("2")
    await screen.sees("camera 004")
    await screen.press("down", "enter")
    await screen.sees("ACCESS")


async def to_check(screen: StubConsole) -> None:
    await to_unit(screen)
    await screen.press("c")
    await screen.sees("goes into the log", "video + audio")
    await screen.press("y")
    await screen.sees("CHECK", "asking the unit")


@pytest.mark.parametrize("size", SIZES)
async def test_a_unit_says_under_which_mandate_it_can_be_opened(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(StubClient(), tmp_path, size) as screen:
        await to_unit(screen)
        await screen.sees(MANDATE, "aim and focus", "7 of 15 min, 2 of 4 openings", "0 of 5 min, 0 of 2 openings")


async def test_what_ends_openings_before_the_mandate_is_said_beside_its_end(tmp_path: Path) -> None:
    client = StubClient()
    live, later = client.access_now.mandates[0], client.now + timedelta(days=20)
    for review_at, said in (
        (client.now + timedelta(days=9), "review due"),
        (None, "its authority ends"),
    ):
        ends_at = client.now + timedelta(days=9)
        changed = msgspec.structs.replace(live, ends_at=ends_at, signed_until=later, review_at=review_at)
        lines = access_lines(msgspec.structs.replace(client.access_now, mandates=[changed]), client.now, 80, utc=True)
        first, last = (moment(at, client.now, utc=True) for at in (ends_at, later))
        told = "\n".join("".join(span.text for span in line) for line in lines)
        assert f"until {last}, {said} {first}" in told
        assert "aim and focus\n" in told, "it is whole, on a line of its own where it is too long"


async def test_what_is_used_up_can_not_be_chosen_and_what_goes_on_can_be_watched_too(tmp_path: Path) -> None:
    client = StubClient()
    mandate = client.access_now.mandates[0]
    used = [
        msgspec.structs.replace(mandate.budgets[0], used_s=60, openings=4),
        msgspec.structs.replace(mandate.budgets[1], used_s=300),
        Budget(allowance=Allowance(modality="position", minutes_per_day=5, openings_per_day=4), used_s=0, openings=0),
    ]
    spent = msgspec.structs.replace(mandate, budgets=used)
    client.access_now = msgspec.structs.replace(client.access_now, mandates=[spent])
    async with console(client, tmp_path) as screen:
        await to_unit(screen)
        await screen.press("c")
        await screen.sees("not today: no minutes left", "not today: no openings left", "wait until tomorrow")
        await screen.misses("goes into the log")
        await screen.press("y", "down", "down", "y", "down")
        await screen.sees("“position of unit-", "The unit says once where it is")
        await screen.misses("leases of a minute")
        assert screen.asked("begin_check") == []
    client.access_now = msgspec.structs.replace(client.access_now, open=[client.check_now])
    async with console(client, tmp_path) as screen:
        await to_unit(screen)
        await screen.press("c")
        await screen.sees("open now: watch too", "“video and audio of unit-")


async def test_what_is_chosen_is_what_the_sentence_for_the_log_says(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await to_unit(screen)
        await screen.press("c")
        await screen.sees("“video and audio of unit-")
        await screen.press("down", "down")
        await screen.sees("“audio of unit-", "5 min, 2 openings left today")
        await screen.press("enter")
        assert screen.asked("begin_check") == []
        await screen.press("y")
        await screen.until(lambda: screen.asked("begin_check"))
        assert screen.asked("begin_check")[0][2] == NewCheck(modalities=["audio"], mandate=MANDATE)


@pytest.mark.parametrize("size", SIZES)
async def test_a_check_shows_the_picture_and_its_numbers(tmp_path: Path, size: tuple[int, int]) -> None:
    client = StubClient()
    async with console(client, tmp_path, size) as screen:
        await to_check(screen)
        client.changed_check(state="live", entry=48_211)
        client.stub_preview.items.put_nowait(client.news())
        client.stub_preview.items.put_nowait(stripes(0))
        await screen.sees(
            "▀▀▀▀▀▀▀▀▀▀", "OPEN 0:42 left", "25.0", "612 kbit/s", "0.2 %", "84 ms", "−18 dB", "you, SU-02"
        )
        await screen.sees("log 48211", "aim and focus”")
        shown = screen.text
        client.stub_preview.items.put_nowait(client.news(lease_left_s=41, used_s=421))
        await screen.sees("OPEN 0:41 left")
        assert screen.text.count("▀") == shown.count("▀"), "nothing jumps when the time counts down"


async def test_a_picture_is_taken_off_the_screen_when_the_check_ends(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await to_check(screen)
        client.stub_preview.items.put_nowait(client.news())
        client.stub_preview.items.put_nowait(stripes(0))
        await screen.sees("▀▀▀▀▀▀▀▀▀▀", "OPEN")
        client.changed_check(state="closed", reason="cancelled", open_s=3)
        client.stub_preview.items.put_nowait(client.news(state="closed", reason="cancelled"))
        await screen.sees("CLOSED")
        await screen.misses("▀")
        client.stub_preview.items.put_nowait(None)
        await screen.sees("after 3 s: cancelled")


async def test_enter_passes_a_check_and_shows_what_was_measured(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await to_check(screen)
        client.stub_preview.items.put_nowait(client.news())
        await screen.sees("OPEN")
        await screen.press("enter")
        await screen.sees("after 41 s: passed", "frame-rate", "25.0 fps", "at least 10 fps")
        await screen.sees("−71.0 dBFS  above −60 dBFS", "no sound")
        assert screen.asked("close_check") == [("close_check", OPENING, Verdict(result="passed"))]


async def test_a_failed_check_says_why(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await to_check(screen)
        client.stub_preview.items.put_nowait(client.news())
        await screen.sees("OPEN")
        await screen.press("f")
        await screen.sees("What is wrong with it?")
        await screen.press(*"blurred", "enter")
        await screen.until(lambda: screen.asked("close_check"))
        assert screen.asked("close_check")[0][2] == Verdict(result="failed", note="blurred")
        await screen.sees("after 41 s: failed", "“blurred”", "frame-rate")


async def test_leaving_what_somebody_else_watches_closes_nothing(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await to_check(screen)
        client.stub_preview.items.put_nowait(client.news())
        await screen.sees("OPEN 0:42")
        await screen.press("escape")
        await screen.sees("ACCESS")
        assert screen.asked("close_check") == []


async def test_leaving_closes_what_is_open(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await to_check(screen)
        client.stub_preview.items.put_nowait(client.news(viewers=["TO-12"]))
        await screen.sees("OPEN")
        await screen.press("escape")
        await screen.sees("ACCESS")
        await screen.until(lambda: screen.asked("close_check"))


async def test_a_refusal_says_which_rule(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        client.changed_check(state="refused", reason="over-minutes", detail="the unit has counted 15 of 15 min today")
        await to_unit(screen)
        await screen.press("c", "y")
        await screen.sees("The unit stays closed: over-minutes", "the unit has counted 15 of 15 min today")


async def test_what_stands_in_the_way_is_said_instead_of_a_choice(tmp_path: Path) -> None:
    client = StubClient()
    said = "The review of URN/1/26 is overdue since Friday: an approver has to record it."
    client.access_now = UnitAccess(mandates=[], obstacles=[said], sentences={}, open=[], last=None)
    async with console(client, tmp_path) as screen:
        await to_unit(screen)
        await screen.press("c")
        await screen.sees("The review of URN/1/26 is overdue")
        await screen.press("y")
        assert screen.asked("begin_check") == []


async def test_a_position_is_looked_at_by_a_key_of_its_own(tmp_path: Path) -> None:
    client = StubClient()
    client.changed_check(state="closed", reason="found", open_s=1, modalities=["position"])
    async with console(client, tmp_path) as screen:
        await to_unit(screen)
        await screen.press("c", "y")
        await screen.sees("CLOSED", "p looks at it")
        assert "48.87" not in screen.text
        await screen.press("p")
        await screen.sees("48.87667° S", "123.39333° W", "HDOP 0.9, 9 satellites")
        assert screen.asked("position") == [("position", "unit-00000001", MANDATE, OPENING)]


async def test_a_position_that_a_later_one_replaced_is_said_to_be_gone(tmp_path: Path) -> None:
    client = StubClient()
    client.is_position_gone = True
    client.changed_check(state="closed", reason="found", open_s=1, modalities=["position"])
    async with console(client, tmp_path) as screen:
        await to_unit(screen)
        await screen.press("c", "y")
        await screen.sees("CLOSED", "p looks at it")
        await screen.press("p")
        await screen.sees("what this check found is no longer kept", "position-not-kept")
        await screen.misses("° S")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mandate_ends_at": timedelta(hours=6)}, ("(renews)", "(renews)")),
        ({"mandate_ends_at": timedelta(seconds=44)}, ("(mandate ends ", "(ends with the mandate at ")),
        ({"used_s": 15 * 60 - 40}, ("(last minutes)", "(ends with the minutes of the day)")),
    ],
)
async def test_what_comes_after_the_lease_is_said(
    tmp_path: Path, size: tuple[int, int], changed: dict[str, Any], said: tuple[str, str]
) -> None:
    client = StubClient()
    async with console(client, tmp_path, size) as screen:
        await to_check(screen)
        told = {name: client.now + one if isinstance(one, timedelta) else one for name, one in changed.items()}
        client.stub_preview.items.put_nowait(client.news(**told))
        await screen.sees(f"OPEN 0:42 left {said[size[0] > 80]}")


async def test_a_browser_of_ones_own_is_a_viewer_and_keeps_the_check_open(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await to_check(screen)
        client.stub_preview.items.put_nowait(client.news(viewers=["TO-12"], in_browsers=["TO-12"]))
        await screen.sees("you, you (browser)")
        await screen.press("escape")
        await screen.sees("ACCESS")
        assert screen.asked("close_check") == []


async def test_a_check_that_the_mandates_end_closes_says_so_before_it_begins(tmp_path: Path) -> None:
    client = StubClient()
    (mandate,) = client.access_now.mandates
    soon = msgspec.structs.replace(mandate, ends_at=client.now + timedelta(seconds=40))
    client.access_now = msgspec.structs.replace(client.access_now, mandates=[soon])
    async with console(client, tmp_path) as screen:
        await to_unit(screen)
        await screen.press("c")
        await screen.sees("It closes with the mandate at", "in less than a minute")


async def test_an_inspector_sees_mandates_and_opens_nothing(tmp_path: Path) -> None:
    async with console(StubClient(role="inspector"), tmp_path) as screen:
        await to_unit(screen)
        await screen.press("c")
        await screen.sees("checking a unit is")
        assert screen.asked("begin_check") == []


async def test_a_browser_gets_a_link_that_is_good_once(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await to_check(screen)
        client.stub_preview.items.put_nowait(client.news())
        await screen.sees("OPEN")
        await screen.press("b")
        await screen.sees("/watch/0f0f", "Good once")


@pytest.mark.parametrize("level", [-200.0, -60.0, -30.0, -0.05, 0.0, 6.0, None])
def test_a_meter_is_always_as_wide(level: float | None) -> None:
    assert line_width(meter(level, level)[:-1]) == METER_CELLS


def test_a_clock_counts_minutes() -> None:
    assert [clock_of(seconds) for seconds in (-1, 0, 42, 60, 899)] == ["0:00", "0:00", "0:42", "1:00", "14:59"]


def test_what_is_no_picture_is_none() -> None:
    assert decoded(b"") is None
    assert decoded(b"\xff\xd8\xff") is None
    assert decoded(stripes(0)[:200]) is None
    assert decoded(stripes(0)) is not None
