"""Circuits of the vehicle that are tapped. Pure."""

from collections.abc import Iterator
from typing import get_args

from fleet.wiring.rules.rule import Case, Found, at_most, missing, rule
from fleet.wiring.rules.tables import FUSE_LOAD_SHARE
from protocols.wiring.parts import Source
from protocols.wiring.words import CircuitKind

_MAY_BE_TAPPED = ("battery", "general")
_CIRCUITS = dict(
    zip(
        get_args(CircuitKind),
        ("battery", "general", "starter", "SRS", "ABS", "ADAS", "48 V", "high-voltage"),
        strict=True,
    )
)
_HIGH_VOLTAGE_COLOUR = "OG"


@rule("forbidden-tap", "safety", "circuit is battery or general, terminal is not 50, colour does not begin with OG")
def forbidden_tap(case: Case) -> Iterator[Found]:
    """Of each source."""
    for name, source in case.plan.sources.items():
        why = _forbidden(source)
        if why is None:
            yield Found("pass", f"sources.{name}", f"{name} may be tapped")
        else:
            yield Found("fail", f"sources.{name}", f"{name} {why}", "take supply from the battery or a general circuit")


def _forbidden(source: Source) -> str | None:
    if source.circuit not in _MAY_BE_TAPPED:
        return f"is of the {_CIRCUITS[source.circuit]} circuit, which is never tapped"
    if source.terminal == "50":
        return "is terminal 50, the starter's, which is never tapped"
    if source.colour is not None and source.colour.startswith(_HIGH_VOLTAGE_COLOUR):
        return "is orange: high voltage, which is never tapped"
    return None


@rule("tapped-circuit", "function", "(existing_load_a + load_a) / fuse_load_share ≤ fuse_a")
def tapped_circuit(case: Case) -> Iterator[Found]:
    """Of each general circuit that loads draw from, and of a battery's that says its fuse: that fuse carries what was
    there and ours, for hours. What only senses a circuit draws nothing to speak of."""
    for name, source in case.plan.sources.items():
        flows = [flow for flow in case.network.flows if flow.feed is not None and flow.feed.origin == name]
        is_shared = source.circuit == "general" or (source.circuit == "battery" and source.fuse_a is not None)
        if flows and is_shared and _forbidden(source) is None:
            drawn = {flow.name: flow.load.running_a for flow in flows}
            yield _tapped(name, source, drawn)


def _tapped(name: str, source: Source, drawn: dict[str, float | None]) -> Found:
    subject = f"sources.{name}"
    needs = [f"{subject}.{field}" for field in ("fuse_a", "existing_load_a") if getattr(source, field) is None]
    needs += [f"loads.{load}.running_a" for load, amps in drawn.items() if amps is None]
    existing_a, load_a = source.existing_load_a or 0.0, sum(amps or 0.0 for amps in drawn.values())
    needed = (existing_a + load_a) / FUSE_LOAD_SHARE
    fits = source.fuse_a is None or at_most(needed, source.fuse_a)
    if source.fuse_a is None or (fits and needs):
        return missing(subject, f"whether the fuse of {name} carries our load as well", needs)
    figures = {
        "existing_load_a": existing_a,
        "load_a": load_a,
        "fuse_load_share": FUSE_LOAD_SHARE,
        "needed_a": needed,
        "fuse_a": source.fuse_a,
    }
    said = f"{name} carries {existing_a:.4g} A and {load_a:.4g} A of ours on a fuse of {source.fuse_a:g} A"
    if fits:
        return Found("pass", subject, said, "", figures)
    remedy = "take supply from a circuit with room, or from the battery; never fit a larger fuse there"
    return Found("fail", subject, f"{said}; they take one of {needed:.4g} A", remedy, figures)


RULES = (forbidden_tap, tapped_circuit)
