"""The people room: changes are drafts, and a draft is signed after it was read."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from fleet.client import PeopleChain, PeopleNotTrusted, read_draft
from protocols.api.people import LeaveOut, NewKey
from protocols.people_changes import PersonChange
from tests.support.people import Keyholder
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, console
from tui.dialogs.new_key import new_key_of
from tui.dialogs.sign import change_lines
from tui.paint import Line, line_width
from tui.rooms.drafts import draft_line

KEY = Keyholder.make("TO-12").line


def text(line: Line) -> str:
    return "".join(span.text for span in line)


@pytest.fixture
def administrator() -> StubClient:
    """The console's person as an administrator, with one draft that waits."""
    return StubClient(role="administrator")


@pytest.mark.parametrize("size", SIZES)
async def test_a_draft_is_read_and_signed(administrator: StubClient, tmp_path: Path, size: tuple[int, int]) -> None:
    await administrator.draft_people(Keyholder.make("TO-31").new("engineer"))
    async with console(administrator, tmp_path, size) as screen:
        await screen.press("8")
        await screen.sees("1 draft waits for signatures", "d drafts")
        await screen.press("d")
        await screen.sees("PEOPLE LIST  1 in force, checked from your pinned anchor", "enter read and sign")
        await screen.sees("+ added", "TO-31", "Person TO-31", "engineer, key on disk, until", "SHA256:", "nobody yet")
        await screen.press("enter")
        digest = administrator.draft_list[0].sha256
        await screen.sees("Sign people list 2", digest[:32], digest[32:], "people.signed: TO-12 signs")
        await screen.press("y")
        await screen.sees("1 of 2 signed", "drafted by  AD-01   signed by   TO-12", "1 more signature is needed")
        await screen.misses("enter read and sign")
        assert len(screen.asked("sign_draft")) == 1


async def test_nothing_is_signed_that_does_not_lead_from_the_checked_list(
    administrator: StubClient, tmp_path: Path
) -> None:
    view = await administrator.draft_people(LeaveOut(person_id="TO-07"))
    old = view.text.replace(f'"made_at":"{_stamp(administrator.now)}"', '"made_at":"2026-01-01T00:00:00Z"')
    assert old != view.text
    administrator.draft_list = [msgspec.structs.replace(view, text=old)]
    async with console(administrator, tmp_path) as screen:
        await screen.press("8", "d")
        await screen.sees("can not be trusted", "do not go on, sign", "nothing, and ask")
        await screen.misses("read and sign")


def _stamp(at: datetime) -> str:
    return msgspec.json.encode(at).decode().strip('"')


async def test_lists_that_can_not_be_checked_are_not_shown(administrator: StubClient, tmp_path: Path) -> None:
    await administrator.draft_people(LeaveOut(person_id="TO-07"))

    async def chain() -> PeopleChain:
        raise PeopleNotTrusted("version 2 is refused (0 of 2 administrators have signed)")

    administrator.people_chain = chain  # type: ignore[method-assign]  # a controller that lies
    async with console(administrator, tmp_path) as screen:
        await screen.press("8", "d")
        await screen.sees("not checked", "version 2 is refused", "administrators have signed")
        await screen.misses("list 2")


async def test_a_draft_is_withdrawn(administrator: StubClient, tmp_path: Path) -> None:
    await administrator.draft_people(LeaveOut(person_id="TO-07"))
    async with console(administrator, tmp_path) as screen:
        await screen.press("8", "d")
        await screen.sees("- left out", "left out TO-07", "w withdraw")
        await screen.press("w")
        await screen.sees("people.withdrawn: TO-12 withdraws draft")
        await screen.press("y")
        await screen.sees("No draft waits.")


async def test_another_key_is_drafted(administrator: StubClient, tmp_path: Path) -> None:
    async with console(administrator, tmp_path) as screen:
        await screen.press("8")
        await screen.sees("k new key")
        await screen.press("end", "k")
        await screen.sees("New key for TO-12 Jane Archer", "public key: the one line", "end", "their access first")
        await screen.press(*KEY)
        await screen.sees("people.drafted: TO-12 drafts the list with another key for TO-12")
        await screen.press("enter")
        await screen.sees("* new key", "list 2   open")
        (asked,) = screen.asked("draft_people")
        assert asked[1] == NewKey(person_id="TO-12", key=KEY, role="engineer", valid_days=365)


async def test_ending_access_says_what_is_left_to_do(administrator: StubClient, tmp_path: Path) -> None:
    async with console(administrator, tmp_path) as screen:
        await screen.press("8")
        await screen.sees("4 have access")
        await screen.press("end", "x")
        await screen.sees("Units", "trust their key until two administrators sign")
        await screen.press("y")
        await screen.sees("TO-12 has no access any more; sign the list without them: d")
        await screen.press("home", "down", "x", "y")
        await screen.sees("Too few administrators", "people-stuck", "1 administrator", "found the people list anew")


async def test_others_see_drafts_and_sign_nothing(tmp_path: Path) -> None:
    client = StubClient()
    await client.draft_people(LeaveOut(person_id="TO-07"))
    async with console(client, tmp_path) as screen:
        await screen.press("8", "d")
        await screen.sees("- left out")
        await screen.misses("read and sign")
        await screen.misses("withdraw")
        await screen.press("w")
        await screen.sees("withdrawing a draft is an administrator's")


async def test_a_key_that_is_an_administrator_s_says_so(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("8")
        await screen.sees("4 have access")
        for key, said in [("x", "ending access"), ("k", "giving another key"), ("n", "adding a person")]:
            await screen.press(key)
            await screen.sees(f"{said} is an administrator's")
        await screen.press("question_mark")
        await screen.sees("HERE", "Times are yours")
        assert "A UNIT IS" not in screen.text


@pytest.mark.parametrize("width", [79, 159])
async def test_lines_about_drafts_fit(width: int) -> None:
    client = StubClient()
    view = await client.draft_people(LeaveOut(person_id="TO-07"))
    assert line_width(draft_line(view, width, "21 Nov 14:02")) <= width
    read = read_draft(await client.people_chain(), view, datetime.now(UTC))
    for change in read.changes:
        for line in change_lines(change, {"TO-07": "N" * 80}, client.now, utc=True)[1:]:
            assert line_width(line) <= 72


async def test_what_a_change_says_comes_from_the_list_and_steers_no_terminal() -> None:
    client = StubClient()
    person = client.anchor.people[0]
    lines = change_lines(PersonChange("new-key", person), {person.person_id: "\x1b[2J"}, client.now, utc=True)
    assert "\x1b" not in "".join(text(line) for line in lines)
    assert text(lines[0]).startswith(" * new key")


async def test_a_new_role_is_shown_with_the_one_before() -> None:
    client = StubClient()
    view = await client.draft_people(NewKey(person_id="TO-12", key=client.anchor.people[0].key, role="approver"))
    read = read_draft(await client.people_chain(), view, datetime.now(UTC))
    said = [text(line) for change in read.changes for line in change_lines(change, {}, client.now, utc=True)]
    assert any("approver (was engineer), key on disk" in line for line in said)


def test_what_is_wrong_with_a_new_key_is_said() -> None:
    assert isinstance(new_key_of("TO-12", KEY, "eng", "365"), NewKey)
    for values, said in [
        (("rubbish", "eng", "365"), "public key"),
        ((KEY, "boss", "365"), "role"),
        ((KEY, "eng", "0"), "for days"),
    ]:
        wrong = new_key_of("TO-12", *values)
        assert isinstance(wrong, str)
        assert wrong.startswith(said)
