"""The console against a real controller: real TLS, real sign-in, real PostgreSQL, real feed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from fleet.ca.authority import CertificateAuthority
from fleet.client import CertificateNotTrusted, FleetClient, NotReachable, Refused, SignInRefused, connect
from fleet.store.events import ControllerEvent
from protocols.api.units import SettingsChange
from protocols.joining import JoinAccepted, JoinPending
from protocols.people import Role
from tests.support.alarming_lives import alarming_lives
from tests.support.controller import RunningApi
from tests.support.fleet_rows import add_units
from tests.support.joining import Knocker
from tests.support.people import FOUNDERS, Keyholder
from tests.support.ports import free_port
from tests.unit.tui.seen_console import SeenConsole, seen_console
from tui.rooms.voucher import VoucherScreen


@asynccontextmanager
async def console_of(api: RunningApi, folder: Path, role: Role = "engineer") -> AsyncIterator[SeenConsole]:
    """A signed-in person's console."""
    settings = await api.add_person("TO-12", role)
    await alarming_lives(api.services.store, datetime.now(UTC))
    async with connect(settings) as client, seen_console(client, folder) as seen:
        await seen.sees("link ", " ms", f"TO-12 · {role}")
        yield seen


async def add_fleet(api: RunningApi, count: int) -> list[str]:
    """Units written straight through the store, as if TO-01 had accepted them; returns their ids."""
    await api.add_person("TO-01", "supervisor")
    labels = {f"unit-{number:08}": f"van kit {number:03}" for number in range(count)}
    await add_units(api.services.store, "TO-01", labels, datetime.now(UTC))
    return list(labels)


async def add_alarm(api: RunningApi, unit_id: str, summary: str) -> None:
    """An alarm about a unit, as the controller's own parts raise it."""
    async with api.services.store.transaction() as transaction:
        event = ControllerEvent(kind="test-alarm", severity="alarm", summary=summary, unit_id=unit_id)
        await transaction.events.add(event, datetime.now(UTC))
        transaction.changed.events = True
        transaction.changed.units.add(unit_id)


async def test_an_empty_fleet_and_then_a_unit_that_asks_to_join(api: RunningApi, tmp_path: Path) -> None:
    async with console_of(api, tmp_path) as seen:
        await seen.sees("NEEDS YOU  0", "The fleet is empty")
        await seen.press("j", "v")
        await seen.sees("New voucher", "voucher.made: TO-12")
        await seen.press(*"roof 9", "enter")
        await seen.sees("VOUCHER  roof 9", "MUSTER1-", "▀")
        shown = seen.app.screen
        assert isinstance(shown, VoucherScreen)
        text = shown._made.text
        await seen.press("escape")
        await seen.sees("Nobody waits at the door")

        unit = Knocker(api.ca_file)
        assert isinstance(await unit.knock(text), JoinPending)
        await seen.sees("WAITING TO JOIN  1", "roof 9", "soft key")
        last = unit.fingerprint.replace(":", "")[-4:]
        await seen.press("enter", *last, "enter")
        await seen.sees("accepted: it is unit-", "Nobody waits")
        assert isinstance(await unit.knock(text), JoinAccepted)

        await seen.press("2")
        await seen.sees("UNITS  1", "roof 9", "never")
        await seen.press("enter")
        await seen.sees("roof 9", "no report yet", "report never", "settings — · never", "two people sign it")
        await seen.press("end")
        await seen.sees("accepted by TO-12")


async def test_a_unit_is_turned_away_with_a_reason(api: RunningApi, tmp_path: Path) -> None:
    async with console_of(api, tmp_path) as seen:
        made = await seen.app.door.invite("stray")
        unit = Knocker(api.ca_file)
        await unit.knock(made.text)
        await seen.sees("NEEDS YOU  1", "join")
        await seen.press("enter")
        await seen.sees("WAITING TO JOIN  1", "stray")
        await seen.press("x", *"nobody knows it", "enter")
        await seen.sees("refused stray", "Nobody waits")
        assert not isinstance(await unit.knock(made.text), JoinPending)


async def test_an_alarm_arrives_by_itself_and_is_taken(api: RunningApi, tmp_path: Path) -> None:
    ids = await add_fleet(api, 3)
    async with console_of(api, tmp_path) as seen:
        await seen.sees("NEEDS YOU  0", "3 units")
        await add_alarm(api, ids[1], "supply 10.9 V and falling")
        await seen.sees("NEEDS YOU  1", "supply 10.9 V and falling", "1 Now 1", "1 open alarm")
        await seen.press("a")
        await seen.sees("acknowledged van kit 001: test-alarm", "NEEDS YOU  0")
        await seen.press("9")
        await seen.sees("supply 10.9 V and falling", "taken by TO-12")


async def test_the_unit_list_filters_sorts_and_follows(api: RunningApi, tmp_path: Path) -> None:
    await add_fleet(api, 300)
    async with console_of(api, tmp_path) as seen:
        await seen.press("2")
        await seen.sees("UNITS  300", "van kit 000", "link ")
        await seen.press("end")
        await seen.sees("van kit 299")
        await seen.press("slash", *"kit 04")
        await seen.sees("13 of 300 pass the filter", "van kit 049")
        await seen.press("enter", "escape")
        await seen.sees("UNITS  300")
        await seen.press("s", "u")
        await seen.sees("unit↑")
        made = await seen.app.door.invite("newcomer")
        unit = Knocker(api.ca_file)
        await unit.knock(made.text)
        (join,) = await seen.app.door.joins()
        await seen.app.door.accept_join(join.join_id, unit.fingerprint)
        await seen.sees("UNITS  301")
        await seen.press("home")
        await seen.sees("van kit 000", "unit-00000000")
        await seen.press("enter")
        await seen.sees("van kit 000", "unit-00000000", "settings")


async def test_what_is_changed_elsewhere_shows_without_being_asked(api: RunningApi, tmp_path: Path) -> None:
    ids = await add_fleet(api, 3)
    async with console_of(api, tmp_path) as seen:
        other = await api.add_person("TO-13", "engineer")
        await seen.press("2")
        await seen.sees("van kit 001")
        async with connect(other) as client:
            await client.change_label(ids[1], "renamed")
            await seen.sees("renamed")
            await add_alarm(api, ids[2], "hot")
            await seen.sees("!1")


async def test_settings_are_changed_once_and_a_stale_change_is_refused(api: RunningApi, tmp_path: Path) -> None:
    ids = await add_fleet(api, 1)
    async with console_of(api, tmp_path) as seen:
        other = await api.add_person("TO-13", "engineer")
        await seen.press("2")
        await seen.sees("van kit 000")
        await seen.press("enter")
        await seen.sees("c check")
        await seen.press("e", "3", "0", "enter")
        await seen.sees("should run settings v2")
        await seen.press("e")
        await seen.sees("wanted now: version 2")
        async with connect(other) as client:
            await client.change_settings(ids[0], SettingsChange(based_on=2, report_every_s=10))
        await seen.press(*["backspace"] * 2, "9", "0", "enter")
        await seen.sees("Refused", "rule", "remedy")
        await seen.press("escape", "end")
        await seen.sees("10 s")


async def test_why_no_report_can_be_asked_for_is_told_whole(api: RunningApi, tmp_path: Path) -> None:
    await add_fleet(api, 1)
    async with console_of(api, tmp_path) as seen:
        await seen.press("2")
        await seen.sees("van kit 000")
        await seen.press("enter")
        await seen.sees("r report")
        await seen.press("r")
        await seen.sees("Refused", "has no session now", "unit-not-connected", "ask again when")
        await seen.press("enter")
        await seen.misses("Refused")


async def test_an_inspector_sees_all_and_is_offered_nothing(api: RunningApi, tmp_path: Path) -> None:
    ids = await add_fleet(api, 1)
    await add_alarm(api, ids[0], "supply low")
    async with console_of(api, tmp_path, "inspector") as seen:
        await seen.sees("NEEDS YOU  0  1 line is others'", "supply low")
        assert "ack" not in seen.lines[-1]
        await seen.press("enter")
        await seen.sees("van kit 000", "p plot")
        assert "r report" not in seen.lines[-1]
        assert "c check" not in seen.lines[-1]
        with pytest.raises(Refused) as caught:
            await seen.app.door.request_report(ids[0])
        assert caught.value.status == 403
        assert caught.value.problem.remedy


async def test_administrators_draft_sign_and_end_people(api: RunningApi, tmp_path: Path) -> None:
    new = Keyholder.make("TO-31")
    async with console_of(api, tmp_path, "administrator") as seen:
        await seen.press("8")
        await seen.sees("3 have access", "TO-12")
        await seen.press("n", *"TO-31", "tab", *"Ada", "tab", *"eng", "tab", *new.line, "enter")
        await seen.sees("PEOPLE LIST  2 in force", "list 3   open", "+ added    TO-31     Ada", "0 of 2 signed")
        await seen.press("enter")
        await seen.sees("Sign people list 3", "people.signed: TO-12 signs")
        await seen.press("y")
        await seen.sees("1 of 2 signed", "signed by   TO-12")
        (draft,) = [one for one in await api.services.people.drafts() if one.state == "open"]
        await api.services.people.sign(draft.draft_id, FOUNDERS[0].sign(draft.text), "AD-91")
        await seen.sees("PEOPLE LIST  3 in force", "in-force")
        await seen.press("escape")
        await seen.sees("4 have access", "TO-31")
        await seen.press("end", "x", "y")
        await seen.sees("TO-31 has no access any more", "1 draft waits", "3 have access", "ended")
        for person_id in ("AD-91", "AD-92"):
            await api.services.people.end(person_id, "TO-12")
        await seen.sees("1 have access")
        await seen.press("home", "x", "y")
        await seen.sees("Refused", "last administrator")


async def test_a_session_that_was_ended_is_signed_in_again_by_the_next_key(api: RunningApi, tmp_path: Path) -> None:
    settings = await api.add_person("TO-12", "engineer")
    await alarming_lives(api.services.store, datetime.now(UTC))
    async with connect(settings) as client, seen_console(client, tmp_path) as seen:
        await seen.sees("NEEDS YOU  0", "link ")
        token = client._session.token
        assert token is not None
        async with asyncio.timeout(20):
            await api.services.signing_in.sign_out(token)
        await seen.press("2")
        await seen.sees("UNITS  0")
        assert client._session.token not in {None, token}


async def test_leaving_ends_the_session(api: RunningApi) -> None:
    settings = await api.add_person("TO-12", "engineer")
    async with connect(settings) as client:
        token = client._session.token
        assert token is not None
    with pytest.raises(Exception, match=r"not signed in|ended"):
        await api.services.signing_in.person_of(token)


async def test_who_can_not_sign_in_is_told_why(api: RunningApi, tmp_path: Path) -> None:
    settings = await api.add_person("TO-12", "engineer")
    other = await api.add_person("TO-13", "engineer")
    with pytest.raises(SignInRefused):
        async with connect(msgspec.structs.replace(settings, key_file=other.key_file)):
            pass
    stranger = tmp_path / "stranger.crt"
    stranger.write_bytes(CertificateAuthority.create(tmp_path / "stranger", datetime.now(UTC)).root_pem)
    with pytest.raises(CertificateNotTrusted, match="do not go on"):
        async with connect(msgspec.structs.replace(settings, ca_file=stranger)):
            pass
    with pytest.raises(NotReachable, match="check the network"):
        async with connect(msgspec.structs.replace(settings, url=f"https://127.0.0.1:{free_port()}")):
            pass


async def test_every_method_of_the_client_meets_its_route(api: RunningApi) -> None:
    ids = await add_fleet(api, 2)
    settings = await api.add_person("TO-12", "engineer")
    async with connect(settings) as client:
        assert isinstance(client, FleetClient)
        assert (await client.whoami()).person_id == "TO-12"
        assert (await client.summary()).units == 2
        assert (await client.list_units("kit 001", "supply", descending=True, limit=10)).total == 1
        assert (await client.unit(ids[0])).row.unit_id == ids[0]
        assert (await client.history(ids[0], "supply_mv", 6)).points == []
        assert await client.commands(ids[0]) == []
        with pytest.raises(Refused, match="no session"):
            await client.request_report(ids[0])
        assert (await client.events(unit_id=ids[0], severity="alarm", open_only=True)).events == []
        made = await client.invite("spare")
        assert [one.label for one in await client.vouchers()] == ["spare"]
        await client.withdraw_voucher(made.voucher_id)
        assert [one.state for one in await client.vouchers()] == ["withdrawn"]
        assert await client.joins() == []
        assert {one.person_id for one in await client.people()} == {"AD-91", "AD-92", "TO-01", "TO-12"}
        assert (await client.people_chain()).newest.version == 3
        assert {draft.state for draft in await client.people_drafts()} == {"in-force"}
        with pytest.raises(Refused) as caught:
            await client.unit("unit-absent1")
        assert caught.value.status == 404
        assert client.idle_minutes > 0
