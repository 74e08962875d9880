"""The revoker: makes brokers obey a revocation, within seconds.

revoked → list with a canary on it → the broker refuses the canary, so it has read the list → the unit's session is
taken over with a one-minute certificate → cut off. Every step can be taken again by any controller: what is left to do
is in the database. A revoked unit whose certificates have all ended is cut off too: its session may outlive them.
"""

import asyncio
from datetime import timedelta

import structlog

from fleet.ca.authority import CertificateAuthority
from fleet.ca.errors import AuthorityError
from fleet.clock import Clock
from fleet.entries.entry import CONTROLLER
from fleet.entries.people_and_units import UnitCutOff
from fleet.errors import StoreUnavailable
from fleet.feed.hub import Hub, Subscription
from fleet.revocation.errors import ListNotRead, RevocationError, TakeoverRefused
from fleet.revocation.guard import Guard
from fleet.revocation.revocation_list import AT_ONCE, Canary, RevocationList
from fleet.revocation.units_listener import TakenOver, UnitsListener
from fleet.store.events import ControllerEvent
from fleet.store.store import Store
from protocols.backoff import Backoff

_POLL_S = 2.0
_READ_LIMIT_S = 5.0
_PROBE_EVERY_S = 0.05
_FIRST_PATIENCE_S = 0.2
_LAST_PATIENCE_S = 2.0
_TOGETHER = 2
_CANARY_LEFT = timedelta(minutes=1)
"""A canary is judged as revoked only while it has not ended."""

_log = structlog.get_logger(__name__)


class Revoker:
    """One controller's part in cutting revoked units off; several do not disturb each other."""

    def __init__(
        self,
        *,
        store: Store,
        authority: CertificateAuthority,
        hub: Hub,
        clock: Clock,
        revocation_list: RevocationList,
        listener: UnitsListener,
    ) -> None:
        self._store = store
        self._authority = authority
        self._hub = hub
        self._clock = clock
        self._list = revocation_list
        self._listener = listener
        self._canary: Canary | None = None
        self._read: frozenset[str] = frozenset()
        """Waiting units whose certificates the broker is known to refuse, since list `_number`."""
        self._number = 0
        self._refused: set[str] = set()
        """Waiting units whose sessions could not be taken over: the others go first."""
        self._guard = Guard(self._take_over)
        self._delay_told = False

    async def run(self) -> None:
        """Work until cancelled; a lost database or broker only delays."""
        backoff = Backoff(base_s=0.2, cap_s=_POLL_S)
        async with self._guard:
            with self._hub.subscribe() as changes:
                while True:
                    try:
                        await self.work()
                    except StoreUnavailable as error:
                        _log.warning("revocation waits for the database", detail=error.detail)
                        await asyncio.sleep(backoff.next_s())
                    except RevocationError as error:
                        await self._tell_delay(error)
                        await asyncio.sleep(backoff.next_s())
                    else:
                        backoff.reset()
                        self._delay_told = False
                        await _something_revoked(changes)

    async def work(self) -> None:
        """Bring the list up to date and cut off every unit that waits for it.

        Raises StoreUnavailable, RevocationError.
        """
        if await self._waiting() <= self._read:
            await self._list.refresh(self._clock())
        tried: frozenset[str] = frozenset()
        while True:
            waiting = await self._waiting()
            self._read &= waiting
            self._refused &= waiting
            if not waiting - tried:
                return  # what is left is in another controller's hands
            if not waiting <= self._read:
                await self._make_broker_read(waiting)
            tried |= waiting & self._read
            await self._cut_off_all(
                sorted(waiting & self._read, key=lambda unit_id: (unit_id in self._refused, unit_id))
            )

    async def _waiting(self) -> frozenset[str]:
        async with self._store.transaction() as transaction:
            return frozenset(await transaction.revocation.to_cut_off(AT_ONCE))

    async def _make_broker_read(self, units: frozenset[str]) -> None:
        """Return when the broker has read a list with the certificates of `units` on it."""
        canary, now = self._canary, self._clock()
        if canary is None or not units <= canary.units or canary.shown.not_after - now < _CANARY_LEFT:
            canary = self._canary = await self._list.with_canary(now)
        else:
            await self._list.refresh(now)
        if canary is None:
            return
        deadline = asyncio.get_running_loop().time() + _READ_LIMIT_S
        patience_s = _FIRST_PATIENCE_S
        while not await self._listener.refuses(canary.shown, self._authority.roots_pem, patience_s):
            if asyncio.get_running_loop().time() > deadline:
                raise ListNotRead(canary.number, _READ_LIMIT_S)
            await asyncio.sleep(_PROBE_EVERY_S)
            patience_s = min(patience_s * 1.5, _LAST_PATIENCE_S)
        self._read |= canary.units
        self._number, self._canary = canary.number, None

    async def _cut_off_all(self, units: list[str]) -> None:
        for start in range(0, len(units), _TOGETHER):
            some = units[start : start + _TOGETHER]
            results = await asyncio.gather(*(self._cut_off(unit_id) for unit_id in some), return_exceptions=True)
            faults = [fault for fault in results if isinstance(fault, BaseException)]
            self._refused |= {fault.unit_id for fault in faults if isinstance(fault, TakeoverRefused)}
            if faults:
                raise faults[0]

    async def _cut_off(self, unit_id: str) -> None:
        """Take the unit's session over and enter that; nothing when another controller does so or has done so.

        The unit's row stays locked meanwhile, for seconds at the most: a controller that dies there lets go of it.
        """
        async with self._store.transaction() as transaction:
            if not await transaction.revocation.take_to_cut_off(unit_id):
                return
            self._guard.let_go(unit_id)
            session = await self._take_over(unit_id)
            # Held whatever becomes of the transaction: its end would leave the way free for a waiting connection.
            self._guard.hold(unit_id, session)
            now = self._clock()
            await transaction.revocation.set_cut_off(unit_id, now)
            await transaction.log.append(
                UnitCutOff(at=now, actor=CONTROLLER, unit=unit_id, crl=self._number, takeover=session.serial)
            )
            transaction.changed.units.add(unit_id)
        _log.info("a revoked unit is cut off", unit=unit_id, crl=self._number)

    async def _take_over(self, unit_id: str) -> TakenOver:
        try:
            shown = self._authority.issue_takeover(unit_id, self._clock())
        except AuthorityError as error:
            raise TakeoverRefused(unit_id, str(error)) from error
        return await self._listener.take_over(unit_id, shown, self._authority.roots_pem)

    async def _tell_delay(self, error: RevocationError) -> None:
        """A warning event, once for each time that revocation comes to stand still."""
        _log.warning("revocation is delayed", detail=str(error))
        if self._delay_told:
            return
        event = ControllerEvent(
            kind="revocation-delayed",
            severity="warning",
            summary=f"revocation is delayed and tried again: {error}"[:200],
            repeat_key="revocation-delayed",
        )
        try:
            async with self._store.transaction() as transaction:
                await transaction.events.add(event, self._clock())
                transaction.changed.events = True
        except StoreUnavailable as unavailable:
            _log.warning("the delay can not be recorded now", detail=unavailable.detail)
        else:
            self._delay_told = True


async def _something_revoked(changes: Subscription) -> None:
    """Wait until a change concerns the list, or it is time to look anyway."""
    try:
        async with asyncio.timeout(_POLL_S):
            while True:
                change = await changes.take()
                if change.revocations or change.all:
                    return
    except TimeoutError:
        return
