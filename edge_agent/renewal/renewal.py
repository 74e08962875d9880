"""Keeps the unit's certificate alive: does what `plan` decides, one step at a time."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from edge_agent.certificate import read_own
from edge_agent.clock import Clock
from edge_agent.errors import (
    AcceptanceInvalid,
    AgentError,
    CertificateEnded,
    ControllerUntrusted,
    JoinError,
    RefusedByController,
    StateUnusable,
)
from edge_agent.identity import Identity, IdentityInUse
from edge_agent.keys.keystore import KeyStore
from edge_agent.renewal.checks import check_renewed
from edge_agent.renewal.plan import KnownTime, decide
from edge_agent.renewal.requests import Requests
from edge_agent.renewal.stored import StoredRequest
from edge_agent.unit_door import UnitDoor
from edge_agent.watch import Happening
from protocols.backoff import Backoff, Draw, evenly
from protocols.joining import JoinPending, Renewed, fingerprint

SHORTEST_S = 0.05
LONGEST_POLL_S = 60.0
SLOW_S = 3600.0
_FIRST_WAIT_S = 5.0

_FOR_GOOD = frozenset({"csr-invalid", "key-known", "certificate-valid"})
"""Refusals of the very request that was sent: the next one is another. All others may end when people act."""

_WORTH_WAITING = frozenset({"joins-full", "joins-too-fast"})
"""Refusals that end by themselves, soon."""

_RENEWED_FIELDS = (
    "certificate_chain_pem",
    "roots_pem",
    "controller_keys",
    "broker",
    "controller_url",
    "key_name",
    "retired_keys",
)

Wait = Callable[[float, asyncio.Event], Awaitable[None]]
"""Returns after so many seconds, or as soon as the event is set."""

_log = structlog.get_logger(__name__)


async def seconds_or_event(seconds: float, event: asyncio.Event) -> None:
    """The usual Wait."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


class Renewal:
    """One unit's renewals. `step` does what is due; `run` goes from step to step."""

    def __init__(
        self,
        identities: IdentityInUse,
        keystore: KeyStore,
        requests: Requests,
        door: UnitDoor,
        clock: Clock,
        known_time: Callable[[], KnownTime],
        tell: Callable[[Happening], Awaitable[None]],
        reconnect: Callable[[], None],
        *,
        wait: Wait = seconds_or_event,
        draw: Draw = evenly,
    ) -> None:
        """`tell` spools an event; `reconnect` makes the link show the identity as it is from then on."""
        self._identities = identities
        self._keystore = keystore
        self._requests = requests
        self._door = door
        self._clock = clock
        self._known_time = known_time
        self._tell = tell
        self._reconnect = reconnect
        self._wait = wait
        self._draw = draw
        self._backoff = Backoff(base_s=_FIRST_WAIT_S, cap_s=SLOW_S, draw=draw)
        self._wake = asyncio.Event()
        self._not_before_ms = 0
        self._told: set[str] = set()
        self._told_ended = False
        self._link_broke = False
        self._welcomed_key: str | None = None
        self._controller_ahead_ms: int | None = None

    async def run(self) -> None:
        """Go on until cancelled; raises what is a defect, and nothing else."""
        while True:
            wait_s = await self.step()
            await self._wait(wait_s, self._wake)
            self._wake.clear()

    def welcomed(self, identity: Identity) -> None:
        """The controller has welcomed a connection with the certificate of `identity`."""
        self._welcomed_key = identity.key_name
        self._link_broke = self._told_ended = False
        self._wake.set()

    def link_broke(self) -> None:
        """A connection to the broker has failed: perhaps because the certificate has ended."""
        self._link_broke = True
        self._wake.set()

    async def step(self) -> float:
        """Do what is due now, once; returns the seconds after which to call again, 0.05 … 4500.

        Called earlier, it does nothing that has to wait. Whatever the controller or the disk does is told as an event,
        once, and tried again later.
        """
        left_ms = self._not_before_ms - self._clock.mono_ms()
        if left_ms > 0:
            return max(SHORTEST_S, left_ms / 1000)
        try:
            return await self._step()
        except RefusedByController as refusal:
            return self._hold(await self._refused(refusal))
        except AgentError as error:
            wait_s = self._hold(self._backoff.next_s())
            await self._tell_failure(error)
            _log.info("renewal waits", detail=str(error), wait_s=round(wait_s, 1))
            return wait_s

    async def _step(self) -> float:
        identity = self._identities.now
        await self._remove_retired(identity)
        certificate = read_own(identity.certificate_chain_pem)
        stored = await asyncio.to_thread(self._requests.load, identity, certificate)
        kind = stored.kind if stored is not None else None
        what, wait_ms = decide(certificate, self._time(), kind, told_ended=self._told_ended)
        if not self._time().sure and (what != "wait" or self._link_broke):
            await self._ask_time(identity)
            what, wait_ms = decide(certificate, self._time(), kind, told_ended=self._told_ended)
        if what == "wait":
            if stored is not None:
                await asyncio.to_thread(self._requests.forget, identity, stored)
            return max(SHORTEST_S, wait_ms / 1000)
        if stored is None or stored.kind != what:
            stored = await asyncio.to_thread(self._requests.begin, what, identity, certificate, stored)
            if what == "rejoin":
                await self._tell_rejoining(identity)
        return await self._send(identity, stored)

    async def _send(self, identity: Identity, stored: StoredRequest) -> float:
        request = stored.request.encode()
        try:
            if stored.kind == "renew":
                reply: Renewed | JoinPending = await self._door.renew(identity, request)
            else:
                reply = await self._door.rejoin(identity, request)
        except CertificateEnded:
            self._told_ended = True
            raise
        except RefusedByController as refusal:
            if refusal.code in _FOR_GOOD:
                await asyncio.to_thread(self._requests.forget, identity, stored)
            if refusal.code == "certificate-valid":  # the clocks differ: the controller's counts
                await self._ask_time(identity)
            raise
        if isinstance(reply, Renewed):
            await self._complete(identity, stored, reply)
            return SHORTEST_S
        if reply.fingerprint != await self._fingerprint(stored.key_name):
            raise AcceptanceInvalid("the controller shows another key's fingerprint for this unit")
        self._backoff.reset()
        poll_s = min(LONGEST_POLL_S, max(SHORTEST_S, reply.poll_after_s))
        return self._hold(poll_s * self._draw(0.75, 1.25))

    async def _complete(self, identity: Identity, stored: StoredRequest, renewed: Renewed) -> None:
        own_key = await asyncio.to_thread(self._keystore.public_key, stored.key_name)
        now = self._time()
        sure_ms = now.wall_ms if now.sure else None
        checked = await asyncio.to_thread(check_renewed, renewed, identity, stored.key_name, own_key, sure_ms)
        following = {name: getattr(checked.identity, name) for name in _RENEWED_FIELDS}
        identity = await self._identities.change(**following)
        self._told_ended = False
        self._told.clear()
        self._backoff.reset()
        self._reconnect()
        await asyncio.to_thread(self._requests.forget, identity, stored)
        until_ms = read_own(identity.certificate_chain_pem).until_ms
        await self._tell(Happening("certificate-renewed", "info", f"certificate {_serial(identity)} in use"))
        _log.info("certificate renewed", key=identity.key_name, until_ms=until_ms)
        if checked.roots_changed:
            summary = f"{len(identity.roots_pem)} roots are trusted from now on"
            await self._tell(Happening("roots-changed", "info", summary))
        if checked.roots_refused:
            summary = f"{checked.roots_refused} roots were offered that no trusted root vouches for"
            await self._tell(Happening("roots-refused", "alarm", summary))

    async def _remove_retired(self, identity: Identity) -> None:
        if self._welcomed_key != identity.key_name or not identity.retired_keys:
            return
        for name in identity.retired_keys:
            await asyncio.to_thread(self._keystore.remove, name)
        await self._identities.change(retired_keys=[])

    async def _ask_time(self, identity: Identity) -> None:
        time_ms = await self._door.time_ms(identity)
        self._link_broke = False
        # A clock from before the certificate was made is wrong, and would be believed until the next start.
        if time_ms is not None and time_ms >= read_own(identity.certificate_chain_pem).from_ms:
            self._controller_ahead_ms = time_ms - self._clock.mono_ms()

    def _time(self) -> KnownTime:
        if self._controller_ahead_ms is None:
            return self._known_time()
        return KnownTime(self._clock.mono_ms() + self._controller_ahead_ms, sure=True)

    def _hold(self, wait_s: float) -> float:
        """Nothing is tried again before that, whoever calls."""
        held_s = min(1.25 * SLOW_S, max(SHORTEST_S, wait_s))
        self._not_before_ms = self._clock.mono_ms() + round(held_s * 1000)
        return held_s

    async def _refused(self, refusal: RefusedByController) -> float:
        if refusal.code in _WORTH_WAITING:
            return max(1.0, self._backoff.next_s())
        summary = f"refused ({refusal.code}): {refusal.message}"
        await self._tell_once(refusal.code, Happening("renewal-refused", "alarm", summary))
        _log.warning("renewal refused", code=refusal.code, detail=refusal.message, remedy=refusal.remedy)
        return SLOW_S * self._draw(0.75, 1.25)

    async def _tell_failure(self, error: AgentError) -> None:
        match error:
            case ControllerUntrusted():
                await self._tell_once("untrusted", Happening("controller-untrusted", "alarm", str(error)))
            case AcceptanceInvalid():
                await self._tell_once("unusable", Happening("renewal-unusable", "alarm", error.detail))
            case StateUnusable():
                await self._tell_once("state", Happening("renewal-failed", "alarm", str(error)))
            case JoinError():
                return
            case _:
                raise error

    async def _tell_once(self, what: str, happening: Happening) -> None:
        if what not in self._told:
            self._told.add(what)
            await self._tell(happening)

    async def _tell_rejoining(self, identity: Identity) -> None:
        shown = await self._fingerprint(identity.key_name)
        summary = f"the certificate has ended; a person has to accept the key {shown[:23]}… again"
        await self._tell(Happening("rejoin-asked", "warning", summary))
        _log.warning("certificate ended; waiting for a person to accept this key again", fingerprint=shown)

    async def _fingerprint(self, key_name: str) -> str:
        return fingerprint(await asyncio.to_thread(self._keystore.public_key, key_name))


def _serial(identity: Identity) -> str:
    return read_own(identity.certificate_chain_pem).serial
