"""What a batch means: nothing counted twice, the latest by number and never by a clock, sessions in order."""

import re
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.ingest.batch import Accepted, Folding, Inbound, Outcome, admit, count_rejections
from fleet.ingest.judge import REASONS, Rejection
from fleet.ingest.rows import moment, report_rows
from fleet.settings import PresenceSettings
from fleet.store.telemetry import REPORT_COLUMNS, KnownUnit, LiveState, NewSeqs
from protocols.health import FIGURES, HealthReport
from protocols.text import ONE_LINE
from protocols.uplink import AnyUpMessage, CommandResult, EventBatch, HealthBatch, SessionState, UnitEvent

UNIT, OTHER = "unit-abcd2345", "unit-wxyz6789"
ONE, TWO = "1" * 32, "2" * 32
AT_MS = 1_800_000_000_000
ACTIVE = {UNIT: KnownUnit("active", 60), OTHER: KnownUnit("active", 60)}


class NoLink:
    def acknowledge(self, packet_ids: Sequence[int]) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


def health(
    *seqs: int, session: str = ONE, spool_id: int = 5, unit: str = UNIT, sampled_at_ms: int = AT_MS
) -> HealthBatch:
    reports = [HealthReport(seq=seq, sampled_at_ms=sampled_at_ms, supply_mv=5000 + seq) for seq in seqs]
    return HealthBatch(unit=unit, session=session, spool_id=spool_id, settings_version=3, reports=reports)


def event(*seqs: int, session: str = ONE) -> EventBatch:
    events = [UnitEvent(seq=seq, sampled_at_ms=AT_MS, kind="lid-opened", summary="open") for seq in seqs]
    return EventBatch(unit=UNIT, session=session, spool_id=5, events=events)


def announced(session: str = ONE, *, is_up: bool = True, connection: str = "") -> SessionState:
    return SessionState(
        unit=UNIT,
        session=session,
        connection=connection or session,
        up=is_up,
        boot_id="b",
        agent_version="v",
        settings_version=2,
    )


def known(nonce: str | None, spool_id: int | None, last_seq: int | None) -> LiveState:
    return LiveState(session_nonce=nonce, session_up=True, spool_id=spool_id, last_seq=last_seq)


def fold(
    *messages: AnyUpMessage,
    state: LiveState | None = None,
    new_reports: NewSeqs | None = None,
    new_events: NewSeqs | None = None,
) -> Outcome:
    accepted = [Accepted(message, AT_MS) for message in messages]
    live = {UNIT: state or LiveState()}
    return Folding(ACTIVE, live, new_reports or {}, new_events or {}, PresenceSettings()).fold(accepted)


def inbound(message: AnyUpMessage | None, rejection: Rejection | None = None) -> Inbound:
    return Inbound(NoLink(), 1, 100, AT_MS, message, rejection)


def test_new_reports_make_the_unit_online_and_the_highest_number_the_latest() -> None:
    outcome = fold(health(3, 1, 2), state=known(ONE, 5, 0), new_reports={(UNIT, 5): {1, 2, 3}})
    heard = outcome.heard[UNIT]
    assert (heard.stored, heard.newer, heard.seq, heard.supply_mv, heard.settings_version) == (3, True, 3, 5003, 3)
    assert heard.presence_due_at == moment(AT_MS) + timedelta(seconds=160)
    assert [list(seqs) for seqs in outcome.answers.values()] == [[3, 1, 2]]
    assert (outcome.stored, outcome.duplicates, outcome.sessions) == (3, 0, {})


def test_late_reports_do_not_replace_the_latest_whatever_their_clock_says() -> None:
    late = health(7, sampled_at_ms=AT_MS + 10**9)
    heard = fold(late, state=known(ONE, 5, 8), new_reports={(UNIT, 5): {7}}).heard[UNIT]
    assert (heard.stored, heard.newer, heard.seq) == (1, False, None)


def test_a_new_spool_begins_again_from_low_numbers() -> None:
    heard = fold(health(1, spool_id=6), state=known(ONE, 5, 800), new_reports={(UNIT, 6): {1}}).heard[UNIT]
    assert (heard.newer, heard.spool_id, heard.seq) == (True, 6, 1)


def test_a_copy_in_the_same_batch_is_a_duplicate_and_answered() -> None:
    outcome = fold(health(1, 2), health(2, 1), state=known(ONE, 5, 0), new_reports={(UNIT, 5): {1, 2}})
    assert (outcome.stored, outcome.duplicates, outcome.replayed) == (2, 2, [])
    assert outcome.heard[UNIT].stored == 2
    assert list(outcome.answers.values()) == [[1, 2, 2, 1]]


def test_what_is_all_there_in_another_session_is_a_replay_and_changes_nothing() -> None:
    outcome = fold(health(1, 2, session=ONE), state=known(TWO, 5, 2))
    assert [rejection.reason for rejection in outcome.replayed] == ["replayed"]
    assert (outcome.heard, outcome.sessions, outcome.sessions_begun) == ({}, {}, set())


@pytest.mark.parametrize("nonce", [ONE, None])
def test_what_is_all_there_in_this_or_an_unknown_session_was_sent_again(nonce: str | None) -> None:
    outcome = fold(health(1), event(2), state=known(nonce, 5, 2))
    assert (outcome.replayed, outcome.duplicates, len(outcome.answers)) == ([], 2, 1)


def test_new_rows_show_a_session_whose_announcement_was_lost() -> None:
    outcome = fold(event(9, session=TWO), state=known(ONE, 5, 8), new_events={(UNIT, 5): {9}})
    assert outcome.sessions[UNIT].nonce == TWO
    assert (outcome.sessions[UNIT].up, outcome.sessions[UNIT].boot_id) == (True, None)
    assert (outcome.sessions_begun, outcome.events_stored) == ({UNIT}, True)


def test_an_announcement_is_welcomed_and_told_of() -> None:
    outcome = fold(announced(ONE), announced(TWO))
    assert (outcome.sessions[UNIT].nonce, outcome.sessions[UNIT].settings_version) == (TWO, 2)
    assert outcome.sessions_begun == {UNIT}


def test_reports_after_an_announcement_belong_to_it() -> None:
    outcome = fold(announced(TWO), health(1, session=TWO), state=known(ONE, 5, 3))
    assert outcome.replayed == []


def test_a_late_will_ends_no_other_session() -> None:
    assert fold(announced(ONE, is_up=False), state=known(TWO, 5, 3)).sessions == {}


def test_a_will_ends_what_its_connection_has_come_to() -> None:
    outcome = fold(announced(ONE), announced(TWO, connection=ONE), announced(ONE, is_up=False))
    assert outcome.sessions[UNIT].up is False
    outcome = fold(announced(ONE), announced(TWO, connection=TWO), announced(ONE, is_up=False))
    assert outcome.sessions[UNIT].up is True


def test_new_rows_under_way_since_the_session_before_do_not_bring_it_back() -> None:
    outcome = fold(announced(ONE), announced(TWO, connection=ONE), event(9), new_events={(UNIT, 5): {9}})
    assert (outcome.sessions[UNIT].nonce, outcome.stored) == (TWO, 1)


def test_a_will_ends_its_session_and_keeps_what_was_announced() -> None:
    outcome = fold(announced(ONE), announced(ONE, is_up=False))
    seen = outcome.sessions[UNIT]
    assert (seen.up, seen.nonce, seen.boot_id, outcome.sessions_begun) == (False, ONE, "b", set())


@given(st.lists(st.tuples(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.booleans()), max_size=8), st.data())
def test_every_row_is_answered_and_counted_once(sent: list[tuple[list[int], bool]], data: st.DataObject) -> None:
    """Whatever is sent and whatever was there before: stored + duplicates = sent, and stored = new."""
    reports = {seq for seqs, is_event in sent if not is_event for seq in seqs}
    events = {seq for seqs, is_event in sent if is_event for seq in seqs}
    known_reports = data.draw(st.sets(st.sampled_from(sorted(reports)))) if reports else set()
    known_events = data.draw(st.sets(st.sampled_from(sorted(events)))) if events else set()
    messages = [event(*seqs) if is_event else health(*seqs) for seqs, is_event in sent]
    outcome = fold(
        *messages,
        state=known(ONE, None, None),
        new_reports={(UNIT, 5): reports - known_reports},
        new_events={(UNIT, 5): events - known_events},
    )
    assert outcome.stored == len(reports - known_reports) + len(events - known_events)
    assert outcome.stored + outcome.duplicates == sum(len(seqs) for seqs, _ in sent)
    assert sum(map(len, outcome.answers.values())) == sum(len(seqs) for seqs, _ in sent)
    if reports - known_reports:
        assert outcome.heard[UNIT].seq == max(reports - known_reports)
    else:
        assert outcome.heard == {}


def test_a_revoked_unit_is_refused() -> None:
    accepted, rejections = admit([inbound(health(1)), inbound(announced())], {UNIT: KnownUnit("revoked", 60)})
    assert accepted == []
    assert [(one.unit_id, one.reason) for one in rejections] == [(UNIT, "revoked"), (UNIT, "revoked")]


def test_the_will_of_a_revoked_unit_is_ignored_in_silence() -> None:
    assert admit([inbound(announced(is_up=False))], {UNIT: KnownUnit("revoked", 60)}) == ([], [])


def test_a_quarantined_unit_may_report() -> None:
    accepted, rejections = admit([inbound(health(1))], {UNIT: KnownUnit("quarantined", 60)})
    assert (len(accepted), rejections) == (1, [])


def test_admit_keeps_order_and_tells_unknown_units() -> None:
    result = CommandResult(unit=UNIT, session=ONE, command_id="0" * 24, state="done")
    flagged = Rejection(UNIT, "future-dated", "x")
    malformed = Rejection(OTHER, "malformed", "x")
    items = [
        inbound(health(1)),
        inbound(health(1, unit="unit-stranger")),
        inbound(None, malformed),
        inbound(health(2), flagged),
        inbound(result),
    ]
    accepted, rejections = admit(items, {UNIT: KnownUnit("active", 60)})
    assert [item.message for item in accepted] == [health(1), health(2), result]
    assert rejections == [Rejection(None, "unknown-unit", "unit-stranger"), malformed, flagged]


@given(
    st.lists(st.builds(Rejection, st.sampled_from([UNIT, OTHER, "unit-x", None]), st.sampled_from(REASONS), st.text()))
)
def test_rejections_are_counted_by_unit_and_reason(rejections: list[Rejection]) -> None:
    counted = count_rejections(rejections, {UNIT: KnownUnit("active", 60)})
    assert sum(one.count for one in counted) == len(rejections)
    assert len({one.repeat_key for one in counted}) == len(counted) <= 2 * len(REASONS)
    for one in counted:
        assert one.unit_id in {UNIT, None}
        assert one.refused in {0, one.count}
        assert len(one.summary) <= 200
        assert re.search(ONE_LINE, one.summary)


def test_a_report_becomes_a_row_of_its_columns_with_the_rest_as_text() -> None:
    report = HealthReport(seq=4, sampled_at_ms=AT_MS, supply_mv=5010, load_1m=0.5, ages_s={"load_1m": 30})
    message = HealthBatch(unit=UNIT, session=ONE, spool_id=5, reports=[report])
    row = dict(zip(REPORT_COLUMNS, next(report_rows(message, AT_MS + 1)), strict=True))
    assert (row["unit_id"], row["spool_id"], row["seq"]) == (UNIT, 5, 4)
    assert (row["sampled_at_ms"], row["received_at_ms"], row["supply_mv"]) == (AT_MS, AT_MS + 1, 5010)
    assert row["more"] == '{"load_1m":0.5,"ages_s":{"load_1m":30}}'
    assert row["rsrp_dbm"] is None


def test_no_figure_is_left_out_of_a_row() -> None:
    values: dict[str, object] = dict.fromkeys(FIGURES, 1)
    report = HealthReport(seq=1, sampled_at_ms=1, **values)  # type: ignore[arg-type]  # any value shows where it goes
    row = dict(
        zip(
            REPORT_COLUMNS,
            next(report_rows(HealthBatch(unit=UNIT, session=ONE, spool_id=5, reports=[report]), 1)),
            strict=True,
        )
    )
    for name in FIGURES:
        assert row.get(name) == 1 or f'"{name}":1' in row["more"]
