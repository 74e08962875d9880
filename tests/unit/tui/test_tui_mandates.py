"""The rooms for mandates on a real Textual screen, driven by keys: lists, drafts, signing, pasting, ending."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual import events

from fleet.client import NoPeopleAnchor, PeopleChain, PeopleNotTrusted
from protocols.api.checks import Budget, LiveMandate, UnitAccess
from protocols.api.mandates import MandateView
from protocols.mandate import MANDATE_NAMESPACE
from protocols.people import Role
from tests.support.people import Keyholder
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, StubConsole, console
from tests.unit.tui.stub_mandates import UNIT, VIDEO
from tests.unit.tui.stub_people import KEYHOLDERS
from tui.words import full_moment

FIRST = "M-000000000001"


def fleet(*views: MandateView, role: Role = "engineer") -> StubClient:
    """A fleet with these mandates, one draft of this person's when there are none."""
    client = StubClient(role=role)
    client.mandate_list = list(views) or [client.made_mandate()]
    return client


def said(client: StubClient, what: str) -> tuple[Any, ...]:
    """With what the controller was asked `what`, once."""
    (asked,) = [one[1:] for one in client.asked if one[0] == what]
    return asked


async def to_mandates(screen: StubConsole) -> None:
    await screen.press("0")
    await screen.sees("MANDATES  ", "until")


async def to_page(screen: StubConsole) -> None:
    await to_mandates(screen)
    await screen.press("enter")
    await screen.sees("kind  ", "signed by")


async def to_end(screen: StubConsole) -> None:
    """What the cursor keys scroll, to its end."""
    await screen.press("end")


@pytest.mark.parametrize("size", SIZES)
async def test_what_waits_for_this_person_comes_first(tmp_path: Path, size: tuple[int, int]) -> None:
    made = StubClient().made_mandate
    client = fleet(
        made(1, state="ended"),
        made(2, state="cancelled"),
        made(3, state="live"),
        made(4, requester="TO-07", approver="SU-02"),
        made(5),
        made(6, state="future"),
    )
    async with console(client, tmp_path, size) as screen:
        await to_mandates(screen)
        await screen.sees("MANDATES  6", "1 waits for you to sign", "1 live", "1 kit is out")
        words = [line[1:].split()[0] for line in screen.lines if "M-00000000000" in line]
        assert words == ["sign", "draft", "live", "future", "kit", "ended"]
        await screen.sees("roof 001", "video 15 min and 4 openings", "asks TO-12 (you)", "approves TO-07", "nobody yet")
        await screen.sees("waits for you: s reads and signs it")


async def test_a_units_page_leads_to_its_mandates_and_back(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await screen.press("2")
        await screen.sees("camera 004")
        await screen.press("down", "enter")
        await screen.sees("ACCESS")
        await screen.press("m")
        await screen.sees("MANDATES OF unit-0000")
        assert screen.asked("mandates")[-1][1] is not None
        await screen.press("escape")
        await screen.sees("ACCESS")


async def test_words_filter_the_list(tmp_path: Path) -> None:
    made = StubClient().made_mandate
    client = fleet(made(1), made(2, kind="retrieval", state="live"))
    async with console(client, tmp_path) as screen:
        await to_mandates(screen)
        await screen.press("slash", *"retrieval live", "enter")
        await screen.misses(FIRST)
        await screen.sees("M-000000000002")
        await screen.press("escape")
        await screen.sees(FIRST, "M-000000000002")


@pytest.mark.parametrize("size", SIZES)
async def test_everything_in_the_line_is_read_before_it_is_signed(tmp_path: Path, size: tuple[int, int]) -> None:
    client = fleet()
    view = client.mandate_list[0]
    async with console(client, tmp_path, size) as screen:
        await to_mandates(screen)
        await screen.press("s")
        await screen.sees(f"Sign mandate {FIRST}", UNIT, "video", "15 min and 4 openings a day", "8 h in all")
        await screen.sees("the controller calls it “roof 001”; its id is what you sign")
        if size[1] == 24:
            await screen.press("y")
            await screen.sees("read it to its end first")
            assert screen.asked("sign_mandate") == []
        await to_end(screen)
        await screen.sees("as requester", "a key on disk", "SHA256:", "TO-07, who approves, is supervisor")
        await screen.sees(f"mandate.signed: TO-12 signs mandate {FIRST}")
        await screen.press("y")
        await screen.sees("signed; it waits for TO-07 to sign", "signed by TO-12")
        (line,) = said(client, "sign_mandate")
        assert line.text() == view.text
        await screen.press("s")
        await screen.sees("signing it is TO-07's")


@pytest.mark.parametrize(
    ("changed", "rule", "words"),
    [
        ({"unit": "unit-00000002"}, "mandate-differs", "the line of"),
        ({"text": "{}"}, "mandate-unreadable", "can not be read"),
        ({"purpose": "aim"}, "mandate-differs", "the line of"),
    ],
)
async def test_a_line_that_is_not_what_is_shown_is_not_offered(
    tmp_path: Path, changed: dict[str, str], rule: str, words: str
) -> None:
    client = fleet()
    client.mandate_list = [msgspec.structs.replace(client.mandate_list[0], **changed)]
    async with console(client, tmp_path) as screen:
        await to_mandates(screen)
        await screen.sees("not to be signed", rule, words)
        await screen.misses("s sign")
        await screen.press("s")
        await screen.misses("Sign mandate")
        await screen.press("enter")
        await screen.sees("Not to be signed", rule)
        await screen.misses("paste signature")


async def test_a_window_in_the_past_is_not_offered(tmp_path: Path) -> None:
    client = fleet()
    client.now -= timedelta(days=2)
    client.mandate_list = [client.made_mandate()]
    async with console(client, tmp_path) as screen:
        await to_mandates(screen)
        await screen.sees("not to be signed: its window ended", "after-mandate")
        await screen.misses("s sign")
        await screen.press("enter")
        await screen.sees("Not to be signed", "rule  after-mandate")
        said_at, rule_at = (
            next(at for at, line in enumerate(screen.lines) if words in line)
            for words in ("Not to be signed", "rule  after-mandate")
        )
        sentence = " ".join(" ".join(screen.lines[said_at:rule_at]).split())
        assert sentence.endswith("set this machine's clock right."), "no other line stands between its words"


async def test_nothing_is_signed_when_the_people_list_can_not_be_trusted(tmp_path: Path) -> None:
    client = fleet()

    async def chain() -> PeopleChain:
        raise PeopleNotTrusted("version 2 is refused")

    client.people_chain = chain  # type: ignore[method-assign]  # a controller that lies
    async with console(client, tmp_path) as screen:
        await to_mandates(screen)
        await screen.press("s")
        await screen.sees("Not trusted", "sign nothing")


async def test_who_may_not_approve_is_told_before_the_signature(tmp_path: Path) -> None:
    client = fleet(StubClient().made_mandate(approver="AD-01"))
    async with console(client, tmp_path) as screen:
        await to_mandates(screen)
        await screen.press("s")
        await screen.sees("Not to be signed", "AD-01 is administrator", "role-may-not-sign", "draft it again")


async def test_without_a_pinned_list_the_kind_of_key_is_said_to_be_unknown(tmp_path: Path) -> None:
    client = fleet()

    async def chain() -> PeopleChain:
        raise NoPeopleAnchor

    client.people_chain = chain  # type: ignore[method-assign]  # settings without an anchor
    async with console(client, tmp_path, (160, 48)) as screen:
        await to_mandates(screen)
        await screen.press("s")
        await screen.sees("with the key of your settings", "TO-07 approves")


@pytest.mark.parametrize("size", SIZES)
async def test_a_page_says_how_to_sign_far_away(tmp_path: Path, size: tuple[int, int]) -> None:
    client = fleet()
    async with console(client, tmp_path, size) as screen:
        await to_page(screen)
        await screen.sees(f"fleet mandate line {FIRST} > m", "ssh-keygen -Y sign -n mandate@muster -f KEY m")
        await to_end(screen)
        await screen.sees("ITS EXACT LINE", "sha256")
        shown = "".join(line.strip(" ▐") for line in screen.lines)
        assert client.mandate_list[0].text[-60:].replace(" ", "") in shown.replace(" ", "")


@pytest.mark.parametrize("size", SIZES)
async def test_a_page_tells_when_each_signature_was_made_and_with_which_key(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    client = fleet(StubClient().made_mandate(state="live"))
    view = client.mandate_list[0]
    token = msgspec.structs.replace(client.made_signature("TO-12", hardware=True), at=client.now - timedelta(hours=1))
    damaged = msgspec.structs.replace(client.made_signature("TO-07"), fingerprint="")
    client.mandate_list = [msgspec.structs.replace(view, signatures=[token, damaged])]
    async with console(client, tmp_path, size) as screen:
        await to_page(screen)
        await screen.sees(f"TO-12, handed in {full_moment(token.at, utc=False)}", f"FIDO token {token.fingerprint}")
        await screen.sees(f"TO-07, handed in {full_moment(damaged.at, utc=False)}", "a key that can not be read")


async def paste(screen: StubConsole, text: str) -> None:
    """What a terminal sends when somebody pastes."""
    screen.app.post_message(events.Paste(text))


async def test_a_pasted_signature_is_checked_here_and_said_whose_it_is(tmp_path: Path) -> None:
    client = fleet(StubClient().made_mandate(signed_by=("TO-12",)))
    armored = KEYHOLDERS["TO-07"].sign(client.mandate_list[0].text + "\n", MANDATE_NAMESPACE)
    async with console(client, tmp_path) as screen:
        await to_page(screen)
        await screen.press("p")
        await screen.sees("Paste the text of m.sig from TO-07")
        await paste(screen, f"Here it is:\r\n\r\n{armored}\nBye")
        await screen.sees("It is TO-07's, supervisor", "TO-12 hands in TO-07's signature", "y yes, hand it in")
        await screen.press("enter")
        assert screen.asked("hand_in_signature") == []
        await screen.press("y")
        await screen.sees(f"both have signed: {FIRST} is live")
        assert said(client, "hand_in_signature") == (FIRST, armored)


@pytest.mark.parametrize(
    ("who", "what", "reason"),
    [
        ("TO-07", "another line", "bad-signature"),
        ("AD-01", "", "signature-of-nobody"),
        ("TO-99", "", "signature-of-nobody"),
    ],
)
async def test_a_signature_that_proves_nothing_is_not_handed_in(
    tmp_path: Path, who: str, what: str, reason: str
) -> None:
    client = fleet()
    signer = KEYHOLDERS.get(who) or Keyholder.make(who)
    armored = signer.sign(what or client.mandate_list[0].text + "\n", MANDATE_NAMESPACE)
    async with console(client, tmp_path) as screen:
        await to_page(screen)
        await screen.press("p")
        await screen.sees("Paste the text")
        await paste(screen, armored)
        await screen.sees("This proves nothing", reason, "It was not handed in. Paste the right one after it")
        await screen.misses("hand it in y")
        assert screen.asked("hand_in_signature") == []
        await paste(screen, KEYHOLDERS["TO-07"].sign(client.mandate_list[0].text + "\n", MANDATE_NAMESPACE))
        await screen.sees("It is TO-07's, supervisor", "y yes, hand it in")


async def test_keys_typed_into_the_field_for_a_signature_lead_nowhere_else(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await to_page(screen)
        await screen.press("p")
        await screen.sees("Paste the text")
        await screen.press("q", "1", "p", "y")
        await screen.sees("q1py", "Paste the text")
        await screen.press("escape")
        await screen.sees("SIGN FAR AWAY")


async def test_a_live_mandate_shows_its_day(tmp_path: Path) -> None:
    client = fleet(StubClient().made_mandate(state="live"))
    budget = Budget(allowance=VIDEO, used_s=420, openings=2)
    live = LiveMandate(
        mandate=FIRST,
        kind="field",
        authority="URN/1/26",
        purpose="aim and focus",
        ends_at=client.now + timedelta(hours=7),
        signed_until=client.now + timedelta(hours=7),
        budgets=[budget],
    )
    client.access_now = UnitAccess(mandates=[live], obstacles=[], sentences={}, open=[], last=None)
    check = msgspec.structs.replace(client.check_now, unit=UNIT, mandate=FIRST)
    closed = msgspec.structs.replace(check, state="closed", reason="passed", open_s=41, closed_at=client.now)
    client.check_list = [check, closed]
    async with console(client, tmp_path, (160, 48)) as screen:
        await to_page(screen)
        await screen.sees("TODAY", "7 of 15 min, 2 of 4 openings", "OPEN", "open for 41 s, passed", "approved by")


@pytest.mark.parametrize("size", SIZES)
async def test_a_mandate_is_drafted_key_by_key(tmp_path: Path, size: tuple[int, int]) -> None:
    client = fleet()
    async with console(client, tmp_path, size) as screen:
        await to_mandates(screen)
        await screen.press("n")
        await screen.sees("Draft a mandate", "unit: its id")
        await screen.press(*UNIT, "tab", "tab")
        await screen.sees("authority: enter chooses")
        await screen.press("enter")
        await screen.sees("Authorities that cover it", "URN/1/26")
        await screen.press("1")
        await screen.sees("approver: who signs besides you")
        await screen.press(*["tab"] * 6)
        await screen.press("enter")
        await screen.sees("Who approves it", "TO-07", "supervisor")
        await screen.press("enter")
        await screen.sees(f"mandate.drafted: TO-12 asks for a field mandate of {UNIT}", "nothing until both")
        await screen.press("enter")
        await screen.sees("M-000000000063 is drafted: read and sign it with s, then TO-07 does")
        (new,) = said(client, "draft_mandate")
        assert (new.unit, new.authority, new.approver) == (UNIT, "A-000000000001", "TO-07")
        assert new.allows == [VIDEO]
        assert new.not_after - new.not_before == timedelta(hours=8)
        assert "▸sign" in screen.text
        assert "M-000000000063" in screen.cursor_line()


@pytest.mark.parametrize(
    ("kind", "words"),
    [("bench", "a bench mandate rests on no authority"), ("retr", "is to use; a retrieval mandate needs one to")],
)
async def test_the_form_says_which_rule_refuses(tmp_path: Path, kind: str, words: str) -> None:
    async with console(fleet(), tmp_path) as screen:
        await to_mandates(screen)
        await screen.press("n")
        await screen.sees("unit: its id")
        await screen.press(*UNIT, "tab", *kind, "tab", *"URN/1/26")
        await screen.sees(words)


async def test_cancelling_says_what_follows_and_waits_for_the_kit(tmp_path: Path) -> None:
    client = fleet(StubClient().made_mandate(state="live"))
    async with console(client, tmp_path) as screen:
        await to_mandates(screen)
        await screen.press("x")
        await screen.sees("closes at once", "stays an alarm", "why? It can not stay empty")
        await screen.press("enter")
        assert screen.asked("cancel_mandate") == []
        await screen.press(*"moved", "enter")
        await screen.sees("kit out", "its kit is not back", "bring the kit back, then press g", "g kit is back")
        assert screen.asked("cancel_mandate") == [("cancel_mandate", FIRST, "moved")]
        await screen.press("g")
        await screen.sees("roof 001 is back", "how known")
        await screen.press(*"in store", "enter")
        await screen.sees("its alarm has ended", "it is back: TO-12")
        await screen.misses("kit out")


async def test_a_draft_is_given_up_by_its_people_only(tmp_path: Path) -> None:
    made = StubClient().made_mandate
    client = fleet(made(1), made(2, requester="TO-07", approver="SU-02"))
    async with console(client, tmp_path) as screen:
        await to_mandates(screen)
        await screen.press("down", "x")
        await screen.sees("giving it up is TO-07's, SU-02's or a supervisor's")
        await screen.press("up", "x")
        await screen.sees(f"mandate.discarded: TO-12 discards mandate {FIRST}")
        await screen.press("y")
        await screen.sees(f"{FIRST} is discarded")


async def test_an_administrator_is_told_whose_mandates_are(tmp_path: Path) -> None:
    client = fleet(role="administrator")
    async with console(client, tmp_path) as screen:
        await screen.press("0")
        await screen.sees("seeing mandates is an engineer's or a supervisor's")
        assert screen.asked("mandates") == []


async def test_an_inspector_may_look_and_not_draft(tmp_path: Path) -> None:
    async with console(fleet(role="inspector"), tmp_path) as screen:
        await to_mandates(screen)
        await screen.misses("n new draft")
        await screen.press("n")
        await screen.sees("drafting a mandate is an engineer's or a supervisor's")


async def test_old_mandates_that_want_somebody_are_asked_for_when_there_are_many(tmp_path: Path) -> None:
    made = StubClient().made_mandate
    client = fleet(*[made(number, state="ended") for number in range(2, 240)], made(1))
    async with console(client, tmp_path) as screen:
        await to_mandates(screen)
        await screen.sees("201 of 239 shown", FIRST, "▸sign")


@pytest.mark.parametrize("size", SIZES)
async def test_what_waits_is_on_the_first_screen(tmp_path: Path, size: tuple[int, int]) -> None:
    client = fleet()
    client.event_list, client.join_list, client.rows = [], [], client.rows[:3]
    client.duty_list = [
        client.duty("kit-out", FIRST, due_at=client.now - timedelta(hours=3), is_alarm=True),
        client.duty("review-overdue", "A-000000000001", due_at=client.now - timedelta(days=3), is_alarm=True),
        client.duty("sign", FIRST),
        client.duty("statement-due", "A-000000000001"),
    ]
    async with console(client, tmp_path, size) as screen:
        await screen.sees("NEEDS YOU  2", "1 Now 2", "recover", "cancelled 3 h ago, its kit is not back")
        await screen.sees("review overdue for 3 d", "written statement due in 58 h", f"{FIRST} waits for you, ")
        kinds = [line[11:].split()[0] for line in screen.lines if "roof 001 " in line[:40] or "URN/1/26 " in line[:40]]
        assert kinds == ["recover", "sign", "deadline", "deadline"], "what an approver has to do comes last"
        await screen.press("a")
        await screen.sees("recover")
        await screen.press("end")
        await screen.sees("recording a statement is an approver's")
        await screen.press("home", "down", "enter")
        await screen.sees(FIRST, "SIGN FAR AWAY")
        await screen.press("escape", "end", "enter")
        await screen.sees("recorded as", "URN/1/26")


async def test_deadlines_press_whoever_can_meet_them(tmp_path: Path) -> None:
    client = fleet(role="approver")
    client.event_list, client.join_list, client.rows = [], [], client.rows[:3]
    client.duty_list = [
        client.duty("sign", FIRST),
        client.duty("statement-due", "A-000000000001", due_at=client.now + timedelta(hours=14, minutes=1)),
    ]
    async with console(client, tmp_path) as screen:
        await screen.sees("NEEDS YOU  2", "1 Now 2", "due in 14 h")
        assert "deadline" in screen.cursor_line()
