"""Looms to start from: three worked vehicles that pass every rule. Pure, except that package data is read."""

from importlib.resources import files

from fleet.wiring.rules.reading import read_plan
from protocols.wiring.plan import Plan

TEMPLATES: tuple[str, ...] = ("van-12v", "car-12v-stop-start", "lorry-24v")


def template_text(name: str) -> str:
    """The text of one of `TEMPLATES`, with its comments. Raises `KeyError` for any other name."""
    if name not in TEMPLATES:
        raise KeyError(name)
    return files("fleet.wiring.rules").joinpath("looms", f"{name}.yaml").read_text(encoding="utf-8")


def template(name: str) -> Plan:
    """The plan of one of `TEMPLATES`. Raises `KeyError` for any other name."""
    reading = read_plan(template_text(name))
    if reading.plan is None:
        raise LookupError(f"{name} is not as it was shipped: {reading.faults[0].message}")
    return reading.plan
