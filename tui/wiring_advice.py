"""Advised sizes and fuses put into the text of a plan, with everything else in it as it was. Pure."""

import re
from typing import NamedTuple

from fleet.wiring.rules.advising import advise, applied
from fleet.wiring.rules.faults import Place
from fleet.wiring.rules.reading import Reading, read_plan
from fleet.wiring.rules.writing import write_plan
from protocols.wiring.advice import Advice
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy

_VALUE = re.compile(r"(\s*:\s*)(\"[^\"]*\"|'[^']*'|[^\s,}\]#]+)")


class AdvisedText(NamedTuple):
    """`text` with everything done that is advised. `is_rewritten`: it had to be written anew, and its comments went."""

    before: Plan
    after: Plan
    advice: Advice
    text: str
    is_rewritten: bool


def advised_text(text: str, reading: Reading, policy: WiringPolicy) -> AdvisedText | None:
    """What is advised for a text that was read without faults; None where it has some."""
    plan = reading.plan
    if plan is None or reading.faults:
        return None
    advice = advise(plan, policy)
    wanted = applied(plan, advice)
    written = _edited(text, reading, plan, wanted)
    if read_plan(written).plan == wanted:
        return AdvisedText(plan, wanted, advice, written, is_rewritten=False)
    return AdvisedText(plan, wanted, advice, write_plan(wanted), is_rewritten=True)


class _Change(NamedTuple):
    place: Place
    key: str
    value: str
    is_new: bool = False


def _edited(text: str, reading: Reading, plan: Plan, wanted: Plan) -> str:
    """The text with other values where they stand; from its end, so that no place moves before it was used."""
    lines = text.split("\n")
    for change in sorted(_changes(reading, plan, wanted), key=lambda one: one.place, reverse=True):
        at, column = change.place.line - 1, change.place.column - 1
        line = lines[at]
        if not change.is_new:
            lines[at] = line[:column] + _valued(line[column:], change)
        elif line[:column].strip():
            lines[at] = f"{line[:column]}{change.key}: {change.value}, {line[column:]}"
        else:
            lines.insert(at, f"{line[:column]}{change.key}: {change.value}")
    return "\n".join(lines)


def _changes(reading: Reading, plan: Plan, wanted: Plan) -> list[_Change]:
    found: list[_Change] = []
    for name, fuse in wanted.fuses.items():
        if fuse.rating_a != plan.fuses[name].rating_a:
            found.append(_Change(reading.place(f"fuses.{name}.rating_a"), "rating_a", f"{fuse.rating_a:g}"))
    for name, one in wanted.conductors.items():
        if one.csa_mm2 == plan.conductors[name].csa_mm2 or one.csa_mm2 is None:
            continue
        path = f"conductors.{name}.csa_mm2"
        is_new = path not in reading.places
        place = reading.place(f"conductors.{name}.from") if is_new else reading.place(path)
        found.append(_Change(place, "csa_mm2", f"{one.csa_mm2:g}", is_new))
    return found


def _valued(rest: str, change: _Change) -> str:
    """`rest`, which begins with the key, with another value."""
    found = _VALUE.search(rest)
    return rest if found is None else f"{rest[: found.start(2)]}{change.value}{rest[found.end(2) :]}"
