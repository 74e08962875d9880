"""A unit's desk over a real chain and ledger in a directory, with an opener that counts in place of devices."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from edge_agent.access_record.keeper import AccessKeeper, open_keeper
from edge_agent.errors import CaptureError, StateUnusable
from edge_agent.identity import Identity
from edge_agent.keys.keystore import FIRST_KEY
from edge_agent.keys.soft import SoftKeyStore
from edge_agent.openings.desk import Desk
from edge_agent.openings.facts_source import FactsSource
from edge_agent.openings.ledger import Opening
from edge_agent.openings.ledger_file import LedgerFile
from edge_agent.openings.opener import Ended, Event
from edge_agent.openings.recorder import Recorder
from edge_agent.openings.saying import Saying
from edge_agent.openings.verdicts import Bench
from fleet.ca.authority import CertificateAuthority
from protocols.access_record import AccessRecord, Modality, read_record
from protocols.joining import BrokerAddress
from protocols.mandate import Mandate
from protocols.opening import AskNonce, GrantLease, MediaOffer, NonceMade, SealedSignal, Signal, read_signal
from tests.support.mandates import AT, BOOT, OPENING, UNIT, House, mandate, to_ms
from tests.support.opening_facts import ALL_SOURCES, MADE_MS, OFFER

LIMIT_S = 20.0
FOR_EVER = 1 << 60


class HandClock:
    """A clock that a test sets; both run together."""

    def __init__(self) -> None:
        self.boot_ms = MADE_MS

    def wall_ms(self) -> int:
        return to_ms(AT) + self.boot_ms - MADE_MS

    def mono_ms(self) -> int:
        return self.boot_ms


class CountedThing:
    """What is open: closes when told to, unless it is `held`. `events` are what its device does."""

    def __init__(self, opener: "CountingOpener", opening: Opening) -> None:
        self.opening = opening
        self.until_boot_ms = opening.until_boot_ms
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.closed_at: int | None = None
        self.held = False
        self.tried_in_vain = 0
        self._opener = opener

    async def event(self) -> Event:
        """See OpenThing."""
        event = await self.events.get()
        if isinstance(event, Ended):
            self.closed_at = event.at_boot_ms
        return event

    async def extend(self, until_boot_ms: int) -> None:
        """See OpenThing."""
        if self.closed_at is not None:
            raise CaptureError("it has ended")
        self.until_boot_ms = until_boot_ms

    async def close(self) -> int:
        """See OpenThing."""
        if self.held:
            self.tried_in_vain += 1
            raise CaptureError("a driver holds it")
        if self.closed_at is None:
            self.closed_at = self._opener.clock.mono_ms()
        return self.closed_at

    def reach_deadline(self) -> None:
        """The supervisor ends it."""
        self._opener.clock.boot_ms = self.until_boot_ms
        self.events.put_nowait(Ended(self.until_boot_ms, by_deadline=True))


@dataclass
class CountingOpener:
    """An Opener that opens nothing and keeps what it was asked."""

    clock: HandClock
    things: list[CountedThing] = field(default_factory=list)
    prepared: list[str] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    failure: CaptureError | None = None
    on_open: Callable[[Opening], None] = lambda _: None
    held: asyncio.Event | None = None

    def prepare(self, opening: str, modalities: Sequence[Modality], until_boot_ms: int) -> None:
        """See Opener."""
        assert modalities
        assert until_boot_ms > self.clock.boot_ms
        self.prepared.append(opening)

    def discard(self, opening: str) -> None:
        """See Opener."""
        self.discarded.append(opening)

    async def open(self, opening: Opening, offer: MediaOffer | None) -> CountedThing:
        """See Opener."""
        assert offer is not None or opening.modalities == ["position"]
        self.on_open(opening)
        if self.held is not None:
            await self.held.wait()
        if self.failure is not None:
            raise self.failure
        thing = CountedThing(self, opening)
        self.things.append(thing)
        return thing

    async def stop(self) -> None:
        """See Opener."""


def identity_of(house: House, state_dir: Path, **changes: Any) -> Identity:
    """A unit that belongs to `house`, with a key in `state_dir` and a certificate for it."""
    keys = SoftKeyStore(state_dir)
    keys.make(FIRST_KEY)
    own = keys.public_key(FIRST_KEY)
    assert isinstance(own, EllipticCurvePublicKey)
    place = state_dir / "ca"
    authority = CertificateAuthority.load(place) if place.exists() else CertificateAuthority.create(place, AT)
    raw = next(iter(house.keys.values())).public_bytes_raw()
    fields: dict[str, Any] = {
        "unit_id": UNIT,
        "certificate_chain_pem": authority.issue_unit(UNIT, own, AT).chain_pem,
        "roots_pem": [],
        "controller_keys": [raw.hex()],
        "broker": BrokerAddress(host="broker.example", port=8883),
        "people_list": house.people_list().text(),
    }
    return Identity(**{**fields, **changes})


@dataclass
class Unit:
    """A running desk."""

    house: House
    desk: Desk
    opener: CountingOpener
    clock: HandClock
    keeper: AccessKeeper
    keystore: SoftKeyStore
    sent: list[SealedSignal]
    news: asyncio.Condition
    facts: FactsSource
    saying: Saying

    @property
    def said(self) -> list[Signal]:
        """What it has said."""
        return [read_signal(one) for one in self.sent]

    async def told(self, kind: type[Signal], count: int = 1) -> list[Any]:
        """What it said of that kind, once it is `count`."""

        def found() -> list[Signal]:
            return [one for one in self.said if isinstance(one, kind)]

        async with asyncio.timeout(LIMIT_S), self.news:
            await self.news.wait_for(lambda: len(found()) >= count)
        return found()

    async def nonce_for(self, opening: str = OPENING, modalities: Sequence[Modality] = ("video", "audio")) -> str:
        """Ask for a nonce as the controller does."""
        before = len([one for one in self.said if isinstance(one, NonceMade)])
        self.desk.heed(AskNonce(opening=opening, modalities=list(modalities)), FOR_EVER)
        return str((await self.told(NonceMade, before + 1))[-1].nonce)

    async def granted(
        self, opening: str = OPENING, asked: Mandate | None = None, offer: MediaOffer | None = OFFER, **lease: Any
    ) -> GrantLease:
        """A grant that answers a fresh nonce."""
        asked = asked or mandate()
        modalities = lease.get("modalities", asked.modalities)
        nonce = await self.nonce_for(opening, modalities)
        fields = {"opening": opening, "nonce": nonce, "granted_at_ms": self.clock.wall_ms(), "offer": offer, **lease}
        return self.house.granted(asked, **fields)

    async def opened(self, opening: str = OPENING, asked: Mandate | None = None, **lease: Any) -> CountedThing:
        """Open it; the thing that is open."""
        before = len(self.opener.things)
        self.desk.heed(await self.granted(opening, asked, **lease), FOR_EVER)
        async with asyncio.timeout(LIMIT_S):
            while len(self.opener.things) == before:  # noqa: ASYNC110 - the opener tells nobody
                await asyncio.sleep(0.005)
        return self.opener.things[-1]

    async def chain(self) -> list[AccessRecord]:
        """The unit's records."""
        return [read_record(text) for text in await self.keeper.after(0, 1000)]

    async def recorded(self) -> list[tuple[str, str | None, str]]:
        """What, modality and reason of each record."""
        return [(one.what, one.modality, one.reason) for one in await self.chain()]


@asynccontextmanager
async def unit_at(
    path: Path,
    house: House | None = None,
    *,
    clock: HandClock | None = None,
    boot_id: str = BOOT,
    bench: Callable[[], Bench] = Bench,
    bench_every_s: float = 1.0,
    broken_chain: bool = False,
    **identity: Any,
) -> AsyncIterator[Unit]:
    """A desk over the state directory `path`, stopped at the end as the agent does."""
    house = house or House()
    clock = clock or HandClock()
    keeper = await open_keeper(path, clock, boot_id)
    opener = CountingOpener(clock)
    sent: list[SealedSignal] = []
    news = asyncio.Condition()
    keystore = SoftKeyStore(path)
    telling: set[asyncio.Task[None]] = set()

    async def tell() -> None:
        async with news:
            news.notify_all()

    def send(sealed: SealedSignal) -> None:
        sent.append(sealed)
        telling.add(asyncio.create_task(tell()))

    who = identity_of(house, path, **identity)
    saying = Saying(lambda: who, keystore, send)
    facts = FactsSource(lambda: who, boot_id, clock, bench, ALL_SOURCES, is_clock_kept=lambda: True)
    recorder = Recorder(
        StateUnusable(path, "the disk is read-only") if broken_chain else keeper, LedgerFile(path), clock, boot_id
    )
    desk = Desk(facts, recorder, opener, saying, clock, bench_every_s=bench_every_s)
    working = [asyncio.create_task(desk.run()), asyncio.create_task(saying.run())]
    try:
        yield Unit(house, desk, opener, clock, keeper, keystore, sent, news, facts, saying)
    finally:
        await desk.stop()
        for task in (*working, *telling):
            task.cancel()
        await asyncio.wait([*working, *telling])
        await keeper.close()
        for task in working:
            if not task.cancelled():
                task.result()
