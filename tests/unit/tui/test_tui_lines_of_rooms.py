"""What the rooms say, before any terminal is there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from fleet.client import LinkDown, LinkUp, Refused
from protocols.api.people import NewPerson
from protocols.api.units import History, HistoryPoint, SettingsChange, Summary
from protocols.joining import display_fingerprint
from protocols.people import PERMISSIONS
from tests.unit.tui.stub_client import FINGERPRINT, StubClient
from tui.bars import key_line, link_words, note_line, tabs
from tui.desk import Note
from tui.dialogs.accept import masked_fingerprint
from tui.dialogs.goto import Destination, matching
from tui.dialogs.keys import key_lines
from tui.dialogs.person import full_role, key_fingerprint, person_of
from tui.dialogs.problem import problem_lines
from tui.dialogs.settings import FIELDS, field_value
from tui.event_lines import event_line, is_open
from tui.needs import fleet_lines, need_line, needs, things, things_line, wanting
from tui.paint import Line, line_width
from tui.rooms.plot import unbroken
from tui.rooms.voucher import voucher_lines
from tui.rooms_map import ROOMS, RoomName
from tui.saved import SavedFilter, SavedFilters
from tui.unit_columns import columns_for, head_line, row_line
from tui.unit_page import Moment, UnitPicture, body_lines, top_lines, worries

ENGINEER = PERMISSIONS["engineer"]
WIDTHS = [40, 79, 80, 120, 159, 200]


def text(line: Line) -> str:
    return "".join(span.text for span in line)


def test_what_a_key_does_is_broken_and_not_cut_beside_the_keys_of_every_screen() -> None:
    does = "see the position that was found: an entry in the log"
    lines = [text(line) for line in key_lines([("p", does), ("esc", "close")], [("q", "quit")])]
    left = [" ".join(line[:46].split()) for line in lines[1:4]]
    assert left == ["p see the position that was found: an", "entry in the log", "esc close"]
    assert lines[1].endswith("quit")


def test_what_needs_a_person_comes_in_order_of_weight() -> None:
    client = StubClient(60)
    alarms = [event for event in client.event_list if event.severity == "alarm" and is_open(event)]
    found = needs(alarms, client.join_list, client.rows, None, ENGINEER)
    kinds = [need.kind for need in found]
    assert kinds == sorted(kinds, key=["alarm", "join", "unit", "more"].index)
    assert [need.at for need in found if need.kind == "alarm"] == sorted([event.at for event in alarms], reverse=True)
    assert len({need.key for need in found}) == len(found)
    told = needs(alarms, client.join_list, client.rows, None, PERMISSIONS["inspector"])
    assert all(need.is_others and need.hint.endswith("an engineer's or a supervisor's") for need in told)
    assert things(told) == 0


def test_a_quarantined_unit_stands_once() -> None:
    client = StubClient(12)
    row = msgspec.structs.replace(client.rows[0], state="quarantined", presence="quarantined")
    event = next(event for event in client.event_list if event.severity == "alarm")
    alarm = msgspec.structs.replace(event, kind="unit-quarantined", unit_id=row.unit_id, acknowledged_at=None)
    summary = Summary(units=12, presence={"quarantined": 1}, joins_pending=0, alarms=1, sessions_up=0)
    (told,) = needs([alarm], [], [row], summary, ENGINEER)
    assert (told.kind, told.tone, told.unit_id) == ("alarm", "loud", row.unit_id)
    assert things([told]) == wanting(summary, ENGINEER) == 2
    assert text(things_line([told])) == "2  in 1 line"
    assert "×2" in text(need_line(told, 80, client.now, utc=True)), "as many as it is counted for"
    (seen,) = needs([alarm], [], [row], summary, PERMISSIONS["approver"])
    assert (things([seen]), wanting(summary, PERMISSIONS["approver"]), seen.tone) == (0, 0, "bad")
    assert text(things_line([seen])) == "0  1 line is others'"
    (left,) = needs([], [], [row], summary, ENGINEER)
    assert (left.kind, left.tone) == ("unit", "loud")
    other = msgspec.structs.replace(alarm, unit_id=client.rows[1].unit_id)
    assert [need.kind for need in needs([other], [], [row], None, ENGINEER)] == ["alarm", "unit"]


def test_more_silent_units_than_were_asked_for_are_counted() -> None:
    summary = Summary(units=900, presence={"quiet": 70, "quarantined": 3}, joins_pending=2, alarms=1, sessions_up=0)
    last = needs([], [], [], summary, ENGINEER)[-1]
    assert last.kind == "more"
    assert "73 more" in last.text
    assert wanting(summary, ENGINEER) == 76
    assert "never" not in text(fleet_lines(summary)[0])


@pytest.mark.parametrize("width", WIDTHS)
def test_unit_rows_and_their_heads_stand_in_the_same_columns(width: int) -> None:
    client = StubClient(40)
    columns = columns_for(width)
    head = head_line(columns, "label", descending=False)
    for row in client.rows:
        assert line_width(row_line(row, columns, client.now)) == line_width(head)
    if width >= 78:
        assert line_width(head) <= width
        assert [column.head for column in columns[:10]] == [
            "label", "unit", "state", "!", "heard", "volts", "temp", "disk", "LTE", "key",
        ]  # fmt: skip


def test_unknown_is_a_dash_and_never_good() -> None:
    client = StubClient(40)
    never = next(row for row in client.rows if row.presence == "never")
    line = row_line(never, columns_for(160), client.now)
    shown = {span.text.strip(): span.tone for span in line}
    assert shown["—"] == "muted"
    assert shown["never"] == "muted"
    assert "good" not in shown.values()


@pytest.mark.parametrize("width", WIDTHS)
async def test_the_unit_page_fits_its_width_with_and_without_a_report(width: int) -> None:
    client = StubClient(40)
    when = Moment(client.now, utc=True)
    for unit_id in (client.rows[0].unit_id, client.rows[16].unit_id):
        detail = await client.unit(unit_id)
        histories = {name: await client.history(unit_id, name) for name in ("supply_mv", "soc_temp_c")}
        picture = UnitPicture(detail, histories, (await client.events(unit_id=unit_id)).events, [])
        lines = body_lines(picture, when, width)
        assert lines
        if width >= 79:
            assert max(line_width(line) for line in lines if text(line).strip()) <= width
        assert len(top_lines(detail, when)) == 3


async def test_worries_come_first_on_the_page() -> None:
    client = StubClient(40)
    hot = await client.unit(client.rows[35].unit_id)
    assert text(worries(hot)).startswith("SoC temperature 83 °C")
    never = await client.unit(client.rows[16].unit_id)
    assert text(worries(never)) == "no report yet"


def test_the_link_is_told_honestly() -> None:
    assert link_words(None, 0).text == "connecting"
    assert link_words(LinkUp(84.4), 0).text == "link 84 ms"
    down = LinkDown(datetime.now(UTC), "gone")
    assert link_words(down, 12.3) == ("no link 12 s", "loud")
    assert "signed out" in link_words(LinkDown(down.since, "ended", signed_out=True), 5).text


def test_a_silence_is_a_gap_in_the_plot() -> None:
    start = datetime(2026, 11, 21, tzinfo=UTC)
    buckets = [0, 1, 4, 8, 9]
    points = [HistoryPoint(start + timedelta(seconds=60 * bucket), 1, 2, 3) for bucket in buckets]
    runs = unbroken(History(figure="supply_mv", bucket_s=60, points=points))
    assert [len(run) for run in runs] == [3, 2]
    assert [point for run in runs for point in run] == points
    assert unbroken(History(figure="supply_mv", bucket_s=60, points=[])) == []


def test_every_room_is_shown_where_there_is_space() -> None:
    shown = text(tabs("units", None, ENGINEER))
    assert [room.key for room in ROOMS] == ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"]
    assert all(f"{room.key} {room.title}" in shown for room in ROOMS)


@pytest.mark.parametrize("room", [one.name for one in ROOMS])
def test_the_room_that_one_is_in_is_among_the_tabs_of_a_narrow_screen(room: RoomName) -> None:
    titles = {one.name: f"{one.key} {one.title}" for one in ROOMS}
    line = tabs(room, None, ENGINEER, 12, 79)
    assert line_width(line) <= 79
    assert titles[room] in text(line)
    assert all(titles[one.name] in text(line) for one in ROOMS if one.key not in "90")


def test_the_note_counts_the_seconds_of_waiting() -> None:
    note = Note("asking for a report", "plain", since=100.0, waiting=True)
    assert "asking for a report …" in text(note_line(note, 60, 100.2))
    assert "… 3 s" in text(note_line(note, 60, 103.5))
    assert line_width(note_line(note, 60, 103.5)) == 60
    assert line_width(note_line(None, 60, 0.0)) == 60


def test_keys_that_do_not_fit_are_left_out_whole_and_the_ways_out_stay() -> None:
    keys = [("enter", "open"), ("a", "acknowledge"), ("s", "severity"), ("esc", "back"), ("?", "keys"), ("q", "quit")]
    line = text(key_line(keys, 48))
    assert line_width(key_line(keys, 48)) <= 48
    assert "enter open" in line
    assert "…" in line
    assert line.rstrip().endswith("esc back  q quit  ? keys")


def test_the_last_group_of_a_fingerprint_is_left_to_the_unit() -> None:
    whole = display_fingerprint(FINGERPRINT)
    shown, hidden = masked_fingerprint(FINGERPRINT)
    assert shown[:3] == whole[:3]
    assert shown[3].endswith("····")
    assert whole[3].endswith(hidden)
    assert hidden not in shown[3]


async def test_a_refusal_says_what_rule_and_remedy() -> None:
    client = StubClient()
    with pytest.raises(Refused) as caught:
        await client.end_person("AD-01")
    said = "\n".join(text(line) for line in problem_lines(caught.value.problem))
    assert "AD-01 is the last administrator" in said
    assert "last-administrator" in said
    assert "found the people list anew" in said


@pytest.mark.parametrize("width", [79, 159])
def test_events_fit_and_say_what_is_open(width: int) -> None:
    client = StubClient()
    for event in client.event_list:
        line = event_line(event, width, client.now, utc=True)
        assert line_width(line) == width
        assert text(line).rstrip().endswith("open") == is_open(event)


async def test_a_voucher_fits_80_by_24_and_says_so_when_it_does_not() -> None:
    made = await StubClient().invite("roof 9")
    wide = voucher_lines(made, "roof 9", "until tomorrow", 80, 24)
    assert len(wide) <= 24
    assert max(line_width(line) for line in wide) <= 80
    shown = "".join(text(line) for line in wide)
    assert all(made.text[i : i + 8] in shown for i in range(0, len(made.text), 8))
    small = "\n".join(text(line) for line in voucher_lines(made, "roof 9", "until tomorrow", 60, 20))
    assert "needs" in small
    assert made.text[:8] in small


def test_going_to_something_by_the_beginnings_of_its_words() -> None:
    there = [Destination("room", "now", "Now", "key 1"), Destination("joins", "", "join: the joining queue", "key j")]
    assert matching(there, "") == there
    assert matching(there, "joi que") == [there[1]]
    assert matching(there, "zebra") == []


def test_a_person_s_key_is_shown_as_ssh_keygen_shows_it() -> None:
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEZbX0vQpWfBZg0sBzbRDzJv4cdpC3H6sQ4gmrlVTO3z someone"
    fingerprint = key_fingerprint(line)
    assert fingerprint is not None
    assert fingerprint.startswith("SHA256:")
    assert len(fingerprint) == 50
    assert key_fingerprint("ssh-ed25519") is None
    assert key_fingerprint("ssh-ed25519 !!!") is None
    assert full_role("adm") == "administrator"
    assert full_role("x") == "x"


def test_what_is_wrong_with_a_person_is_said_in_words() -> None:
    good = {"person_id": "TO-12", "name": "Ada", "role": "eng", "valid_days": "365"}
    good["key"] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEZbX0vQpWfBZg0sBzbRDzJv4cdpC3H6sQ4gmrlVTO3z"
    assert isinstance(person_of(good), NewPerson)
    assert person_of({**good, "name": ""}) == "fill in every field"
    for name, value, words in [
        ("person_id", "to12", "id: two capitals, a dash and two to six digits, as TO-12"),
        ("role", "boss", "role: one of"),
        ("key", "rubbish", "public key: the one line"),
        ("valid_days", "0", "for days: a whole number from 1 to 1830"),
        ("name", "a\nb", "name: 1 to 80 signs"),
    ]:
        said = person_of({**good, name: value})
        assert isinstance(said, str)
        assert said.startswith(words)


@pytest.mark.parametrize(("name", "label", "unit", "most"), FIELDS)
def test_the_limits_of_settings_are_those_of_the_contract(name: str, label: str, unit: str, most: int) -> None:
    for text, fits in [("1", True), (str(most), True), ("0", False), (str(most + 1), False)]:
        assert isinstance(field_value(text, label, unit, most), int) == fits
        if fits:
            msgspec.convert({"based_on": 1, name: int(text)}, SettingsChange)
        else:
            with pytest.raises(msgspec.ValidationError):
                msgspec.convert({"based_on": 1, name: int(text)}, SettingsChange)
    assert field_value("2 1", label, unit, most) == f"{label}: a whole number of {unit} from 1 to {most}"


def test_saved_filters_outlive_the_console_and_a_broken_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "filters.json"
    saved = SavedFilters(path)
    assert saved.save(SavedFilter(name="mine", text="quiet van")) == ""
    assert saved.save(SavedFilter(name="mine", text="quiet", sort="supply", descending=True)) == ""
    assert [held.text for held in SavedFilters(path).filters] == ["quiet"]
    assert saved.remove("mine") == ""
    assert SavedFilters(path).filters == []
    path.write_text("rubbish")
    broken = SavedFilters(path)
    assert "mend or remove" in broken.save(SavedFilter(name="other", text=""))
    assert path.read_text() == "rubbish"
