"""What the unit remembers: days in London, what is used, nonces, refusals told once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.openings.inspection import inspect
from edge_agent.openings.ledger import KEPT_DAYS, Ledger, Opening, Usage
from edge_agent.openings.ledger_file import FILE_NAME, LedgerFile, read_ledger
from edge_agent.openings.london_days import day_of, parts_of
from edge_agent.openings.nonces import FORGOTTEN_AFTER_MS, OUTSTANDING_MAX, Nonces
from edge_agent.openings.refusals import EVERY_MS, RECORDED_MAX, RefusalCount
from tests.support.mandates import AT, BOOT, MANDATE, OPENING, to_ms

DAY = "2026-11-22"
MOMENTS = st.integers(to_ms(AT), to_ms(AT + timedelta(days=3650)))
SPANS = st.integers(0, 3 * 86_400_000)


def opening(since_boot_ms: int = 1_000, until_boot_ms: int = 61_000, since_ms: int = to_ms(AT)) -> Opening:
    return Opening(
        opening=OPENING,
        mandate=MANDATE,
        authority=None,
        person="TO-12",
        modalities=["video"],
        boot_id=BOOT,
        opened_boot_ms=since_boot_ms,
        since_boot_ms=since_boot_ms,
        until_boot_ms=until_boot_ms,
        since_ms=since_ms,
        ends_by="expiry",
        carried=False,
    )


@given(start=MOMENTS, span=SPANS)
def test_the_parts_of_a_span_are_all_of_it_each_on_its_day(start: int, span: int) -> None:
    parts = list(parts_of(start, start + span))
    assert sum(part.ms for part in parts) == span
    assert [part.day for part in parts] == sorted({part.day for part in parts})
    at_ms = start
    for part in parts:
        assert part.ms > 0
        assert day_of(at_ms) == day_of(at_ms + part.ms - 1) == part.day
        at_ms += part.ms


def test_days_are_londons_also_when_its_clocks_change() -> None:
    london = ZoneInfo("Europe/London")
    longest = datetime(2026, 10, 25, tzinfo=london).astimezone(UTC)
    assert [part.ms // 3_600_000 for part in parts_of(to_ms(longest), to_ms(longest) + 26 * 3_600_000)] == [25, 1]
    summer_night = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    assert day_of(to_ms(summer_night)) == "2026-07-02"


@given(lasted=st.integers(-5_000, 100_000), before=st.integers(0, 10_000_000))
def test_what_is_reserved_is_given_back_but_for_what_was_used(lasted: int, before: int) -> None:
    used = Ledger(usages=[Usage(day=DAY, mandate=MANDATE, modality="video", used_ms=before, openings=1)])
    open_now = used.with_opened(opening())
    assert open_now.used_ms(MANDATE, "video", DAY) == before + 60_000
    closed = open_now.with_closed(OPENING, 1_000 + lasted)
    assert closed.open == []
    assert closed.used_ms(MANDATE, "video", DAY) == before + min(max(lasted, 0), 60_000)
    assert closed.openings(MANDATE, "video", DAY) == 2


def test_an_opening_across_midnight_is_split_and_counts_on_the_day_it_began() -> None:
    midnight_ms = to_ms(datetime(2026, 11, 23, tzinfo=UTC))
    ledger = Ledger().with_opened(opening(since_ms=midnight_ms - 20_000))
    for one in (ledger, ledger.with_closed(OPENING, 99_000)):
        assert one.used_ms(MANDATE, "video", DAY) == 20_000
        assert one.used_ms(MANDATE, "video", "2026-11-23") == 40_000
        assert (one.openings(MANDATE, "video", DAY), one.openings(MANDATE, "video", "2026-11-23")) == (1, 0)


def test_what_is_open_since_yesterday_is_shown_as_used_today(tmp_path: Path) -> None:
    midnight_ms = to_ms(datetime(2026, 11, 23, tzinfo=UTC))
    ledger = Ledger().with_opened(opening(since_ms=midnight_ms - 20_000))
    (tmp_path / FILE_NAME).write_bytes(msgspec.json.encode(ledger))
    seen = inspect(tmp_path, ["video"], midnight_ms + 1_000, plain_keys_may_sign=False)
    assert [(one.used_s, one.openings) for one in seen.used_today] == [(40, 0)]


def test_a_renewal_spends_what_was_used_and_reserves_the_rest() -> None:
    renewed = opening(since_boot_ms=41_000, until_boot_ms=101_000, since_ms=to_ms(AT) + 40_000)
    ledger = Ledger().with_opened(opening()).with_renewed(renewed)
    assert ledger.used_ms(MANDATE, "video", DAY) == 100_000
    assert ledger.openings(MANDATE, "video", DAY) == 1
    assert ledger.with_closed(OPENING, 50_000).used_ms(MANDATE, "video", DAY) == 49_000
    assert Ledger().with_renewed(renewed) == Ledger().with_closed(OPENING, 0) == Ledger()


def test_old_days_are_forgotten_and_the_highest_time_never_is() -> None:
    ledger = Ledger().with_opened(opening()).with_closed(OPENING, 99_000).with_time(to_ms(AT), BOOT, 99_000)
    kept = ledger.with_time(to_ms(AT + timedelta(days=KEPT_DAYS)), BOOT, 99_000)
    assert kept.used_ms(MANDATE, "video", DAY) == 60_000
    assert kept.with_time(0, BOOT, 0).highest_ms == kept.with_time(0, "later", 0).highest_ms == kept.highest_ms
    assert kept.with_time(to_ms(AT + timedelta(days=KEPT_DAYS + 1)), BOOT, 99_000).usages == []


def test_the_highest_time_goes_on_with_the_boot_that_heard_it_and_stands_still_on_another() -> None:
    ledger = Ledger().with_time(to_ms(AT), BOOT, 99_000)
    assert ledger.earliest_ms(BOOT, 99_000 + 10_000) == to_ms(AT) + 10_000 - 2, "the boot's clock may be a little fast"
    assert ledger.earliest_ms(BOOT, 98_000) == ledger.earliest_ms("later", 1 << 40) == to_ms(AT)
    assert Ledger().earliest_ms(BOOT, 1 << 40) == 0
    later = ledger.with_time(to_ms(AT), BOOT, 99_000 + 10_000)
    assert (later.highest_ms, later.highest_boot_ms) == (to_ms(AT) + 10_000 - 2, 109_000)
    rebooted = later.with_time(to_ms(AT), "later", 5)
    assert (rebooted.highest_ms, rebooted.highest_boot_id, rebooted.highest_boot_ms) == (later.highest_ms, "later", 5)
    assert later.with_time(to_ms(AT) + 60_000, BOOT, 110_000).highest_ms == to_ms(AT) + 60_000


@given(told=st.lists(st.tuples(st.integers(-5_000, 5_000), st.integers(0, 10**9), st.booleans()), max_size=20))
def test_the_highest_time_never_goes_back_and_never_runs_ahead_of_what_was_told(
    told: list[tuple[int, int, bool]],
) -> None:
    ledger, boot_ms, boot, ahead_ms = Ledger(), 0, 0, 0
    for off_ms, later_ms, reboots in told:
        before, boot, boot_ms = ledger, boot + reboots, boot_ms + later_ms
        ledger = ledger.with_time(to_ms(AT) + boot_ms + off_ms, f"boot {boot}", boot_ms)
        ahead_ms = max(ahead_ms, off_ms)
        assert before.highest_ms <= ledger.highest_ms <= to_ms(AT) + boot_ms + ahead_ms


def test_a_ledger_is_read_as_it_was_written() -> None:
    ledger = (
        Ledger().with_opened(opening()).with_cancelled(MANDATE).with_cancelled(MANDATE).with_time(to_ms(AT), BOOT, 7)
    )
    assert ledger.cancelled == [MANDATE]
    assert msgspec.json.decode(msgspec.json.encode(ledger), type=Ledger) == ledger


async def test_a_file_from_before_boots_were_remembered_is_read_and_its_highest_time_stands_still(
    tmp_path: Path,
) -> None:
    written = b'{"v":1,"highest_ms":1795348800000,"usages":[],"cancelled":["%b"],"cancelled_more":false,"open":[]}'
    (tmp_path / FILE_NAME).write_bytes(written % MANDATE.encode())
    found = read_ledger(tmp_path / FILE_NAME)
    assert found is not None
    assert found.cancelled == [MANDATE]
    assert found.earliest_ms(BOOT, 1 << 40) == 1_795_348_800_000
    file = LedgerFile(tmp_path)
    try:
        await file.keep(found.with_time(1_795_348_800_001, BOOT, 7))
    finally:
        file.close()
    assert read_ledger(tmp_path / FILE_NAME) == file.now


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.integers(0, 400_000)), max_size=40))
def test_nonces_are_bounded_one_an_opening_and_forgotten_after_15_minutes(asks: list[tuple[int, bool, int]]) -> None:
    nonces, now_ms = Nonces(), 0
    for number, carried, later_ms in asks:
        now_ms += later_ms
        asked = f"open-{number:024x}"
        made = nonces.make(asked, ["video"], now_ms, carried=carried)
        known = nonces.outstanding(now_ms)
        assert known[made.nonce] == made
        assert len(known) <= OUTSTANDING_MAX
        assert len({each.opening for each in known.values()}) == len(known)
        assert all(now_ms - each.made_ms < FORGOTTEN_AFTER_MS for each in known.values())


def test_a_nonce_is_used_once_and_many_asks_do_not_void_a_carried_one() -> None:
    nonces = Nonces()
    carried = nonces.make("open-" + "c" * 24, ["video"], 0, carried=True)
    for number in range(20):
        latest = nonces.make(f"open-{number:024x}", ["video"], 1 + number)
    assert carried.nonce in nonces.outstanding(99)
    nonces.use(latest.nonce)
    assert latest.nonce not in nonces.outstanding(99)
    nonces.use(latest.nonce)


def test_a_refusal_that_repeats_is_counted_and_not_recorded_again_within_a_minute() -> None:
    count = RefusalCount()
    assert count.note("bad-nonce", "video", 0) == 0
    assert count.note("bad-nonce", "audio", 5) == 0
    assert [count.note("bad-nonce", "video", at_ms) for at_ms in (6, 7, EVERY_MS - 1)] == [None] * 3
    assert count.note("bad-nonce", "video", EVERY_MS) == 3, "so many were left out"


def test_whatever_is_refused_a_minute_has_a_bounded_number_of_records() -> None:
    count = RefusalCount()
    recorded = [count.note(f"rule-{number}", "video", number) for number in range(1_000)]
    assert len([one for one in recorded if one is not None]) == RECORDED_MAX
