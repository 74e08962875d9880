"""Units written straight through the store: for tests of what reads them."""

from datetime import datetime

from fleet.store.certificates import StoredCertificate
from fleet.store.store import Store
from fleet.store.units import NewUnit
from protocols.settings import UnitSettings


async def add_units(store: Store, accepted_by: str, labels: dict[str, str], now: datetime) -> None:
    """Enter units with these labels by id, as if they had been accepted at `now`."""
    async with store.transaction() as transaction:
        for number, (unit_id, label) in enumerate(labels.items()):
            unit = NewUnit(
                unit_id=unit_id,
                label=label,
                model="test unit",
                fingerprint=f"{number:064x}",
                key_protection="soft",
                accepted_by=accepted_by,
            )
            certificate = StoredCertificate(
                serial=f"{number:x}",
                unit_id=unit_id,
                fingerprint=unit.fingerprint,
                key_protection=unit.key_protection,
                not_before=now,
                not_after=now,
                chain_pem="",
            )
            await transaction.units.add(unit, UnitSettings(version=1), certificate, now)
        transaction.changed.fleet = True
