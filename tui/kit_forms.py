"""What the forms about kit mean: each field's text, and what is wrong with the first that is. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar, get_args

import msgspec

from protocols.api.kit import (
    ConditionSeen,
    ItemChange,
    ItemView,
    Maintained,
    ModelView,
    NewItem,
    NewReading,
    ServiceChange,
    SetModel,
    SetPlace,
    StockMoved,
)
from protocols.ids import PERSON_ID
from protocols.kit import MAX_COUNTER, CounterName, ItemKind, KitModel, MaintenanceRule, ServiceState
from tui.kit_words import CONDITIONS, COUNTERS
from tui.periods import PeriodUnclear, read_coming
from tui.rota_forms import Unclear

T = TypeVar("T")
KINDS: tuple[ItemKind, ...] = get_args(ItemKind)
SERVICES: tuple[ServiceState, ...] = get_args(ServiceState)
_MODEL = re.compile(r"[a-z0-9][a-z0-9-]{1,39}", re.ASCII)
_PLACE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,11}", re.ASCII)
_DEPLOYMENT = re.compile(r"DEP-[0-9]{1,6}", re.ASCII)
_PROCEDURE = re.compile(r"[A-Z]{1,4}[0-9./-]{1,16}", re.ASCII)
_RULE = re.compile(r"[a-z][a-z0-9-]{1,39}", re.ASCII)
_LEEWAY = timedelta(minutes=5)
_YES: dict[str, bool] = {"yes": True, "y": True, "no": False, "n": False, "": False}


def condition_of(values: Mapping[str, str]) -> ConditionSeen:
    """The condition that was seen; raises Unclear."""
    return ConditionSeen(condition=one_of(values["condition"], "condition", CONDITIONS), note=values["note"])


def service_of(values: Mapping[str, str]) -> ServiceChange:
    """Its service state, and why; raises Unclear."""
    state = one_of(values["state"], "state", SERVICES)
    if not values["reason"]:
        raise Unclear("reason", "why? It can not stay empty")
    return ServiceChange(state=state, reason=values["reason"])


def maintained_of(values: Mapping[str, str], rules: Sequence[str], now: datetime, *, utc: bool) -> Maintained:
    """Maintenance that was done; raises Unclear."""
    rule = one_of(values["rule"], "rule", rules) if rules else values["rule"]
    if not rule:
        raise Unclear("rule", "rule: which maintenance was done?")
    done = _past(values["done"] or "now", now, utc=utc)
    value = _whole(values["counter"], "counter", 0, MAX_COUNTER) if values["counter"] else None
    return Maintained(rule=rule, done_at=done, counter_value=value, note=values["note"])


def reading_of(values: Mapping[str, str]) -> NewReading:
    """A counter as it was read; raises Unclear."""
    counter: CounterName = one_of(values["counter"], "counter", COUNTERS)
    value = _whole(values["value"], "value", 0, MAX_COUNTER)
    return NewReading(counter=counter, value=value, reason=values["reason"])


def new_item_of(values: Mapping[str, str]) -> NewItem:
    """An item that is new to the books; raises Unclear."""
    model = model_id(values["model"])
    return NewItem(model=model, serial=values["serial"], place=place_of(values["place"]), unit=values["unit"] or None)


def change_of(values: Mapping[str, str], row: ItemView) -> ItemChange:
    """What changes of an item; raises Unclear where nothing does."""
    serial = values["serial"] if values["serial"] != row.serial else None
    unit = values["unit"] if values["unit"] and values["unit"] != row.unit else None
    if serial is None and unit is None:
        raise Unclear("serial", "nothing is different yet")
    if unit is not None and row.unit is not None:
        raise Unclear("unit", f"it is {row.unit}, for good")
    return ItemChange(based_on=row.version, serial=serial, unit=unit)


def model_of(values: Mapping[str, str], before: ModelView | None) -> SetModel:
    """A model as it is to be; kind and whether it is counted stay; raises Unclear."""
    known = before.model if before is not None else None
    counted = known.counted if known is not None else yes(values["counted"], "counted")
    if not values["name"]:
        raise Unclear("name", "name: what people call it")
    model = KitModel(
        model=known.model if known is not None else model_id(values["model"]),
        kind=known.kind if known is not None else one_of(values["kind"], "kind", KINDS),
        name=values["name"],
        counted=counted,
        low_at=_whole(values["low"] or "0", "low", 0, 100_000),
        training=values["training"],
        maintenance=rules_of(values["maintenance"]),
    )
    try:
        model = msgspec.convert(msgspec.to_builtins(model), KitModel)
    except msgspec.ValidationError as error:
        raise Unclear("training" if "training" in str(error) else "maintenance", str(error)) from None
    return SetModel(version=before.version if before is not None else 0, model=model)


def rules_of(text: str) -> list[MaintenanceRule]:
    """Maintenance rules as they are typed, with `;` between: `service 180 d OP014 clean and check the seals; cells 300
    battery_cycles replace the cells`. Raises Unclear."""
    rules = [_rule_of(part.split()) for part in text.split(";") if part.strip()]
    if len({one.rule for one in rules}) < len(rules):
        raise Unclear("maintenance", "maintenance: two rules have the same name")
    return rules


def rules_text(rules: Sequence[MaintenanceRule]) -> str:
    """Rules as they can be typed again."""
    return "; ".join(" ".join(part for part in _rule_words(one) if part) for one in rules)


def _rule_words(one: MaintenanceRule) -> tuple[str, str, str, str, str]:
    days = f"{one.every_days} d" if one.every_days is not None else ""
    count = f"{one.every_count} {one.counter}" if one.counter is not None else ""
    return one.rule, days, count, one.procedure, one.what


def _rule_of(words: list[str]) -> MaintenanceRule:
    name, *rest = words
    if not _RULE.fullmatch(name):
        raise Unclear("maintenance", f"maintenance: “{name}” is no name of a rule; small letters, as service")
    days: int | None = None
    count: tuple[CounterName, int] | None = None
    while len(rest) >= 2 and rest[0].isdecimal():
        much = _whole(rest[0], "maintenance", 1, MAX_COUNTER)
        if rest[1] in {"d", "days"}:
            days = _whole(rest[0], "maintenance", 1, 3650)
        else:
            count = (one_of(rest[1], "maintenance", COUNTERS), much)
        rest = rest[2:]
    if days is None and count is None:
        raise Unclear("maintenance", f"maintenance: {name}: how often? As 180 d, or 300 battery_cycles")
    procedure = rest.pop(0) if rest and _PROCEDURE.fullmatch(rest[0]) else ""
    if not rest:
        raise Unclear("maintenance", f"maintenance: {name}: what is done? In a few words at the end")
    counter, every = count if count is not None else (None, None)
    what = " ".join(rest)
    return MaintenanceRule(
        rule=name, what=what, every_days=days, counter=counter, every_count=every, procedure=procedure
    )


def stock_of(values: Mapping[str, str]) -> StockMoved:
    """Stock that came or was used; raises Unclear."""
    text = values["change"].removeprefix("+")
    sign = -1 if text.startswith("-") else 1
    much = _whole(text.removeprefix("-"), "change", 1, 100_000)
    deployment = values["deployment"].upper() or None
    if deployment is not None and not _DEPLOYMENT.fullmatch(deployment):
        raise Unclear("deployment", "deployment: as DEP-118, or empty")
    return StockMoved(change=sign * much, deployment=deployment, note=values["note"])


def set_place_of(values: Mapping[str, str]) -> tuple[str, SetPlace]:
    """A place's code and what it is to be; raises Unclear."""
    place = place_of(values["place"])
    if not values["name"]:
        raise Unclear("name", "name: what people call it")
    keeper = values["keeper"].upper()
    if not PERSON_ID.fullmatch(keeper):
        raise Unclear("keeper", "keeper: an id, as TO-12")
    return place, SetPlace(name=values["name"], keeper=keeper)


def place_of(text: str) -> str:
    """The code of a store, van or bench; raises Unclear."""
    code = text.upper()
    if not _PLACE.fullmatch(code):
        raise Unclear("place", "place: the code of a store, van or bench, as VAN-2; P in the list shows them")
    return code


def model_id(text: str) -> str:
    """The id of a model; raises Unclear."""
    if not _MODEL.fullmatch(text):
        raise Unclear("model", "model: small letters, digits and dashes, as battery-12v; m in the list shows them")
    return text


def one_of(text: str, field: str, known: Sequence[T]) -> T:
    """The one of `known` that was typed, or that alone begins so; raises Unclear."""
    typed = text.lower()
    found = [one for one in known if str(one) == typed] or [
        one for one in known if typed and str(one).startswith(typed)
    ]
    if len(found) != 1:
        raise Unclear(field, f"{field}: one of {', '.join(str(one) for one in known)}")
    return found[0]


def yes(text: str, field: str) -> bool:
    """`yes` or `no`, empty is no; raises Unclear."""
    if text.lower() not in _YES:
        raise Unclear(field, f"{field}: yes or no")
    return _YES[text.lower()]


def _whole(text: str, field: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
        raise Unclear(field, f"{field}: a whole number from {least} to {most}")
    return int(text)


def _past(text: str, now: datetime, *, utc: bool) -> datetime:
    try:
        at = read_coming(text, now, utc=utc)
    except PeriodUnclear as unclear:
        raise Unclear("done", str(unclear)) from None
    if at is None or at > now + _LEEWAY:
        raise Unclear("done", "done: a time that has been, as now, -2h, 2026-11-21 14:00")
    return at
