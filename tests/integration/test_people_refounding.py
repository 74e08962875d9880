"""Only one administrator is left: the people list is founded anew, and nobody believes it by itself."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.people_keeping import follow
from fleet.client import PeopleNotTrusted, Refused, SignInRefused, VoucherNotTrusted, connect
from fleet.clock import utc_now
from fleet.errors import Conflict
from fleet.founding import refound as founding_anew
from protocols.joining import JoinAccepted, JoinPending, JoinRefusal, Voucher
from protocols.people import people_hash, read_list
from tests.support.controller import RunningApi
from tests.support.joining import Knocker
from tests.support.people import FOUNDERS, Keyholder, put_in_force
from tests.support.waiting import until

FLEET = Path(sys.executable).parent / "fleet"
LIMIT_S = 60


def refound(api: RunningApi, *administrators: Keyholder) -> subprocess.CompletedProcess[str]:
    """`fleet person refound` as the owner of the controller's host runs it."""
    config = api.home / "fleet.toml"
    config.write_text(f'state_dir = "{api.settings.state_dir}"\n[database]\ndsn = "{api.settings.database.dsn}"\n')
    named: list[str | Path] = []
    for person in administrators:
        key = api.home / f"{person.person_id}.new.pub"
        key.write_text(person.line + "\n")
        named += ["--administrator", person.person_id, f"Person {person.person_id}", key]
    command = [FLEET, "person", "refound", *named, "--config", config, "--json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)


async def carried(api: RunningApi) -> str:
    """The list in force, as a unit carries it."""
    async with api.services.store.transaction() as transaction:
        newest = await transaction.people.newest_list()
    assert newest is not None
    return newest.text


async def test_one_administrator_is_left_and_the_list_is_founded_anew(api: RunningApi, owner: Any) -> None:
    engineer = await api.add_person("TO-12", "engineer")
    before = await carried(api)
    await api.services.people.end("AD-92", "AD-91")
    async with connect(engineer) as door:
        old_voucher = (await door.invite("van")).text
    with pytest.raises(Conflict, match="two administrators"):
        await api.services.people.draft(Keyholder.make("AD-93").new("administrator"), "AD-91")

    new = (Keyholder.make("AD-94"), Keyholder.make("AD-95"), FOUNDERS[0])
    done = refound(api, *new)
    assert done.returncode == 0, done.stderr
    anchor = json.loads(done.stdout)
    assert (anchor["version"], anchor["people"]) == (3, ["AD-91", "AD-94", "AD-95", "TO-12"])

    # A unit carries the list from before. It takes no step to one that nobody of its list has signed.
    async with api.services.store.transaction() as transaction:
        page = await transaction.people.lists_after(read_list(before).version)
    followed = follow(before, page)
    assert followed.text == before
    assert followed.refusal is not None
    assert followed.refusal.reason == "too-few-signatures"

    # Nor does a person who has pinned the anchor before.
    async with connect(engineer) as door:
        with pytest.raises(PeopleNotTrusted, match="its anchor is"):
            await door.people_chain()
        with pytest.raises(VoucherNotTrusted):
            await door.invite("van")
    assert isinstance(await Knocker(api.ca_file).knock(old_voucher), JoinRefusal)

    # With the new anchor from the administrators' own mouths, and a visit with a voucher, both go on.
    told = msgspec.structs.replace(engineer, people_anchor=anchor["sha256"])
    async with connect(told) as door:
        assert (await door.people_chain()).newest.version == 3
        voucher = (await door.invite("van")).text
        knocker = Knocker(api.ca_file)
        assert isinstance(await knocker.knock(voucher), JoinPending)
        (join,) = await door.joins()
        await door.accept_join(join.join_id, knocker.fingerprint)
        accepted = await knocker.knock(voucher)
    assert isinstance(accepted, JoinAccepted)
    assert Voucher.read(voucher).people_sha256 == people_hash(accepted.people_list)
    draft = await put_in_force(api.services.people, Keyholder.make("TO-13").new("approver"), new[:2])
    async with api.services.store.transaction() as transaction:
        page = await transaction.people.lists_after(3)
    followed = follow(accepted.people_list, page)
    assert (followed.version, followed.text, followed.refusal) == (4, draft.text, None)

    # It can not be done unseen.
    row = await owner.fetchrow(
        "SELECT body FROM log_entry WHERE kind = 'people.in-force' AND convert_from(body, 'UTF8')::jsonb @> $1::jsonb",
        '{"people_version": 3}',
    )
    assert json.loads(row["body"])["signed_by"] == []
    assert await owner.fetchval("SELECT severity FROM event WHERE kind = 'people-refounded'") == "alarm"


async def test_administrators_who_are_not_named_again_are_out_and_others_stay(api: RunningApi) -> None:
    engineer = await api.add_person("TO-12", "engineer")
    async with connect(api.settings_of(FOUNDERS[1])) as out, connect(engineer) as stays:
        done = refound(api, FOUNDERS[0], Keyholder.make("AD-93"))
        assert done.returncode == 0, done.stderr
        with pytest.raises(Refused) as refused:
            await out.whoami()
        assert refused.value.status == 401
        await stays.whoami()
    with pytest.raises(SignInRefused):
        async with connect(api.settings_of(FOUNDERS[1])):
            pass


async def test_an_access_that_is_ended_at_the_same_moment_stays_ended(api: RunningApi, owner: Any) -> None:
    engineer = await api.add_person("TO-12", "engineer")
    new = [Keyholder.make(person_id).new("administrator") for person_id in ("AD-94", "AD-95")]

    async def waits() -> bool:
        return bool(await owner.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))

    async with api.services.store.transaction() as transaction:
        await transaction.people.lock()
        founding = asyncio.create_task(founding_anew(api.settings, new))
        await until(waits)
        assert await transaction.people.end_access("TO-12", utc_now())
    assert "TO-12" not in (await founding).people
    with pytest.raises(SignInRefused):
        async with connect(engineer):
            pass


async def test_fewer_than_two_administrators_found_nothing(api: RunningApi) -> None:
    before = await carried(api)
    done = refound(api, FOUNDERS[0])
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)
    assert "two administrators" in done.stderr
    assert await carried(api) == before
