"""One check by a command: begun, watched until everything is measured, closed."""

import asyncio
import sys
import time

from fleet.cli.names import unit_named
from fleet.cli.output import print_remark
from fleet.client import FleetClient
from protocols.access_record import Modality
from protocols.api.checks import CheckView, NewCheck, PreviewNews, UnitAccess, Verdict

ENDED = {"closed", "refused"}
"""States of a check in which nothing more comes of it."""
STILL_COLUMNS = 100
STILL_ROWS = 40
_MEASURED_S = 5.0
"""So long a picture has to come for the certificate to tell a frozen one."""
_LIMIT_S = 45.0


async def check_once(
    door: FleetClient, typed: str, wanted: list[Modality], mandate: str | None, kbit: int
) -> tuple[bytes | None, CheckView]:
    """The still, if there is one, and how the check ended. What is begun here is closed, whatever happens; a check that
    went on already is left to whoever began it. Raises ClientError, RequestRefused."""
    unit_id = await unit_named(door, typed)
    if not wanted:
        wanted = _covered(await door.access(unit_id), mandate)
    view = await door.begin_check(unit_id, NewCheck(modalities=wanted, mandate=mandate))
    if view.state != "asking":
        print_remark(f"{view.person} has it open already: this only watches, and leaves no certificate")
        return await _watch(door, view.opening, set(wanted), kbit), await door.check(view.opening)
    _tell(f"{unit_id} is asked for {' and '.join(wanted)} ({view.opening})")
    try:
        still = await _watch(door, view.opening, set(wanted), kbit)
    except asyncio.CancelledError:
        view = await asyncio.shield(door.close_check(view.opening, Verdict()))
        print_remark(f"interrupted: {view.opening} is closed")
        raise
    except BaseException:
        await asyncio.shield(door.close_check(view.opening, Verdict()))
        raise
    return still, await asyncio.shield(door.close_check(view.opening, Verdict()))


def _tell(said: str) -> None:
    """How far it is, to somebody who waits at a terminal."""
    if sys.stderr.isatty():
        print_remark(said)


def _covered(access: UnitAccess, mandate: str | None) -> list[Modality]:
    """Picture and sound, as far as a mandate covers them; both where that is left to the controller to refuse."""
    live = [one for one in access.mandates if mandate in {None, one.mandate}]
    both: list[Modality] = ["video", "audio"]
    covered = [each for each in both if any(b.allowance.modality == each for one in live for b in one.budgets)]
    return covered or both


async def _watch(door: FleetClient, opening: str, wanted: set[Modality], kbit: int) -> bytes | None:
    """Watch until there is a good still and every figure, a while after it went live; or until the check ends."""
    still: bytes | None = None
    live_s: float | None = None
    began_s = time.monotonic()
    async with door.preview(
        opening, columns=STILL_COLUMNS, rows=STILL_ROWS, frames_per_s=0.5, kbit_s=kbit, way="still"
    ) as preview:
        async for item in preview:
            now_s = time.monotonic()
            if isinstance(item, bytes):
                if still is None:
                    _tell("the first picture is here")
                still = item
                continue
            if item.state in ENDED:
                break
            if live_s is None and item.state == "live":
                live_s = now_s
                _tell(f"it is open; measuring for at least {_MEASURED_S:.0f} s")
            measured = live_s is not None and now_s - live_s >= _MEASURED_S and _is_complete(item, wanted)
            if (measured and (still is not None or "video" not in wanted)) or now_s - began_s > _LIMIT_S:
                break
    return still


def _is_complete(news: PreviewNews, wanted: set[Modality]) -> bool:
    figures = news.figures
    seen = "video" not in wanted or (figures.fps is not None and figures.is_black is not None)
    heard = "audio" not in wanted or figures.level_dbfs is not None
    return seen and heard
