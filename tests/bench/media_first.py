"""How long the first picture takes after the key press, and in which steps: the part of the benchmark that repeats.

The steps, each from the end of the one before: `nonce` (until the controller grants a lease to the unit's nonce),
`receipt` (entry in the log, receipt, grant at the unit and in its access record), `device` (the media child is loaded
and has the camera open), `stream` (answer, ICE, DTLS, the first picture at the relay), `shown` (JPEG at the client).
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import asyncpg

from edge_agent.media.synthetic.camera import boot_ns
from protocols.api.checks import CheckView, NewCheck, PreviewNews, Verdict
from tests.bench.media_viewers import decoded
from tests.support.open_house import OpenHouse

STEPS = ("nonce", "receipt", "device", "stream", "shown")


@dataclass(frozen=True, slots=True)
class First:
    """One first picture; moments in milliseconds of Unix time."""

    opening: str
    asked_ms: float
    camera_ms: float
    live_ms: float
    shown_ms: float

    @property
    def took_ms(self) -> float:
        """From the key press to the decoded picture."""
        return self.shown_ms - self.asked_ms


async def first_picture(house: OpenHouse, mandate: str) -> First:
    """Begin a check as the console does, wait for its first picture, and close it again.

    Raises RuntimeError when there is none.
    """
    asked_ms = time.time() * 1000
    begun = await house.door.begin_check(house.unit.unit_id, NewCheck(modalities=["video"], mandate=mandate))
    shown_ms = await _shown_ms(house, begun.opening)
    opened = house.unit.camera.events("connect")[-1]
    view = await house.door.check(begun.opening)
    await ended(house, begun.opening)
    unix_less_boot_ms = time.time() * 1000 - boot_ns() / 1e6
    return First(begun.opening, asked_ms, opened["boot_ns"] / 1e6 + unix_less_boot_ms, _live_ms(view), shown_ms)


async def _shown_ms(house: OpenHouse, opening: str) -> float:
    news: PreviewNews | None = None
    async with house.door.preview(opening) as preview:
        async for item in preview:
            if isinstance(item, PreviewNews):
                news = item
            else:
                decoded(item)
                return time.time() * 1000
    raise RuntimeError(f"{opening} ended without a picture: {news}")


def _live_ms(view: CheckView) -> float:
    if view.live_at is None:
        raise RuntimeError(f"{view.opening} shows pictures and is not live")
    return view.live_at.timestamp() * 1000


async def ended(house: OpenHouse, opening: str) -> None:
    """Close a check, and wait until nobody holds the camera."""
    await house.door.close_check(opening, Verdict())
    await house.unit.camera.says("disconnect", house.unit.camera.count("connect"))


async def steps_of(house: OpenHouse, firsts: list[First]) -> dict[str, list[float]]:
    """How long each step took each time, in milliseconds."""
    granted_ms, taken_ms = await _granted_ms(house), _taken_ms(house)
    found: dict[str, list[float]] = {step: [] for step in STEPS}
    for one in firsts:
        granted, taken = granted_ms[one.opening], taken_ms[one.opening]
        moments = (one.asked_ms, granted, taken, one.camera_ms, one.live_ms, one.shown_ms)
        for step, (before, after) in zip(STEPS, pairwise(moments), strict=True):
            found[step].append(after - before)
    return found


async def _granted_ms(house: OpenHouse) -> dict[str, float]:
    """When the controller granted the first lease of each opening."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(house.server.dsn())
    try:
        rows = await connection.fetch("SELECT body FROM log_entry WHERE kind = 'lease.granted' ORDER BY entry_id DESC")
    finally:
        await connection.close()
    bodies = [json.loads(row["body"]) for row in rows]
    return {body["opening"]: _unix_ms(body["at"]) for body in bodies}


def _taken_ms(house: OpenHouse) -> dict[str, float]:
    """When the unit had verified and recorded each opening's lease."""
    lines = agent_lines(house, "opens")
    return {line["opening"]: _unix_ms(line["timestamp"]) for line in lines}


def agent_lines(house: OpenHouse, event: str) -> list[dict[str, Any]]:
    """What the unit's agent and its children said of `event` so far, oldest first."""
    log = house.place.logs / f"agent-{house.unit.name}.log"
    read = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in read if line["event"] == event]


def _unix_ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000
