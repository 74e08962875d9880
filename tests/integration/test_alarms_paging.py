"""From a unit's tamper input to whoever is on call, by mail and by webhook, and on until somebody takes it."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from fleet.alarms.raising import NewAlarm, raise_alarm
from fleet.store.store import Store
from protocols.api.alarms import Acknowledging
from tests.support.alarm_house import (
    LABEL,
    PRIMARY_NOW,
    SECONDARY_NOW,
    SUPERVISORS,
    UNIT,
    AlarmHouse,
    address_of,
    alarm_house,
    alarms_of,
)
from tests.support.mandate_house import Owner, entries

LINK = re.compile(r"https://\S+/ack/[A-Za-z0-9_-]{43}")


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[AlarmHouse]:
    async with alarm_house(store, dsn, tmp_path) as made:
        yield made


def browser(house: AlarmHouse) -> httpx.AsyncClient:
    return httpx.AsyncClient(verify=ssl.create_default_context(cafile=str(house.rota.api.ca_file)))


async def test_from_tamper_to_primary_secondary_supervisors_until_a_link_takes_it(
    house: AlarmHouse, owner: Owner
) -> None:
    await house.have_contacts()
    await house.happen("tamper", summary="the housing was opened http://evil.example")
    assert await house.round() == 2
    (path, hooked), (mail,) = house.hook.came[0], house.mail.bodies(address_of(PRIMARY_NOW))
    assert path == "/page?to=12"
    for text in (str(hooked["message"]), mail):
        assert f"{LABEL}: tamper, alarm" in text
        assert "evil" not in text, "nothing that a unit wrote leaves the house"
    (alarm,) = await house.open_alarms()
    assert (alarm.subject, alarm.label, alarm.kind, alarm.level, alarm.state) == (UNIT, LABEL, "tamper", 0, "raised")
    assert await house.round(minutes=4, seconds=59) == 0
    assert await house.round(seconds=1) == 1
    assert len(house.mail.bodies(address_of(SECONDARY_NOW))) == 1
    assert await house.round(minutes=5) == 2
    assert [len(house.mail.bodies(address_of(one))) for one in SUPERVISORS] == [1, 2]
    assert await house.round(minutes=15) == 5
    detail = await house.rota["SU-01"].alarm(alarm.alarm)
    assert [(one.person, one.level, one.state) for one in detail.pages[:3]] == [
        (PRIMARY_NOW, 0, "sent"),
        (PRIMARY_NOW, 0, "sent"),
        (SECONDARY_NOW, 1, "sent"),
    ]
    assert detail.paged_by == "technical"
    links = LINK.findall(house.mail.bodies(address_of("SU-01"))[0])
    async with browser(house) as client:
        shown = await client.get(links[0])
        assert (shown.status_code, "<button" in shown.text) == (200, True)
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        assert (await house.open_alarms())[0].state == "raised", "looking changes nothing"
        done = await client.post(links[0])
        assert "acknowledged by SU-01" in done.text
        assert (await client.post(links[0])).status_code == 404
        other = LINK.findall(house.mail.bodies(address_of(PRIMARY_NOW))[0])
        assert (await client.post(other[0])).status_code == 409
        assert (await client.get(links[0][:-1] + ("A" if links[0][-1] != "A" else "B"))).status_code == 404
    assert await house.round(hours=1) == 0
    assert await house.open_alarms() == []
    (taken,) = await entries(owner, "alarm.acknowledged")
    assert (taken["actor"], taken["how"], taken["unit"], taken["events_taken"]) == ("SU-01", "link", UNIT, 1)
    assert len(await entries(owner, "alarm.paged")) == 10
    events = await house.rota["TO-11"].events(severity="alarm", open_only=True)
    assert events.events == []


async def test_whoever_is_paged_takes_it_by_the_link_whatever_their_role(house: AlarmHouse, owner: Owner) -> None:
    await house.rota["AP-01"].add_contact("e-mail", address_of("AP-01"))
    async with house.store.transaction() as transaction:
        new = NewAlarm(
            subject_kind="controller",
            subject="controller",
            kind="review-due",
            severity="warning",
            summary="a review is due",
            rule="deadline",
            route_to=("AP-01",),
        )
        await raise_alarm(transaction, new, house.now)
    await house.round()
    (link,) = LINK.findall(house.mail.bodies(address_of("AP-01"))[0])
    async with browser(house) as client:
        assert "acknowledged by AP-01" in (await client.post(link)).text
    (taken,) = await entries(owner, "alarm.acknowledged")
    assert (taken["actor"], taken["how"]) == ("AP-01", "link")


async def test_a_flood_of_guesses_at_links_is_throttled(house: AlarmHouse) -> None:
    path = f"{house.rota.api.url}/ack/{'A' * 43}"
    async with browser(house) as client:
        answers = [(await client.get(path)).status_code for _ in range(35)]
        assert answers[0] == 404
        assert answers[-1] == (await client.post(path)).status_code == 429


async def test_who_acknowledges_and_goes_is_on_a_call_out(house: AlarmHouse) -> None:
    await house.have_contacts()
    await house.happen("tamper")
    await house.round()
    (alarm,) = await house.open_alarms()
    done = await house.rota[PRIMARY_NOW].acknowledge_alarm(alarm.alarm, Acknowledging(going=True))
    assert done.problem is None
    (call_out,) = await house.rota[PRIMARY_NOW].call_outs(open_only=True)
    assert (call_out.call_out, call_out.source, call_out.reference) == (done.call_out, "api", LABEL)
    assert call_out.left_home_at == house.now


async def test_a_mail_server_that_is_down_is_tried_again_said_and_passed_on(house: AlarmHouse) -> None:
    await house.rota[PRIMARY_NOW].add_contact("e-mail", address_of(PRIMARY_NOW))
    await house.rota["SU-01"].add_contact("e-mail", address_of("SU-01"))
    house.mail.takes = False
    await house.happen("tamper")
    tried = [await house.round(seconds=seconds) for seconds in (0, 10, 20, 40)]
    assert tried == [1, 1, 1, 1]
    house.mail.takes = True
    (alarm,) = await house.open_alarms()
    (page,) = (await house.rota["SU-01"].alarm(alarm.alarm)).pages
    assert (page.state, page.tries) == ("queued", 4)
    assert page.error == "the mail server did not take it (refused or not there)"
    house.mail.takes = False
    assert await house.round(seconds=80) == 1
    house.mail.takes = True
    # It has failed, so that the next are paged at once: the secondary has no contact, which is said.
    assert await house.round(seconds=1) == 1
    pages = (await house.rota["SU-01"].alarm(alarm.alarm)).pages
    assert [(one.person, one.level, one.state) for one in pages] == [
        (PRIMARY_NOW, 0, "failed"),
        (None, 1, "failed"),
        ("SU-01", 2, "sent"),
    ]
    assert pages[1].error == f"{SECONDARY_NOW} can not be reached: no contact"
    assert [one.works for one in await house.rota[PRIMARY_NOW].contacts()] == [False]


async def test_a_webhook_that_hangs_or_leads_elsewhere_is_given_up(store: Store, dsn: str, tmp_path: Path) -> None:
    async with alarm_house(store, dsn, tmp_path, send_limit_s=0.5) as house:
        contact = await house.rota[PRIMARY_NOW].add_contact("webhook", f"http://{house.hook.host}/slow")
        house.hook.answers.clear()
        tested = await house.rota[PRIMARY_NOW].test_contact(contact.contact)
        assert (tested.sent, "did not take it" in tested.error or "no answer" in tested.error) == (False, True)
        house.hook.answers.set()
        house.rota.clock.go_on(minutes=1)
        house.hook.status = f"302 Found\r\nlocation: http://{house.hook.host}/elsewhere"
        assert not (await house.rota[PRIMARY_NOW].test_contact(contact.contact)).sent
        assert [path for path, _ in house.hook.came] == ["/slow", "/slow"]


async def test_a_page_that_a_controller_left_behind_is_sent_by_the_next_and_by_two_once(
    house: AlarmHouse, owner: Owner
) -> None:
    await house.have_contacts()
    await house.happen("tamper")
    await house.engine.look()
    # Killed after it claimed: nothing was sent, and nobody touches the pages until the claim has run out.
    async with house.store.transaction() as transaction:
        claimed = await transaction.alarm_pages.claim("e-mail", house.now, house.now.replace(second=59), 50)
    assert len(claimed) == 1
    assert await house.round(seconds=1) == 1
    house.rota.clock.go_on(minutes=2)
    assert await house.sender.send_due() == 1
    assert len(house.mail.came) == len(house.hook.came) == 1
    states = await owner.fetch("SELECT state, tries FROM page ORDER BY tries")
    assert [tuple(row) for row in states] == [("sent", 1), ("sent", 2)]


async def test_two_controllers_send_each_page_once(house: AlarmHouse, owner: Owner) -> None:
    await house.have_contacts()
    other = alarms_of(house)
    await house.happen("tamper")
    await asyncio.gather(house.engine.look(), other.engine.look())
    sent = await asyncio.gather(house.sender.send_due(), other.sender.send_due())
    assert (sum(sent), len(house.mail.came), len(house.hook.came)) == (2, 1, 1)
    assert len(await entries(owner, "alarm.raised")) == 1
    assert len(await entries(owner, "alarm.paged")) == 2


async def test_many_alarms_for_one_person_are_one_message(house: AlarmHouse) -> None:
    await house.rota[PRIMARY_NOW].add_contact("e-mail", address_of(PRIMARY_NOW))
    for number in range(3):
        async with house.store.transaction() as transaction:
            new = NewAlarm(
                subject_kind="unit", subject=UNIT, kind=f"trouble-{number}", severity="alarm", summary="so", rule="test"
            )
            await raise_alarm(transaction, new, house.now)
    assert await house.round() == 3
    (mail,) = house.mail.bodies(address_of(PRIMARY_NOW))
    assert len(LINK.findall(mail)) == 3
