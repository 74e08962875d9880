"""Joining through the real API: vouchers, the door, a person's decision, and what is recorded of each."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import asyncpg
import msgspec
import pytest
from cryptography import x509

from fleet.client import FleetClient, Refused, connect
from fleet.commands.dispatcher import Dispatcher
from fleet.settings import JoiningSettings
from fleet.store.commands import WaitingCommand
from fleet.store.store import Store
from protocols.joining import JoinAccepted, JoinPending, JoinRefusal, JoinRequest, Voucher
from protocols.people import people_hash
from tests.support.controller import RunningApi, running_api
from tests.support.joining import Knocker

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def _log_kinds(owner: Owner) -> list[str]:
    """The kinds of entries but those of people, who were there before."""
    query = "SELECT kind FROM log_entry WHERE kind !~ '^(person|people)' ORDER BY entry_id"
    return [record["kind"] for record in await owner.fetch(query)]


async def _open_alarms(door: FleetClient) -> list[str]:
    return [event.summary for event in (await door.events(open_only=True)).events if event.severity == "alarm"]


async def test_a_unit_joins_when_a_person_accepts_its_fingerprint(api: RunningApi, owner: Owner) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        voucher_text = (await door.invite("van kit 3")).text
        unit = Knocker(api.ca_file, claimed_name="unit-of-another")
        waiting = await unit.knock(voucher_text)
        assert isinstance(waiting, JoinPending)
        assert waiting.fingerprint == unit.fingerprint

        (join,) = await door.joins()
        assert (join.label, join.fingerprint, join.invited_by) == ("van kit 3", unit.fingerprint, "TO-12")
        unit_id = (await door.accept_join(join.join_id, join.fingerprint)).unit_id

        accepted = await unit.knock(voucher_text)
        assert isinstance(accepted, JoinAccepted)
        assert accepted.unit_id == unit_id
        leaf = x509.load_pem_x509_certificate(accepted.certificate_chain_pem.encode())
        assert leaf.subject.rfc4514_string() == f"CN={unit_id}"
        assert leaf.public_key() == unit.key.public_key()
        assert Voucher.read(voucher_text).people_sha256 == people_hash(accepted.people_list)
        assert accepted.controller_keys == [api.credentials.down_public_hex]
        assert (await door.unit(unit_id)).row.presence == "never"
        assert await door.joins() == []
    kinds = await _log_kinds(owner)
    assert kinds == [
        "session.opened",
        "voucher.made",
        "join.presented",
        "unit.joined",
        "session.closed",
    ]


async def test_the_log_holds_no_label_and_no_secret(api: RunningApi, owner: Owner) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        voucher_text = (await door.invite("van kit 3")).text
    bodies = b"".join(record["body"] for record in await owner.fetch("SELECT body FROM log_entry"))
    assert b"van kit" not in bodies
    assert Voucher.read(voucher_text).secret.hex().encode() not in bodies
    assert await owner.fetchval("SELECT text FROM log_text") == "van kit 3"


async def test_a_voucher_serves_the_first_key_only(api: RunningApi, owner: Owner) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        voucher_text = (await door.invite()).text
        assert isinstance(await Knocker(api.ca_file).knock(voucher_text), JoinPending)
        thief = Knocker(api.ca_file)
        for _ in range(3):
            refusal = await thief.knock(voucher_text)
            assert isinstance(refusal, JoinRefusal)
            assert refusal.code == "voucher-wrong-key"
        alarms = [event for event in (await door.events(open_only=True)).events if event.severity == "alarm"]
        assert [(alarm.kind, alarm.count) for alarm in alarms] == [("join-refused", 3)]
    assert (await _log_kinds(owner)).count("join.refused") == 1


async def test_every_key_that_is_refused_has_its_own_alarm_and_entry(api: RunningApi, owner: Owner) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        voucher_text = (await door.invite()).text
        await Knocker(api.ca_file).knock(voucher_text)
        thieves = [Knocker(api.ca_file) for _ in range(3)]
        for thief in [*thieves, *thieves]:
            assert await _code(thief, voucher_text) == "voucher-wrong-key"
        alarms = [event.count for event in (await door.events(open_only=True)).events if event.severity == "alarm"]
        assert alarms == [2, 2, 2]
    bodies = await owner.fetch("SELECT body FROM log_entry WHERE kind = 'join.refused' ORDER BY entry_id")
    assert [msgspec.json.decode(row["body"])["fingerprint"] for row in bodies] == [one.fingerprint for one in thieves]


async def test_the_person_who_decides_sees_where_a_request_first_came_from(api: RunningApi, store: Store) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        voucher = Voucher.read((await door.invite()).text)
        unit = Knocker(api.ca_file)
        request = JoinRequest(
            secret=voucher.secret.hex(), csr_pem=unit.csr_pem, key_protection="soft", model="", agent_version=""
        )
        for address in ("10.0.0.1", "10.0.0.2"):
            assert isinstance(await api.services.door.knock(request, address), JoinPending)
        (join,) = await door.joins()
        assert join.came_from == "10.0.0.1"
        assert join.last_seen_at > join.first_seen_at


async def test_an_unknown_an_expired_a_withdrawn_and_a_used_voucher_have_their_own_refusals(
    store: Store, dsn: str, tmp_path: Path, owner: Owner
) -> None:
    now = datetime.now(UTC)

    def clock() -> datetime:
        return now

    async with running_api(store, dsn, tmp_path, clock=clock) as api:
        settings = await api.add_person("TO-12", "engineer")
        async with connect(settings) as door:
            foreign = Voucher.read((await door.invite()).text)
            foreign_text = Voucher(
                secret=b"\0" * 16,
                ca_sha256=foreign.ca_sha256,
                people_sha256=foreign.people_sha256,
                expires_at_s=foreign.expires_at_s,
                url=foreign.url,
            ).text()
            withdrawn = await door.invite()
            await door.withdraw_voucher(withdrawn.voucher_id)
            used_made = await door.invite()
            used_text, used_voucher = used_made.text, used_made.voucher_id
            joined = Knocker(api.ca_file)
            await joined.knock(used_text)
            (join,) = await door.joins()
            unit_id = (await door.accept_join(join.join_id, join.fingerprint)).unit_id
            dispatcher = Dispatcher(store, clock, api.services.hub, _send_nothing)
            for _ in range(2):
                await dispatcher.on_sessions({unit_id})
            expired_text = (await door.invite()).text
            codes = [
                await _code(Knocker(api.ca_file), foreign_text),
                await _code(Knocker(api.ca_file), withdrawn.text),
                await _code(joined, used_text),
            ]
        now += timedelta(hours=24)
        codes.append(await _code(Knocker(api.ca_file), expired_text))
        assert codes == ["voucher-unknown", "voucher-withdrawn", "voucher-used", "voucher-expired"]
        async with connect(settings) as door:
            assert len(await _open_alarms(door)) == 4

    used = await owner.fetch("SELECT unit_id, body FROM log_entry WHERE kind = 'voucher.used'")
    assert [(row["unit_id"], msgspec.json.decode(row["body"])["voucher"]) for row in used] == [(unit_id, used_voucher)]


async def _send_nothing(_command: WaitingCommand, _now: datetime) -> bool:
    raise AssertionError("no command waits")


async def _code(unit: Knocker, voucher_text: str) -> str:
    answer = await unit.knock(voucher_text)
    assert isinstance(answer, JoinRefusal)
    assert answer.remedy
    return answer.code


async def test_accepting_needs_the_waiting_key_s_fingerprint(api: RunningApi) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        await Knocker(api.ca_file).knock((await door.invite()).text)
        (join,) = await door.joins()
        with pytest.raises(Refused) as refused:
            await door.accept_join(join.join_id, Knocker(api.ca_file).fingerprint)
        assert refused.value.problem.code == "fingerprint-differs"
        await door.accept_join(join.join_id, join.fingerprint)
        with pytest.raises(Refused) as again:
            await door.refuse_join(join.join_id, "too late")
        assert again.value.problem.code == "join-decided"


async def test_a_refused_unit_is_told_why(api: RunningApi) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        voucher_text = (await door.invite()).text
        unit = Knocker(api.ca_file)
        await unit.knock(voucher_text)
        (join,) = await door.joins()
        await door.refuse_join(join.join_id, "not one of ours")
        answer = await unit.knock(voucher_text)
        assert isinstance(answer, JoinRefusal)
        assert (answer.code, "not one of ours" in answer.message) == ("join-refused", True)


async def test_pending_joins_are_capped_and_a_flood_is_slowed(store: Store, dsn: str, tmp_path: Path) -> None:
    bounds = JoiningSettings(max_pending=2, requests_per_minute=4, poll_after_s=0.05)
    async with (
        running_api(store, dsn, tmp_path, joining=bounds) as api,
        connect(await api.add_person("TO-12", "engineer")) as door,
    ):
        texts = [(await door.invite()).text for _ in range(3)]
        answers = [await Knocker(api.ca_file).knock(text) for text in texts]
        assert [type(answer) for answer in answers] == [JoinPending, JoinPending, JoinRefusal]
        assert isinstance(answers[2], JoinRefusal)
        assert answers[2].code == "joins-full"
        await Knocker(api.ca_file).knock(texts[0])
        slowed = await Knocker(api.ca_file).knock(texts[0])
        assert isinstance(slowed, JoinRefusal)
        assert slowed.code == "joins-too-fast"


async def test_a_request_that_proves_no_key_is_refused(api: RunningApi) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        unit = Knocker(api.ca_file)
        answer = await unit.knock((await door.invite()).text, csr_pem="-----BEGIN NONSENSE-----")
        assert isinstance(answer, JoinRefusal)
        assert answer.code == "csr-invalid"
