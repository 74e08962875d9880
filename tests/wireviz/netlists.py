"""Who is joined to whom by which wire, as WireViz itself says it: in the graph that it writes of a file."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from fleet.wiring.drawing import draw
from fleet.wiring.rules.wireviz_in import from_wireviz
from fleet.wiring.rules.wireviz_out import to_wireviz, wireviz_text

WIREVIZ_S = 60
_EDGE = re.compile(r"^\t(?P<first>\S+) -- (?P<last>\S+)")
_COLOUR = re.compile(r'^\tedge \[color="(?P<colour>[^"]*)"')
_UNNAMED = re.compile(r"__(?P<template>.+)_\d+")

Netlist = Counter[tuple[object, ...]]


class Port(NamedTuple):
    """One end of an edge: `pin` is 0 for a whole connector or its only pin."""

    name: str
    is_wire: bool
    pin: str
    side: str


class Compared(NamedTuple):
    """What came of one file."""

    name: str
    imported: bool
    drawn: bool
    same: bool
    lost: list[str]
    remarks: list[str]


def graph_of(path: Path, folder: Path) -> str | None:
    """The graph that WireViz writes of a file into a folder; None where it refuses the file."""
    done = subprocess.run(
        [sys.executable, "-m", "wireviz.wv_cli", "-f", "g", "-o", str(folder), "-O", "graph", path.name],
        cwd=path.parent,
        capture_output=True,
        timeout=WIREVIZ_S,
        check=False,
    )
    return (folder / "graph.gv").read_text() if done.returncode == 0 else None


def port_of(text: str) -> Port:
    name, *rest = text.replace('"', "").split(":")
    port, side = (["", *rest])[-2:]
    found = re.fullmatch(r"(?P<kind>[pw])(?P<number>\d+|s)[lr]?", port)
    return Port(name, found is not None and found["kind"] == "w", found["number"] if found is not None else "0", side)


def templates_of(graph: str) -> set[str]:
    """The templates of which a graph has instances that bear no name."""
    edges = [found for line in graph.splitlines() if (found := _EDGE.match(line)) is not None]
    names = {port_of(found[which]).name for found in edges for which in ("first", "last")}
    return {found["template"] for name in names if (found := _UNNAMED.fullmatch(name)) is not None}


def netlist_of(graph: str, templates: set[str]) -> Netlist:
    """Each wire with its cable, its colour and its ends on either side; each arrow and loop with its two ends. An
    instance of `templates` that was given no name counts as any other of its template."""

    def named(name: str) -> str:
        return next((f"{one}.*" for one in templates if re.fullmatch(rf"__{one}_\d+|{one}-\d+", name)), name)

    wires: dict[tuple[str, str], dict[str, list[tuple[str, str]]]] = {}
    colours: dict[tuple[str, str], str] = {}
    found: Netlist = Counter()
    colour = ""
    for line in graph.splitlines():
        if (said := _COLOUR.match(line)) is not None:
            colour = said["colour"]
        edge = _EDGE.match(line)
        if edge is None:
            continue
        first, last = port_of(edge["first"]), port_of(edge["last"])
        if not first.is_wire and not last.is_wire:
            found["joined", *sorted([(named(first.name), first.pin), (named(last.name), last.pin)])] += 1
            continue
        wire, other, which = (last, first, "from") if last.is_wire else (first, last, "to")
        wires.setdefault((wire.name, wire.pin), {"from": [], "to": []})[which].append((named(other.name), other.pin))
        colours[wire.name, wire.pin] = colour
    for (name, pin), ends in wires.items():
        what = "shield" if pin == "s" else colours[name, pin]
        found["wire", named(name), what, tuple(sorted(ends["from"])), tuple(sorted(ends["to"]))] += 1
    return found


def compare(path: Path, folder: Path) -> Compared:
    """Import a file, draw it, export it, import that again; and compare WireViz's graphs of the two files."""
    imported = from_wireviz(path.read_text(encoding="utf-8"))
    remarks = [f"{fault.place.line}:{fault.place.column}: {fault.message}" for fault in imported.faults]
    plan = imported.plan
    if plan is None or imported.faults:
        return Compared(path.name, imported=False, drawn=False, same=False, lost=imported.lost, remarks=remarks)
    exported = folder / "exported.yml"
    exported.write_text(wireviz_text(plan), encoding="utf-8")
    remarks += [f"the export lacks {line}" for line in to_wireviz(plan).lost]
    again = from_wireviz(exported.read_text(encoding="utf-8"))
    if again.plan != plan:
        remarks.append("imported again, the export is another plan")
    before, after = graph_of(path, folder), graph_of(exported, folder)
    if before is None or after is None:
        remarks.append("WireViz refuses it")
        return Compared(path.name, imported=True, drawn=False, same=False, lost=imported.lost, remarks=remarks)
    templates = templates_of(before)
    here, there = netlist_of(before, templates), netlist_of(after, templates)
    remarks += [f"only the original: {one}" for one in here - there] + [
        f"only the export: {one}" for one in there - here
    ]
    drawn = draw(plan, "svg").startswith(b"<?xml") and draw(plan, "png").startswith(b"\x89PNG")
    same = here == there and again.plan == plan
    return Compared(path.name, imported=True, drawn=drawn, same=same, lost=imported.lost, remarks=remarks)
