"""A unit's desk over a real chain and ledger, whose time goes by in steps, and whose opener counts."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge_agent.access_record.keeper import AccessKeeper, open_keeper
from edge_agent.errors import CaptureError
from edge_agent.identity import Identity
from edge_agent.openings.desk import Desk
from edge_agent.openings.facts_source import FactsSource
from edge_agent.openings.ledger import Opening
from edge_agent.openings.ledger_file import LedgerFile
from edge_agent.openings.nonces import MadeNonce
from edge_agent.openings.opener import Ended
from edge_agent.openings.recorder import Recorder
from edge_agent.openings.saying import Saying
from edge_agent.openings.verdicts import Bench, OpeningRefused
from protocols.access_record import Modality
from protocols.joining import BrokerAddress
from protocols.opening import Answered, GrantLease, MediaOffer, Refused, Signal
from tests.fuzz.grants_papers import EVERYTHING, UNITS
from tests.support.mandates import House

LIMIT_S = 30.0
BENCH_EVERY_S = 0.005


class Outcome(NamedTuple):
    """What became of a grant: until when what it opened or kept open stays so, or the rule that it broke."""

    until_boot_ms: int | None
    rule: str = ""


class SteppedClock:
    """Stands still between steps."""

    def __init__(self, boot_ms: int, wall_offset_ms: int) -> None:
        self.boot_ms = boot_ms
        self.wall_offset_ms = wall_offset_ms

    def wall_ms(self) -> int:
        """See Clock."""
        return max(0, self.boot_ms + self.wall_offset_ms)

    def mono_ms(self) -> int:
        """See Clock."""
        return self.boot_ms


class Thing:
    """What is open. It ends at its deadline by the clock, whatever the program does."""

    def __init__(self, opening: Opening, clock: SteppedClock) -> None:
        self.opening = opening.opening
        self.until_boot_ms = opening.until_boot_ms
        self.ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._clock = clock

    async def event(self) -> Ended:
        """See OpenThing."""
        return await asyncio.shield(self.ended)

    async def extend(self, until_boot_ms: int) -> None:
        """See OpenThing."""
        if self.ended.done():
            raise CaptureError("it has ended")
        self.until_boot_ms = until_boot_ms

    async def close(self) -> int:
        """See OpenThing."""
        if not self.ended.done():
            self.ended.set_result(Ended(self._clock.boot_ms, by_deadline=False))
        return self.ended.result().at_boot_ms

    def reach(self, boot_ms: int) -> None:
        """Time has come to `boot_ms`."""
        if not self.ended.done() and self.until_boot_ms <= boot_ms:
            self.ended.set_result(Ended(self.until_boot_ms, by_deadline=True))


class WatchedOpener:
    """Opens nothing, and keeps what it was asked to."""

    def __init__(self, clock: SteppedClock, news: asyncio.Event) -> None:
        self.things: list[Thing] = []
        self._clock = clock
        self._news = news

    def prepare(self, opening: str, modalities: Sequence[Modality], until_boot_ms: int) -> None:
        """See Opener."""

    def discard(self, opening: str) -> None:
        """See Opener."""

    async def open(self, opening: Opening, offer: MediaOffer | None) -> Thing:
        """See Opener."""
        del offer
        thing = Thing(opening, self._clock)
        self.things.append(thing)
        self._news.set()
        return thing

    async def stop(self) -> None:
        """See Opener."""

    def open_now(self) -> dict[str, Thing]:
        """What has not ended."""
        return {thing.opening: thing for thing in self.things if not thing.ended.done()}


class Heard(Saying):
    """Keeps what is said, unsigned and unsent."""

    def __init__(self, news: asyncio.Event) -> None:
        self.heard: list[Signal] = []
        self._news_of_it = news

    def say(self, signal: Signal) -> None:
        """See Saying."""
        self.heard.append(signal)
        self._news_of_it.set()

    async def said(self) -> None:
        """See Saying."""


class SteppedUnit:
    """The program on one boot. `start` and then `crash` or `stop`."""

    def __init__(self, state_dir: Path, house: House, people_list: str, clock: SteppedClock, boot_id: str) -> None:
        raw = next(iter(house.keys.values())).public_bytes_raw().hex()
        broker = BrokerAddress(host="broker.example", port=8883)
        self._identity = Identity(
            unit_id=UNITS[0],
            certificate_chain_pem="",
            roots_pem=[],
            controller_keys=[raw],
            broker=broker,
            people_list=people_list,
        )
        self.clock = clock
        self.boot_id = boot_id
        self.bench = Bench()
        self.clock_is_kept = True
        self._state_dir = state_dir
        self._news = asyncio.Event()
        self.opener = WatchedOpener(clock, self._news)
        self._saying = Heard(self._news)

    async def start(self) -> None:
        """Begin where the program before ended."""
        self._keeper: AccessKeeper = await open_keeper(self._state_dir, self.clock, self.boot_id)
        facts = FactsSource(
            lambda: self._identity,
            self.boot_id,
            self.clock,
            lambda: self.bench,
            EVERYTHING,
            is_clock_kept=lambda: self.clock_is_kept,
        )
        self._ledger = LedgerFile(self._state_dir)
        recorder = Recorder(self._keeper, self._ledger, self.clock, self.boot_id)
        self._desk = Desk(facts, recorder, self.opener, self._saying, self.clock, bench_every_s=BENCH_EVERY_S)
        self._running = asyncio.create_task(self._desk.run())
        async with asyncio.timeout(LIMIT_S):
            while recorder.ledger is None or recorder.ledger.open:  # noqa: ASYNC110 - a recorder rings no event
                await asyncio.sleep(0.0005)

    @property
    def people_list(self) -> str:
        """The text of the list that it goes by."""
        return self._identity.people_list

    def carry(self, people_list: str) -> None:
        """Go by another people list from now on."""
        self._identity = _with_list(self._identity, people_list)

    async def ask(self, opening: str, modalities: Sequence[Modality], *, carried: bool) -> MadeNonce:
        """A nonce."""
        return await self._desk.ask(opening, modalities, carried=carried)

    async def grant(self, grant: GrantLease) -> Outcome:
        """Show a grant, and wait for what becomes of it."""
        opened, said = len(self.opener.things), len(self._saying.heard)
        try:
            await self._desk.grant(grant)
        except OpeningRefused as refused:
            return Outcome(self._until_of_new(opened), refused.rule)
        nonce = msgspec.json.decode(grant.logged.lease.signed)["nonce"]
        async with asyncio.timeout(LIMIT_S):
            while (until_boot_ms := self._until_of_new(opened)) is None:
                for signal in self._saying.heard[said:]:
                    if isinstance(signal, Answered) and signal.nonce == nonce:
                        return Outcome(self.opener.open_now()[signal.opening].until_boot_ms)
                    if isinstance(signal, Refused) and signal.nonce == nonce:
                        return Outcome(None, signal.rule)
                await self._wait()
        return Outcome(until_boot_ms)

    def _until_of_new(self, opened: int) -> int | None:
        return self.opener.things[-1].until_boot_ms if len(self.opener.things) > opened else None

    async def close(self, opening: str) -> None:
        """Close one."""
        self._desk.close(opening, "asked")
        async with asyncio.timeout(LIMIT_S):
            while any(one.opening == opening for one in self._desk.open):
                await self._wait()

    async def cancel(self, mandate: str) -> None:
        """Cancel a mandate."""
        await self._desk.cancel_mandate(mandate)
        await self._settled()

    async def lie(self, bench: Bench) -> None:
        """Lie so from now on; where that is no bench, what a bench mandate opened has closed."""
        self.bench = bench
        if bench.is_sensed:
            return
        async with asyncio.timeout(LIMIT_S):
            while any(one.authority is None for one in self._desk.open):
                await self._wait()

    async def advance(self, ms: int) -> None:
        """Let time go by; what has a deadline in it ends then."""
        for thing in self.opener.things:
            thing.reach(self.clock.boot_ms + ms)
        self.clock.boot_ms += ms
        await self._settled()

    async def stop(self) -> None:
        """End as the agent does when it is told to."""
        await self._desk.stop()
        await self.crash()

    async def crash(self) -> None:
        """End at once. What was open ends with the program, and nobody writes that down."""
        for thing in self.opener.things:
            await thing.close()
        self._running.cancel()
        await asyncio.wait([self._running])
        await self._keeper.close()

    async def _settled(self) -> None:
        """What has ended is written down."""
        async with asyncio.timeout(LIMIT_S):
            while {one.opening for one in self._desk.open} - set(self.opener.open_now()):
                await self._wait()

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()


def _with_list(identity: Identity, people_list: str) -> Identity:
    fields = {name: getattr(identity, name) for name in Identity.__struct_fields__}
    return Identity(**{**fields, "people_list": people_list})
