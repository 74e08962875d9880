"""`python -m tui.pictures DIRECTORY`: a picture of each screen of a running controller's console, as SVG.

The documentation's pictures are made by this command, so they show what the program shows. It makes one voucher and
withdraws it; everything else is only looked at. The log's rooms are drawn for somebody who may read it.
"""

import asyncio
import re
import sys
from pathlib import Path
from typing import Annotated, NamedTuple, get_args

from cyclopts import App, Parameter
from textual.pilot import Pilot

from fleet.client import ClientError, FleetClient, connect, load_client_settings
from protocols.deployments import DeploymentState
from tui.console import ConsoleApp, is_settled
from tui.saved import SavedFilters

SIZES = ((80, 24), (160, 48))
ANSWER_WAIT_S = 30.0
_PAUSE_S = 0.4
_REMOTE_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FONT = re.compile(r"font-family: Fira Code, monospace;")
_LOCAL_FONT = "font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace;"
_LABEL = "picture"
_FIGURES_S = 3.0

BLOCK = "▀"
"""What a unit's picture is made of here."""


class Picture(NamedTuple):
    """A screen's name and the keys that lead to it from the opening screen; a blank waits for answers, BLOCK until a
    unit's picture is there. `leave` are pressed once it is drawn."""

    name: str
    keys: tuple[str, ...]
    leave: tuple[str, ...] = ()


STATES_DRAWN = tuple(state for state in get_args(DeploymentState) if state != "cancelled")
"""A deployment's page is drawn at each of them; where there is none, the board without one."""


def _page_of(state: str) -> tuple[str, ...]:
    """The keys that lead to the page of the first deployment in a state."""
    words = "live recover" if state == "live" else state  # what is commissioned goes live next
    typed = ["space" if sign == " " else sign for sign in words]
    return ("3", " ", "o", " ", "slash", *typed, "enter", "enter", " ")


PICTURES: tuple[Picture, ...] = (
    Picture("now", ()),
    Picture("units", ("2", " ", "down", "down")),
    Picture("units-filter", ("2", " ", "slash", "o", "n", "l", "i", "n", "e", " ")),
    Picture("units-sort", ("2", " ", "s")),
    Picture("unit", ("2", " ", "enter", " ")),
    Picture("unit-more", ("2", " ", "enter", " ", "end")),
    Picture("plot", ("2", " ", "enter", " ", "p", " ")),
    Picture("settings", ("2", " ", "enter", " ", "e", "5")),
    Picture("check-choice", ("2", " ", "enter", " ", "c", " ")),
    Picture("check", ("2", " ", "enter", " ", "c", " ", "y", BLOCK), leave=("escape", " ")),
    Picture("check-over", ("2", " ", "enter", " ", "c", " ", "y", BLOCK, "enter", " ")),
    Picture("mandates", ("0", " ")),
    Picture("mandate", ("0", " ", "enter", " ")),
    Picture("authorities", ("0", " ", "a", " ")),
    Picture("joins", ("j", " ")),
    Picture("events", ("9", " ", "down")),
    Picture("people", ("8", " ")),
    Picture("rota", ("4", " ")),
    Picture("rota-day", ("4", " ", "enter", " ")),
    Picture("rota-year", ("4", " ", "y", " ")),
    Picture("rota-fairness", ("4", " ", "f", " ")),
    Picture("rota-plot", ("4", " ", "f", " ", "p", " ")),
    Picture("wiring", ("5", " ")),
    Picture("wiring-questions", ("5", " ", "n", " ", "1", " ")),
    Picture("wiring-plan", ("5", " ", "n", " ", "1", " ", "enter", " ")),
    Picture("wiring-diagram", ("5", " ", "enter", " ")),
    Picture("wiring-drain", ("5", " ", "enter", " ", "p", " ")),
    Picture("wiring-edit", ("5", " ", "enter", " ", "e", " ", "f8")),
    Picture("wiring-fitted", ("5", " ", "end", "enter", " ", "f", " ", *"12.6", "tab", *"10")),
    Picture("kit", ("6", " ", "down")),
    Picture("kit-item", ("6", " ", "enter", " ")),
    Picture("kit-scan", ("6", " ", "s", " ")),
    Picture("kit-label", ("6", " ", "l", " ")),
    Picture("kit-models", ("6", " ", "m", " ")),
    Picture("kit-places", ("6", " ", "P", " ")),
    Picture("sites", ("6", " ", "o", " ", "enter", " ")),
    Picture("alarms", ("A", " ")),
    Picture("alarm", ("A", " ", "enter", " ")),
    Picture("alarm-rules", ("A", " ", "r", " ")),
    Picture("contacts", ("A", " ", "c", " ")),
    Picture("handovers", ("H", " ")),
    Picture("handover", ("H", " ", "enter", " ")),
    Picture("firmware", ("F", " ")),
    Picture("rollout", ("F", " ", "enter", " ")),
    Picture("releases", ("F", " ", "t", " ")),
    Picture("bench", ("F", " ", "b", " ")),
    Picture("mandate-draft", ("0", " ", "n", " ")),
    Picture("deployments", ("3", " ", "down")),
    Picture("deployment-request", ("3", " ", "n", *"audio", "tab", *"north yard", "tab", *"K7", "tab", *"now")),
    Picture("deployment-advice", ("3", " ", "v", "i", " ")),
    Picture("incident", ("exclamation_mark", " ")),
    *(Picture(f"deployment-{state}", (*_page_of(state), " ")) for state in STATES_DRAWN),
    Picture("deployment-step", (*_page_of("requested"), "s", " ")),
    Picture("deployment-refused", (*_page_of("feasible"), "s", " ")),
    Picture("deployment-plan", (*_page_of("feasible"), "p", " ")),
    Picture("deployment-visit", (*_page_of("feasible"), "v", " ", "n", " ")),
    Picture("deployment-kit", (*_page_of("authorised"), "k", " ")),
    Picture("deployment-authorities", (*_page_of("authorised"), "u", " ")),
    Picture("deployment-readiness", (*_page_of("commissioned"), "r", " ")),
    Picture("deployment-checklist", (*_page_of("checked-out"), "c", " ")),
    Picture("goto", ("colon", "u", "n", "i", " ")),
    Picture("keys", ("2", " ", "question_mark")),
)
DRAFT_PICTURES: tuple[Picture, ...] = (
    Picture("rota-draft", ("4", " ", "t", "e", *("right",) * 2, "2", " "), leave=("escape", "escape")),
    Picture("rota-what-if", ("4", " ", "t", "e", *("right",) * 2, "2", " ", "w", " "), leave=("escape",)),
    Picture("rota-solve", ("4", " ", "S", " ")),
    Picture("rota-change", ("4", " ", "E", " ")),
    Picture("rollout-new", ("F", " ", "n", " ")),
)
"""For people who draft rotas and begin rollouts; nothing of it is kept."""
LOG_PICTURES: tuple[Picture, ...] = (
    Picture("log", ("7", " ", "down", "down")),
    Picture("log-search", ("7", " ", "slash")),
    Picture("entry", ("7", " ", "down", "down", "enter", " ")),
    Picture("openings", ("7", " ", "o", " ")),
    Picture("error-reports", ("7", " ", "e", " ")),
)
"""For people who may read the log; each reading is an entry, so nobody else's pictures begin with one."""
ACCEPT = Picture("accept", ("j", " ", "enter"))
VOUCHER = Picture("voucher", ("j", " ", "v", *_LABEL, "enter", " "))

cli = App(name="tui.pictures", help="Draw the console's screens as SVG files, from a running controller.")


@cli.default
def main(
    directory: Annotated[Path, Parameter(help="where to put the pictures; made when absent")],
    *,
    config: Annotated[Path | None, Parameter(help="the client's settings file")] = None,
    drafts: Annotated[bool, Parameter(help="only what those see who draft rotas", negative="")] = False,
) -> int:
    """Draw every screen in 80×24 and in 160×48."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        written = asyncio.run(draw_all(directory, config, drafts=drafts))
    except ClientError as error:
        sys.stderr.write(f"tui.pictures: {error}\n")
        return 1
    sys.stdout.write(f"{len(written)} pictures in {directory}\n")
    return 0


async def draw_all(directory: Path, config: Path | None, *, drafts: bool = False) -> list[Path]:
    """Draw each picture in each size into `directory`, which exists; returns the files, raises ClientError.

    With `drafts` only those of drafting rotas. Else somebody who may read the log gets the log's rooms, everybody else
    the others.
    """
    written: list[Path] = []
    async with connect(load_client_settings(config)) as client:
        if drafts:
            return [await draw(client, picture, size, directory) for size in SIZES for picture in DRAFT_PICTURES]
        if "read-log" in (await client.whoami()).permissions:
            return [await draw(client, picture, size, directory) for size in SIZES for picture in LOG_PICTURES]
        pictures = [*PICTURES, *([ACCEPT] if await client.joins() else [])]
        for size in SIZES:
            written += [await draw(client, picture, size, directory) for picture in pictures]
            written.append(await draw(client, VOUCHER, size, directory))
            await _withdraw_voucher(client)
    return written


async def draw(client: FleetClient, picture: Picture, size: tuple[int, int], directory: Path) -> Path:
    """Open the console in a terminal of `size`, press the picture's keys, and write what is seen."""
    path = directory / f"{picture.name}-{size[0]}x{size[1]}.svg"
    console = ConsoleApp(client, await client.whoami(), SavedFilters(directory / ".no-filters"))
    async with console.run_test(size=size) as pilot:
        await _settle(console, pilot)
        await _press(console, pilot, (*picture.keys, " "))
        svg = console.export_screenshot(title=f"fleet-console · {picture.name}")
        await _press(console, pilot, picture.leave)
    path.write_text(_without_remote_fonts(svg), encoding="utf-8")
    return path


async def _press(console: ConsoleApp, pilot: Pilot[None], keys: tuple[str, ...]) -> None:
    for key in keys:
        if key == " ":
            await _settle(console, pilot)
        elif key == BLOCK:
            await _until_seen(console, pilot)
        else:
            await pilot.press(key)


async def _until_seen(console: ConsoleApp, pilot: Pilot[None]) -> None:
    """Wait until a unit's picture is on the screen, and its first figures are."""
    async with asyncio.timeout(ANSWER_WAIT_S):
        while BLOCK not in console.export_screenshot():
            await pilot.pause(_PAUSE_S)
    await pilot.pause(_FIGURES_S)


async def _settle(console: ConsoleApp, pilot: Pilot[None]) -> None:
    """Wait until the link is up, every question is answered, and the answers are painted."""
    async with asyncio.timeout(ANSWER_WAIT_S):
        await pilot.pause(_PAUSE_S)
        while console.link is None or not is_settled(console):
            await pilot.pause(_PAUSE_S / 4)
    await pilot.pause()


async def _withdraw_voucher(client: FleetClient) -> None:
    for voucher in await client.vouchers():
        if voucher.label == _LABEL and voucher.state == "open":
            await client.withdraw_voucher(voucher.voucher_id)


def _without_remote_fonts(svg: str) -> str:
    """A picture in the documentation must not make its reader's browser ask a stranger for a font."""
    return _FONT.sub(_LOCAL_FONT, _REMOTE_FONTS.sub("", svg))


if __name__ == "__main__":
    sys.exit(cli())
