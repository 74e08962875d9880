"""The people list that the unit carries: follows the fleet's, step by proved step, and never goes back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
import structlog

from edge_agent.errors import AcceptanceInvalid, AgentError, ControllerUntrusted, JoinError, StateUnusable
from edge_agent.identity import IdentityInUse
from edge_agent.renewal.renewal import Wait, seconds_or_event
from edge_agent.unit_door import UnitDoor
from edge_agent.watch import Happening
from protocols.backoff import Backoff, Draw, evenly
from protocols.errors import InvalidPeopleList
from protocols.people import PeopleList, SignedPeopleList, check_next, read_list

REFUSED_WAIT_S = 3600.0
_IDLE_S = 3600.0
_FIRST_WAIT_S = 5.0

_log = structlog.get_logger(__name__)


class _Version(msgspec.Struct):
    version: int = 0


def carried_version(text: str) -> int:
    """The version that the list in `text` gives itself, 0 when it gives none. Judges nothing."""
    try:
        return msgspec.json.decode(text, type=_Version).version
    except msgspec.DecodeError:
        return 0


class Followed(NamedTuple):
    """The newest list that may be carried, its exact text, and why the one after it must not be taken, if so."""

    text: str
    version: int
    refusal: InvalidPeopleList | None = None


def follow(text: str, page: list[SignedPeopleList]) -> Followed:
    """Go from the carried `text` as far along `page` as each list proves itself by the one before it. Pure.

    Lists that are not newer than what is carried are passed over: a page may begin early. Raises InvalidPeopleList
    when the carried text itself is none that could be followed.
    """
    current: PeopleList = read_list(text)
    for candidate in page:
        if carried_version(candidate.text) <= current.version:
            continue
        try:
            current = check_next(current, candidate)
        except InvalidPeopleList as refusal:
            return Followed(text, current.version, refusal)
        text = candidate.text
    return Followed(text, current.version)


class PeopleKeeping:
    """Fetches what is newer than the unit carries, when a Welcome has named it."""

    def __init__(
        self,
        identities: IdentityInUse,
        door: UnitDoor,
        tell: Callable[[Happening], Awaitable[None]],
        *,
        wait: Wait = seconds_or_event,
        draw: Draw = evenly,
    ) -> None:
        """`tell` spools an event."""
        self._identities = identities
        self._door = door
        self._tell = tell
        self._wait = wait
        self._draw = draw
        self._backoff = Backoff(base_s=_FIRST_WAIT_S, cap_s=_IDLE_S, draw=draw)
        self._news = asyncio.Event()
        self._never = asyncio.Event()
        self._named = 0
        self._told: set[str] = set()

    def named(self, version: int) -> None:
        """A Welcome has named `version` as the fleet's newest."""
        self._named = version
        self._news.set()

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            self._news.clear()
            wait_s = await self.step()
            # A list that is refused, or a controller that is away, is not asked for again because of a Welcome.
            await self._wait(wait_s or _IDLE_S, self._never if wait_s else self._news)

    async def step(self) -> float | None:
        """Fetch and check what is missing; returns the seconds to wait before the next try, None when all is there."""
        carried = carried_version(self._identities.now.people_list)
        if self._named < carried and self._named:
            summary = f"the controller names people list {self._named}, this unit carries {carried}"
            await self._tell_once(summary, Happening("people-list-older", "alarm", summary))
        if self._named <= carried:
            return None
        try:
            return await self._fetch()
        except InvalidPeopleList as refusal:
            summary = f"the people list {carried} that this unit carries can not be followed: {refusal.detail}"
            await self._tell_once(summary, Happening("people-list-unusable", "alarm", summary))
            return self._slowly()
        except AgentError as error:
            return await self._failed(error)

    async def _fetch(self) -> float | None:
        while True:
            identity = self._identities.now
            before = carried_version(identity.people_list)
            if before >= self._named:
                self._told.clear()
                return None
            page = await self._door.people_after(identity, before)
            followed = await asyncio.to_thread(follow, identity.people_list, page)
            if followed.version > before:
                await self._identities.change(people_list=followed.text)
                self._backoff.reset()
                summary = f"people list {followed.version} is carried in place of {before}"
                await self._tell(Happening("people-list-changed", "info", summary))
            if followed.refusal is not None:
                return await self._refused(followed.version + 1, followed.refusal)
            if followed.version == before:
                raise AcceptanceInvalid(f"no people list after {before}, though {self._named} was named")

    async def _refused(self, version: int, refusal: InvalidPeopleList) -> float:
        summary = f"people list {version} refused ({refusal.reason}): {refusal.detail}"
        await self._tell_once(summary, Happening("people-list-refused", "alarm", summary))
        _log.warning("people list refused", version=version, reason=refusal.reason, detail=refusal.detail)
        return self._slowly()

    async def _failed(self, error: AgentError) -> float:
        match error:
            case ControllerUntrusted() | StateUnusable():
                await self._tell_once(type(error).__name__, Happening("people-list-failed", "alarm", str(error)))
            case JoinError():
                _log.info("people list waits", detail=str(error))
            case _:
                raise error
        return max(1.0, self._backoff.next_s())

    def _slowly(self) -> float:
        return REFUSED_WAIT_S * self._draw(0.75, 1.25)

    async def _tell_once(self, what: str, happening: Happening) -> None:
        if what not in self._told:
            self._told.add(what)
            await self._tell(happening)
