"""The text of a plan, read with the place of everything in it. Pure."""

from typing import NamedTuple

import msgspec
from msgspec import inspect

from fleet.wiring.rules.consistency import inconsistencies
from fleet.wiring.rules.faults import START, Fault, Place, told
from fleet.wiring.rules.plain_values import Values
from fleet.wiring.rules.yaml_nodes import composed
from protocols.wiring.plan import Plan

__all__ = ["Fault", "Place", "Reading", "read_plan"]

_PLAN = inspect.type_info(Plan)


class Reading(NamedTuple):
    """What a text says. `plan` is None where a value could not be taken; where its names do not hang together it is
    there, and so are the faults; without faults it may be judged. `places` has every key and list item by its path."""

    plan: Plan | None
    faults: list[Fault]
    places: dict[str, Place]

    def place(self, path: str) -> Place:
        """The place of `path`, else of the nearest part of it that is there, else the text's start."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path.rpartition(".")[0]
        return START


def read_plan(text: str) -> Reading:
    """Reads the text of a plan, and finds as many faults in one go as can be told apart. Never raises."""
    root, faults = composed(text)
    if root is None:
        return Reading(None, told(faults), {})
    values = Values()
    plain = values.of(root, _PLAN)
    plan, more = _made(plain) if values.is_whole and plain is not None else (None, [])
    found = Reading(None if values.faults else plan, [*values.faults, *more], values.places)
    if plan is not None:
        found.faults.extend(Fault(found.place(one.path), *one) for one in inconsistencies(plan))
    return found._replace(faults=told(found.faults))


def _made(plain: object) -> tuple[Plan | None, list[Fault]]:
    try:
        return msgspec.convert(plain, Plan), []
    except msgspec.ValidationError as error:
        return None, [Fault(START, "", str(error), "mend what is named")]
