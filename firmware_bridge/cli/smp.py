"""`firmware-bridge echo|params|images|stats|file|setting`: what can be asked of a device that speaks SMP."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from firmware_bridge.cli.given_files import check_new, read_given, write_new
from firmware_bridge.cli.options import Baud, Json, Port, SpyFile
from firmware_bridge.cli.output import print_facts, print_json, print_line, print_table
from firmware_bridge.cli.progress import ProgressBar
from firmware_bridge.cli.reach import Reach
from firmware_bridge.cli.slots import Frames
from firmware_bridge.cli.wording import worded
from firmware_bridge.errors import BridgeError
from firmware_bridge.mcu.figures import STATISTICS
from firmware_bridge.smp.device import SlotState, SmpDevice
from firmware_bridge.smp.limits import DEFAULT_LIMITS
from protocols.text import escaped

OnDevice = Annotated[str, Parameter(help="The file on the device, with its whole path.")]

file_app = App(name="file", help="Files of a device, at the bench.")
setting_app = App(name="setting", help="Settings of a device, at the bench.")

_MOST_VALUE_BYTES = 1024


def echo(
    port: Port, text: str, *, baud: Baud = 115200, framing: Frames = "console", spy: SpyFile = None, json: Json = False
) -> None:
    """Have the device send TEXT back."""
    said = Reach(port, baud, framing, spy).ask(lambda device: device.echo(text))
    _show({"text": said}, said, json=json)


def parameters(
    port: Port, *, baud: Baud = 115200, framing: Frames = "console", spy: SpyFile = None, json: Json = False
) -> None:
    """Show a device's message buffers, and its bootloader."""

    async def asked(device: SmpDevice) -> dict[str, Any]:
        buffers, bootloader = await device.parameters(), await device.bootloader()
        return {
            "buffer_bytes": None if buffers is None else buffers.buf_size,
            "buffers": None if buffers is None else buffers.buf_count,
            "bootloader": None if bootloader is None else bootloader.name,
            "refuses_older": None if bootloader is None else bootloader.no_downgrade,
        }

    facts = Reach(port, baud, framing, spy).ask(asked)
    if json:
        print_json(facts)
    else:
        print_facts(worded(facts))


def images(
    port: Port, *, baud: Baud = 115200, framing: Frames = "console", spy: SpyFile = None, json: Json = False
) -> None:
    """List the slots that hold an image."""
    slots = Reach(port, baud, framing, spy).ask(lambda device: device.images())
    if json:
        print_json([slot._asdict() for slot in slots])
        return
    rows = [(slot.image, slot.slot, slot.version, slot.digest_hex, _state(slot)) for slot in slots]
    print_table(("image", "slot", "version", "hash", "state"), rows, empty="no slot holds an image")


def stats(
    port: Port,
    group: Annotated[str | None, Parameter(help="One group of figures; without it their names are listed.")] = None,
    *,
    baud: Baud = 115200,
    framing: Frames = "console",
    spy: SpyFile = None,
    json: Json = False,
) -> None:
    """Show a device's figures."""
    reach = Reach(port, baud, framing, spy)
    if group is None:
        names = reach.ask(lambda device: device.stat_groups())
        _show(names, "\n".join(map(escaped, names)) or "the device keeps no figures", json=json)
        return
    figures = reach.ask(lambda device: device.stats(group))
    if json:
        print_json(figures)
    elif figures:
        print_facts(worded(figures) if group == STATISTICS else list(figures.items()))
    else:
        print_line(f"{group} holds no figures")


@file_app.command(name="get")
def get_file(
    port: Port,
    source: OnDevice,
    target: Annotated[Path, Parameter(help="Where to put it; a file that is there is left alone.")],
    *,
    baud: Baud = 115200,
    framing: Frames = "console",
    spy: SpyFile = None,
) -> None:
    """Fetch a file from a device."""
    check_new(target)
    with ProgressBar(source) as bar:
        content = Reach(port, baud, framing, spy).ask(lambda device: device.read_file(source, bar.tell))
    write_new(target, content)
    print_line(f"{target}: {len(content)} bytes")


@file_app.command(name="put")
def put_file(
    port: Port,
    source: Annotated[Path, Parameter(help="The file to send.")],
    target: OnDevice,
    *,
    baud: Baud = 115200,
    framing: Frames = "console",
    spy: SpyFile = None,
) -> None:
    """Put a file onto a device; one that is there is replaced."""
    content = read_given(source, DEFAULT_LIMITS.file_bytes)
    with ProgressBar(target) as bar:
        Reach(port, baud, framing, spy).ask(lambda device: device.write_file(target, content, bar.tell))
    print_line(f"{target}: {len(content)} bytes")


@setting_app.command(name="get")
def get_setting(
    port: Port, name: str, *, baud: Baud = 115200, framing: Frames = "console", spy: SpyFile = None, json: Json = False
) -> None:
    """Show a setting's value, hexadecimal: a device does not say what kind it is."""
    value = Reach(port, baud, framing, spy).ask(lambda device: device.read_setting(name))
    _show({"name": name, "hex": value.hex()}, value.hex(" ") or "empty", json=json)


@setting_app.command(name="set")
def set_setting(
    port: Port,
    name: str,
    value: Annotated[str, Parameter(help="The value: text, or with --hex its bytes.")],
    *,
    is_hex: Annotated[bool, Parameter(name="--hex", negative="", help="VALUE is hexadecimal.")] = False,
    baud: Baud = 115200,
    framing: Frames = "console",
    spy: SpyFile = None,
) -> None:
    """Give a setting a value."""
    try:
        content = bytes.fromhex(value) if is_hex else value.encode()
    except ValueError as error:
        raise BridgeError(f"{value!r} is not hexadecimal; give two digits for each byte") from error
    if len(content) > _MOST_VALUE_BYTES:
        raise BridgeError(f"a setting has at most {_MOST_VALUE_BYTES} bytes, and this has {len(content)}")
    Reach(port, baud, framing, spy).ask(lambda device: device.write_setting(name, content))
    print_line(f"{name}: {len(content)} bytes")


def _state(slot: SlotState) -> str:
    """In words: what runs, what is booted next, what is confirmed."""
    words = {
        "runs": slot.active,
        "confirmed": slot.confirmed,
        "on trial": slot.active and not slot.confirmed,
        "booted next": slot.pending,
        "for good": slot.pending and slot.permanent,
        "not bootable": not slot.bootable,
    }
    return ", ".join(word for word, holds in words.items() if holds)


def _show(value: Any, text: str, *, json: bool) -> None:
    if json:
        print_json(value)
    else:
        print_line(text)
