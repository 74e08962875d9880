"""The unit's desk for openings: takes what is said to it, judges, and has opened what the judge permits."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import NamedTuple

import structlog

from edge_agent.clock import Clock
from edge_agent.errors import CaptureError
from edge_agent.openings.bench_watch import LOOK_EVERY_S, bench_watched
from edge_agent.openings.facts_source import FactsSource
from edge_agent.openings.ledger import Opening
from edge_agent.openings.nonces import MadeNonce, Nonces
from edge_agent.openings.opener import Opener
from edge_agent.openings.recorder import Recorder
from edge_agent.openings.rules import NO_CARRIED_POSITION, judge
from edge_agent.openings.saying import Saying
from edge_agent.openings.session import Session, SessionEnd
from edge_agent.openings.verdicts import OpeningRefused, Permit, Refusal
from protocols.access_record import REASONS, Modality
from protocols.errors import InvalidLease
from protocols.lease import Lease, read_lease
from protocols.mandate import MandateKind
from protocols.opening import (
    Answered,
    AskNonce,
    Closed,
    CloseOpening,
    DownSignal,
    GrantLease,
    NonceMade,
    Refused,
    Signal,
)
from protocols.text import one_line

WAITING_MAX = 32
PREPARED_MS = 15_000
ENDED_REMEMBERED = 256
STOP_LIMIT_S = 15.0
_DETAIL_CHARS = 200

_log = structlog.get_logger(__name__)


class _Live(NamedTuple):
    """`said` is the first that was said of it: Answered, or Closed where it never came so far."""

    session: Session
    attending: "asyncio.Task[None]"
    said: "asyncio.Future[Signal]"


class Desk:
    """One unit's desk. The judge, the ledger and the chain are used by one thing at a time: whoever has the turn."""

    def __init__(
        self,
        facts: FactsSource,
        recorder: Recorder,
        opener: Opener,
        saying: Saying,
        clock: Clock,
        *,
        bench_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """`opener` is asked for nothing that the judge has not permitted and the recorder has not recorded. Every
        `bench_every_s` it is seen whether what a bench mandate opened still lies on a bench."""
        self._facts = facts
        self._recorder = recorder
        self._opener = opener
        self._saying = saying
        self._clock = clock
        self._bench_every_s = bench_every_s
        self._nonces = Nonces()
        self._turn = asyncio.Lock()
        self._waiting: asyncio.Queue[tuple[DownSignal, int]] = asyncio.Queue(WAITING_MAX)
        self._live: dict[str, _Live] = {}
        self._extending: set[asyncio.Task[None]] = set()
        self._ended: OrderedDict[str, Closed] = OrderedDict()
        self._stopping = False
        self._held_because = ""

    @property
    def open(self) -> list[Opening]:
        """What is open now."""
        return [live.session.opening for live in self._live.values()]

    @property
    def obstacle(self) -> str:
        """Why nothing can open, whatever is granted; "" when something can."""
        obstacle = self._recorder.obstacle()
        return "" if obstacle is None else obstacle.detail

    async def hold(self, why: str) -> bool:
        """Open nothing from now on, because of `why`, until `release`; False, and nothing has changed, while something
        is open."""
        async with self._turn:  # whoever has it may be about to open
            if self._live:
                return False
            self._held_because = why
            return True

    def release(self) -> None:
        """Open again what is granted."""
        self._held_because = ""

    def heed(self, signal: DownSignal, good_until_ms: int) -> None:
        """Take over what the controller says, to be begun before that boot time.

        One too many is dropped, unless it closes: that is done at once, before what waits.
        """
        try:
            self._waiting.put_nowait((signal, good_until_ms))
        except asyncio.QueueFull:
            _log.warning("too much is said about openings; one is dropped", signal=type(signal).__name__)
            if isinstance(signal, CloseOpening):
                self.close(signal.opening, signal.reason)

    async def run(self) -> None:
        """Attend to what is said until cancelled; `stop` comes before that."""
        async with self._turn:
            await self._recorder.begin()
        try:
            while True:
                signal, good_until_ms = await self._waiting.get()
                if self._clock.mono_ms() < good_until_ms:
                    await self._attend_to(signal)
        finally:
            left = [*(live.attending for live in self._live.values()), *self._extending]
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left)
            self._recorder.close()

    async def stop(self) -> None:
        """Close all that is open, with its record, within 15 s; then what the opener has made ready."""
        self._stopping = True
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                async with self._turn:  # whoever has it may be about to open
                    attending = [live.attending for live in self._live.values()]
                    for live in self._live.values():
                        live.session.close("agent-stopped")
                if attending:
                    await asyncio.wait(attending)
        except TimeoutError:
            _log.warning("not all is recorded as closed; what is open closes with this program")
        await self._opener.stop()

    async def cancel_mandate(self, mandate: str) -> int:
        """Never open under `mandate` again, and close what is open under it; returns how many that were.

        Raises StateUnusable when it can not be remembered beyond the next start; what was open is closed all the same.
        """
        closing = self._close_under(mandate)
        try:
            async with self._turn:
                await self._recorder.cancelled(mandate)
        finally:
            closing |= self._close_under(mandate)  # a grant may have had the turn before
            if closing:
                await asyncio.wait(closing)
        return len(closing)

    async def ask(self, opening: str, modalities: Sequence[Modality], *, carried: bool = False) -> MadeNonce:
        """A fresh nonce; whatever takes long is made ready meanwhile.

        Raises OpeningRefused, when that is recorded: when nothing can open, `no-device`, and `not-carried` for a
        position.
        """
        try:
            self._check_askable(modalities, carried=carried)
        except OpeningRefused as refused:
            async with self._turn:
                await self._recorder.refused(refused.rule, None, modalities)
            raise
        now_ms = self._clock.mono_ms()
        made = self._nonces.make(opening, modalities, now_ms, carried=carried)
        if not carried and opening not in self._live:
            self._opener.prepare(opening, modalities, now_ms + PREPARED_MS)
        return made

    async def grant(self, grant: GrantLease) -> "asyncio.Future[Signal] | None":
        """Judge a grant; open, or stay open, by it. What comes of it is said.

        Returns, for whoever waits on the unit itself, the first that is said of a new opening; None for a renewal.
        Raises OpeningRefused, when that is recorded and said.
        """
        async with self._turn:
            try:
                return await self._judged(grant)
            except OpeningRefused as refused:
                await self._refuse(grant, refused)
                raise

    def close(self, opening: str, reason: str) -> None:
        """Close an opening; what is closed already is said again."""
        live = self._live.get(opening)
        if live is not None:
            live.session.close(reason if reason in REASONS else "asked")
            return
        self._opener.discard(opening)
        self._say(self._ended.get(opening) or Closed(opening=opening, reason="asked", open_s=0, detail="was not open"))

    async def _attend_to(self, signal: DownSignal) -> None:
        match signal:
            case AskNonce(opening=opening, modalities=modalities):
                try:
                    made = await self.ask(opening, modalities)
                except OpeningRefused as refused:
                    self._say(Refused(opening=opening, rule=refused.rule, detail=_short(refused.detail)))
                else:
                    self._say(NonceMade(opening=opening, nonce=made.nonce, boot_id=self._facts.boot_id))
            case GrantLease():
                with suppress(OpeningRefused):  # that has been recorded and said
                    await self.grant(signal)
            case CloseOpening(opening=opening, reason=reason):
                self.close(opening, reason)

    async def _judged(self, grant: GrantLease) -> "asyncio.Future[Signal] | None":
        self._check_able()
        now_ms = self._clock.mono_ms()
        facts = await self._facts.now(self._nonces.outstanding(now_ms), self._recorder.ledger, frozenset(self._ended))
        verdict = judge(grant, facts)
        if isinstance(verdict, Refusal):
            raise OpeningRefused(verdict.rule, verdict.detail)
        await self._recorder.allow(verdict)
        self._nonces.use(verdict.lease.nonce)
        if verdict.is_renewal:
            self._extend(verdict)
            return None
        return self._begin(verdict)

    def _check_able(self) -> None:
        if self._stopping:
            raise OpeningRefused("agent-stopped", "the agent is stopping")
        if self._held_because:
            raise OpeningRefused("busy", self._held_because)
        obstacle = self._recorder.obstacle()
        if obstacle is not None:
            raise obstacle

    def _check_askable(self, modalities: Sequence[Modality], *, carried: bool) -> None:
        self._check_able()
        missing = [modality for modality in modalities if modality not in self._facts.sources]
        if missing:
            raise OpeningRefused("no-device", f"the unit has no device for {', '.join(missing)}")
        if carried and "position" in modalities:
            raise OpeningRefused(*NO_CARRIED_POSITION)

    def _close_under(self, mandate: str) -> "set[asyncio.Task[None]]":
        under = [live for live in self._live.values() if live.session.opening.mandate == mandate]
        for live in under:
            live.session.close("cancelled")
        return {live.attending for live in under}

    def _begin(self, permit: Permit) -> "asyncio.Future[Signal]":
        opening = permit.opening
        session = Session(opening, permit.lease.nonce, permit.offer, self._opener, self._clock, self._say)
        attending = asyncio.create_task(self._attend(session, permit.mandate.kind), name=opening.opening)
        said: asyncio.Future[Signal] = asyncio.get_running_loop().create_future()
        self._live[opening.opening] = _Live(session, attending, said)
        _log.info("opens", opening=opening.opening, mandate=opening.mandate, person=opening.person)
        return said

    def _extend(self, permit: Permit) -> None:
        session = self._live[permit.opening.opening].session
        extending = asyncio.create_task(self._extended(session, permit), name=f"{permit.opening.opening} extending")
        self._extending.add(extending)
        extending.add_done_callback(self._extending.discard)

    async def _extended(self, session: Session, permit: Permit) -> None:
        opening, nonce = permit.opening.opening, permit.lease.nonce
        try:
            await session.extend(permit.opening)
        except CaptureError as error:
            self._say(Refused(opening=opening, rule="lease-ended", nonce=nonce, detail=_short(str(error))))
        else:
            self._say(Answered(opening=opening, nonce=nonce))

    async def _attend(self, session: Session, kind: MandateKind) -> None:
        on_bench = bench_watched(self._facts.bench, session.close, self._bench_every_s)
        try:
            async with on_bench if kind == "bench" else nullcontext():
                end = await session.run()
        except Exception as error:  # noqa: BLE001 - whatever it was, it has closed, and that must be recorded
            _log.exception("an opening failed", opening=session.opening.opening)
            end = SessionEnd("fault", type(error).__name__, self._clock.mono_ms())
        async with self._turn:
            opening = session.opening
            open_s = await self._recorder.closed(opening, end)
            closed = Closed(opening=opening.opening, reason=end.reason, open_s=open_s, detail=_short(end.detail))
            self._ended[opening.opening] = closed
            while len(self._ended) > ENDED_REMEMBERED:
                self._ended.popitem(last=False)
            self._say(closed)
            del self._live[opening.opening]
        _log.info("closed", opening=opening.opening, reason=end.reason, open_s=open_s)

    async def _refuse(self, grant: GrantLease, refused: OpeningRefused) -> None:
        lease: Lease | None
        try:
            lease = read_lease(grant.logged.lease, self._facts.controller_keys)
        except InvalidLease:
            lease = None
        waited = list(self._nonces.outstanding(self._clock.mono_ms()).values())[-1:]
        opening = lease.opening if lease is not None else next((one.opening for one in waited), None)
        _log.warning("opens nothing", rule=refused.rule, detail=refused.detail, opening=opening)
        if opening is not None:
            nonce = None if lease is None else lease.nonce
            self._say(Refused(opening=opening, rule=refused.rule, nonce=nonce, detail=_short(refused.detail)))
            if opening not in self._live:
                self._opener.discard(opening)
        await self._recorder.refused(refused.rule, lease, [modality for one in waited for modality in one.modalities])

    def _say(self, signal: Signal) -> None:
        self._saying.say(signal)
        live = self._live.get(signal.opening)
        if live is not None and not live.said.done():
            live.said.set_result(signal)


def _short(text: str) -> str:
    return one_line(text, _DETAIL_CHARS)
