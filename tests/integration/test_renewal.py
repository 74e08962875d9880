"""Renewal through the real API over mutual TLS: lost answers, lost keys, copies, and whoever has no business there."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import asyncpg
import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from fleet.ca import certificates
from fleet.ca.authority import CertificateAuthority
from fleet.ca.errors import TokenUnusable
from fleet.client import connect
from fleet.clock import utc_now
from fleet.renewal.renewals import MAX_SUCCESSORS
from fleet.revocation.standing import UnitStanding
from fleet.settings import JoiningSettings
from fleet.store.store import Store
from protocols.joining import JoinPending, JoinRefusal, Renewed, RenewRequest
from protocols.people import SignedPeopleList, read_list
from tests.support.controller import RunningApi, running_api
from tests.support.joining import Knocker
from tests.support.unit_door import PERSON, JoinedUnit, csr_of, join, new_key

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def unit(api: RunningApi) -> JoinedUnit:
    """A unit that has just joined."""
    await api.add_person(PERSON, "engineer")
    return await join(api)


def code_of(answer: object) -> str:
    assert isinstance(answer, JoinRefusal), answer
    assert answer.remedy
    return answer.code


def ec_key(pem: bytes) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, password=None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return key


async def _certificates(owner: Owner, unit_id: str) -> list[asyncpg.Record]:
    return list(await owner.fetch("SELECT * FROM certificate WHERE unit_id = $1 ORDER BY not_before, serial", unit_id))


async def _log(owner: Owner, kind: str) -> list[dict[str, object]]:
    rows = await owner.fetch("SELECT body FROM log_entry WHERE kind = $1 ORDER BY entry_id", kind)
    return [msgspec.json.decode(row["body"]) for row in rows]


async def test_a_unit_gets_a_successor_for_its_new_key(api: RunningApi, unit: JoinedUnit, owner: Owner) -> None:
    key = new_key()
    answer = await unit.renew(key, "tpm")
    assert isinstance(answer, Renewed)
    renewed = unit.with_certificate(key, answer.certificate_chain_pem)
    assert renewed.leaf.subject == unit.leaf.subject
    assert renewed.leaf.public_key() == key.public_key()
    assert answer.unit_id == unit.unit_id
    assert [offer.root_pem for offer in answer.roots] == [api.credentials.authority.root_pem.decode()]
    assert answer.controller_keys == [api.credentials.down_public_hex]
    assert answer.url == api.url
    first, second = sorted(await _certificates(owner, unit.unit_id), key=lambda row: row["predecessor"] or "")
    assert (first["serial"], first["predecessor"]) == (unit.serial, None)
    assert (second["serial"], second["predecessor"], second["key_protection"]) == (renewed.serial, unit.serial, "tpm")
    (entry,) = await _log(owner, "certificate.renewed")
    assert (entry["certificate"], entry["predecessor"], entry["unit"]) == (renewed.serial, unit.serial, unit.unit_id)
    in_use = await owner.fetchval("SELECT fingerprint FROM unit WHERE unit_id = $1", unit.unit_id)
    assert in_use == unit.fingerprint, "the unit has not connected with the new key yet"


async def test_an_answer_that_was_lost_is_given_again(unit: JoinedUnit, store: Store, owner: Owner) -> None:
    key = new_key()
    asked = await asyncio.gather(*(unit.renew(key) for _ in range(4)))
    chains = {answer.certificate_chain_pem for answer in asked if isinstance(answer, Renewed)}
    assert len(asked) == 4
    assert len(chains) == 1
    renewed = unit.with_certificate(key, chains.pop())
    assert await renewed.connects(store) is None
    late = await unit.renew(key)
    assert isinstance(late, Renewed), "a request that was long under way quarantines nobody"
    assert late.certificate_chain_pem == renewed.chain_pem
    assert await _state(owner, unit) == "active"
    assert len(await _certificates(owner, unit.unit_id)) == 2
    assert len(await _log(owner, "certificate.renewed")) == 1


async def test_a_unit_that_lost_its_new_key_gets_another_until_it_has_connected_with_one(
    unit: JoinedUnit, store: Store, owner: Owner
) -> None:
    await unit.connects(store)
    lost, used = await unit.renewed(new_key()), await unit.renewed(new_key())
    assert lost.serial != used.serial
    assert await used.connects(store) is None
    assert code_of(await unit.renew(new_key())) == "certificate-superseded"
    standing = await owner.fetchrow("SELECT state, standing_cause FROM unit WHERE unit_id = $1", unit.unit_id)
    assert standing is not None
    assert tuple(standing) == ("quarantined", "superseded-certificate")
    (entry,) = await _log(owner, "unit.quarantined")
    assert entry["certificates"] == [unit.serial, used.serial]
    for shown in (unit, used, lost):
        assert code_of(await shown.renew(new_key())) == "unit-quarantined"


async def test_a_certificate_beside_the_one_in_use_is_another_unit_s(
    unit: JoinedUnit, store: Store, owner: Owner
) -> None:
    used, other = await unit.renewed(new_key()), await unit.renewed(new_key())
    await used.connects(store)
    assert code_of(await other.renew(new_key())) == "certificate-superseded"
    cause = await owner.fetchval("SELECT standing_cause FROM unit WHERE unit_id = $1", unit.unit_id)
    assert cause == "two-successors"


async def test_a_chain_of_renewals_is_one_unit(unit: JoinedUnit, store: Store, owner: Owner) -> None:
    """Also when it never got to the broker in between."""
    await unit.connects(store)
    now = unit
    for _ in range(3):
        now = await now.renewed(new_key())
    assert await now.connects(store) is None
    assert isinstance(await now.renew(new_key()), Renewed)
    assert await _state(owner, unit) == "active"


async def test_a_key_that_is_in_use_gets_no_certificate(api: RunningApi, unit: JoinedUnit, store: Store) -> None:
    other = await join(api, "another")
    waiting = Knocker(api.ca_file)
    voucher = await api.services.vouchers.make("", PERSON)
    assert isinstance(await waiting.knock(voucher.text), JoinPending)
    successor = await unit.renewed(new_key())
    for key in (unit.key, other.key, waiting.key):
        assert code_of(await unit.renew(key)) == "key-known"
    assert code_of(await successor.renew(unit.key)) == "key-known"
    assert code_of(await other.renew(successor.key)) == "key-known"
    knocker = Knocker(api.ca_file)
    knocker.csr_pem = csr_of(successor.key)
    refusal = await knocker.knock((await api.services.vouchers.make("", PERSON)).text)
    assert code_of(refusal) == "join-refused"


async def test_a_key_that_came_with_a_voucher_and_a_renewal_is_one_unit_s(
    api: RunningApi, unit: JoinedUnit, store: Store, owner: Owner
) -> None:
    """Whichever is first: a person accepting the key as a new unit's, or a renewal for it."""
    knocker = Knocker(api.ca_file)
    await knocker.knock((await api.services.vouchers.make("", PERSON)).text)
    async with store.transaction() as transaction:
        (waiting,) = await transaction.joining.pending()
    outcomes = await asyncio.gather(
        api.services.decisions.accept(waiting.join_id, waiting.fingerprint, PERSON),
        unit.renew(knocker.key),
        return_exceptions=True,
    )
    assert code_of(outcomes[1]) == "key-known"
    held = await owner.fetchval("SELECT count(*) FROM certificate WHERE fingerprint = $1", waiting.fingerprint)
    assert held == 1


async def test_who_shows_no_certificate_of_a_unit_is_refused(api: RunningApi, unit: JoinedUnit, owner: Owner) -> None:
    stem = api.credentials.directory / "tls" / "controller"
    key = ec_key(stem.with_suffix(".key").read_bytes())
    controller = unit.with_certificate(key, stem.with_suffix(".crt").read_text())
    takeover_files = api.credentials.authority.issue_takeover(unit.unit_id, utc_now())
    takeover_key = ec_key(takeover_files.key_pem)
    takeover = unit.with_certificate(takeover_key, takeover_files.chain_pem.decode())
    for shown in (controller, takeover):
        assert code_of(await shown.renew(new_key())) == "certificate-unknown"
        assert code_of(await shown.people_after(0)) == "certificate-unknown"
    async with httpx.AsyncClient(verify=unit.context(shows_certificate=False), trust_env=False) as door:
        bare = await door.get(f"{api.url}/unit/people?after=0")
    assert (bare.status_code, bare.json()["code"]) == (403, "certificate-unknown")
    assert await owner.fetchval("SELECT count(*) FROM certificate") == 1
    kinds = await owner.fetch("SELECT kind, severity, count FROM event WHERE kind = 'renewal-refused'")
    assert [tuple(row) for row in kinds] == [("renewal-refused", "warning", 1)] * 2 + [
        ("renewal-refused", "warning", 3)
    ]


async def test_tls_takes_no_certificate_of_strangers_servers_or_the_past(
    api: RunningApi, unit: JoinedUnit, tmp_path: Path, owner: Owner
) -> None:
    key = new_key()
    stranger = CertificateAuthority.create(tmp_path / "stranger", utc_now())
    issued = stranger.issue_unit(unit.unit_id, key.public_key(), utc_now())
    server = api.credentials.authority.issue_server(["localhost"], utc_now())
    server_key = ec_key(server.key_pem)
    leaf = certificates.Leaf(unit.unit_id, key.public_key(), certificates.CLIENT, -timedelta(minutes=1))
    issuing = x509.load_pem_x509_certificates(unit.chain_pem.encode())[1]
    issuing_key = ec_key((api.credentials.directory / "ca" / "issuing.key").read_bytes())
    signer = certificates.Signer(issuing.subject, issuing_key)
    ended = certificates.leaf_certificate(leaf, utc_now(), signer, issuing.not_valid_after_utc)
    for shown in (
        unit.with_certificate(key, issued.chain_pem),
        unit.with_certificate(server_key, server.chain_pem.decode()),
        unit.with_certificate(key, ended.public_bytes(Encoding.PEM).decode() + unit.chain_pem),
    ):
        with pytest.raises(httpx.TransportError):
            await shown.renew(new_key())
    assert await owner.fetchval("SELECT count(*) FROM certificate") == 1


async def test_a_request_that_proves_no_key_is_refused(unit: JoinedUnit) -> None:
    assert code_of(await unit.renew(unit.key, csr_pem="-----BEGIN NONSENSE-----")) == "csr-invalid"


async def test_a_revoked_unit_gets_nothing(api: RunningApi, unit: JoinedUnit, store: Store) -> None:
    await UnitStanding(store, utc_now).revoke(unit.unit_id, "stolen", PERSON)
    assert code_of(await unit.renew(new_key())) == "unit-revoked"
    assert code_of(await unit.people_after(0)) == "unit-revoked"
    assert code_of(await unit.rejoin()) == "unit-revoked"


async def test_successors_that_are_never_used_are_bounded(unit: JoinedUnit, owner: Owner) -> None:
    answers = [await unit.renew(new_key()) for _ in range(MAX_SUCCESSORS + 1)]
    assert all(isinstance(answer, Renewed) for answer in answers[:-1])
    assert code_of(answers[-1]) == "joins-too-fast"
    assert len(await _certificates(owner, unit.unit_id)) == MAX_SUCCESSORS + 1


async def test_one_unit_does_not_fill_the_log_and_the_revocation_list_with_certificates(
    unit: JoinedUnit, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each successor could have its own: a thief would need no more than the unit's key, and no connection."""
    monkeypatch.setattr("fleet.renewal.renewals.MAX_ALIVE", 4)
    for _ in range(3):
        unit = await unit.renewed(new_key())
    assert code_of(await unit.renew(new_key())) == "joins-too-fast"
    assert len(await _certificates(owner, unit.unit_id)) == 4
    await owner.execute("UPDATE certificate SET not_after = now() - interval '1 hour' WHERE predecessor IS NULL")
    assert isinstance(await unit.renew(new_key()), Renewed)


async def test_an_ended_certificate_is_not_renewed(store: Store, dsn: str, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with running_api(store, dsn, tmp_path, clock=lambda: now) as api:
        await api.add_person(PERSON, "engineer")
        unit = await join(api)
        now += timedelta(days=30)
        assert code_of(await unit.renew(new_key())) == "certificate-ended"


async def test_a_flood_is_slowed(store: Store, dsn: str, tmp_path: Path) -> None:
    bounds = JoiningSettings(requests_per_minute=6, poll_after_s=0.05)
    async with running_api(store, dsn, tmp_path, joining=bounds) as api:
        await api.add_person(PERSON, "engineer")
        unit = await join(api)
        answers = [await unit.renew(unit.key) for _ in range(6)]
        assert code_of(answers[0]) == "key-known"
        assert code_of(answers[-1]) == "joins-too-fast"
        assert code_of(await unit.rejoin()) == "joins-too-fast"
        assert code_of(await unit.people_after(0)) == "joins-too-fast"


async def test_people_lists_after_the_unit_s_own_in_order(api: RunningApi, unit: JoinedUnit, store: Store) -> None:
    for number in range(3):
        await api.add_person(f"TO-{20 + number}", "inspector")
    lists = await unit.people_after(1)
    assert isinstance(lists, list)
    versions = [read_list(one.text).version for one in lists]
    assert versions == list(range(2, 2 + len(versions)))
    assert len(versions) == 4
    assert all(isinstance(one, SignedPeopleList) and len(one.signatures) >= 2 for one in lists)
    assert await unit.people_after(versions[-1]) == []
    await UnitStanding(store, utc_now).quarantine(unit.unit_id, "looked at", PERSON)
    assert isinstance(await unit.people_after(1), list)


async def test_the_console_shows_the_successor_and_when_it_connected(
    api: RunningApi, unit: JoinedUnit, store: Store
) -> None:
    renewed = await unit.renewed(new_key())
    async with connect(await api.add_person("TO-30", "inspector")) as door:
        before = await door.unit(unit.unit_id)
        assert before.certificate is not None
        assert (before.certificate.serial, before.certificate.predecessor) == (renewed.serial, unit.serial)
        assert (before.certificate.connected_at, before.fingerprint) == (None, unit.fingerprint)
        await renewed.connects(store)
        after = await door.unit(unit.unit_id)
        assert after.certificate is not None
        assert (after.certificate.connected_at is not None, after.fingerprint) == (True, renewed.fingerprint)


async def _state(owner: Owner, unit: JoinedUnit) -> str:
    state: str = await owner.fetchval("SELECT state FROM unit WHERE unit_id = $1", unit.unit_id)
    return state


async def test_an_authority_that_can_not_sign_gives_nothing_and_says_to_come_again(
    api: RunningApi, unit: JoinedUnit, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_arguments: object) -> None:
        raise TokenUnusable("muster-ca", "it is not there")

    with monkeypatch.context() as patched:
        patched.setattr(CertificateAuthority, "issue_unit", away)
        request = RenewRequest(csr_pem=csr_of(new_key()), key_protection="soft")
        answer = await unit._ask("POST", "/unit/renew", request, shows_certificate=True)
    assert (answer.status_code, answer.json()["code"]) == (503, "authority-away")
    assert "muster-ca" not in answer.text
    assert len(await _certificates(owner, unit.unit_id)) == 1
