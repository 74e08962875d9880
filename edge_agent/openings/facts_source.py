"""Gathers what the judge goes by, anew for each grant."""

import asyncio
from collections.abc import Callable, Mapping

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.clock import Clock
from edge_agent.errors import SourceUnreadable
from edge_agent.identity import Identity, controller_keys
from edge_agent.openings.ledger import Ledger
from edge_agent.openings.nonces import MadeNonce
from edge_agent.openings.verdicts import Bench, Facts, LocalClock
from edge_agent.readers.kernel_clock import read_kernel_clock
from protocols.access_record import Modality
from protocols.errors import InvalidPeopleList
from protocols.people import PeopleList, read_list

_log = structlog.get_logger(__name__)


def clock_is_kept() -> bool:
    """Whether a time service keeps this machine's clock, as it told the kernel."""
    try:
        clock = read_kernel_clock()
    except SourceUnreadable:
        return False
    return clock is not None and clock.synchronised


class FactsSource:
    """The facts of one unit on one boot."""

    def __init__(
        self,
        identity: Callable[[], Identity],
        boot_id: str,
        clock: Clock,
        bench: Callable[[], Bench],
        sources: frozenset[Modality],
        *,
        plain_keys_may_sign: bool = False,
        is_clock_kept: Callable[[], bool] = clock_is_kept,
    ) -> None:
        """`identity` is the one in use; `bench` may read files, and is asked in a thread."""
        self._identity = identity
        self.boot_id = boot_id
        self._clock = clock
        self._bench = bench
        self.sources = sources
        self._plain_keys_may_sign = plain_keys_may_sign
        self._is_clock_kept = is_clock_kept
        self._people_text = ""
        self._people: PeopleList | None = None

    @property
    def unit_id(self) -> str:
        """The unit's name."""
        return self._identity().unit_id

    @property
    def controller_keys(self) -> dict[str, Ed25519PublicKey]:
        """The keys that sign leases, by `key_id`."""
        return controller_keys(self._identity())

    async def bench(self) -> Bench:
        """What is sensed of a bench now."""
        return await asyncio.to_thread(self._bench)

    async def now(self, nonces: Mapping[str, MadeNonce], ledger: Ledger | None, ended: frozenset[str]) -> Facts:
        """The facts as they are now."""
        identity = self._identity()
        bench = await self.bench()
        return Facts(
            unit_id=identity.unit_id,
            boot_id=self.boot_id,
            now_boot_ms=self._clock.mono_ms(),
            controller_keys=controller_keys(identity),
            people=self._people_in(identity.people_list),
            nonces=nonces,
            ledger=ledger,
            clock=LocalClock(self._clock.wall_ms(), self._is_clock_kept()),
            bench=bench,
            sources=self.sources,
            ended=ended,
            plain_keys_may_sign=self._plain_keys_may_sign,
        )

    def _people_in(self, text: str) -> PeopleList | None:
        if text != self._people_text:
            self._people_text = text
            try:
                self._people = read_list(text)
            except InvalidPeopleList as error:
                _log.warning("the people list can not be read, so nothing opens", detail=error.detail)
                self._people = None
        return self._people
