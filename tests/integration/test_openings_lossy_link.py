"""A check is renewed over a link that loses and delays: the controller's rules and the unit's desk, and only the link
between them at fault. 800 ms there and back; time is the test's own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from edge_agent.openings.opener import Answered as ThingAnswered
from edge_agent.openings.opener import Ended as ThingEnded
from fleet.checks.session import Ask, Close, Ended, Grant, Session, Step, TakeAnswer
from protocols.mandate import Mandate
from protocols.opening import Answered, AskNonce, Closed, CloseOpening, DownSignal, NonceMade, Refused, Signal
from tests.support.mandates import BOOT, OPENING, allows, mandate
from tests.support.opening_desk import FOR_EVER, LIMIT_S, CountedThing, Unit, unit_at
from tests.support.opening_facts import OFFER

ONE_WAY_MS = 400
LOOK_MS = 500
TEN_MINUTES_MS = 600_000
ASKED: Mandate = mandate(allows=[allows("video", minutes_per_day=60)])

Loses = Callable[[str, int], bool]
"""Whether the link loses a message of this kind at this boot time."""


def nothing(_kind: str, _now_ms: int) -> bool:
    """A good link."""
    return False


def every_second(kind: str) -> Loses:
    """Of these messages the first is lost, the second comes, and so on."""
    seen = Counter[str]()

    def loses(this: str, _now_ms: int) -> bool:
        seen[this] += 1
        return this == kind and seen[this] % 2 == 1

    return loses


def some(percent: int, seed: int) -> Loses:
    """Lost by chance."""
    drawn = Random(seed)
    return lambda _kind, _now_ms: drawn.random() * 100 < percent


@dataclass
class Line:
    """A live check, from the controller's session to the unit's desk."""

    unit: Unit
    session: Session
    loses: Loses = nothing
    sent: Counter[str] = field(default_factory=Counter)
    ends: list[str] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        return self.unit.clock.boot_ms

    @property
    def now_s(self) -> float:
        return self.now_ms / 1000

    @property
    def thing(self) -> CountedThing:
        """What the unit has open."""
        [thing] = self.unit.opener.things
        return thing

    async def live(self, ms: int) -> None:
        """Go on so long, or to the check's end."""
        until_ms = self.now_ms + ms
        while self.now_ms < until_ms and not self.session.has_ended:
            await self.take(self.session.look(self.now_s))
            await self._pass(LOOK_MS)

    async def take(self, steps: Sequence[Step]) -> None:
        """What the controller does."""
        for step in steps:
            match step:
                case Ask():
                    await self._down(AskNonce(opening=OPENING, modalities=["video"]))
                case Grant(nonce, boot_id, first):
                    assert boot_id == BOOT
                    now_ms = self.unit.clock.wall_ms()
                    offer = OFFER if first else None
                    grant = self.unit.house.granted(
                        ASKED, opening=OPENING, nonce=nonce, granted_at_ms=now_ms, offer=offer
                    )
                    await self.take(self.session.granted(60.0, self.now_s))
                    await self._down(grant)
                case TakeAnswer():
                    await self.take(self.session.began(self.now_s))
                case Close(reason):
                    await self._down(CloseOpening(opening=OPENING, reason=reason))
                case Ended(_, reason, _):
                    self.ends.append(reason)

    async def _down(self, signal: DownSignal) -> None:
        if await self._comes(signal):
            said = len(self.unit.sent)
            self.unit.desk.heed(signal, FOR_EVER)
            if getattr(signal, "offer", None) is not None:
                await self._begins()
            await self._up(await self._next(said))

    async def _up(self, signal: Signal) -> None:
        if not await self._comes(signal):
            return
        match signal:
            case NonceMade(nonce=nonce, boot_id=boot_id):
                await self.take(self.session.nonce_made(nonce, boot_id, self.now_s))
            case Answered(nonce=nonce, sdp=sdp):
                await self.take(self.session.answered(nonce, sdp, self.now_s))
            case Refused(rule=rule, detail=detail):
                await self.take(self.session.refused(rule, detail, self.now_s))
            case Closed(reason=reason, detail=detail, open_s=open_s):
                await self.take(self.session.closed(reason, detail, open_s, self.now_s))

    async def _comes(self, signal: DownSignal | Signal) -> bool:
        kind = type(signal).__name__
        self.sent[kind] += 1
        lost = self.loses(kind, self.now_ms)
        await self._pass(ONE_WAY_MS)
        return not lost

    async def _begins(self) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not self.unit.opener.things:  # noqa: ASYNC110 - the opener tells nobody
                await asyncio.sleep(0.005)
        self.thing.events.put_nowait(ThingAnswered("v=0 answer"))

    async def _next(self, said: int) -> Signal:
        async with asyncio.timeout(LIMIT_S), self.unit.news:
            await self.unit.news.wait_for(lambda: len(self.unit.sent) > said)
        return self.unit.said[said]

    async def _pass(self, ms: int) -> None:
        """Time goes by, and the unit closes at its deadline by itself."""
        self.unit.clock.boot_ms += ms
        things = self.unit.opener.things
        if things and things[0].closed_at is None and self.now_ms >= things[0].until_boot_ms:
            said = len(self.unit.sent)
            self.thing.closed_at = self.thing.until_boot_ms
            self.thing.events.put_nowait(ThingEnded(self.thing.until_boot_ms, by_deadline=True))
            await self._up(await self._next(said))


@asynccontextmanager
async def live_check(path: Path) -> AsyncIterator[Line]:
    """A check that is live and watched, over a link that is good so far."""
    async with unit_at(path) as unit:
        line = Line(unit, Session(unit.clock.boot_ms / 1000, has_media=True))
        line.session.watched(1, line.now_s)
        await line.take(line.session.begin())
        assert line.session.state == "live"
        yield line


@pytest.mark.parametrize("kind", ["AskNonce", "NonceMade", "GrantLease", "Answered"])
async def test_a_check_lives_though_every_second_message_of_a_kind_is_lost(tmp_path: Path, kind: str) -> None:
    async with live_check(tmp_path) as line:
        line.loses = every_second(kind)
        await line.live(TEN_MINUTES_MS)
        assert line.ends == []
        assert line.thing.closed_at is None
        assert line.unit.clock.boot_ms < line.thing.until_boot_ms
        assert line.sent["AskNonce"] > 2 * TEN_MINUTES_MS // 60_000, "what is lost is asked for again"
        assert [one.what for one in await line.unit.chain()] == ["opened"], "and it is one opening, not refused once"


@pytest.mark.parametrize("seed", range(3))
async def test_a_check_lives_on_a_line_that_loses_one_in_twenty(tmp_path: Path, seed: int) -> None:
    async with live_check(tmp_path) as line:
        line.loses = some(5, seed)
        await line.live(TEN_MINUTES_MS)
        assert (line.ends, line.thing.closed_at) == ([], None)


async def test_a_check_lives_through_twenty_seconds_without_a_broker(tmp_path: Path) -> None:
    async with live_check(tmp_path) as line:
        away_ms = line.now_ms + 35_000
        line.loses = lambda _kind, now_ms: away_ms <= now_ms < away_ms + 20_000
        await line.live(TEN_MINUTES_MS)
        assert (line.ends, line.thing.closed_at) == ([], None)


async def test_without_a_broker_both_ends_close_at_the_leases_end(tmp_path: Path) -> None:
    async with live_check(tmp_path) as line:
        until_ms = line.thing.until_boot_ms
        line.loses = lambda _kind, _now_ms: True
        await line.live(TEN_MINUTES_MS)
        assert line.ends == ["expiry"]
        assert line.thing.closed_at == until_ms
        assert [one.reason for one in await line.unit.told(Closed)] == ["expiry"]


async def test_what_is_asked_again_gets_a_fresh_nonce_and_the_older_one_renews_nothing(tmp_path: Path) -> None:
    async with live_check(tmp_path) as line:
        unit, until_ms = line.unit, line.thing.until_boot_ms
        unit.clock.boot_ms += 35_000
        older = await unit.granted(asked=ASKED, offer=None)
        newer = await unit.granted(asked=ASKED, offer=None)
        assert older.logged.lease.signed != newer.logged.lease.signed
        unit.desk.heed(older, FOR_EVER)
        assert (await unit.told(Refused))[0].rule == "bad-nonce"
        assert (line.thing.until_boot_ms, line.thing.closed_at) == (until_ms, None), "what is open stays as it was"
        unit.desk.heed(newer, FOR_EVER)
        await unit.told(Answered, 2)
        assert line.thing.until_boot_ms == unit.clock.boot_ms + 60_000
