"""docs/wiring-rules.md says what the rules and tables say: each rule, each threshold, each figure with its source."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import pytest

from fleet.wiring.rules.assessment import ALL_RULES
from fleet.wiring.rules.rule import Rule
from fleet.wiring.rules.tables import (
    AMPACITY_A,
    BLADE_COLOURS,
    COPPER_PER_K,
    FUSE_LOAD_SHARE,
    RESISTANCE_MOHM_PER_M,
    Entry,
)
from fleet.wiring.rules.vehicle_tables import (
    CAN_BUS_MAX_M,
    CAN_END_MAX_OHM,
    CAN_END_MIN_OHM,
    CAN_END_OHM,
    CAN_ENDS,
    CAN_STUB_MAX_M,
    J1962_PINS,
    J1962_SUPPLY_A,
    LOAD_DUMP_V,
)
from protocols.wiring.findings import RULES
from protocols.wiring.policy import WiringPolicy

DOCUMENT = (Path(__file__).parents[4] / "docs" / "wiring-rules.md").read_text(encoding="utf-8")
MAX_COLUMNS = 150


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = [tuple(head), *map(tuple, rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], "|" + "---|" * len(cells[0]), *lines[1:]])


def marked(entry: Entry | None, digits: str = "g") -> str:
    if entry is None:
        return "–"
    return format(entry.value, digits) + ("" if entry.is_verified else " (unverified)")


def by_size(columns: Mapping[str, Mapping[float, Entry]]) -> str:
    sizes = sorted({size for column in columns.values() for size in column})
    rows = [[f"{size:g}", *(marked(column.get(size), ".10g") for column in columns.values())] for size in sizes]
    return table(["mm²", *columns], rows)


def sources(tables: Iterable[Mapping[float, Entry]]) -> list[str]:
    return list(dict.fromkeys(entry.source for one in tables for entry in one.values()))


CAN = {
    "stub, at most, m": CAN_STUB_MAX_M,
    "bus, at most, m": CAN_BUS_MAX_M,
    "resistor at an end, Ω": CAN_END_OHM,
    "at least, Ω": CAN_END_MIN_OHM,
    "at most, Ω": CAN_END_MAX_OHM,
}
TABLES = {
    "ampacity": by_size({f"{kind}, A": column for kind, column in AMPACITY_A.items()}),
    "resistance": by_size({f"{kind}, mΩ/m": column for kind, column in RESISTANCE_MOHM_PER_M.items()}),
    "blade fuses": table(["A", "colour"], ([f"{rating:g}", colour] for rating, colour in BLADE_COLOURS.items())),
    "load dump": table(
        ["system", "alternator", "V", "source"],
        ([f"{key[0]} V", key[1], marked(entry), entry.source] for key, entry in LOAD_DUMP_V.items()),
    ),
    "diagnostic plug": table(["pin", "is"], ([pin, what] for pin, what in J1962_PINS.items())),
    "pin 16": table(
        ["system", "A", "source"], ([f"{volts} V", marked(one), one.source] for volts, one in J1962_SUPPLY_A.items())
    ),
    "CAN": table(["CAN", "figure", "source"], ([what, marked(one), one.source] for what, one in CAN.items())),
}


def section(rule_id: str) -> str:
    """What the document says of a rule, in one line."""
    found = re.search(rf"^### {re.escape(rule_id)}\n(.*?)(?=^##|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/wiring-rules.md has no section {rule_id}"
    return " ".join(found[1].split())


@pytest.mark.parametrize("rule", ALL_RULES, ids=[rule.id for rule in ALL_RULES])
def test_each_rule_is_there_with_its_severity_and_formula(rule: Rule) -> None:
    assert section(rule.id).startswith(f"*{rule.severity}* · `{rule.formula}` ")
    assert "Needs: " in section(rule.id)
    assert "Remedy: " in section(rule.id)


def test_the_rules_are_all_there_are_and_in_order() -> None:
    assert tuple(rule.id for rule in ALL_RULES) == RULES
    assert tuple(re.findall(r"^### ([a-z0-9-]+)$", DOCUMENT, re.MULTILINE)) == RULES


def test_every_threshold_of_the_house_is_there_with_its_default() -> None:
    written = dict(re.findall(r"^\| `(\w+)` † \| ([\d.]+) \|", DOCUMENT, re.MULTILINE))
    defaults = {field.name: field.default for field in msgspec.structs.fields(WiringPolicy)}
    assert {name: float(value) for name, value in written.items()} == defaults


@pytest.mark.parametrize("rule", ALL_RULES, ids=[rule.id for rule in ALL_RULES])
def test_a_rule_says_which_thresholds_of_the_house_it_goes_by(rule: Rule) -> None:
    """Those that its formula names, at least; a rule without any says nothing of the house."""
    named = {field.name for field in msgspec.structs.fields(WiringPolicy) if field.name in rule.formula}
    assert {name for name in named if f"`{name}` †" not in section(rule.id)} == set()


@pytest.mark.parametrize("name", TABLES)
def test_the_figures_are_those_of_the_tables(name: str) -> None:
    assert TABLES[name] in DOCUMENT


def test_every_source_of_a_figure_is_named() -> None:
    named = [*sources(AMPACITY_A.values()), *sources(RESISTANCE_MOHM_PER_M.values())]
    assert [source for source in named if source not in DOCUMENT] == []


def test_the_figures_that_stand_alone_are_there() -> None:
    assert f"× (1 + {COPPER_PER_K} · (T − 20))" in DOCUMENT
    assert f"`fuse_load_share` is {FUSE_LOAD_SHARE:g}" in DOCUMENT
    assert f"{CAN_ENDS} ends" in DOCUMENT


def test_lines_fit() -> None:
    long = [line for line in DOCUMENT.splitlines() if len(line) > MAX_COLUMNS]
    assert long == []
