"""The week's kit: models, places, sixty units and eighty other items, and what is wrong with some of them."""

from typing import NamedTuple

from protocols.kit import Condition, ItemKind, KitModel, MaintenanceRule, ServiceState

PLACES = {
    "STORE-1": ("main store", "SU-02"),
    "VAN-2": ("the blue van", "TO-21"),
    "BENCH": ("workshop bench", "TO-12"),
}
"""Code, name and keeper."""

_SEALS = MaintenanceRule(rule="seals", what="check the seals", every_days=365, procedure="OP012")
_FAN = MaintenanceRule(rule="fan", what="change the fan", counter="running_h", every_count=4000, procedure="OP021")
_CAPACITY = MaintenanceRule(rule="capacity", what="capacity test", counter="battery_cycles", every_count=100)
_YEARLY = MaintenanceRule(rule="capacity-year", what="capacity test", every_days=365, procedure="OP021")

MODELS = (
    KitModel(
        model="van-kit", kind="unit", name="Van kit 3", training="unit:van-kit", low_at=4, maintenance=[_SEALS, _FAN]
    ),
    KitModel(
        model="mast-kit", kind="unit", name="Mast kit 2", training="unit:mast-kit", low_at=4, maintenance=[_SEALS]
    ),
    KitModel(model="pack-kit", kind="unit", name="Pack kit", training="unit:pack-kit", low_at=4, maintenance=[_SEALS]),
    KitModel(model="pack-12", kind="battery", name="Battery 12 V 40 Ah", low_at=6, maintenance=[_CAPACITY, _YEARLY]),
    KitModel(model="whip-lte", kind="antenna", name="LTE whip", low_at=4),
    KitModel(model="loom-obd", kind="loom", name="Vehicle loom", low_at=2),
    KitModel(model="dome-4", kind="camera", name="Dome camera 4 MP", low_at=3),
    KitModel(model="box-ip66", kind="enclosure", name="Enclosure IP66", low_at=2),
    KitModel(model="vna", kind="tool", name="Antenna analyser"),
    KitModel(model="fuse-10a", kind="other", name="Blade fuse 10 A", counted=True, low_at=20),
    KitModel(model="tape-vhb", kind="other", name="Mounting tape, m", counted=True, low_at=15),
    KitModel(model="tie-200", kind="other", name="Cable tie 200 mm", counted=True, low_at=100),
)
STOCK = {"fuse-10a": 60, "tape-vhb": 12, "tie-200": 400}
UNIT_MODELS = ("van-kit", "mast-kit", "pack-kit")
UNITS_OF_EACH = 20


class Lot(NamedTuple):
    """So many items of a model, in a place."""

    model: str
    place: str
    pieces: int


ACCESSORIES = (
    Lot("pack-12", "STORE-1", 26),
    Lot("pack-12", "VAN-2", 4),
    Lot("whip-lte", "STORE-1", 20),
    Lot("loom-obd", "STORE-1", 8),
    Lot("dome-4", "STORE-1", 10),
    Lot("box-ip66", "STORE-1", 8),
    Lot("vna", "BENCH", 4),
)


class Flaw(NamedTuple):
    """What is wrong with the `number`-th item of a model, from the end."""

    model: str
    number: int
    condition: Condition | None = None
    service: ServiceState | None = None
    served_days_ago: int | None = None


FLAWS = (
    Flaw("van-kit", 1, condition="failed", service="in-repair"),
    Flaw("van-kit", 2, service="quarantined"),
    Flaw("mast-kit", 1, condition="failed"),
    Flaw("mast-kit", 2, served_days_ago=380),
    Flaw("pack-kit", 1, condition="damaged"),
    Flaw("pack-kit", 2, served_days_ago=400),
    Flaw("pack-kit", 3, served_days_ago=357),
    Flaw("pack-12", 1, condition="failed", service="disposed"),
    Flaw("pack-12", 2, condition="worn"),
    Flaw("dome-4", 1, condition="damaged"),
    Flaw("vna", 1, service="quarantined"),
    Flaw("whip-lte", 1, service="lost"),
)


def place_of(model: str, number: int) -> str:
    """Where the `number`-th unit of a model lies, from 1 on."""
    if number > UNITS_OF_EACH - 4:
        return "BENCH"
    return "VAN-2" if model == "pack-kit" and number > UNITS_OF_EACH - 8 else "STORE-1"


def unit_ids(model: str) -> dict[str, str]:
    """Labels of a model's units by id."""
    return {
        f"unit-{model.removesuffix('-kit')}{number:04}": f"{model.removesuffix('-kit')} {number:02}"
        for number in range(1, UNITS_OF_EACH + 1)
    }


def kind_of(model: str) -> ItemKind:
    """A model's kind of item."""
    return next(one.kind for one in MODELS if one.model == model)
