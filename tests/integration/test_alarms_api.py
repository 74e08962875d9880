"""Alarms through the API: raised by figures, silence and events, held back by maintenance, closed when all is said."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.alarms.judging import MORE, MOST_KINDS
from fleet.client.errors import Refused
from fleet.entries.entry import CONTROLLER
from fleet.metrics import Metrics
from fleet.paging.heartbeat import AlarmingWatch
from fleet.rota.watch import CoverWatch
from fleet.store.store import Store
from fleet.store.telemetry import Heard
from protocols.alarms import DEFAULT_RULES, AlarmRules, FigureRule
from protocols.api.alarms import AlarmView, NewWindow
from protocols.health import HealthReport
from tests.support.alarm_house import LABEL, PRIMARY_NOW, UNIT, AlarmHouse, address_of, alarm_house
from tests.support.mandate_house import Owner, entries
from tests.support.rota_house import PRIMARY, given, week

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[AlarmHouse]:
    async with alarm_house(store, dsn, tmp_path) as made:
        yield made


async def report(house: AlarmHouse, **figures: Any) -> None:
    """The unit's newest report, as ingest enters it, and a round."""
    house.seq += 1
    now = house.now
    made = HealthReport(seq=house.seq, sampled_at_ms=int(now.timestamp() * 1000), **figures)
    heard = Heard(
        unit_id=UNIT,
        received_at=now,
        stored=1,
        presence_due_at=now + HOUR,
        newer=True,
        sampled_at=now,
        spool_id=7,
        seq=house.seq,
        health=msgspec.json.encode(made).decode(),
    )
    async with house.store.transaction() as transaction:
        await transaction.telemetry.set_heard([heard])
    await house.engine.look()


async def one_alarm(house: AlarmHouse) -> AlarmView:
    (found,) = await house.open_alarms()
    return found


async def presence(house: AlarmHouse, word: str, **later: float) -> None:
    async with house.store.transaction() as transaction:
        await transaction.telemetry.set_presence([(UNIT, word, None)])
    await house.round(**later)


async def test_a_figure_raises_after_its_debounce_clears_with_hysteresis_and_closes_when_taken(
    house: AlarmHouse, owner: Owner
) -> None:
    for _ in range(2):
        await report(house, soc_temp_c=82.0)
        house.rota.clock.go_on(minutes=1)
    assert await house.open_alarms() == []
    await report(house, soc_temp_c=82.5)
    alarm = await one_alarm(house)
    assert (alarm.kind, alarm.label, alarm.summary) == ("hot", LABEL, "SoC temperature 82 °C, limit 80 °C")
    assert (alarm.pages, alarm.state, alarm.rule) == (False, "raised", "hot"), "it is deployed nowhere"
    for temperature in (77.0, 74.0):
        for _ in range(7):
            house.rota.clock.go_on(minutes=1)
            await report(house, soc_temp_c=temperature)
    assert (await one_alarm(house)).state == "cleared"
    taken = await house.rota["TO-11"].acknowledge_alarm(alarm.alarm)
    assert (taken.alarm.state, taken.alarm.acknowledged_by) == ("closed", "TO-11")
    with pytest.raises(Refused, match="TO-11 has acknowledged this alarm already"):
        await house.rota["SU-01"].acknowledge_alarm(alarm.alarm)
    assert await house.open_alarms() == []
    (cleared,) = await entries(owner, "alarm.cleared")
    assert (cleared["alarm"], cleared["closed"]) == (alarm.alarm, False)
    (kept,) = (await house.rota["IN-01"].alarms(open_only=False)).alarms
    assert kept.state == "closed"


async def test_what_a_unit_tells_and_what_its_figure_shows_is_one_alarm(house: AlarmHouse) -> None:
    await house.happen("undervoltage")
    for _ in range(4):
        await report(house, undervolted=True)
        house.rota.clock.go_on(minutes=1)
    alarm = await one_alarm(house)
    assert (alarm.kind, alarm.count) == ("undervoltage", 2)
    await house.rota["TO-11"].acknowledge_alarm(alarm.alarm)
    assert (await one_alarm(house)).state == "acknowledged", "it still lasts"
    for _ in range(7):
        await report(house, undervolted=False)
        house.rota.clock.go_on(minutes=1)
    assert await house.open_alarms() == []


async def test_silence_and_figures_are_held_back_by_maintenance_and_raised_after_it(house: AlarmHouse) -> None:
    await house.have_contacts()
    engineer = house.rota["TO-11"]
    window = await engineer.make_alarm_window(
        NewWindow(unit=UNIT, starts_at=house.now, ends_at=house.now + HOUR, reason="a new antenna")
    )
    assert [one.window for one in await engineer.alarm_windows(unit=UNIT)] == [window.window]
    await presence(house, "quiet")
    await presence(house, "quiet", minutes=2)
    await report(house, soc_temp_c=90.0)
    house.rota.clock.go_on(minutes=5)
    await report(house, soc_temp_c=90.0)
    assert await house.open_alarms() == []
    await house.happen("tamper")
    assert await house.round() == 0, "nobody is paged of what somebody works on"
    tamper = await one_alarm(house)
    assert (tamper.kind, tamper.in_maintenance, tamper.state) == ("tamper", True, "raised")
    await engineer.end_alarm_window(window.window)
    with pytest.raises(Refused, match="over already"):
        await engineer.end_alarm_window(window.window)
    await presence(house, "quiet", seconds=10)
    assert sorted(one.kind for one in await house.open_alarms()) == ["hot", "silent", "tamper"]
    assert len(house.mail.bodies(address_of(PRIMARY_NOW))) == 1
    with pytest.raises(Refused, match="at most 24 h"):
        await engineer.make_alarm_window(
            NewWindow(unit=UNIT, starts_at=house.now, ends_at=house.now + 25 * HOUR, reason="too long")
        )
    with pytest.raises(Refused, match="there is no unit"):
        await engineer.make_alarm_window(
            NewWindow(unit="unit-unknown1", starts_at=house.now, ends_at=house.now + HOUR, reason="who knows")
        )
    house.rota.clock.go_on(minutes=1)
    await presence(house, "online")
    await presence(house, "online", minutes=2)
    silent = next(one for one in await house.open_alarms() if one.kind == "silent")
    assert silent.state == "cleared"


async def test_an_event_and_its_alarm_are_taken_together(house: AlarmHouse, owner: Owner) -> None:
    await house.happen("tamper")
    await house.happen("tamper")
    await house.engine.look()
    alarm = await one_alarm(house)
    assert alarm.count == 2
    detail = await house.rota["TO-11"].alarm(alarm.alarm)
    assert await house.rota["TO-11"].alarm_details([alarm.alarm, "AL-000000000000"]) == [detail]
    assert [one.kind for one in detail.events] == ["tamper", "tamper"]
    assert detail.next_page_at is None, "there is nobody who could be paged"
    await house.rota["TO-12"].acknowledge(detail.events[0].event_id)
    assert await house.open_alarms() == []
    (taken,) = await entries(owner, "alarm.acknowledged")
    assert (taken["how"], taken["events_taken"], taken["closed"]) == ("event", 1, True)


async def test_a_unit_that_invents_kinds_fills_nothing(house: AlarmHouse) -> None:
    for number in range(MOST_KINDS + 5):
        await house.happen(f"invented-{number}")
    await house.engine.look()
    found = await house.open_alarms()
    assert len(found) == MOST_KINDS + 1
    assert [(one.kind, one.count) for one in found if one.kind == MORE] == [(MORE, 5)]


async def test_a_gap_in_cover_that_is_closed_closes_its_alarm(house: AlarmHouse, store: Store, owner: Owner) -> None:
    watch = CoverWatch(store, house.rota.clock)
    plan = await house.rota.plan([given(PRIMARY, 0, None)])
    await house.rota["SU-01"].publish_rota_plan(plan.plan, "to be found")
    house.rota.clock.now = week(0) - timedelta(days=1)
    assert await watch.look() == 2
    await house.engine.look()
    alarm = await one_alarm(house)
    assert (alarm.subject_kind, alarm.subject, alarm.kind, alarm.pages) == ("rota", "technical", "cover-gap", False)
    await house.rota["SU-01"].end_rota("technical")
    assert await watch.look() == 2
    assert await house.open_alarms() == []
    (taken,) = await entries(owner, "alarm.acknowledged")
    assert (taken["actor"], taken["how"]) == (CONTROLLER, "controller")


async def test_rules_are_laid_down_version_by_version_and_what_they_raised_ends_with_them(house: AlarmHouse) -> None:
    supervisor = house.rota["SU-01"]
    assert (await supervisor.alarm_rules()).rules == DEFAULT_RULES
    quick = FigureRule(
        rule="full", figure="storage_used_percent", comparison="above", raise_at=50, clear_at=40, raise_after_s=0
    )
    laid = await supervisor.set_alarm_rules(AlarmRules(rules=[quick]), 0)
    assert (laid.version, laid.changed_by) == (1, "SU-01")
    with pytest.raises(Refused, match="version 1 of the rules is in force"):
        await supervisor.set_alarm_rules(AlarmRules(), 0)
    with pytest.raises(Refused, match="may not do this"):
        await house.rota["TO-11"].set_alarm_rules(AlarmRules(), 1)
    await report(house, storage_used_percent=60.0)
    assert (await one_alarm(house)).rule == "full"
    await supervisor.set_alarm_rules(AlarmRules(), 1)
    assert (await one_alarm(house)).state == "cleared"
    await house.happen("tamper")
    await house.engine.look()
    unruled = next(one for one in await house.open_alarms() if one.kind == "tamper")
    assert (unruled.rule, unruled.pages) == ("", False)


async def test_contacts_are_ones_own_and_shown_masked_to_who_manages_alarms(house: AlarmHouse, owner: Owner) -> None:
    engineer = house.rota[PRIMARY_NOW]
    made = await engineer.add_contact("e-mail", "jo@pages.example")
    with pytest.raises(Refused, match="reached there already"):
        await engineer.add_contact("e-mail", "jo@pages.example")
    with pytest.raises(Refused, match="do not allow that host"):
        await engineer.add_contact("webhook", "https://169.254.169.254/latest")
    tested = await engineer.test_contact(made.contact)
    assert (tested.sent, house.mail.bodies("jo@pages.example") != []) == (True, True)
    with pytest.raises(Refused, match="a moment ago"):
        await engineer.test_contact(made.contact)
    assert [one.address for one in await engineer.contacts()] == ["jo@pages.example"]
    assert [one.address for one in await house.rota["SU-01"].contacts()] == ["j…@p….example"]
    assert await house.rota["TO-11"].contacts() == []
    with pytest.raises(Refused, match="you have no contact"):
        await house.rota["SU-01"].withdraw_contact(made.contact)
    gone = await engineer.withdraw_contact(made.contact)
    assert (gone.address, gone.withdrawn_at) == ("", house.now)
    assert await owner.fetchval("SELECT count(*) FROM contact WHERE address <> ''") == 0
    bodies = await owner.fetchval("SELECT string_agg(convert_from(body, 'UTF8'), '') FROM log_entry")
    assert "pages.example" not in bodies


async def test_dead_alarming_is_told_to_supervisors_directly_until_it_beats_again(
    house: AlarmHouse, owner: Owner
) -> None:
    await house.have_contacts()
    services = house.rota.api.services
    watch = AlarmingWatch(house.store, house.rota.clock, services.delivery, Metrics())
    standing = await house.rota["TO-11"].alarming()
    assert (standing.standing, standing.age_s, standing.unreachable) == ("dead", None, 0)
    await house.engine.look()
    assert await watch.look()
    standing = await house.rota["TO-11"].alarming()
    assert (standing.standing, standing.age_s, standing.pages_waiting) == ("alive", 0.0, 0)
    house.rota.clock.go_on(seconds=91)
    assert not await watch.look()
    assert not await watch.look(), "told once, by whichever controller"
    told = [house.mail.bodies(address_of(one)) for one in ("SU-01", "SU-02")]
    assert [[text.partition(":")[0] for text in texts] for texts in told] == [
        ["Muster's alarming has not worked for 1 min"]
    ] * 2
    alarm = await one_alarm(house)
    assert (alarm.subject_kind, alarm.kind, alarm.pages) == ("controller", "alarming-dead", False)
    await house.engine.look()
    assert await watch.look()
    assert (await one_alarm(house)).state == "cleared"
    (dead,) = await entries(owner, "alarming.dead")
    assert dead["told"] == ["SU-01", "SU-02"]
    # Rounds alone are no alarming: a page that nobody sends is dead too.
    await house.happen("tamper")
    await house.engine.look()
    house.rota.clock.go_on(minutes=2)
    await house.engine.look()
    assert not await watch.look()


async def test_a_rule_that_fails_keeps_no_page_back(house: AlarmHouse, owner: Owner) -> None:
    await house.have_contacts()
    await owner.execute("UPDATE unit_live SET health = 'not JSON', last_sampled_at = now()")
    await house.happen("tamper")
    assert await house.round() == 2
    standing = await house.rota["SU-01"].alarming()
    assert (standing.standing, standing.last_error) == ("alive", "reports: DecodeError")
