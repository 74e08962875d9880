"""The room for authorities on a real Textual screen, driven by keys."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from protocols.people import Role
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, StubConsole, console
from tui.words import full_moment

FIRST = "A-000000000001"


def fleet(role: Role = "approver") -> StubClient:
    """A fleet with five authorities: in force, overdue, oral, cancelled, to come."""
    client = StubClient(role=role)
    made, now = client.made_authority, client.now
    client.authority_list += [
        made(2, kinds=["retrieve"], state="review-overdue", next_review_at=now - timedelta(days=3)),
        made(
            3,
            urgent_oral=True,
            ends_at=now + timedelta(hours=14, minutes=1),
            statement_due_at=now + timedelta(hours=14, minutes=1),
            document_sha256=None,
        ),
        made(4, state="cancelled", cancelled_by="AP-03", cancelled_at=now),
        made(5, kinds=["install", "use"], state="future", starts_at=now + timedelta(days=1)),
    ]
    return client


def said(client: StubClient, what: str) -> tuple[Any, ...]:
    """With what the controller was asked `what`, once."""
    (asked,) = [one[1:] for one in client.asked if one[0] == what]
    return asked


async def to_authorities(screen: StubConsole) -> None:
    await screen.press("0")
    await screen.sees("MANDATES")
    await screen.press("a")
    await screen.sees("AUTHORITIES  ", "review by")


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_says_what_is_late_and_what_ends_soon(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(fleet(), tmp_path, size) as screen:
        await to_authorities(screen)
        await screen.sees("AUTHORITIES  5", "2 in force", "1 with a review overdue", "1 statement is owed")
        shown = [line[1:13].strip() for line in screen.lines if "URN/" in line[:40]]
        assert shown == ["review late", "oral 14 h", "in force", "future", "cancelled"]
        await screen.sees("its review is overdue for 3 d: nothing opens under it", "v held")
        await screen.press("down")
        await screen.sees("its written statement is due: 14 h left")


async def test_the_palette_leads_there(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await screen.press("colon", *"author", "enter")
        await screen.sees("AUTHORITIES  5")
        await screen.press("escape")
        await screen.sees("NEEDS YOU")


@pytest.mark.parametrize("size", SIZES)
async def test_an_authority_is_recorded_with_the_hash_of_its_document(tmp_path: Path, size: tuple[int, int]) -> None:
    document = tmp_path / "d"
    document.write_bytes(b"what was authorised")
    async with console(fleet(), tmp_path, size) as screen:
        await to_authorities(screen)
        await screen.press("n")
        await screen.sees("reference: as it is written", "never whom it concerns; can be erased")
        await screen.sees("install use retrieve", "video audio position", "now, -2h, or a date", "+28d, or a date")
        await screen.sees("+28d, +56d, or dates; may stay empty", "its file here, hashed; it stays here")
        await screen.press(*"URN/9/26", "tab", *"use", "tab", *"video", "tab", *"Superintendent", "tab", "tab")
        await screen.press(*"-2h", "tab", *"+28d", "tab", *"+14d", "tab")
        await screen.sees("document: the file to hash here")
        await screen.press(*"/nowhere", "enter")
        await screen.sees("/nowhere is no file")
        assert screen.asked("record_authority") == []
        await screen.press("home", "ctrl+k", *str(document))
        await screen.sees("authority.recorded: TO-12 records URN/9/26 to use with video")
        await screen.press("enter")
        await screen.sees("URN/9/26 is recorded as A-")
        (new,) = said(screen.client, "record_authority")
        salt = bytes.fromhex(new.document.salt)
        assert new.document.sha256 == sha256(salt + b"what was authorised").hexdigest()
        assert (new.kinds, new.modalities, new.ends_at - new.starts_at) == (["use"], ["video"], timedelta(days=28))
        assert new.review_at == [new.starts_at + timedelta(days=14)]


async def test_an_urgent_oral_one_needs_no_document_and_lasts_72_hours(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await to_authorities(screen)
        await screen.press("n")
        await screen.sees("reference: as it is written")
        await screen.press(*"URN/9/26", "tab", *"use", "tab", *"video", "tab", *"Superintendent", "tab", *"yes", "tab")
        await screen.press(*"now", "tab", *"+4d")
        await screen.sees("at most 72 hours", "authority-length")
        await screen.press("backspace", "backspace", *"2h")
        await screen.sees("urgent oral", "written statement is due 72 hours")
        await screen.press("tab", "tab", "x")
        await screen.sees("document: none yet", "document-oral")
        await screen.press("backspace", "up", "up", "up", *"-3d", "tab", *"-2h")
        await screen.sees("more than nothing and at most 72 hours")
        await screen.press("home", "ctrl+k", *"+71h")
        await screen.sees("It is over already: nothing can rest on it any more.")
        await screen.press("shift+tab", "home", "ctrl+k", *"now")
        await screen.misses("over already")
        await screen.press("enter")
        await screen.until(lambda: screen.asked("record_authority"))
        assert said(screen.client, "record_authority")[0].document is None


async def test_a_review_and_a_statement_are_recorded(tmp_path: Path) -> None:
    document = tmp_path / "d"
    document.write_bytes(b"said")
    async with console(fleet(), tmp_path) as screen:
        await to_authorities(screen)
        await screen.press("v")
        await screen.sees("A review of URN/2/26 was held", "outcome: what the review found", "It was due ", "used up")
        await screen.press(*"goes on", "tab", *"+14d", "enter")
        await screen.sees("the review of URN/2/26 is recorded; next: ")
        authority_id, done = said(screen.client, "review_authority")
        assert (authority_id, done.outcome) == ("A-000000000002", "goes on")
        await screen.press("home", "w")
        ends = full_moment(screen.client.authority_list[2].ends_at, utc=False)
        await screen.sees("The written statement of URN/3/26", f"It prolongs nothing: the authority ends {ends}.")
        await screen.press(*str(document), "enter")
        await screen.sees("the written statement of URN/3/26 is recorded")
        assert screen.asked("record_statement")[0][1] == "A-000000000003"


async def test_a_review_before_its_date_uses_that_date_up(tmp_path: Path) -> None:
    client = fleet()
    client.authority_list = client.authority_list[:1]
    async with console(client, tmp_path) as screen:
        await to_authorities(screen)
        await screen.press("v")
        await screen.sees("It is due ", "that date is used up by it", "empty: those left")
        await screen.press(*"goes on", "enter")
        await screen.sees("the review of URN/1/26 is recorded; none is left")


async def test_word_of_mouth_for_less_than_72_hours_is_told_with_its_true_length(tmp_path: Path) -> None:
    client = fleet()
    starts_at = client.now.replace(microsecond=0)
    client.authority_list = [
        client.made_authority(
            urgent_oral=True,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=10),
            statement_due_at=starts_at + timedelta(hours=72),
            document_sha256=None,
        )
    ]
    async with console(client, tmp_path) as screen:
        await to_authorities(screen)
        await screen.press("enter")
        await screen.sees("10 h in all, by word of mouth", ", 72 h after it was given")
        assert not [line for line in screen.lines if "until" in line and "72 h" in line]


async def test_cancelling_says_how_many_mandates_end_with_it(tmp_path: Path) -> None:
    client = fleet()
    client.authority_list = [client.made_authority(mandates=3)]
    async with console(client, tmp_path) as screen:
        await to_authorities(screen)
        await screen.press("x")
        await screen.sees("3 live mandates end with it", "close at once", "until its kit is back")
        await screen.press(*"over", "enter")
        await screen.sees("URN/1/26 is cancelled, and all mandates under it")
        assert screen.asked("cancel_authority") == [("cancel_authority", FIRST, "over")]


@pytest.mark.parametrize("size", SIZES)
async def test_others_look_and_are_told_whose_it_is(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(fleet("engineer"), tmp_path, size) as screen:
        await to_authorities(screen)
        await screen.misses("n record")
        await screen.press("n")
        await screen.sees("recording an authority is an approver's")
        await screen.press("enter")
        await screen.sees("recorded as", "A-000000000002, by AP-03", "URN/2/26")
        await screen.press("escape")
        await screen.sees("AUTHORITIES  5")


async def test_an_old_one_that_is_in_force_is_there_when_there_are_many(tmp_path: Path) -> None:
    client = fleet()
    old = client.made_authority(999, reference="URN/old/26")
    client.authority_list = [client.made_authority(n, state="ended") for n in range(10, 215)] + [old]
    async with console(client, tmp_path) as screen:
        await to_authorities(screen)
        await screen.sees("201 of 206 shown", "URN/old/26")
