"""One check at work: hears what happens, asks the pure session what to do, and does it. One task, in one controller."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from fleet.checks.chapters import Judgement, Outcome
from fleet.checks.diary import Diary
from fleet.checks.happenings import Asked, Happening, Heard, LeaseMade
from fleet.checks.leasing import Leasing
from fleet.checks.media import CheckMedia, MediaBegun, MediaOver, Watching
from fleet.checks.permits import Check
from fleet.checks.session import Ask, Close, Ended, GoDark, Grant, Rest, Session, Step, TakeAnswer
from fleet.checks.tools import Tools
from fleet.checks.unit_line import UnitLine
from fleet.checks.warden import LAST_LEASE, Warden
from fleet.errors import StoreUnavailable
from fleet.mandates.standing import Obstacle, Standing
from fleet.media.errors import MediaError, TooMany
from fleet.media.frames import MediaKind
from fleet.store.checks import sentence
from protocols.api.checks import CheckView, PreviewNews, StreamFigures
from protocols.opening import (
    Answered,
    AskNonce,
    Closed,
    CloseOpening,
    NonceMade,
    PositionFound,
    Refused,
)
from protocols.uplink import PositionMessage, SignalMessage

_MAX_HEARD = 32
"""Words of the unit that wait to be proven: whoever can publish in its name can send any number."""
_TICK_S = 1.0

_log = structlog.get_logger(__name__)


class CheckRunner:
    """A check; `run` it once. Whatever is called on it after its end changes nothing."""

    def __init__(self, check: Check, tools: Tools, standing: Standing) -> None:
        authority = standing.authority
        self.check = check
        self.settled = asyncio.Event()
        """It was live at some time, or nobody is given anything any more: nobody waits for its first picture."""
        self.ended = asyncio.Event()
        """Nobody is given anything any more."""
        self.written = asyncio.Event()
        """Its end is in the database, or the controller stops."""
        self._tools = tools
        self._authority = authority
        self._purpose = standing.mandate.purpose
        self._mandate_ends_at = standing.until
        self._clock = asyncio.get_running_loop().time
        self._stir = asyncio.Event()
        self._heard: deque[Heard] = deque()
        self._own: deque[Happening] = deque()
        self._asked: Asked | None = None
        self._must_look = False
        self.media = CheckMedia(check, tools, authority, self._tell)
        self._line = UnitLine(check, tools)
        self._warden = Warden(check, tools, self._line)
        self._leasing = Leasing(check, tools, self.media, self._tell)
        self._diary = Diary(check, tools, authority)
        self._session = Session(self._clock(), has_media=self.media.is_wanted, limits=tools.limits)
        self._named = check.person_id
        """Whom the lease names that runs."""
        self._checked_s = 0.0
        self._entry: int | None = None
        self._live_at: datetime | None = None
        self._closed_at: datetime | None = None
        self._used_s = 0
        self._minutes_per_day = 0

    @property
    def is_live(self) -> bool:
        """Whether pictures or sounds come."""
        return self._session.state == "live" and self.goes_on

    @property
    def goes_on(self) -> bool:
        """Whether it may still be joined: it has not ended, and is not about to, though that may not be written yet."""
        return self._session.goes_on

    def hear(self, message: SignalMessage | PositionMessage) -> None:
        """The unit says something about this opening; what is too much is dropped, and displaces nothing else."""
        if len(self._heard) < _MAX_HEARD:
            self._heard.append(Heard(message))
            self._stir.set()
        elif not self._session.has_ended:
            _log.warning("a check hears too much at a time", opening=self.check.opening)

    def look_again(self) -> None:
        """Something has changed that may matter."""
        self._must_look = True
        self._stir.set()

    def close(self, reason: str, detail: str = "", judgement: Judgement | None = None) -> bool:
        """Close it, for one of `protocols.access_record.REASONS`; the first who asks says why, unless it is dark by
        then. False: it has ended or somebody else has asked, and `judgement` is not kept."""
        if self._asked is not None or self._session.has_ended:
            return False
        self._asked = Asked(reason, detail, judgement)
        self._stir.set()
        return True

    def view(self) -> CheckView:
        """How it stands, while it is not over."""
        check, session = self.check, self._session
        return CheckView(
            opening=check.opening,
            unit=check.unit_id,
            modalities=check.modalities,
            mandate=check.mandate_id,
            person=check.person_id,
            state=session.state,
            reason=session.reason,
            detail=session.detail,
            sentence=sentence(check.person_id, check.modalities, check.unit_id, check.mandate_id, self._purpose),
            entry=self._entry,
            begun_at=check.begun_at,
            live_at=self._live_at,
            closed_at=self._closed_at,
            open_s=None,
            viewers=self.media.people,
            readiness=None,
        )

    def news(self, figures: StreamFigures | None = None) -> PreviewNews:
        """How it stands, for whoever watches."""
        session = self._session
        left_s = 0.0 if session.lease_ends_s is None or session.has_ended else session.lease_ends_s - self._clock()
        open_s = 0.0
        if self._live_at is not None:
            open_s = ((self._closed_at or self._tools.clock()) - self._live_at).total_seconds()
        return PreviewNews(
            state=session.state,
            reason=session.reason,
            detail=session.detail,
            lease_left_s=max(0, int(left_s)),
            used_s=self._used_s + int(open_s),
            minutes_per_day=self._minutes_per_day,
            viewers=self.media.people,
            figures=figures or StreamFigures(),
            mandate_ends_at=self._mandate_ends_at,
            in_browsers=self.media.in_browsers,
        )

    async def run(self) -> None:
        """Work until the check is over. A fault of the controller's own closes it."""
        try:
            await self._begin_asking()
            while not self._session.is_over:
                await self._step()
        except Exception:  # noqa: BLE001 - whatever went wrong, nothing may stay open because of it
            _log.exception("a check failed", opening=self.check.opening, unit=self.check.unit_id)
            await self._take(self._session.end("fault", "the controller failed on this check", self._clock()))
        finally:
            await self._leasing.drop()
            await self.media.close()
            self._let_go()
            self.written.set()

    async def _begin_asking(self) -> None:
        try:
            self.media.prepare()
        except TooMany as error:
            await self._take(self._session.end("too-many-open", str(error), self._clock()))
        else:
            await self._take(self._session.begin())

    def _let_go(self) -> None:
        self.ended.set()
        self.settled.set()

    def _tell(self, happening: Happening) -> None:
        """Take note of what the controller itself does: as much as there are leases, streams and viewers, each bounded
        where it is made."""
        self._own.append(happening)
        self._stir.set()

    async def _step(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(min(_TICK_S, max(0.0, self._session.due_s() - self._clock()))):
                await self._stir.wait()
        self._stir.clear()
        for happening in self._waiting():
            await self._take(await self._heed(happening))
        await self._take(self._session.look(self._clock()))
        if self._must_look or self._clock() - self._checked_s >= _TICK_S:
            self._must_look = False
            await self._take(await self._check_standing())

    def _waiting(self) -> Iterator[Happening]:
        """What there is to heed: closing first, then all of the controller's own, then one word of the unit."""
        if self._asked is not None and self.goes_on:
            yield self._asked
        while self._own:
            yield self._own.popleft()
        if self._heard:
            yield self._heard.popleft()
            self._stir.set()

    async def _heed(self, happening: Happening) -> Sequence[Step]:
        now_s = self._clock()
        match happening:
            case Heard(message):
                return await self._heed_unit(message)
            case LeaseMade():
                return await self._send_lease(happening)
            case MediaBegun(modality):
                return await self._begin(modality)
            case MediaOver(reason):
                return self._session.lost(f"the stream from the unit ended ({reason})", now_s)
            case Watching(viewers, left):
                if left is not None:
                    await self._diary.viewer_left(left)
                return self._session.watched(viewers, now_s)
            case Asked(reason, detail):
                return self._session.end(reason, detail, now_s)

    async def _heed_unit(self, message: SignalMessage | PositionMessage) -> Sequence[Step]:
        try:
            signal = await self._line.read(message)
            if isinstance(signal, PositionFound):
                return await self._find(signal)
        except StoreUnavailable:
            return self._session.end("no-log", "the controller has lost its database", self._clock())
        now_s = self._clock()
        match signal:
            case NonceMade(nonce=nonce, boot_id=boot_id):
                return self._session.nonce_made(nonce, boot_id, now_s)
            case Answered(nonce=nonce, sdp=sdp):
                return self._session.answered(nonce, sdp, now_s)
            case Refused(rule=rule, detail=detail):
                return self._session.refused(rule, detail, now_s)
            case Closed(reason=reason, detail=detail, open_s=open_s):
                return self._session.closed(reason, detail, open_s, now_s)
            case None:
                return []

    async def _find(self, found: PositionFound) -> Sequence[Step]:
        """The unit says where it is: kept only while this opening is live."""
        if not self.is_live or "position" not in self.check.modalities:
            return []
        found_at = await self._diary.found(found)
        self._live_at = self._live_at or found_at
        return [] if self.media.is_wanted else self._session.end("found", "", self._clock())

    async def _begin(self, modality: MediaKind) -> Sequence[Step]:
        """The first of `modality` has come: in the log, or nothing more comes."""
        try:
            began_at = await self._diary.began(modality)
        except StoreUnavailable:
            return self._session.end("no-log", "what was opened could not be written into the log", self._clock())
        self._live_at = self._live_at or began_at
        self.media.measure()
        steps = self._session.began(self._clock())
        if self.is_live:
            self.settled.set()
        return steps

    async def _check_standing(self) -> Sequence[Step]:
        """See whether it may still be open, once a second and whenever something has changed."""
        if self._session.has_ended or not self._session.had_lease:
            return []
        self._checked_s = self._clock()
        await self.media.dismiss(await self._warden.barred(self.media.people))
        objection = await self._warden.look(self._named)
        return [] if objection is None else self._session.end(objection.reason, objection.detail, self._clock())

    async def _take(self, steps: Sequence[Step]) -> None:
        """Take steps; the unit is told to close before anything is written of it."""
        for step in sorted(steps, key=lambda one: not isinstance(one, Close)):
            match step:
                case Ask():
                    await self._ask()
                case Grant():
                    await self._grant(step)
                case TakeAnswer(sdp):
                    await self._take_answer(sdp)
                case GoDark():
                    await self.media.close()
                case Close(reason):
                    await self._line.say(CloseOpening(self.check.opening, reason))
                case Ended():
                    await self._end(step)
                case Rest(open_s):
                    if open_s is not None:
                        await self._diary.was_open(open_s)

    async def _ask(self) -> None:
        """Have the unit make a nonce. A renewal that can not be asked for now is asked for again."""
        sent = await self._line.say(AskNonce(self.check.opening, self.check.modalities))
        if not sent and not self._session.had_lease:
            said = "the unit has no session, or the broker is away"
            await self._take(self._session.end("unit-away", said, self._clock()))

    async def _grant(self, wanted: Grant) -> None:
        now_s, ends_s = self._clock(), self._session.lease_ends_s
        if not self._leasing.begin(wanted, None if ends_s is None else ends_s - now_s):
            await self._take(self._session.nobody_to_name(now_s))

    async def _send_lease(self, made: LeaseMade) -> Sequence[Step]:
        """Send what was granted, unless mandate, authority, unit or person changed while the log's receipt was made."""
        outcome = made.outcome
        if isinstance(outcome, Obstacle):
            runs_out = outcome.rule in LAST_LEASE
            return self._session.not_granted(outcome.rule, outcome.sentence, self._clock(), runs_out=runs_out)
        objection = await self._warden.look(made.person_id)
        now_s = self._clock()
        if objection is not None:
            return self._session.end(objection.reason, objection.detail, now_s)
        self._entry = outcome.leaf_index if self._entry is None else self._entry
        if not self._minutes_per_day:
            self._used_s, self._minutes_per_day = outcome.permit.used_s, outcome.permit.minutes_per_day
        if not self._session.goes_on:
            return []
        if not self._line.say_at_once(outcome.body):
            return self._session.not_granted("unit-away", "the lease could not be sent", now_s)
        self._named = made.person_id
        return self._session.granted(float(outcome.permit.lasts_s), now_s)

    async def _take_answer(self, sdp: str) -> None:
        try:
            await self.media.answer(sdp)
        except MediaError as error:
            await self._take(self._session.end("media-failed", str(error)[:200], self._clock()))

    async def _end(self, ended: Ended) -> None:
        """Dark for everybody first, then written down."""
        closed_at = self._closed_at = self._tools.clock()
        if ended.state == "refused":
            self._tools.metrics.openings_refused.labels(ended.reason).inc()
        observed = self.media.observed
        await self.media.close()
        self._let_go()
        await self._leasing.drop()
        outcome = Outcome(
            ended=ended,
            authority=self._authority,
            live_at=self._live_at,
            closed_at=closed_at,
            observed=observed,
            limits=self.media.limits,
            judgement=None if self._asked is None else self._asked.judgement,
        )
        await self._diary.ended(outcome)
        self.written.set()
