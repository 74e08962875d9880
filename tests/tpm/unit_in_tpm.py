"""A unit's key in a TPM: `make tpm`. Not among the tests of `make test`, which need no TPM tools."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256

from fleet.store.store import Store
from hardware_keys import ModuleUnusable, make_ec_key, open_token
from hardware_keys.module import load_module
from tests.support.agent_peer import AgentProcess
from tests.support.hardware_fleet import fleet_on, joined, reports_again
from tests.support.mosquitto import MosquittoBroker
from tests.support.reporting import until
from tests.support.swtpm import MODULE, SoftTpm


async def test_a_key_is_made_used_and_removed_in_the_tpm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with SoftTpm(tmp_path / "tpm") as tpm:
        for name, value in tpm.environ.items():
            monkeypatch.setenv(name, value)
        key = await asyncio.to_thread(make_ec_key, tpm.address, "unit")
        key.public_key().verify(key.sign(b"data", ECDSA(SHA256())), b"data", ECDSA(SHA256()))
        module = load_module(MODULE)
        with module.held():
            session = module.find(tpm.address.token).open(rw=True)
            (private,) = session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY})
            assert not private[pkcs11.Attribute.EXTRACTABLE]
            assert private[pkcs11.Attribute.SENSITIVE]
            module.restart()
        assert key.sign(b"data", ECDSA(SHA256()))
        open_token(tpm.address).remove("unit")
        assert not open_token(tpm.address).exists("unit")
    with pytest.raises(ModuleUnusable, match="check the token"):
        open_token(tpm.address).exists("unit")


async def test_a_unit_lives_on_a_key_in_a_tpm(store: Store, dsn: str, tmp_path: Path) -> None:
    async with SoftTpm(tmp_path / "tpm") as tpm, fleet_on(MosquittoBroker, store, dsn, tmp_path / "fleet") as fleet:
        environ = tpm.agent_environ | {"MUSTER_AGENT_STATE_DIR": str(tmp_path / "unit")}
        voucher = {"MUSTER_AGENT_VOUCHER": (await fleet.door.invite()).text}
        async with AgentProcess(tmp_path / "first", environ | voucher, "run") as agent:
            unit_id = await joined(fleet, agent)
            shown = await fleet.door.unit(unit_id)
            assert (shown.key_protection, shown.row.key_protection) == ("tpm", "tpm")
            await fleet.broker.kill()
            await fleet.broker.start()
            await reports_again(fleet, agent, unit_id, datetime.now(UTC))
            assert await agent.terminate() == 0
        tpm.flush()
        async with AgentProcess(tmp_path / "second", environ, "run") as agent:
            await until(lambda: "link up" in agent.logged)
            await reports_again(fleet, agent, unit_id, datetime.now(UTC))
            assert await agent.terminate() == 0
    assert not list((tmp_path / "unit").glob("key*")), "no key is in a file"
