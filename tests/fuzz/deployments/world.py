"""Where random walks take place: a house whose database many walks use, each with kit, units and a time of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import asyncpg
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from fleet.settings import MandateSettings
from fleet.store.certificates import StoredCertificate
from fleet.store.store import Store, open_store
from fleet.store.units import NewUnit
from protocols.api.kit import NewItem
from protocols.api.people import NewLogPolicy
from protocols.health import HealthReport
from protocols.ids import new_opening_id, new_unit_id
from protocols.opening import NonceMade, SealedSignal, seal_signal, signal_bytes, signal_text
from protocols.settings import UnitSettings
from protocols.tlog.policy import build_policy
from tests.support.deployment_house import deployment_house
from tests.support.logging_fleet import running_log
from tests.support.people import put_in_force
from tests.support.rota_house import NOW, RotaHouse

UNITS_OF_A_WALK = 2
ACCESSORIES = ("pack-12", "pack-12")
APART = timedelta(days=7)
"""How far walks are apart: nobody's visit of one reaches into the next."""
LONG = timedelta(days=2000)
_HEALTHY = {
    "supply_mv": 5080,
    "undervolted": False,
    "storage_used_percent": 40.0,
    "storage_read_only": False,
    "clock_synchronised": True,
    "clock_offset_ms": 3.0,
    "soc_temp_c": 51.0,
    "link_kind": "lte",
    "rsrp_dbm": -90.0,
    "spool_dropped": 4,
}


class UnitKey:
    """The one key that all units of a house sign with, and its certificate."""

    def __init__(self) -> None:
        self._key = generate_private_key(SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "units that walk")])
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self._key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(NOW - LONG).not_valid_after(NOW + LONG)
        self.chain_pem = made.sign(self._key, SHA256()).public_bytes(Encoding.PEM).decode()

    def asks(self, unit_id: str, serial: str) -> tuple[NonceMade, SealedSignal]:
        """A nonce for a lease to be carried to the unit, sealed."""
        made = NonceMade(opening=new_opening_id(), nonce=token_hex(16), boot_id="6f1c3f0e-8d0b-4a55-9d0e-2b5a5a5a5a5a")
        text = signal_text(made)
        return made, seal_signal(text, serial, self._key.sign(signal_bytes(unit_id, text), ECDSA(SHA256())))


@dataclass
class World:
    """The house, and the database's owner, who looks behind it."""

    house: RotaHouse
    owner: Any
    store: Store
    dsn: str
    key: UnitKey
    begun_at: datetime = NOW

    async def furnish(self) -> "Furniture":
        """Kit for one walk, new to the books, units that are well; it is days after the walk before."""
        now = self.begun_at = max(self.house.clock.now, self.begun_at).replace(minute=0, second=0) + APART
        self.house.clock.now = now
        await self.keep_sessions()
        units = {new_unit_id(): token_hex(8) for _ in range(UNITS_OF_A_WALK)}
        await self.add_units(units, now)
        made = [NewItem(model="van-kit", place="STORE-1", unit=unit_id) for unit_id in units]
        made += [NewItem(model=model, place="STORE-1") for model in ACCESSORIES]
        items = [(await self.house["SU-01"].add_kit(one)).row.item for one in made]
        furniture = Furniture(items, units)
        await self.report(furniture, well=True)
        return furniture

    async def clear(self, items: Sequence[str]) -> None:
        """Take what a walk used off the books: no later one is to pick it."""
        await self.owner.execute("UPDATE kit_item SET service = 'disposed' WHERE item = ANY ($1)", list(items))

    async def keep_sessions(self) -> None:
        """Nobody has to sign in anew because the clock was put on."""
        await self.owner.execute("UPDATE api_session SET last_used_at = $1", self.house.clock.now)

    async def report(self, furniture: "Furniture", *, well: bool) -> None:
        """Every unit of the walk has reported just now, as the ingest would write it."""
        at = self.house.clock.now - timedelta(seconds=10)
        figures = _HEALTHY if well else _HEALTHY | {"supply_mv": 4400, "undervolted": True}
        health = msgspec.json.encode(HealthReport(seq=9, sampled_at_ms=int(at.timestamp() * 1000), **figures)).decode()  # type: ignore[arg-type] # figures by name
        await self.owner.execute(
            "UPDATE unit_live SET health = $1, last_report_at = $2, last_sampled_at = $2, presence = 'online',"
            " spool_id = 1, last_seq = 9 WHERE unit_id = ANY($3)",
            health,
            at,
            list(furniture.units),
        )

    async def add_units(self, units: dict[str, str], now: datetime) -> None:
        """Units by id, each with the serial of its certificate."""
        async with self.store.transaction() as transaction:
            for unit_id, serial in units.items():
                unit = NewUnit(
                    unit_id=unit_id,
                    label=unit_id,
                    model="test unit",
                    fingerprint=token_hex(32),
                    key_protection="soft",
                    accepted_by="TO-11",
                )
                certificate = StoredCertificate(
                    serial=serial,
                    unit_id=unit_id,
                    fingerprint=unit.fingerprint,
                    key_protection="soft",
                    not_before=now - APART,
                    not_after=now + 10 * APART,
                    chain_pem=self.key.chain_pem,
                )
                await transaction.units.add(unit, UnitSettings(version=1), certificate, now)
            transaction.changed.fleet = True


@dataclass(frozen=True)
class Furniture:
    """What one walk has to itself: codes of items, the serial of each unit's certificate."""

    items: Sequence[str]
    units: dict[str, str]


@asynccontextmanager
async def world(dsn: str, home: Path) -> AsyncIterator[World]:
    """A deployment house on a fresh database, whose log runs; keys on disk sign field mandates."""
    store = await open_store(dsn, max_connections=8)
    owner = await asyncpg.connect(dsn)
    try:
        mandates = MandateSettings(plain_keys_may_sign=True)
        async with deployment_house(store, dsn, home, mandates=mandates) as house:
            line = house.api.credentials.log_key.verifier.line
            await put_in_force(house.api.services.people, NewLogPolicy(policy=build_policy(line, [], quorum=0).text))
            async with running_log(house.api.services.log):
                made = World(house, owner, store, dsn, UnitKey())
                await made.clear([f"K-{number:04}" for number in range(1, 8)])
                yield made
    finally:
        await owner.close()
        await store.close()
