"""How commands show health figures: each with its unit and how it stands against its limits, once or repeatedly."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from cyclopts import Parameter

from firmware_bridge.cli.options import WholeNumber
from firmware_bridge.cli.output import print_json, print_line, print_table
from firmware_bridge.cli.wording import worded
from protocols.figures import figure_text
from protocols.health import QUANTITIES, standing

Figure = int | float | bool | str
Look = Callable[[], Awaitable[tuple[Mapping[str, Figure], Mapping[str, object]]]]
"""Gives figures of a health report, and other facts by their names."""

Watch = Annotated[
    int | None,
    Parameter(name="--watch", validator=WholeNumber(1, 3600), help="Again every so many seconds, until interrupted."),
]


async def show(look: Look, *, json: bool, every_s: int | None) -> None:
    """What `look` gives; again each `every_s` seconds where that is said. Raises what `look` raises."""
    while True:
        figures, facts = await look()
        if json:
            print_json({**figures, **facts})
        else:
            rows: list[tuple[object, ...]] = [
                (_label(name), figure_text(name, value), _standing(name, value)) for name, value in figures.items()
            ]
            rows += [(label, text, "") for label, text in worded(facts)]
            print_table(("figure", "value", "standing"), rows, empty="it tells nothing that is known here")
        if every_s is None:
            return
        if not json:
            print_line("")
        await asyncio.sleep(every_s)


def _label(name: str) -> str:
    return QUANTITIES[name].label


def _standing(name: str, value: object) -> str:
    found = standing(name, value)
    return "" if found == "unknown" else found
