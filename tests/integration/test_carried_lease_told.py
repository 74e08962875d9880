"""A carried lease that a unit refused at first, and opened by when it was handed in again: its records come at once."""

from datetime import UTC, datetime

from fleet.access_records.chain_keeping import ToldRecord, keep_records
from fleet.store.store import Store
from protocols.access_record import GENESIS, AccessRecord, record_hash
from protocols.api.checks import CarriedRequest
from protocols.ids import new_opening_id
from protocols.opening import NonceMade
from tests.support.check_house import BOOT, CheckHouse
from tests.support.mandate_house import UNIT

OPEN_S = 7


async def test_a_lease_refused_without_an_offer_and_opened_with_one_counts(house: CheckHouse, store: Store) -> None:
    mandate = await house.mandate(["video"])
    made = NonceMade(opening=new_opening_id(), nonce="5a" * 16, boot_id=BOOT)
    request = CarriedRequest(
        unit=UNIT,
        opening=made.opening,
        nonce=made.nonce,
        modalities=["video"],
        mandate=mandate,
        sealed=house.unit.sealed(made),
    )
    await house.door.carried_lease(request)
    now = datetime.now(UTC)
    told = [ToldRecord(UNIT, text, now) for text in _records(made.opening, mandate)]
    async with store.transaction() as transaction:
        assert await keep_records(transaction, told, now) == []
    view = await house.door.check(made.opening)
    assert (view.reason, view.open_s) == ("no-offer", OPEN_S)
    [live] = (await house.door.access(UNIT)).mandates
    [video] = live.budgets
    assert (video.openings, video.used_s > 0) == (1, True)


def _records(opening: str, mandate: str) -> list[str]:
    """Refused, opened, closed, each after the one before."""
    common = {"at_ms": 0, "boot_id": BOOT, "modality": "video", "opening": opening, "mandate": mandate}
    steps = [
        {"what": "refused", "reason": "no-offer"},
        {"what": "opened"},
        {"what": "closed", "reason": "asked", "open_s": OPEN_S},
    ]
    texts: list[str] = []
    for number, step in enumerate(steps, 1):
        prior = record_hash(texts[-1]) if texts else GENESIS
        record = AccessRecord(number=number, prior=prior, boot_ms=number, **common, **step)  # type: ignore[arg-type] # fields by name
        texts.append(record.text())
    return texts
