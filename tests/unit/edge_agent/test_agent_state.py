"""What the agent keeps in files, reads from settings, and believes when it joins."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256

from edge_agent.commands.terminal import read_voucher_text
from edge_agent.durable import held, is_held, read_bounded, write_durably
from edge_agent.errors import (
    AcceptanceInvalid,
    AlreadyRunning,
    NotJoined,
    SettingsInvalid,
    StateUnusable,
    VoucherUnusable,
    WrongAuthority,
)
from edge_agent.identity import Identity, IdentityInUse, IdentityStore, controller_keys
from edge_agent.joining.checks import check_acceptance, check_root, read_voucher
from edge_agent.keys.keystore import FIRST_KEY, next_key_name
from edge_agent.keys.soft import SoftKeyStore
from edge_agent.settings import AgentSettings, capped, load
from fleet.ca import certificates
from fleet.ca.authority import CertificateAuthority
from fleet.ca.csr import read_csr
from fleet.ca.holdings import pem
from protocols.joining import BrokerAddress, JoinAccepted, Voucher
from protocols.people import people_hash
from protocols.settings import UnitSettings

NOW = datetime(2026, 5, 1, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
UNIT = "unit-abcdefgh"
PEOPLE = '{"version":1,"people":[]}'


def test_a_file_is_replaced_in_one_step_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert read_bounded(path) is None
    write_durably(path, b"one")
    write_durably(path, b"two")
    assert read_bounded(path) == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]
    with pytest.raises(StateUnusable, match="can not be written"):
        write_durably(tmp_path / "missing" / "x", b"")


def test_a_leftover_of_a_power_cut_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".x.new").write_bytes(b"half")
    write_durably(tmp_path / "x", b"whole")
    assert read_bounded(tmp_path / "x") == b"whole"


def test_a_state_directory_is_held_by_one(tmp_path: Path) -> None:
    state_dir = tmp_path / "state"
    assert not is_held(state_dir)
    with held(state_dir):
        assert is_held(state_dir)
        with pytest.raises(AlreadyRunning), held(state_dir):
            pass
    assert not is_held(state_dir)
    with held(state_dir):
        assert is_held(state_dir)


def test_settings_come_from_the_file_then_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "edge-agent.toml"
    file.write_text('state_dir = "/a"\nspool_max_mb = 8\n')
    environ = {"MUSTER_AGENT_STATE_DIR": "/b", "MUSTER_AGENT_ACK_TIMEOUT_S": "5", "MUSTER_AGENT_VOUCHER": "x"}
    assert load(environ, file) == AgentSettings(state_dir=Path("/b"), spool_max_mb=8, ack_timeout_s=5.0)
    assert load({"MUSTER_AGENT_CONFIG": str(file)}).state_dir == Path("/a")
    assert load({}) == AgentSettings()


@pytest.mark.parametrize(
    ("text", "environ", "says"),
    [
        ("state_dirr = 'x'", {}, "state_dirr"),
        ("spool_max_mb = 0", {}, "spool_max_mb"),
        ("state_dir = 3", {}, "state_dir"),
        ("state_dir =", {}, "is not TOML"),
        ("", {"MUSTER_AGENT_STATEDIR": "x"}, "MUSTER_AGENT_STATEDIR: is not a setting"),
        ("", {"MUSTER_AGENT_ACK_TIMEOUT_S": "soon"}, "ack_timeout_s"),
    ],
)
def test_what_is_not_a_setting_is_refused(tmp_path: Path, text: str, environ: dict[str, str], says: str) -> None:
    file = tmp_path / "edge-agent.toml"
    file.write_text(text)
    with pytest.raises(SettingsInvalid, match=says):
        load(environ, file)


def test_a_named_settings_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="no such settings file"):
        load({}, tmp_path / "none.toml")


def test_the_machines_own_limits_hold_whatever_the_controller_wants() -> None:
    wanted = UnitSettings(version=4, spool_max_mb=64, spool_max_days=2)
    assert capped(wanted, AgentSettings(spool_max_mb=10, spool_max_days=5)) == UnitSettings(
        version=4, spool_max_mb=10, spool_max_days=2
    )
    assert capped(wanted, AgentSettings()) == wanted


def test_a_key_is_made_once_and_proves_itself(tmp_path: Path) -> None:
    keystore = SoftKeyStore(tmp_path)
    assert not keystore.exists(FIRST_KEY)
    keystore.make(FIRST_KEY)
    before = (tmp_path / "key.pem").read_bytes()
    keystore.make(FIRST_KEY)
    assert (tmp_path / "key.pem").read_bytes() == before
    public = keystore.public_key(FIRST_KEY)
    assert read_csr(keystore.csr_pem(FIRST_KEY)) == public
    assert isinstance(public, EllipticCurvePublicKey)
    public.verify(keystore.sign(FIRST_KEY, b"text"), b"text", ECDSA(SHA256()))
    (tmp_path / "key.pem").chmod(0o640)
    with pytest.raises(StateUnusable, match="others can read"):
        keystore.public_key(FIRST_KEY)
    (tmp_path / "key.pem").write_bytes(b"no key")
    (tmp_path / "key.pem").chmod(0o600)
    with pytest.raises(StateUnusable, match="not a private key"):
        keystore.make(FIRST_KEY)
    keystore.remove(FIRST_KEY)
    keystore.remove(FIRST_KEY)
    with pytest.raises(StateUnusable, match="missing"):
        keystore.public_key(FIRST_KEY)


def test_each_renewal_has_a_key_of_its_own(tmp_path: Path) -> None:
    keystore = SoftKeyStore(tmp_path)
    second = next_key_name(FIRST_KEY)
    for name in (FIRST_KEY, second):
        keystore.make(name)
    assert keystore.public_key(FIRST_KEY) != keystore.public_key(second)
    assert {path.name for path in tmp_path.iterdir()} == {"key.pem", "key-2.pem"}
    assert next_key_name(second) == "key-3"
    keystore.remove(FIRST_KEY)
    assert keystore.exists(second)


CERTIFICATE = pem(certificates.root_certificate(generate_private_key(SECP256R1()), NOW)).decode()
"""Any one: what a unit keeps is only read, not verified, when it starts."""


def identity() -> Identity:
    return Identity(
        unit_id=UNIT,
        certificate_chain_pem=CERTIFICATE,
        roots_pem=[CERTIFICATE],
        controller_keys=["22" * 32],
        broker=BrokerAddress(host="broker", port=8883),
        people_list=PEOPLE,
    )


def test_an_identity_is_kept_whole_and_its_certificate_file_put_right(tmp_path: Path) -> None:
    store = IdentityStore(tmp_path)
    with pytest.raises(NotJoined):
        store.load()
    store.save(identity(), UnitSettings(version=7))
    assert store.load() == identity()
    assert len(controller_keys(identity())) == 1
    chain_file = store.chain_file(identity())
    assert chain_file.read_text() == CERTIFICATE
    chain_file.write_text("an older certificate")
    assert store.chain_file(identity()).read_text() == CERTIFICATE
    assert store.load_settings().version == 7
    (tmp_path / "settings.json").write_text("{")
    assert store.load_settings() == UnitSettings()
    (tmp_path / "identity.json").write_text('{"unit_id":"x"}')
    with pytest.raises(StateUnusable, match="damaged"):
        store.load()


def test_an_identity_of_the_first_version_still_loads(tmp_path: Path) -> None:
    pems = {"certificate_chain_pem": CERTIFICATE, "root_pem": CERTIFICATE}
    old = {"unit_id": UNIT, **pems, "controller_keys": ["22" * 32]}
    broker = {"host": "broker", "port": 8883}
    (tmp_path / "identity.json").write_bytes(msgspec.json.encode({**old, "broker": broker, "people_list": PEOPLE}))
    loaded = IdentityStore(tmp_path).load()
    assert loaded == identity()
    assert (loaded.key_name, loaded.controller_url, loaded.retired_keys) == (FIRST_KEY, "", [])
    (tmp_path / "identity.json").write_bytes(
        msgspec.json.encode({**old, "root_pem": None, "broker": broker, "people_list": PEOPLE})
    )
    with pytest.raises(StateUnusable, match="names no root"):
        IdentityStore(tmp_path).load()


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"certificate_chain_pem": ""}, "own certificate"),
        ({"certificate_chain_pem": CERTIFICATE.replace("MII", "AII")}, "own certificate"),
        ({"roots_pem": [CERTIFICATE, "root"]}, "root"),
    ],
)
def test_certificates_that_can_not_be_read_are_said_at_once(tmp_path: Path, changes: dict[str, Any], what: str) -> None:
    store = IdentityStore(tmp_path)
    store.replace(msgspec.structs.replace(identity(), **changes))
    with pytest.raises(StateUnusable, match=f"identity.json: its {what} can not be read; move it aside"):
        store.load()


async def test_the_identity_in_use_changes_only_with_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = IdentityStore(tmp_path)
    store.save(identity(), UnitSettings())
    in_use = IdentityInUse(store)
    await asyncio.gather(in_use.change(people_list="2"), in_use.change(key_name="key-2"))
    assert (in_use.now.people_list, in_use.now.key_name) == ("2", "key-2")
    assert store.load() == in_use.now

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateUnusable, match="No space left"):
        await in_use.change(key_name="key-3")
    assert in_use.now.key_name == "key-2"
    assert store.load() == in_use.now


class Fleet:
    """An authority, a unit's key, and the acceptance it would get."""

    def __init__(self, directory: Path) -> None:
        self.authority = CertificateAuthority.create(directory / "ca", NOW)
        self.other = CertificateAuthority.create(directory / "other", NOW)
        self.key = generate_private_key(SECP256R1())

    def accepted(self, key: EllipticCurvePublicKey | None = None, **changes: object) -> JoinAccepted:
        issued = self.authority.issue_unit(UNIT, key or self.key.public_key(), NOW)
        accepted = JoinAccepted(
            unit_id=UNIT,
            certificate_chain_pem=issued.chain_pem,
            controller_keys=["22" * 32],
            broker=BrokerAddress(host="broker", port=8883),
            people_list=PEOPLE,
            settings=UnitSettings(),
        )
        return msgspec.structs.replace(accepted, **changes)

    def check(self, accepted: JoinAccepted, wall_ms: int = NOW_MS) -> Identity:
        root_pem = self.authority.root_pem.decode()
        return check_acceptance(accepted, root_pem, self.key.public_key(), people_hash(PEOPLE), wall_ms)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return Fleet(tmp_path_factory.mktemp("fleet"))


def test_a_true_acceptance_is_accepted_also_with_an_unset_clock(fleet: Fleet) -> None:
    assert fleet.check(fleet.accepted()).unit_id == UNIT
    assert fleet.check(fleet.accepted(), 86_400_000).broker.host == "broker"


def _by_another_authority(fleet: Fleet) -> JoinAccepted:
    return fleet.accepted(certificate_chain_pem=fleet.other.issue_unit(UNIT, fleet.key.public_key(), NOW).chain_pem)


def _without_its_issuer(fleet: Fleet) -> JoinAccepted:
    chain = fleet.accepted().certificate_chain_pem
    return fleet.accepted(certificate_chain_pem=chain[: chain.index("-----END") + 26])


def _for_a_strange_key(fleet: Fleet) -> JoinAccepted:
    strange: EllipticCurvePrivateKey = generate_private_key(SECP256R1())
    return fleet.accepted(strange.public_key())


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_by_another_authority, "does not lead to a pinned root"),
        (_without_its_issuer, "does not lead to a pinned root"),
        (_for_a_strange_key, "another key"),
        (lambda fleet: fleet.accepted(unit_id="unit-hijacked"), "names"),
        (lambda fleet: fleet.accepted(unit_id="Unit/../1"), "has not the form"),
        (lambda fleet: fleet.accepted(people_list=PEOPLE + " "), "people list"),
        (lambda fleet: fleet.accepted(controller_keys=["22" * 31]), "Ed25519"),
        (lambda fleet: fleet.accepted(certificate_chain_pem="no certificate"), "can not be read"),
    ],
)
def test_an_acceptance_with_a_flaw_is_refused(fleet: Fleet, make: Callable[[Fleet], JoinAccepted], says: str) -> None:
    with pytest.raises(AcceptanceInvalid, match=says):
        fleet.check(make(fleet))


def test_a_certificate_for_servers_or_an_expired_one_is_no_identity(fleet: Fleet) -> None:
    leaf = certificates.Leaf(UNIT, fleet.key.public_key(), certificates.SERVER, timedelta(days=1))
    issuer = fleet.authority.holdings.issuers[0]
    signer = certificates.Signer(issuer.certificate.subject, issuer.key)
    signed = certificates.leaf_certificate(leaf, NOW, signer, issuer.certificate.not_valid_after_utc)
    chain = (pem(signed) + pem(issuer.certificate)).decode()
    with pytest.raises(AcceptanceInvalid, match="not a client's certificate"):
        fleet.check(fleet.accepted(certificate_chain_pem=chain))
    month_ms = int((NOW + timedelta(days=31)).timestamp() * 1000)
    with pytest.raises(AcceptanceInvalid, match="pinned root"):
        fleet.check(fleet.accepted(), month_ms)


def _voucher(expires_at_s: int) -> Voucher:
    return Voucher(
        secret=bytes(16), ca_sha256=bytes(32), people_sha256=bytes(32), expires_at_s=expires_at_s, url="https://c:1"
    )


def test_a_voucher_is_judged_by_a_clock_that_is_set() -> None:
    voucher = _voucher(NOW_MS // 1000)
    assert read_voucher(voucher.text(), NOW_MS - 1) == voucher
    assert read_voucher(voucher.text(), 5_000) == voucher
    with pytest.raises(VoucherUnusable, match=r"expired at 2026-05-01 00:00Z"):
        read_voucher(voucher.text(), NOW_MS)
    with pytest.raises(VoucherUnusable) as caught:
        read_voucher(voucher.text()[:-1], NOW_MS - 1)
    assert caught.value.reason == "voucher-unreadable"


def test_only_the_pinned_root_is_a_root(fleet: Fleet) -> None:
    pem = fleet.authority.root_pem
    assert check_root(pem, fleet.authority.ca_sha256, "https://c") == pem.decode()
    for shown in (fleet.other.root_pem, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(WrongAuthority):
            check_root(shown, fleet.authority.ca_sha256, "https://c")


def test_a_voucher_comes_from_what_was_named_then_the_environment_then_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, configured = tmp_path / "named", tmp_path / "configured"
    named.write_text(" MUSTER1-NAMED\n")
    configured.write_text("MUSTER1-CONFIGURED")
    own = AgentSettings(voucher_file=configured)
    monkeypatch.setenv("MUSTER_AGENT_VOUCHER", "MUSTER1-ENVIRON")
    assert read_voucher_text(own, named, needed=True) == "MUSTER1-NAMED"
    assert "MUSTER_AGENT_VOUCHER" not in os.environ, "not passed on"
    monkeypatch.setenv("MUSTER_AGENT_VOUCHER", "MUSTER1-ENVIRON")
    assert read_voucher_text(own, None, needed=True) == "MUSTER1-ENVIRON"
    assert read_voucher_text(own, None, needed=False) == "MUSTER1-CONFIGURED"
    configured.write_text(" ")
    assert read_voucher_text(own, None, needed=True) is None
    configured.unlink()
    assert read_voucher_text(own, None, needed=False) is None
    with pytest.raises(VoucherUnusable, match="name the voucher's file"):
        read_voucher_text(own, None, needed=True)
