"""How a unit's alarm inputs and its workshop are set, in the agent's own settings. No hardware library is loaded."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware_bridge.mcu.figures import LINES

MAX_INPUTS = 32
MCU_CHIP = "mcu"
MCU_DEBOUNCE_MAX_MS = 200
"""The microcontroller debounces its lines itself; what is beyond this could hide what it has counted."""

InputKind = Literal["tamper", "door", "pir", "power", "lid"]
InputName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,19}$(?!\n)")]
Pull = Literal["as-is", "none", "up", "down"]
InterfaceName = Annotated[str, Meta(pattern=r"^(?!\.{1,2}$)[^\s/\x00-\x1f\x7f-\U0010ffff]{1,15}$(?!\n)")]
MacAddress = Annotated[str, Meta(pattern=r"^(?!00(:00){5}$)[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$(?!\n)")]


class InputSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line that the unit watches at all times.

    name: what people call it, in events.
    kind: what an active line means: `tamper` opened, `door` open, `pir` movement, `power` supply present, `lid` open.
    chip, line: the GPIO chip's device and the line's offset on it, or its name; `mcu` for the microcontroller, whose
        lines are `tamper`, `door`, `ignition` and `gpio0` to `gpio31`.
    active_low: the line is active when its voltage is low, as a switch to ground with a pull-up is when closed.
    pull: the chip's own resistor; `as-is` leaves it as the device tree has set it.
    debounce_ms: how long a level has to last before it counts.
    """

    name: InputName
    kind: InputKind
    chip: Annotated[str, Meta(pattern=r"^(mcu|/dev/[A-Za-z0-9_/-]{1,60})$(?!\n)")] = "/dev/gpiochip0"
    line: Annotated[int, Meta(ge=0, le=1023)] | Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,31}$(?!\n)")]
    active_low: bool = False
    pull: Pull = "as-is"
    debounce_ms: Annotated[int, Meta(ge=0, le=10_000)] = 50


def objection(inputs: Sequence[InputSettings]) -> str | None:
    """Why these can not be the inputs of one unit, with what to do; None when they can."""
    if len(inputs) > MAX_INPUTS:
        return f"{len(inputs)} inputs are set; a unit has {MAX_INPUTS} at the most"
    names = [each.name for each in inputs]
    if len(set(names)) < len(names):
        return "two inputs have one name; give each its own"
    lines = [(each.chip, each.line) for each in inputs]
    if len(set(lines)) < len(lines):
        return "two inputs name the same chip and line; give each its own line"
    return next((why for each in inputs if each.chip == MCU_CHIP and (why := _mcu_objection(each))), None)


def _mcu_objection(one: InputSettings) -> str:
    if one.line not in LINES:
        return f"input {one.name}: the microcontroller has no line {one.line!r}; name tamper, door, ignition or gpio0 …"
    if one.debounce_ms > MCU_DEBOUNCE_MAX_MS:
        return f"input {one.name}: debounce_ms is {MCU_DEBOUNCE_MAX_MS} at the most for a line of the microcontroller"
    if one.line == "tamper" and one.active_low:
        return f"input {one.name}: the microcontroller knows what its tamper line means; leave active_low out"
    return ""
