"""`firmware-bridge simulate …`: devices that nobody had to buy, each on a port with a name of its own."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from firmware_bridge.cli.options import Baud, Json, WholeNumber
from firmware_bridge.cli.output import print_facts, print_json, print_line
from firmware_bridge.cli.wording import worded
from firmware_bridge.errors import SimulationFailed
from firmware_bridge.modem.figures import Vendor as ModemVendor
from firmware_bridge.simulation.at_modem import ModemManner
from firmware_bridge.simulation.controls import Poke, poke
from firmware_bridge.simulation.faults import Faults
from firmware_bridge.simulation.flash import Layout
from firmware_bridge.simulation.mcu import McuFacts
from firmware_bridge.simulation.mcu_state import open_state
from firmware_bridge.simulation.nmea_player import Manner, Protocol
from firmware_bridge.simulation.running import run_gnss, run_mcu, run_modem, run_unit
from firmware_bridge.smp.framing import Framing

app = App(name="simulate", help="Run simulated devices, each on a port with a name of its own, until interrupted.")

_ACTS = ("cut-power", "pull-cable")
_MOST_COUNT = 1_000_000_000

Chance = Annotated[float, Parameter(validator=Number(gte=0, lte=1))]
Count = Annotated[int | None, Parameter(validator=WholeNumber(1, _MOST_COUNT))]
Milliseconds = Annotated[int, Parameter(validator=WholeNumber(0, 600_000))]
Link = Annotated[Path, Parameter(help="The port's name: a link that is made, and made anew.")]
Seed = Annotated[int, Parameter(help="Equal seeds, equal faults and figures.")]


@Parameter(name="*")
@dataclass(frozen=True)
class LineFaults:
    """What goes wrong on the line.

    Parameters
    ----------
    lose
        Chance that a message is lost.
    garble
        Chance that a byte of a message is changed.
    duplicate
        Chance that a message comes twice.
    delay_ms
        Longest that a reply is held back.
    """

    lose: Chance = 0.0
    garble: Chance = 0.0
    duplicate: Chance = 0.0
    delay_ms: Milliseconds = 0

    def faults(self) -> Faults:
        """For the simulation."""
        return Faults(lose=self.lose, garble=self.garble, duplicate=self.duplicate, delay_ms=self.delay_ms)


@Parameter(name="*")
@dataclass(frozen=True)
class DeviceFaults(LineFaults):
    """What goes wrong with cable, power and program too.

    Parameters
    ----------
    cable_after_bytes
        Pull the cable after so many bytes; it comes back.
    power_at_message
        Cut the power at this message; it comes back.
    power_at_write
        Cut the power at this write or erasure of the flash; it comes back.
    back_ms
        After how long cable and power come back.
    stuck_at_message
        Answer nothing from this message on.
    """

    cable_after_bytes: Count = None
    power_at_message: Count = None
    power_at_write: Count = None
    back_ms: Milliseconds = 500
    stuck_at_message: Count = None

    def faults(self) -> Faults:
        """For the simulation."""
        return Faults(
            lose=self.lose,
            garble=self.garble,
            duplicate=self.duplicate,
            delay_ms=self.delay_ms,
            cable_after_bytes=self.cable_after_bytes,
            cable_back_ms=self.back_ms,
            power_at_message=self.power_at_message,
            power_at_write=self.power_at_write,
            power_back_ms=self.back_ms,
            stuck_at_message=self.stuck_at_message,
        )


@app.command
def mcu(
    *,
    link: Link,
    state: Path | None = None,
    image: Path | None = None,
    key: list[Path] | None = None,
    board: str = "muster_mcu",
    baud: Baud = 115200,
    framing: Framing = "console",
    buffer: Annotated[int, Parameter(validator=WholeNumber(128, 8192))] = 384,
    sectors: Annotated[int, Parameter(validator=WholeNumber(2, 1000))] = 30,
    seed: Seed = 1,
    faults: DeviceFaults = DeviceFaults(),
) -> None:
    """Run a microcontroller with MCUboot that speaks SMP.

    Parameters
    ----------
    state
        Folder with its flash and the key its first image is signed with (signing-key.pem, boot-key.pub.pem), made when
        there is none; without it both are gone when it ends.
    image
        What it is fitted with when its flash is empty; without it, an image of version 1.0.0 is made.
    key
        PEM of a public key that its bootloader trusts too; may be repeated.
    board
        What it says its board is.
    buffer
        Bytes of a message, at most.
    sectors
        Sectors of 4096 bytes in a slot.
    """
    kept = open_state(state, Layout(image_sectors=sectors), board, image=image, keys=key or [])
    facts = McuFacts(board=board, buffer_bytes=buffer)

    async def main(stop: asyncio.Event) -> None:
        await run_mcu(
            link, kept, facts, stop, baud=baud, framing=framing, faults=faults.faults(), seed=seed, say=print_line
        )

    _run(main)


@app.command
def gnss(
    *,
    link: Link,
    protocol: Protocol = "both",
    baud: Baud = 38400,
    every_s: Annotated[float, Parameter(validator=Number(gte=0.01, lte=60))] = 1.0,
    searching: Annotated[int, Parameter(validator=WholeNumber(0, 100_000))] = 5,
    gaps: Chance = 0.0,
    noise: Chance = 0.0,
    seed: Seed = 1,
    faults: LineFaults = LineFaults(),
) -> None:
    """Run a receiver that tells NMEA, UBX, or both, from one place on the open sea.

    Parameters
    ----------
    every_s
        Seconds between its turns.
    searching
        Turns without a fix at first.
    gaps
        Chance that a turn is left out.
    noise
        Chance that noise comes before a turn.
    """
    manner = Manner(protocol=protocol, searching=searching, gaps=gaps, noise=noise)

    async def main(stop: asyncio.Event) -> None:
        await run_gnss(
            link, manner, stop, baud=baud, every_s=every_s, faults=faults.faults(), seed=seed, say=print_line
        )

    _run(main)


@app.command
def modem(
    *,
    link: Link,
    vendor: ModemVendor = "quectel",
    baud: Baud = 115200,
    slow_ms: Milliseconds = 0,
    spontaneous: Chance = 0.0,
    silent: Chance = 0.0,
    seed: Seed = 1,
    faults: LineFaults = LineFaults(),
) -> None:
    """Run a modem that answers AT.

    Parameters
    ----------
    vendor
        Whose own commands it knows.
    slow_ms
        Longest that an answer takes.
    spontaneous
        Chance that it says something by itself before an answer.
    silent
        Chance that it does not answer.
    """
    manner = ModemManner(vendor=vendor, slow_ms=slow_ms, spontaneous=spontaneous, silent=silent)

    async def main(stop: asyncio.Event) -> None:
        await run_modem(link, manner, stop, baud=baud, faults=faults.faults(), seed=seed, say=print_line)

    _run(main)


@app.command
def unit(
    links: Path,
    /,
    *,
    state: Path | None = None,
    board: str = "muster_mcu",
    vendor: ModemVendor = "quectel",
    seed: Seed = 1,
) -> None:
    """Run a unit's three devices in one program: microcontroller, receiver and modem.

    Parameters
    ----------
    links
        Folder in which the ports mcu (115200 bit/s), gnss (38400) and modem (115200) are made.
    state
        As of `simulate mcu`.
    board
        What the microcontroller says its board is.
    vendor
        Whose own commands the modem knows.
    """
    kept = open_state(state, Layout(), board, image=None, keys=[])

    async def main(stop: asyncio.Event) -> None:
        await run_unit(links, kept, McuFacts(board=board), ModemManner(vendor=vendor), stop, seed=seed, say=print_line)

    _run(main)


@app.command(name="poke")
def poke_device(link: Path, /, *wishes: str, as_json: Json = False) -> None:
    """Change a running device, and show how it is then.

    Parameters
    ----------
    link
        The port's name, as it was given to the device.
    wishes
        FIGURE=VALUE (a microcontroller's supply_mv, battery_mv, ignition, tamper, door, gpio; `none` where it is not
        fitted; a receiver's antenna, fix; a modem's rssi, rsrp, rsrq, registration, temperature_c, sim, operator,
        version), or cut-power, or pull-cable. None of them: only show.
    """
    acts = [wish for wish in wishes if "=" not in wish]
    figures = dict(_figure(wish) for wish in wishes if "=" in wish)
    if unknown := [act for act in acts if act not in _ACTS]:
        raise SimulationFailed(f"{unknown[0]} is neither FIGURE=VALUE nor one of {', '.join(_ACTS)}")
    state = asyncio.run(poke(link, Poke(figures=figures, acts=acts)))
    if as_json:
        print_json(state)
    else:
        print_facts(worded(state))


def _figure(wish: str) -> tuple[str, int | str | None]:
    name, _, text = wish.partition("=")
    if text == "none":
        return name, None
    try:
        return name, int(text)
    except ValueError:
        return name, text


def _run(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    async def until_stopped() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await main(stop)

    asyncio.run(until_stopped())
