"""Labels: what they say, and that their bars fit beside the QR code."""

from datetime import UTC, datetime
from typing import Any

import pytest
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import mm

from fleet.kit.labels import BAR_WIDTH, TEXT_WIDTH, labels_pdf, words_on
from fleet.store.kit import StoredItem
from protocols.kit import KitModel

QUIET = 10
"""Modules on each side of a Code 128 that stay white (ISO/IEC 15417)."""


def item(code: str = "K-0042", serial: str = "MK3-0007", name: str = "Van kit 3") -> StoredItem:
    return StoredItem(
        item=code,
        version=1,
        model="van-kit",
        kind="unit",
        document=KitModel(model="van-kit", kind="unit", name=name),
        serial=serial,
        unit_id="unit-kit00001",
        unit_label="night watch",
        condition="good",
        service="in-service",
        custodian="TO-12",
        place="STORE-1",
        deployment_id=None,
        out_since=None,
        expected_back_at=None,
        added_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


def test_a_label_says_code_model_and_serial_and_nothing_of_whose_it_is() -> None:
    assert words_on(item()) == ["K-0042", "Van kit 3", "S/N MK3-0007"]
    assert words_on(item(serial="")) == ["K-0042", "Van kit 3"]


@pytest.mark.parametrize("code", ["K-0042", "K-99999", "K-123456"])
def test_the_bars_of_every_code_fit_with_white_beside_them(code: str) -> None:
    bars: Any = Code128(code, barWidth=BAR_WIDTH, quiet=False)
    assert bars.width <= TEXT_WIDTH
    assert 5 * mm >= QUIET * BAR_WIDTH
    assert TEXT_WIDTH + 4 * mm - bars.width >= QUIET * BAR_WIDTH


@pytest.mark.parametrize(("labels", "sheets"), [(1, 1), (24, 1), (25, 2)])
async def test_sheets_have_three_by_eight_labels(labels: int, sheets: int) -> None:
    long = item(name="A model with a name that is as long as a name of a model may be", serial="x" * 40)
    content = await labels_pdf([long] * labels)
    assert content.count(b"/Type /Page\n") == sheets
