"""A release from the first root to a unit: people sign with `fleet release`, a unit fetches over mutual TLS."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from edge_agent.errors import RefusedByController
from edge_agent.identity import Identity, IdentityInUse, IdentityStore
from edge_agent.keys.soft import SoftKeyStore
from edge_agent.renewal.plan import KnownTime
from edge_agent.tls import OwnTls
from edge_agent.unit_door import HttpsDoor
from edge_agent.updating.errors import FetchFailed, ReleaseUntrusted
from edge_agent.updating.fetching import Fetching
from edge_agent.updating.store import FileStore
from edge_agent.updating.trust import Trust
from fleet.ca.files import key_to_pem
from fleet.client import ClientSettings
from fleet.clock import utc_now
from fleet.settings import MandateSettings
from fleet.store.store import Store
from protocols.joining import BrokerAddress
from protocols.people import Role
from protocols.settings import UnitSettings
from tests.support.controller import RunningApi, running_api
from tests.support.firmware_images import image_of
from tests.support.fleet_command import Ran, run_here
from tests.support.people import FOUNDERS
from tests.support.unit_door import JoinedUnit, join

ROLES: dict[str, Role] = {"SU-01": "supervisor", "TO-12": "engineer", "IN-01": "inspector"}
IMAGE = image_of("2.0.0+0", bytes(range(256)) * 5000, board="nucleo")


@dataclass
class House:
    """Everybody's settings in files."""

    api: RunningApi
    files: dict[str, Path] = field(default_factory=dict)

    def write(self, settings: ClientSettings) -> None:
        """Write somebody's settings down."""
        facts = {name: str(getattr(settings, name)) for name in settings.__struct_fields__}
        file = self.api.home / f"{settings.person}.toml"
        file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in facts.items()))
        self.files[settings.person] = file

    async def fleet(self, person_id: str, *words: str) -> Ran:
        """`fleet release …` by somebody."""
        return await run_here("release", *words, "--client", str(self.files[person_id]))

    async def done(self, person_id: str, *words: str) -> Any:
        """What it answers as JSON; it has to do what it is asked."""
        code, out, err = await self.fleet(person_id, *words, "--json")
        assert code == 0, err
        return json.loads(out)

    async def sign(self, role: str, *person_ids: str) -> str:
        """Let people sign a draft that they have read; returns what the last was told."""
        for person_id in person_ids:
            digest = (await self.done(person_id, "show", role))["sha256"]
            code, out, err = await self.fleet(person_id, "sign", role, "--sha256", digest)
            assert code == 0, err
        return out

    async def released(self, home: Path, content: bytes = IMAGE) -> None:
        """A root and IMAGE as mcu/nucleo-2.0.0.bin, signed."""
        await self.done("AD-91", "root", "draft")
        await self.sign("root", "AD-91", "AD-92")
        file = home / "image.bin"
        file.write_bytes(content)
        await self.done("SU-01", "add", str(file), "--as", "mcu/nucleo-2.0.0.bin")
        await self.sign("targets", "SU-01", "TO-12")


@dataclass
class Unit:
    """A real unit's way to releases."""

    joined: JoinedUnit
    identities: IdentityInUse
    trust: Trust
    fetching: Fetching

    @classmethod
    async def make(cls, api: RunningApi, state_dir: Path) -> "Unit":
        """A unit that has just joined."""
        joined = await join(api)
        _lay_down_key(state_dir, key_to_pem(joined.key))
        async with api.services.store.transaction() as transaction:
            people = await transaction.people.newest_list()
        assert people is not None
        store = IdentityStore(state_dir)
        identity = Identity(
            unit_id=joined.unit_id,
            certificate_chain_pem=joined.chain_pem,
            roots_pem=[api.credentials.authority.root_pem.decode()],
            controller_keys=[api.credentials.down_public_hex],
            broker=BrokerAddress(host="broker", port=8883),
            people_list=people.text,
            controller_url=api.url,
        )
        store.save(identity, UnitSettings())
        door, identities = HttpsDoor(OwnTls(store, SoftKeyStore(state_dir))), IdentityInUse(store)
        trust = Trust(
            state_dir,
            door,
            identities,
            lambda: KnownTime(int(utc_now().timestamp() * 1000), sure=True),
            plain_keys_may_sign=True,
        )
        return cls(joined, identities, trust, Fetching(FileStore(state_dir), door, identities))


def _lay_down_key(state_dir: Path, pem: bytes) -> None:
    state_dir.mkdir()
    (state_dir / "key.pem").write_bytes(pem)
    (state_dir / "key.pem").chmod(0o600)


async def nobody(done: int, total: int) -> None:
    """Is told of progress."""
    assert done <= total


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[House]:
    async with running_api(store, dsn, tmp_path, mandates=MandateSettings(plain_keys_may_sign=True)) as api:
        made = House(api)
        for person_id, role in ROLES.items():
            made.write(await api.add_person(person_id, role))
        for founder in FOUNDERS:
            made.write(api.settings_of(founder))
        yield made


async def test_a_ceremony_by_commands_reaches_a_unit(house: House, tmp_path: Path) -> None:
    code, out, _ = await house.fleet("IN-01", "list")
    assert (code, out) == (0, "there is no root yet: draft one with fleet release root draft\n")
    code, out, _ = await house.fleet("AD-91", "root", "draft")
    assert (code, out.splitlines()[0]) == (0, "root 1 waits to be signed by 2 of AD-91, AD-92")
    code, out, _ = await house.fleet("AD-92", "show", "root")
    assert "  targets: 2 of SU-01 (supervisor), TO-12 (engineer)" in out
    assert (await house.fleet("AD-92", "sign", "root"))[0] == 2
    assert (await house.fleet("AD-92", "sign", "root", "--sha256", "0" * 64))[0] == 3
    assert (await house.sign("root", "AD-91")) == "signed; 1 of 2 have signed root 1\n"
    assert (await house.sign("root", "AD-92")).startswith("signed and published: root 1 is in force until ")

    file = tmp_path / "image.bin"
    file.write_bytes(IMAGE)
    code, out, err = await house.fleet("SU-01", "add", str(file), "--as", "mcu/nucleo-2.0.0.bin")
    assert (code, err) == (0, f"image.bin: {len(IMAGE)} of {len(IMAGE)} bytes are there\n")
    part = "mcu=2.0.0,mcu/nucleo-2.0.0.bin,mcuboot,nucleo"
    code, _, err = await house.fleet("SU-01", "manifest", "bench-2", "--part", part.replace("=2.0.0", "=1.9.0"))
    assert (code, "says that it is version 2.0.0, and the manifest 1.9.0: send the file" in err) == (3, True)
    await house.done("SU-01", "manifest", "bench-2", "--part", part, "--model", "Raspberry Pi")
    code, text, _ = await house.fleet("TO-12", "show", "targets", "--text")
    kept = tmp_path / "draft"
    kept.write_text(text)
    code, out, _ = await run_here("release", "show", "--draft", str(kept))
    assert (code, f"has: mcu/nucleo-2.0.0.bin, {len(IMAGE)} bytes, sha256 {sha256(IMAGE).hexdigest()}" in out) == (
        0,
        True,
    )
    await house.sign("targets", "TO-12", "SU-01")
    view = await house.done("IN-01", "list")
    assert [one["version"] for one in view["roles"]] == [1, 1, 1, 1]
    assert view["manifests"]["manifests/bench-2.json"]["parts"][0]["board"] == "nucleo"

    unit = await Unit.make(house.api, tmp_path / "unit")
    target = await unit.trust.target("mcu/nucleo-2.0.0.bin")
    assert (await unit.fetching.fetch(target, nobody)).read_bytes() == IMAGE
    with pytest.raises(ReleaseUntrusted, match="not released"):
        await unit.trust.target("mcu/other.bin")


async def test_what_is_left_out_is_no_more_in_force(house: House, tmp_path: Path) -> None:
    await house.released(tmp_path)
    code, _, err = await house.fleet("SU-01", "draft", "--remove", "mcu/none.bin")
    assert (code, "mcu/none.bin is not there" in err) == (3, True)
    await house.done("SU-01", "draft", "--remove", "mcu/nucleo-2.0.0.bin")
    code, out, _ = await house.fleet("TO-12", "show", "targets")
    assert (code, "  no more: mcu/nucleo-2.0.0.bin" in out) == (0, True)
    await house.done("SU-01", "withdraw", "targets")
    assert (await house.fleet("TO-12", "show", "targets"))[0] == 3
    await house.done("SU-01", "draft", "--remove", "mcu/nucleo-2.0.0.bin")
    await house.sign("targets", "SU-01", "TO-12")
    assert (await house.done("IN-01", "list"))["targets"] == []


async def test_a_unit_that_is_not_in_good_standing_gets_nothing(house: House, tmp_path: Path) -> None:
    await house.released(tmp_path)
    unit = await Unit.make(house.api, tmp_path / "unit")
    target = await unit.trust.target("mcu/nucleo-2.0.0.bin")
    await house.api.services.standing.quarantine(unit.joined.unit_id, "found open", "SU-01")
    with pytest.raises(RefusedByController, match="quarantine"):
        await unit.trust.refresh()
    with pytest.raises(FetchFailed, match="quarantine"):
        await unit.fetching.fetch(target, nobody)


async def test_a_manifest_is_made_without_a_controller(tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    part = ("--part", "mcu=2.0.0,mcu/a.bin,mcuboot")
    assert (await run_here("release", "manifest", "m", *part, "--out", str(file)))[0] == 0
    assert json.loads(file.read_text())["parts"][0]["updater"] == "mcuboot"
    for wrong in ("mcu=2.0.0", "gpu=2.0.0,mcu/a.bin,mcuboot", "mcu=2.0.0,../a,mcuboot"):
        assert (await run_here("release", "manifest", "m", "--part", wrong, "--out", str(tmp_path / "n.json")))[0] == 2
    assert (await run_here("release", "manifest", "m", *part, *part, "--out", str(tmp_path / "n.json")))[0] == 2
