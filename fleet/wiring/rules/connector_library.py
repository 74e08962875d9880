"""Connectors and terminals to start from, each of its kind and of no maker. Pure, except that package data is read."""

from functools import cache
from importlib.resources import files

import msgspec
from msgspec import inspect

from fleet.wiring.rules.plain_values import Values
from fleet.wiring.rules.writing import write_plan
from fleet.wiring.rules.yaml_nodes import composed
from protocols.text import ShortText, SummaryText
from protocols.wiring.parts import Connector
from protocols.wiring.plan import Plan
from protocols.wiring.words import Name


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A connector to start from. `verified`: what it says was read in `source`; else it is remembered, and nobody has
    checked it. The connector's `note` says so too, so that it stays with the plan. `text` is the connector as YAML
    under its name, to stand under `connectors:` of a plan."""

    name: Name
    description: ShortText
    verified: bool
    source: SummaryText
    connector: Connector
    text: str


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part as the file has it."""

    description: ShortText
    verified: bool
    source: SummaryText
    connector: Connector


_Entries = dict[Name, _Entry]


def names() -> tuple[str, ...]:
    """What `one` takes, in the order of the file: terminals, connectors, then what is at kit and vehicle."""
    return tuple(_parts())


def one(name: str) -> Part:
    """The part of one of `names`. Raises `KeyError` for any other name."""
    return _parts()[name]


@cache
def _parts() -> dict[str, Part]:
    text = files("fleet.wiring.rules").joinpath("looms", "connectors.yaml").read_text(encoding="utf-8")
    root, faults = composed(text)
    values = Values()
    plain = None if root is None else values.of(root, inspect.type_info(_Entries))
    if faults or values.faults:
        first = [*faults, *values.faults][0]
        raise LookupError(f"connectors.yaml is not as it was shipped, line {first.place.line}: {first.message}")
    return {name: _part(name, entry) for name, entry in msgspec.convert(plain, _Entries).items()}


def _part(name: str, entry: _Entry) -> Part:
    origin = f"Read in: {entry.source}." if entry.verified else f"Unverified ({entry.source}): put in your part's own."
    noted = " ".join(filter(None, (entry.connector.note, origin)))
    connector = msgspec.structs.replace(entry.connector, note=noted)
    return Part(
        name=name,
        description=entry.description,
        verified=entry.verified,
        source=entry.source,
        connector=connector,
        text=_under_connectors(name, connector),
    )


def _under_connectors(name: str, connector: Connector) -> str:
    plan = Plan(muster_wiring=1, name="part", connectors={name: connector})
    return write_plan(plan).partition("\nconnectors:\n")[2]
