"""A bench's ports and the device on one, in lines. Pure."""

from collections.abc import Collection, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

from firmware_bridge.mcu.figures import McuStats
from firmware_bridge.transport.ports import PortFacts
from tui.figures import figure_text
from tui.firmware_bench import BenchLook
from tui.firmware_update import BenchUpdate
from tui.firmware_update_lines import short_words, update_lines
from tui.paint import Line, Span, Tone, fit, joined, width_of, wrap
from tui.words import UNKNOWN, plural, safe

if TYPE_CHECKING:
    from firmware_bridge.smp.device import SlotState

WIDE = 110
_LEAST_LABEL = 14


def port_names(paths: Collection[str]) -> dict[str, str]:
    """Each path's end, as much of it as tells it from the others: `ttyUSB0`, `left/mcu` beside `right/mcu`."""
    names: dict[str, str] = {}
    for path in paths:
        parts = PurePath(path).parts
        others = [PurePath(other).parts for other in paths if other != path]
        least = next((n for n in range(1, len(parts)) if all(parts[-n:] != other[-n:] for other in others)), len(parts))
        names[path] = str(PurePath(*parts[-least:]))
    return names


def port_line(port: PortFacts, name: str, known: Span, width: int, longest: int = 0) -> Line:
    """The port by its `name`, what it calls itself, and what is `known` of it. The column of names is for one of
    `longest` columns, where there is room; of a name that is longer the end is shown."""
    most = 84 if width > WIDE else 44
    taken = max(34 if width > WIDE else 14, min(longest + 1, most - _LEAST_LABEL))
    label = most - taken
    shown = name if width_of(name) < taken else "…" + name[2 - taken :]
    return (
        Span(fit(shown, taken), "strong"),
        Span(fit(port.label or UNKNOWN, label) + " "),
        known,
    )


def known_of(look: BenchLook | None, update: BenchUpdate | None) -> Span:
    """What is known of a port, in a few words."""
    if update is not None and (look is None or not update.is_over):
        return short_words(update)
    if look is None:
        return Span("not asked", "muted")
    if not look.answers:
        return Span("in use" if look.in_use else "no answer", "fair")
    return Span(", ".join(f"{one.what} at {one.baud}" for one in look.answers), "good")


def look_lines(
    port: PortFacts, look: BenchLook | None, update: BenchUpdate | None, width: int, ended: str = ""
) -> list[Line]:
    """One port at length: the `update` of its device and when that has `ended`, the microcontroller's images and
    figures, and how it is updated."""
    lines: list[Line] = [joined([(Span(port.stable, "muted"),), (Span(_usb(port), "muted"),)])]
    if update is not None:
        lines += update_lines(update, width - 2, ended)
        if not update.is_over:
            return _indented(lines)
    if look is None:
        said = "b listens and asks what is on it. Nothing is written to a port before that."
        return _indented([*lines, *wrap(said, width - 2)])
    if look.trouble:
        lines += wrap(look.trouble, width - 2, "fair")
    lines += [_slot(slot, width) for slot in look.slots]
    if look.stats is not None:
        lines += _figures(look.stats, width)
    if look.running is not None:
        lines += wrap("u updates it: an image is judged, sent, tried once, and kept or taken back.", width - 2, "muted")
    return _indented(lines)


def _slot(slot: "SlotState", width: int) -> Line:
    flags: Mapping[str, tuple[bool, Tone]] = {
        "runs": (slot.active, "good"),
        "confirmed": (slot.confirmed, "good"),
        "on trial": (slot.active and not slot.confirmed, "fair"),
        "booted next": (slot.pending, "fair"),
        "not bootable": (not slot.bootable, "fair"),
    }
    words = joined([(Span(word, tone),) for word, (holds, tone) in flags.items() if holds], ", ")
    digest = slot.digest_hex if width > WIDE else f"{slot.digest_hex[:12]}…"
    return (
        Span(fit(f"image {slot.image} slot {slot.slot}", 16), "muted"),
        Span(fit(safe(slot.version), 16), "strong"),
        Span(f"{digest}  ", "muted"),
        *words,
    )


def _figures(stats: McuStats, width: int) -> list[Line]:
    """The figures as a unit's page says them; what is not fitted is left out, and named where nothing is."""
    health = stats.health(None, with_supply=True)
    words = {"supply_mv": "supply", "battery_mv": "battery", "ignition_on": "ignition", "mcu_uptime_s": "up for"}
    words["watchdog_resets"] = "watchdog resets"
    told = [f"{label} {figure_text(name, health[name])}" for name, label in words.items() if name in health]
    told += [
        f"{name} {_open(level)}"
        for name, level in (("housing", stats.tamper), ("door", stats.door))
        if level is not None
    ]
    if stats.power_left_ms:
        told.append(f"camera and microphone powered for {plural(stats.power_left_ms // 1000, 'second')}")
    return wrap(",  ".join(told) if told else "it measures nothing", width - 2)


def _open(level: bool) -> str:
    return "open" if level else "closed"


def _usb(port: PortFacts) -> str:
    if port.vid is None or port.pid is None:
        return ""
    by = " ".join(part for part in (port.manufacturer, port.product) if part)
    return f"USB {port.vid:04x}:{port.pid:04x} {by}".rstrip()


def _indented(lines: list[Line]) -> list[Line]:
    return [(Span(" "), *line) for line in lines]
