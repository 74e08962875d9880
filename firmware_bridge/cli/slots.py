"""`firmware-bridge test|confirm|erase|reset`: single acts on a device's slots, at the bench."""

import sys
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from firmware_bridge.cli.options import Baud, Port, SpyFile
from firmware_bridge.cli.output import print_line, print_remark
from firmware_bridge.cli.reach import Reach
from firmware_bridge.errors import BridgeError, DeviceRefused, ImageRefused
from firmware_bridge.smp.device import SlotState, SmpDevice
from firmware_bridge.smp.framing import Framing
from protocols.releases.version import is_older
from protocols.text import escaped

Frames = Annotated[Framing, Parameter(name="--framing", help="How the device frames SMP.")]
Yes = Annotated[bool, Parameter(negative="", help="Do not ask; needed where nobody can be asked.")]


def try_once(
    port: Port,
    digest: Annotated[str, Parameter(help="The image's hash, or the beginning of it.")],
    *,
    restart: Annotated[bool, Parameter(negative="", help="Restart the device at once.")] = False,
    yes: Yes = False,
    baud: Baud = 115200,
    framing: Frames = "console",
    spy: SpyFile = None,
) -> None:
    """Mark an image that is in the device: it is booted once, at the next restart. An older one is refused here."""

    async def mark(device: SmpDevice) -> str:
        slots = await device.images()
        slot = _slot_named(slots, digest)
        running = _running(slots)
        if is_older(slot.version, running.version):
            said = f"{slot.version} is older than {running.version}, which runs"
            raise ImageRefused("downgrade", said, "two people may permit it: firmware-bridge update --permit")
        then = f"{slot.version} is booted once at the next restart, and {running.version} again unless it is confirmed"
        _agree(then, yes=yes)
        await device.mark_for_test(slot.digest_hex)
        if restart:
            await device.reset()
        return then

    print_line(Reach(port, baud, framing, spy).ask(mark))


def confirm(
    port: Port, *, yes: Yes = False, baud: Baud = 115200, framing: Frames = "console", spy: SpyFile = None
) -> None:
    """Have the device confirm the image that it runs."""

    async def confirm_running(device: SmpDevice) -> str:
        running = _running(await device.images())
        then = f"{running.version} is confirmed: the device does not go back to the one before by itself any more"
        _agree(then, yes=yes)
        await device.confirm(None)
        return then

    print_line(Reach(port, baud, framing, spy).ask(confirm_running))


def erase(
    port: Port, *, yes: Yes = False, baud: Baud = 115200, framing: Frames = "console", spy: SpyFile = None
) -> None:
    """Erase the slot that does not run."""

    async def clear(device: SmpDevice) -> str:
        slots = await device.images()
        other = next((slot.version for slot in slots if not slot.active and slot.image == 0), "")
        lost = f"{other} in it is lost" if other else "nothing that is known is in it"
        then = f"the slot that does not run is erased, and {lost}"
        _agree(then, yes=yes)
        await device.erase(1)
        return then

    print_line(Reach(port, baud, framing, spy).ask(clear))


def reset(
    port: Port, *, yes: Yes = False, baud: Baud = 115200, framing: Frames = "console", spy: SpyFile = None
) -> None:
    """Restart a device; where that ends the trial of an image, after asking. It is asked once only: a second restart
    would end the trial of a new image."""

    async def restart(device: SmpDevice) -> str:
        ends = await _trial_ended(device)
        if ends:
            _agree(ends, yes=yes)
        await device.reset()
        return f"the device restarts; {ends}" if ends else "the device restarts"

    print_line(Reach(port, baud, framing, spy).ask(restart))


async def _trial_ended(device: SmpDevice) -> str:
    """What a restart takes back; empty where nothing is on trial, or the device knows no images."""
    try:
        slots = [slot for slot in await device.images() if slot.image == 0]
    except DeviceRefused:
        return ""
    active = next((slot for slot in slots if slot.active), None)
    other = next((slot for slot in slots if not slot.active), None)
    if active is None or other is None or active.confirmed:
        return ""
    return f"{active.version} is on trial and not confirmed: a restart takes it back, and {other.version} runs again"


def _slot_named(slots: Sequence[SlotState], digest: str) -> SlotState:
    found = [slot for slot in slots if digest and slot.digest_hex.startswith(digest.lower())]
    if len(found) != 1:
        has = ", ".join(f"{slot.version} {slot.digest_hex[:16]}…" for slot in slots) or "none"
        raise BridgeError(f"{len(found)} images of the device have that hash; it holds: {has}")
    return found[0]


def _running(slots: Sequence[SlotState]) -> SlotState:
    active = next((slot for slot in slots if slot.active and slot.image == 0), None)
    if active is None:
        raise BridgeError("the device does not say which of its images runs; see what it is: firmware-bridge scan")
    return active


def _agree(then: str, *, yes: bool) -> None:
    """Let the person agree to what will be; raises BridgeError otherwise."""
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():  # a shell may have closed it
        raise BridgeError(f"{then}; nobody is here to be asked: say --yes if it is meant")
    print_remark(f"{escaped(then)}")
    sys.stderr.write("type yes to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        raise BridgeError("nothing was done, as that was not yes")
