"""Pictures from a unit to whoever watches: how soon, how late, and what they cost.

    python -m tests.bench.media --firsts 20 --window-s 15

A whole house on this machine: PostgreSQL, a witness, the broker, the controller, and a unit's agent with supervisor and
media child, whose camera sends H.264 of 1280x720 at 25 pictures a second, some 2.5 Mbit/s of noise, a picture that
needs every bit. In one run, one after the other:

1. `first_picture_ms` (median) and its p95: from asking for a check to the first decoded picture at the client, in
   `steps_ms` (medians; see `tests.bench.media_first`).
2. `latency_ms_…`: the age of each picture when a WebRTC viewer behind the controller has decoded it, read from the
   frame counter in it. The viewer is aiortc as it comes, which waits for the first packet of the next picture: 40 ms of
   these are its own. `preview_latency_ms_…`: the same of a terminal's JPEGs.
3. Shares of one core. `unit_cpu_…`: the media child. `relay_cpu_passthrough`: the whole controller with one stream and
   one viewer, and its decoder, less what it used with none; `relay_cpu_forwarding` is its event loop's part,
   `relay_cpu_decoder` that of the process which decodes for the readiness certificate. `relay_cpu_reencode`: a relay
   that decodes and encodes the same stream for one viewer (`tests.bench.media_relay`).
   `unit_cpu_reencode`: the media child on a camera whose key frames are a minute apart, which it has to encode anew
   once a viewer needs one. `beside` has what agent and supervisors use meanwhile.
   `pictures` says for each what its viewer saw: shares compare only where size and rate are the same (`comparable`),
   and the unit did not turn to encoding, or back, where it should not have (`turned`).

One line of JSON on standard output. Fails when no picture comes, or when the shares can not be compared, as the machine
was too busy. It ends within six minutes, and ends what it has started.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from fleet.media.decoder_process import PROGRAM
from protocols.api.checks import NewCheck
from tests.bench.lines import say, tell
from tests.bench.media_cpu import below, shares
from tests.bench.media_first import agent_lines, ended, first_picture, steps_of
from tests.bench.media_relay import reencoded_for
from tests.bench.media_viewers import Sight, peer_at, terminal_at
from tests.support.open_house import OpenHouse, open_house
from tests.support.open_house_papers import authority, mandate
from tests.support.waiting import until

LIMIT_S = 360.0
CAMERA = ("--size", "1280x720", "--fps", "25", "--kbit-s", "2500", "--grain")
RARE_KEYFRAMES = ("--gop-s", "60")
_CHILD = "edge_agent.media.child"
_DECODER = PROGRAM[-1]
_SETTLING_PICTURES = 75
_SETTLING_S = 2.0
_SETTLING_TRIES = 6
_COMPARABLE = 0.95
_ENCODES_FOR_S = 50.0
"""From the opening on: after the second key frame of such a camera the unit may pass it through again."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How often, and how long each."""

    firsts: int
    window_s: float


@dataclass(frozen=True, slots=True)
class Passage:
    """What one stream was like for `window_s`: shares of a core, and what its viewer saw."""

    shares: dict[str, float]
    ages_ms: list[float]
    size: tuple[int, int]
    pictures_per_s: float

    @property
    def picture(self) -> str:
        """Such as 1280x720@25.0."""
        return f"{self.size[0]}x{self.size[1]}@{self.pictures_per_s:.1f}"


async def measure(wish: Wish) -> dict[str, Any]:
    """The whole benchmark; see the module. Raises TimeoutError."""
    async with asyncio.timeout(LIMIT_S):
        say("a house is founded and a unit joins it")
        async with open_house(camera=CAMERA) as house:
            return await Bench(house, wish, await mandate(house, house.unit, await authority(house))).run()


class Bench:
    """The measurements, in one house."""

    def __init__(self, house: OpenHouse, wish: Wish, allowed: str) -> None:
        self._house = house
        self._wish = wish
        self._mandate = allowed
        self._controller = house._running["controller"].process.pid
        self._turned = False
        self._agent = house._running[f"agent-{house.unit.name}"].process.pid

    async def run(self) -> dict[str, Any]:
        """All of them."""
        firsts = await self._firsts()
        say(f"idle for {self._wish.window_s:g} s")
        idle = await shares(self._unit_and_controller(), self._wish.window_s)
        passed, previews_ms, compared = await self._passing_through()
        encoded = await self._reencoding()
        return {
            **firsts,
            **_latencies(passed, previews_ms),
            **_costs(idle, passed, compared, encoded),
            "turned": self._turned,
        }

    async def _firsts(self) -> dict[str, Any]:
        found = []
        for number in range(1, self._wish.firsts + 1):
            found.append(await first_picture(self._house, self._mandate))
            say(f"first picture {number} of {self._wish.firsts}: {found[-1].took_ms:.0f} ms")
        took_ms = [one.took_ms for one in found]
        steps = {name: round(median(values)) for name, values in (await steps_of(self._house, found)).items()}
        say(f"steps: {steps}")
        return {
            "first_picture_ms": round(median(took_ms)),
            "first_picture_ms_p95": round(quantile(took_ms, 0.95)),
            "first_pictures": len(found),
            "steps_ms": steps,
        }

    async def _passing_through(self) -> tuple[Passage, list[float], Passage]:
        """The stream as it comes, the ages of previews, and the stream through a relay that encodes."""
        opening = await self._begin()
        async with peer_at(self._house, opening) as peer:
            passed = await self._passage("passing through", peer.sight, self._unit_and_controller(opened=True))
        self._turned |= bool(self._modes(opening))
        async with terminal_at(self._house, opening) as shown:
            await shown.sees(2)
            shown.forget()
            say(f"previews: {self._wish.window_s:g} s")
            await asyncio.sleep(self._wish.window_s)
            previews_ms = list(shown.ages_ms)
        async with reencoded_for(self._house, opening) as (relay, seen):
            compared = await self._passage("a relay that encodes", seen, {"relay": relay})
        await ended(self._house, opening)
        return passed, previews_ms, compared

    async def _reencoding(self) -> Passage:
        """The stream as the unit encodes it."""
        say("the camera is started anew, with a key frame each minute")
        await self._house.stop(f"camera-{self._house.unit.name}")
        await self._house.start_camera(self._house.unit, *RARE_KEYFRAMES)
        opening = await self._begin()
        begun_s = time.monotonic()
        async with peer_at(self._house, opening) as peer:

            async def encodes() -> bool:
                await peer.ask_keyframe()
                return bool(self._modes(opening))

            await until(encodes)
            encoded = await self._passage("encoding on the unit", peer.sight, self._unit_and_controller(opened=True))
        self._turned |= time.monotonic() - begun_s > _ENCODES_FOR_S
        await ended(self._house, opening)
        return encoded

    async def _begin(self) -> str:
        """A check whose first picture has come."""
        wish = NewCheck(modalities=["video"], mandate=self._mandate)
        begun = await self._house.door.begin_check(self._house.unit.unit_id, wish)
        async with terminal_at(self._house, begun.opening) as shown:
            await shown.sees(1)
        return begun.opening

    async def _passage(self, what: str, seen: Sight, pids: dict[str, int]) -> Passage:
        await _settled(seen)
        seen.forget()
        say(f"{what}: {self._wish.window_s:g} s")
        used = await shares(pids, self._wish.window_s)
        passage = Passage(used, list(seen.ages_ms), seen.size, seen.pictures_per_s)
        if not passage.ages_ms:
            raise RuntimeError(f"{what}: no picture with a number was seen")
        rounded = {name: round(share, 3) for name, share in used.items()}
        say(f"{what}: {passage.picture}, {median(passage.ages_ms):.0f} ms old, {seen.unreadable} unreadable, {rounded}")
        return passage

    def _unit_and_controller(self, *, opened: bool = False) -> dict[str, int]:
        """Process ids of controller, agent, supervisors, and, where one is `opened`, the media child."""
        descendants = below(self._agent)
        children = [one.pid for one in descendants if _CHILD in one.command and one.parent != self._agent]
        supervisors = [one.pid for one in descendants if one.parent == self._agent]
        named = {"controller": self._controller, "agent": self._agent}
        named |= {f"supervisor {place}": pid for place, pid in enumerate(supervisors)}
        if opened:
            [named["child"]] = children
            [named["decoder"]] = [one.pid for one in below(self._controller) if _DECODER in one.command]
        return named

    def _modes(self, opening: str) -> list[str]:
        """What the unit's media child has changed to since it opened."""
        [opened] = [line for line in agent_lines(self._house, "opens") if line["opening"] == opening]
        changes = agent_lines(self._house, "media-mode")
        return [line["mode"] for line in changes if line["timestamp"] > opened["timestamp"]]


async def _settled(seen: Sight) -> None:
    """Wait until pictures come at the camera's pace, without what has piled up at the beginning; for a while only."""
    await seen.sees(_SETTLING_PICTURES)
    for _ in range(_SETTLING_TRIES):
        seen.forget()
        await asyncio.sleep(_SETTLING_S)
        if abs(seen.pictures_per_s / seen.fps - 1) < 1 - _COMPARABLE:
            return


def _latencies(passed: Passage, previews_ms: list[float]) -> dict[str, Any]:
    return {
        "latency_ms_p50": round(median(passed.ages_ms), 1),
        "latency_ms_p99": round(quantile(passed.ages_ms, 0.99), 1),
        "preview_latency_ms_p50": round(median(previews_ms), 1),
        "preview_latency_ms_p99": round(quantile(previews_ms, 0.99), 1),
    }


def _costs(idle: dict[str, float], passed: Passage, compared: Passage, encoded: Passage) -> dict[str, Any]:
    used = passed.shares
    sizes = {one.size for one in (passed, compared, encoded)}
    rates = [one.pictures_per_s for one in (passed, compared, encoded)]
    return {
        "unit_cpu_passthrough": round(used["child"], 3),
        "unit_cpu_reencode": round(encoded.shares["child"], 3),
        "relay_cpu_passthrough": round(used["controller"] + used["decoder"] - idle["controller"], 3),
        "relay_cpu_forwarding": round(used["controller loop"] - idle["controller loop"], 3),
        "relay_cpu_decoder": round(used["decoder"], 3),
        "relay_cpu_reencode": round(compared.shares["relay"], 3),
        "controller_cpu_idle": round(idle["controller"], 3),
        "beside": _beside(used, idle),
        "reencode_latency_ms_p50": {
            "relay": round(median(compared.ages_ms), 1),
            "unit": round(median(encoded.ages_ms), 1),
        },
        "pictures": {"passthrough": passed.picture, "relay": compared.picture, "unit": encoded.picture},
        "comparable": len(sizes) == 1 and min(rates) > _COMPARABLE * max(rates),
    }


def _beside(used: dict[str, float], idle: dict[str, float]) -> dict[str, float]:
    """What agent and supervisors used more than when nothing was open."""
    names = [name for name in idle if not name.startswith("controller") and not name.endswith("loop")]
    return {name: round(used[name] - idle[name], 3) for name in names}


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 … 1) of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    """Run, and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--firsts", type=int, default=20, help="first pictures, 1 to 40: a mandate has 48 a day")
    parser.add_argument("--window-s", type=float, default=15.0, help="how long each stream is looked at, 2 to 30")
    arguments = parser.parse_args()
    if not (1 <= arguments.firsts <= 40 and 2 <= arguments.window_s <= 30):
        parser.error("--firsts is 1 to 40, --window-s 2 to 30")
    result = asyncio.run(measure(Wish(arguments.firsts, arguments.window_s)))
    tell(json.dumps(result))
    sys.exit(0 if result["comparable"] and not result["turned"] else 1)


if __name__ == "__main__":
    main()
