"""What is typed into forms of mandates and authorities, and lines of them: pure."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from protocols.api.problems import Problem
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_mandates import UNIT
from tui.authority_drafting import TypedAuthority, Unrecordable
from tui.authority_drafting import authority_of as recorded_of
from tui.authority_lines import Wish, authority_line, uncovered
from tui.authority_lines import heads_line as authority_heads
from tui.mandate_drafting import Known, Typed, Unfinished, draft_of
from tui.mandate_lines import heads_line, mandate_line
from tui.mandate_reading import ReadMandate, armored_in, read_for_signing
from tui.paint import line_width
from tui.periods import PeriodUnclear, read_coming

CLIENT = StubClient(3)
NOW = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
TYPED = Typed(UNIT, "field", "URN/1/26", {"video": "15 x 4"}, "aim and focus", "now", "+8h", "TO-07")
RECORDED = TypedAuthority(
    reference="URN/9/26",
    kinds="use",
    modalities="video",
    rank="Superintendent",
    oral="no",
    starts="now",
    ends="+28d",
    reviews="",
    document="d",
    renews="",
    note="",
)


def known() -> Known:
    return Known(me="TO-12", now=CLIENT.now, utc=True, authorities=CLIENT.authority_list, people=CLIENT.people_list)


@pytest.mark.parametrize(
    ("text", "after", "then"),
    [
        ("now", None, datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)),
        ("+4h", None, datetime(2026, 11, 22, 14, 0, 30, tzinfo=UTC)),
        ("2d", None, datetime(2026, 11, 24, 10, 0, 30, tzinfo=UTC)),
        ("-2h", None, datetime(2026, 11, 22, 8, 0, 30, tzinfo=UTC)),
        ("+30 min", NOW + timedelta(days=1), datetime(2026, 11, 23, 10, 30, 30, tzinfo=UTC)),
        ("22:00", None, datetime(2026, 11, 22, 22, 0, tzinfo=UTC)),
        ("6:00", None, datetime(2026, 11, 23, 6, 0, tzinfo=UTC)),
        ("2026-11-23 06:00", None, datetime(2026, 11, 23, 6, 0, tzinfo=UTC)),
        ("", None, None),
    ],
)
def test_times_to_come_are_read_as_people_type_them(text: str, after: datetime | None, then: datetime | None) -> None:
    assert read_coming(text, NOW, utc=True, after=after) == then


@pytest.mark.parametrize("text", ["4m", "tomorrow", "25:00", "+0h", "99999-01-01", "+99999999d"])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(PeriodUnclear):
        read_coming(text, NOW, utc=True)


def test_what_is_typed_becomes_a_mandate() -> None:
    new = draft_of(TYPED, known())
    assert (new.kind, new.authority, new.approver) == ("field", "A-000000000001", "TO-07")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"unit": "x"}, "unit: its id"),
        ({"kind": "home"}, "kind: one of"),
        ({"allows": {"video": "15"}}, "video: minutes x openings"),
        ({"allows": {"video": "121 x 4"}}, "at most 120 x 48"),
        ({"allows": {}}, "at least one"),
        ({"allows": {"position": "1 x 1"}}, "covers video, audio, not position"),
        ({"kind": "bench"}, "rests on no authority"),
        ({"kind": "bench", "authority": "", "ends": "+25h"}, "lasts at most 1 days"),
        ({"authority": "URN/7"}, "authority: enter chooses"),
        ({"ends": "+40d"}, "end the mandate by then"),
        ({"ends": "+91d", "starts": "-40d"}, "takes effect only"),
        ({"ends": ""}, "from and until"),
        ({"starts": "-5h", "ends": "+1h"}, "over already"),
        ({"ends": "-1h"}, "over already"),
        ({"purpose": ""}, "purpose: a few words"),
        ({"purpose": "aim\u200b"}, "purpose: a few words"),
        ({"approver": "TO-12"}, "nobody approves their own"),
        ({"approver": "AD-01"}, "role-may-not-sign"),
        ({"approver": "AP-99"}, "approver: who signs besides you"),
    ],
)
def test_a_draft_says_what_is_missing_or_which_rule_refuses(changed: dict[str, object], words: str) -> None:
    with pytest.raises(Unfinished, match=words.replace("/", "/")):
        draft_of(TYPED._replace(**changed), known())  # type: ignore[arg-type]  # texts, each


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"reference": "two words"}, "reference: as it is written"),
        ({"kinds": ""}, "to do what"),
        ({"kinds": "watch"}, "none of install, use, retrieve"),
        ({"modalities": ""}, "modalities-missing"),
        ({"rank": ""}, "authorised by"),
        ({"oral": "maybe"}, "yes or no"),
        ({"oral": "y", "ends": "+73h"}, "at most 72 hours"),
        ({"ends": "+93d"}, "at most 92 days"),
        ({"ends": "-1d"}, "more than nothing"),
        ({"ends": ""}, "until: when it ends"),
        ({"reviews": "+29d"}, "review-dates"),
        ({"document": ""}, "document: the file"),
        ({"renews": "URN/1/26"}, "renews: the authority"),
        ({"note": "a\u202eb"}, "note: at most"),
    ],
)
def test_an_authority_says_what_is_missing_or_which_rule_refuses(changed: dict[str, str], words: str) -> None:
    recorded_of(RECORDED, NOW, utc=True)
    with pytest.raises(Unrecordable, match=words):
        recorded_of(RECORDED._replace(**changed), NOW, utc=True)


def test_hidden_signs_in_a_line_are_not_signed() -> None:
    view = CLIENT.made_mandate()
    text = view.text.replace("aim and focus", "aim and\u200b focus")
    hidden = msgspec.structs.replace(view, text=text, purpose="aim and\u200b focus")
    found = read_for_signing(hidden, None, "TO-12", CLIENT.now)
    assert isinstance(found, Problem)
    assert found.code == "hidden-signs"
    assert isinstance(read_for_signing(view, None, "TO-12", CLIENT.now), ReadMandate)


def test_nobody_signs_alone_or_for_others() -> None:
    same = read_for_signing(CLIENT.made_mandate(requester="TO-07", approver="TO-07"), None, "TO-07", CLIENT.now)
    others = read_for_signing(CLIENT.made_mandate(), None, "TO-55", CLIENT.now)
    assert isinstance(same, Problem)
    assert isinstance(others, Problem)
    assert (same.code, others.code) == ("same-person", "not-yours")


def test_a_signature_is_found_in_what_a_mail_put_around_it() -> None:
    whole = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"
    quoted = "".join(f"> {line}\r\n" for line in whole.splitlines())
    assert armored_in(quoted) == armored_in(f"  \n{whole}\n--\nme") == whole
    assert armored_in(whole[:-10]) is None
    assert armored_in("-----BEGIN SSH SIGNATURE-----" + "A" * 5000 + "-----END SSH SIGNATURE-----") is None


@pytest.mark.parametrize("width", [60, 79, 120, 159])
def test_lines_fit_and_heads_stand_over_them(width: int) -> None:
    view = CLIENT.made_mandate(unit_label="a label that is much too long for any column of a list")
    authority = CLIENT.made_authority(reference="URN/" + "9" * 50, kinds=["install", "use", "retrieve"])
    assert line_width(mandate_line(view, width, CLIENT.now, "TO-12", utc=True)) <= max(width, 79)
    assert line_width(heads_line(max(79, width))) <= max(width, 79)
    assert line_width(authority_line(authority, max(79, width), CLIENT.now, utc=True)) <= max(width, 79)
    assert line_width(authority_heads(max(79, width))) <= max(width, 79)


def test_what_an_authority_does_not_cover_is_said() -> None:
    authority = CLIENT.made_authority()
    wish = Wish("field", ["video"], CLIENT.now, CLIENT.now + timedelta(hours=1))
    assert uncovered(authority, wish, utc=True) == ""
    late = msgspec.structs.replace(authority, state="review-overdue")
    assert "waits for its review" in uncovered(late, wish, utc=True)
    assert "needs one to retrieve" in uncovered(authority, wish._replace(kind="retrieval"), utc=True)
