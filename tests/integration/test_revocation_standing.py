"""What people say of a unit's standing, through the real API and the command line."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

from fleet.client import FleetClient, Refused, connect
from fleet.entries.entry import CONTROLLER
from fleet.revocation.standing import quarantine_unit
from fleet.store.store import Store
from protocols.api.units import SettingsChange
from protocols.joining import JoinAccepted, JoinRefusal
from tests.support.controller import RunningApi
from tests.support.fleet_rows import add_units
from tests.support.joining import Knocker

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
FLEET = Path(sys.executable).parent / "fleet"
UNIT = "unit-aaaaaaaa"


@pytest.fixture
async def unit(api: RunningApi, store: Store, owner: Owner) -> str:
    """A unit with a session."""
    await api.add_person("TO-12", "engineer")
    await add_units(store, "TO-12", {"unit-zzzzzzzz": "van 1", UNIT: "van 2"}, datetime.now(UTC))
    await owner.execute("UPDATE unit_live SET session_up = true, session_nonce = 'n' WHERE unit_id = $1", UNIT)
    return UNIT


async def kinds(owner: Owner, unit_id: str) -> list[str]:
    rows = await owner.fetch("SELECT kind FROM log_entry WHERE unit_id = $1 ORDER BY entry_id", unit_id)
    return [row["kind"] for row in rows]


async def refused(call: object) -> str:
    with pytest.raises(Refused) as caught:
        await call  # type: ignore[misc]  # any of the client's coroutines
    assert caught.value.problem.remedy
    return caught.value.problem.code


async def test_revoking_ends_certificates_and_commands_and_is_final(api: RunningApi, owner: Owner, unit: str) -> None:
    async with connect(await api.add_person("TO-13", "engineer")) as door:
        command = await door.request_report(unit)
        standing = await door.revoke_unit(unit, "lost on the way")
        assert (standing.cause, standing.changed_by, standing.cut_off_at) == ("by-person", "TO-13", None)
        detail = await door.unit(unit)
        assert (detail.row.state, detail.row.presence, detail.standing) == ("revoked", "revoked", standing)
        (certificate,) = await door.certificates(unit)
        assert certificate.revoked_at == standing.changed_at
        (ended,) = await door.commands(unit)
        assert (ended.command_id, ended.state, ended.reason) == (command.command_id, "refused", "the unit was revoked")
        change = SettingsChange(based_on=1, report_every_s=5)
        for call in (
            door.revoke_unit(unit, "again"),
            door.quarantine_unit(unit, "again"),
            door.request_report(unit),
            door.change_settings(unit, change),
        ):
            assert await refused(call) == "unit-revoked"
        assert (await door.unit("unit-zzzzzzzz")).row.state == "active"
    assert await kinds(owner, unit) == ["command.issued", "unit.revoked", "command.finished"]
    entry = json.loads(await owner.fetchval("SELECT body FROM log_entry WHERE kind = 'unit.revoked'"))
    assert entry["certificates"] == [certificate.serial]
    assert "lost" not in json.dumps(entry)


async def test_a_quarantined_unit_is_released_by_a_supervisor_only(api: RunningApi, owner: Owner, unit: str) -> None:
    async with connect(await api.add_person("TO-13", "engineer")) as door:
        standing = await door.quarantine_unit(unit, "looks opened")
        assert (standing.cause, standing.changed_by) == ("by-person", "TO-13")
        assert (await door.unit(unit)).row.presence == "quarantined"
        assert await refused(door.quarantine_unit(unit, "again")) == "unit-quarantined"
        assert await refused(door.release_unit(unit, "it was me")) == "role-not-allowed"
        (alarm,) = [event for event in (await door.events(unit_id=unit)).events if event.severity == "alarm"]
        assert alarm.kind == "unit-quarantined"
        assert "looks opened" in alarm.summary
    async with connect(await api.add_person("ST-01", "supervisor")) as door:
        standing = await door.release_unit(unit, "looked through it")
        assert (standing.cause, standing.changed_by) == ("", "ST-01")
        assert (await door.unit(unit)).row.state == "active"
        assert await refused(door.release_unit(unit, "again")) == "unit-active"
        await door.quarantine_unit(unit, "again")
        await door.revoke_unit(unit, "for good")
        assert await refused(door.release_unit(unit, "please")) == "unit-revoked"
    assert await kinds(owner, unit) == ["unit.quarantined", "unit.released", "unit.quarantined", "unit.revoked"]


async def test_inspectors_and_approvers_change_no_standing(api: RunningApi, unit: str) -> None:
    for person_id, role in (("IN-01", "inspector"), ("AP-01", "approver")):
        async with connect(await api.add_person(person_id, role)) as door:  # type: ignore[arg-type]  # two of the roles
            for call in (door.revoke_unit(unit, "x"), door.quarantine_unit(unit, "x"), door.release_unit(unit, "x")):
                assert await refused(call) == "role-not-allowed"
            assert len(await door.certificates(unit)) == 1


async def test_a_unit_that_is_not_there_is_not_found(api: RunningApi) -> None:
    async with connect(await api.add_person("ST-01", "supervisor")) as door:
        for call in (
            door.revoke_unit("unit-nowhere1", "x"),
            door.quarantine_unit("unit-nowhere1", "x"),
            door.release_unit("unit-nowhere1", "x"),
            door.certificates("unit-nowhere1"),
        ):
            assert await refused(call) == "unit-unknown"


async def joined(api: RunningApi, door: FleetClient) -> tuple[Knocker, str, str]:
    voucher_text = (await door.invite("van 3")).text
    knocker = Knocker(api.ca_file)
    await knocker.knock(voucher_text)
    (join,) = await door.joins()
    unit_id = (await door.accept_join(join.join_id, join.fingerprint)).unit_id
    return knocker, voucher_text, unit_id


async def test_a_revoked_unit_gets_nothing_for_its_voucher(api: RunningApi, owner: Owner) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        knocker, voucher_text, unit_id = await joined(api, door)
        assert isinstance(await knocker.knock(voucher_text), JoinAccepted)
        await door.revoke_unit(unit_id, "stolen from the workshop")
        answer = await knocker.knock(voucher_text)
        assert isinstance(answer, JoinRefusal)
        assert answer.code == "voucher-withdrawn"
    assert await kinds(owner, unit_id) == ["unit.joined", "voucher.withdrawn", "unit.revoked"]


async def test_a_unit_that_waits_to_come_back_is_turned_away(api: RunningApi, owner: Owner, unit: str) -> None:
    await owner.execute(
        "INSERT INTO join_request (join_id, fingerprint, public_key_der, key_protection, model, agent_version,"
        " came_from, first_seen_at, last_seen_at, rejoins) VALUES ($1, 'f', '', 'soft', '', '', '', now(), now(), $2)",
        "0" * 24,
        unit,
    )
    async with connect(await api.add_person("TO-13", "engineer")) as door:
        await door.revoke_unit(unit, "lost")
        assert await door.joins() == []
    row = await owner.fetchrow("SELECT state, decided_by, reason FROM join_request")
    assert row is not None
    assert tuple(row) == ("refused", "TO-13", "the unit was revoked")
    assert await owner.fetchval("SELECT count(*) FROM log_entry WHERE kind = 'join.turned-away'") == 1


async def test_the_first_cause_of_a_quarantine_stands(api: RunningApi, store: Store, owner: Owner, unit: str) -> None:
    now = datetime.now(UTC)
    async with store.transaction() as transaction:
        assert await quarantine_unit(transaction, unit, "two-successors", ["a1", "b2"], "seen", CONTROLLER, now)
    async with store.transaction() as transaction:
        assert not await quarantine_unit(transaction, unit, "two-places", [], "seen again", CONTROLLER, now)
    async with store.transaction() as transaction:
        standing = await transaction.revocation.standing(unit)
    assert standing is not None
    assert (standing.cause, standing.changed_by) == ("two-successors", CONTROLLER)
    entry = json.loads(await owner.fetchval("SELECT body FROM log_entry WHERE kind = 'unit.quarantined'"))
    assert (entry["cause"], entry["certificates"]) == ("two-successors", ["a1", "b2"])


async def test_two_people_who_revoke_at_once_revoke_once(api: RunningApi, owner: Owner, unit: str) -> None:
    tries = [api.services.standing.revoke(unit, "lost", "TO-12") for _ in range(4)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert await kinds(owner, unit) == ["unit.revoked"]


async def fleet(client: Path, *words: str) -> tuple[int, str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_CLIENT")}
    process = await asyncio.create_subprocess_exec(
        FLEET,
        *words,
        "--client",
        str(client),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=kept,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_the_command_line_revokes_only_when_it_is_meant(api: RunningApi, unit: str, tmp_path: Path) -> None:
    settings = await api.add_person("ST-01", "supervisor")
    client = tmp_path / "client.toml"
    facts = {name: str(getattr(settings, name)) for name in settings.__struct_fields__}
    client.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in facts.items()))

    code, out, _ = await fleet(client, "unit", "quarantine", "van 2", "looks opened")
    assert (code, out) == (0, f"{unit} is quarantined\n")
    code, out, _ = await fleet(client, "unit", "show", "van 2")
    assert "by-person" in out
    code, out, _ = await fleet(client, "unit", "release", "van 2", "looked through it")
    assert (code, out) == (0, f"{unit} is active again\n")

    code, _, err = await fleet(client, "unit", "revoke", "van 2", "lost")
    assert code == 2
    assert "--yes" in err
    code, out, _ = await fleet(client, "unit", "revoke", "van 2", "lost", "--yes", "--json")
    assert code == 0
    assert json.loads(out)["changed_by"] == "ST-01"
    code, _, err = await fleet(client, "unit", "revoke", "van 2", "lost", "--yes")
    assert code == 3
    assert "new voucher" in err
    code, out, _ = await fleet(client, "unit", "show", "van 2")
    assert "not yet" in out
    code, out, _ = await fleet(client, "unit", "certificates", "van 2", "--json")
    assert [certificate["revoked_at"] is not None for certificate in json.loads(out)] == [True]
