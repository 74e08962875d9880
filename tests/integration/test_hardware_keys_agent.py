"""`edge-agent` with its key in a token: joins, proves its sessions, reports and comes back, on both brokers."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from edge_agent.errors import SettingsInvalid, StateUnusable
from edge_agent.keys.opening import open_keystore
from edge_agent.keys.soft import SoftKeyStore
from edge_agent.settings import AgentSettings
from fleet.store.store import Store
from protocols.joining import fingerprint
from tests.support.agent_peer import AgentProcess
from tests.support.embedded_broker import EmbeddedBrokerProcess
from tests.support.hardware_fleet import Kind, fleet_on, joined, reports_again
from tests.support.mosquitto import MosquittoBroker
from tests.support.reporting import until
from tests.support.softhsm import MODULE, SoftHsm, hsm

__all__ = ["hsm"]


@pytest.mark.parametrize("kind", [MosquittoBroker, EmbeddedBrokerProcess])
async def test_a_unit_lives_on_a_key_in_a_token(
    store: Store, dsn: str, tmp_path: Path, hsm: SoftHsm, kind: Kind
) -> None:
    state = tmp_path / "unit"
    environ = hsm.agent_environ | {"MUSTER_AGENT_STATE_DIR": str(state)}
    async with fleet_on(kind, store, dsn, tmp_path / "fleet") as fleet:
        voucher = {"MUSTER_AGENT_VOUCHER": (await fleet.door.invite()).text}
        async with AgentProcess(tmp_path / "first", environ | voucher, "run") as agent:
            unit_id = await joined(fleet, agent)
            shown = await fleet.door.unit(unit_id)
            assert (shown.key_protection, shown.row.key_protection) == ("pkcs11", "pkcs11")
            assert not list(state.glob("key*")), "no key is in a file"
            await fleet.broker.kill()
            await fleet.broker.start()
            await reports_again(fleet, agent, unit_id, datetime.now(UTC))
            assert await agent.terminate() == 0
            assert hsm.pin not in agent.logged + agent.said
            assert "Traceback" not in agent.logged
        async with AgentProcess(tmp_path / "second", environ, "run") as agent:
            await until(lambda: "link up" in agent.logged)
            await reports_again(fleet, agent, unit_id, datetime.now(UTC))
            assert await agent.terminate() == 0
    async with AgentProcess(tmp_path / "status", environ, "status", "--json") as status:
        assert await status.ended() == 0
    told = msgspec.json.decode(status.said)
    assert (told["key_protection"], told["fingerprint"]) == ("pkcs11", shown.fingerprint)


async def test_an_agent_without_its_token_says_which_and_ends(tmp_path: Path, hsm: SoftHsm) -> None:
    environ = hsm.agent_environ | {"MUSTER_AGENT_STATE_DIR": str(tmp_path / "state")}
    hsm.unplug()
    async with AgentProcess(tmp_path / "output", environ, "status") as agent:
        assert await agent.ended() == 1
    assert hsm.label in agent.logged
    assert "plugged in" in agent.logged
    assert agent.logged.count("\n") == 1


@pytest.mark.parametrize(("pin", "mode", "says"), [("1234567", 0o600, "PinIncorrect"), ("1234567", 0o644, "chmod 600")])
async def test_an_agent_with_a_wrong_pin_is_not_started_again(
    tmp_path: Path, hsm: SoftHsm, pin: str, mode: int, says: str
) -> None:
    hsm.pin_file.write_text(pin)
    hsm.pin_file.chmod(mode)
    environ = hsm.agent_environ | {"MUSTER_AGENT_STATE_DIR": str(tmp_path / "state")}
    async with AgentProcess(tmp_path / "output", environ, "status") as agent:
        assert await agent.ended() == 2, "muster-agent.service: RestartPreventExitStatus"
    assert says in agent.logged
    assert pin not in agent.logged
    assert agent.logged.count("\n") == 1


def in_token(hsm: SoftHsm, state_dir: Path) -> AgentSettings:
    return AgentSettings(
        state_dir=state_dir, key_module=MODULE, key_token=hsm.label, key_pin_file=hsm.pin_file, key_kind="tpm"
    )


def test_keys_follow_each_other_under_names(tmp_path: Path, hsm: SoftHsm) -> None:
    keys = open_keystore(in_token(hsm, tmp_path))
    assert keys.protection == "tpm"
    assert not keys.exists("key")
    keys.make("key")
    first = fingerprint(keys.public_key("key"))
    keys.make("key")
    keys.make("key-2")
    assert fingerprint(keys.public_key("key")) == first != fingerprint(keys.public_key("key-2"))
    keys.remove("key")
    assert (keys.exists("key"), keys.exists("key-2")) == (False, True)
    with pytest.raises(StateUnusable, match="holds no key 'muster-key'"):
        keys.sign("key", b"data")
    assert list(tmp_path.glob("*.pem")) == []


def test_half_a_token_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="give all three or none"):
        open_keystore(AgentSettings(state_dir=tmp_path, key_module=MODULE))
    assert isinstance(open_keystore(AgentSettings(state_dir=tmp_path)), SoftKeyStore)
