"""Where people begin, watch and close checks: the checks of this controller, each with one owned task."""

import asyncio
import secrets
from collections import OrderedDict
from contextlib import suppress
from datetime import timedelta
from typing import Literal

import structlog

from fleet.checks import chapters
from fleet.checks.access import is_over, unit_access
from fleet.checks.chapters import Judgement
from fleet.checks.permits import Check, permit, the_mandate
from fleet.checks.refusals import not_connected, unit_away
from fleet.checks.runner import CheckRunner
from fleet.checks.tools import Send, Tools
from fleet.errors import Conflict, NotFound, RequestRefused, StoreUnavailable
from fleet.feed.hub import Hub
from fleet.mandates.refusing import OpeningRefused, note_refusal
from fleet.mandates.standing import Obstacle, Standing
from fleet.rounds import go_round
from fleet.store.store import Transaction
from protocols.api.checks import CheckView, NewCheck, UnitAccess, Verdict
from protocols.errors import InvalidSignal
from protocols.ids import new_opening_id
from protocols.lease import MAX_LEASE_S
from protocols.opening import read_signal
from protocols.uplink import PositionMessage, SignalMessage

_SWEEP_EVERY_S = 5.0
_STOP_LIMIT_S = 4.0
_CLOSE_LIMIT_S = 12.0
_WRITTEN_WITHIN_S = 1.0
_LEFT_FOR = timedelta(seconds=5)
"""How long the lease of another controller's check has to be over: until then that one may be writing its end."""
_MAX_UNWRITTEN = 64
"""Checks whose ends may wait for the database; with so many, none is begun."""
_KEPT = 64
"""Checks that are over and are kept in memory, to tell whoever watched how they ended."""

_log = structlog.get_logger(__name__)


class CheckDesk:
    """One controller's checks; `run` it, and tell it what units say with `on_signal`."""

    def __init__(self, tools: Tools, hub: Hub) -> None:
        self._tools = tools
        self._hub = hub
        self._runners: dict[str, CheckRunner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._over: OrderedDict[str, CheckRunner] = OrderedDict()
        self._works = False

    def speak_over(self, send: Send) -> None:
        """Reach units over the downlink's `send`."""
        self._tools.path.speak_over(send)

    def on_signal(self, message: SignalMessage | PositionMessage) -> None:
        """What a unit says, unverified: only the check it belongs to takes note of it."""
        with suppress(InvalidSignal):
            runner = self._runners.get(read_signal(message.sealed).opening)
            if runner is not None and runner.check.unit_id == message.unit:
                runner.hear(message)

    async def run(self) -> None:
        """Work until cancelled; then close everything that is open here."""
        self._works = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear_changes(), name="checks: changes")
                tasks.create_task(go_round("checks", self._sweep, _SWEEP_EVERY_S), name="checks: sweep")
        finally:
            self._works = False
            await self._close_all()

    async def access(self, unit_id: str, person_id: str) -> UnitAccess:
        """What can be opened of a unit now; raises NotFound."""
        async with self._tools.store.transaction() as transaction:
            found = await unit_access(transaction, unit_id, person_id, self._tools.clock())
        here = [runner.view() for runner in self._runners.values() if runner.check.unit_id == unit_id]
        going_on = [view for view in here if not is_over(view)]
        known = {view.opening for view in here}
        elsewhere = [view for view in found.open if view.opening not in known]
        return UnitAccess(
            mandates=found.mandates,
            obstacles=found.obstacles,
            sentences=found.sentences,
            open=[*going_on, *elsewhere],
            last=found.last,
        )

    async def begin(self, unit_id: str, wish: NewCheck, person_id: str) -> CheckView:
        """Have the unit asked to open, or join what is open already.

        Raises NotFound, and OpeningRefused, of which the log has an entry.
        """
        if len(set(wish.modalities)) != len(wish.modalities):
            raise RequestRefused("modality-twice", "a modality is named twice", "name each once")
        going_on = self._same(unit_id, wish)
        if going_on is not None:
            return going_on.view()
        await self._until_written(unit_id)
        if sum(not runner.goes_on for runner in self._runners.values()) >= _MAX_UNWRITTEN:
            raise StoreUnavailable("too many ends of checks wait to be written")
        async with self._tools.store.transaction() as transaction:
            found = await self._allowed(transaction, unit_id, wish, person_id)
            if isinstance(found, Obstacle):
                now = self._tools.clock()
                await note_refusal(transaction, unit_id, wish.mandate, wish.modalities, found.rule, person_id, now)
        if isinstance(found, Obstacle):
            self._tools.metrics.openings_refused.labels(found.rule).inc()
            raise OpeningRefused(found)
        # Somebody may have been faster meanwhile: from here on nothing is waited for.
        going_on = self._same(unit_id, wish)
        if going_on is not None:
            return going_on.view()
        check, standing = found
        return self._start(CheckRunner(check, self._tools, standing)).view()

    async def view(self, opening: str) -> CheckView:
        """How a check stands; raises NotFound."""
        runner = self._runners.get(opening)
        if runner is not None and not runner.written.is_set():
            return runner.view()
        async with self._tools.store.transaction() as transaction:
            view = await transaction.checks.one(opening)
        if view is None:
            raise unknown(opening)
        return view

    async def of_unit(self, unit_id: str, limit: int) -> list[CheckView]:
        """A unit's checks, newest first; raises NotFound."""
        async with self._tools.store.transaction() as transaction:
            if await transaction.checks.unit_now(unit_id) is None:
                raise NotFound("unit-unknown", f"there is no unit {unit_id}", "list units to see their ids")
            stored = await transaction.checks.of_unit(unit_id, limit)
        own = {
            name: runner.view()
            for name, runner in self._runners.items()
            if runner.check.unit_id == unit_id and not runner.written.is_set()
        }
        views = [*own.values(), *(view for view in stored if view.opening not in own)]
        return sorted(views, key=lambda view: (view.begun_at, view.opening), reverse=True)[:limit]

    async def close(self, opening: str, verdict: Verdict, person_id: str) -> CheckView:
        """Close a check, or judge one that has closed and was not judged; raises NotFound, Conflict."""
        runner = self._runners.get(opening)
        reason: Literal["asked", "passed", "failed"] = "asked" if verdict.result == "unjudged" else verdict.result
        closes = runner is not None and runner.close(reason, "", Judgement(verdict, person_id))
        if runner is not None:
            await _written(runner)
        await self._hear_out(opening)
        return await (self.view(opening) if closes else self._judge(opening, verdict, person_id))

    async def _hear_out(self, opening: str) -> None:
        """Wait for the unit to say how long it was open, for as long as its check waits for that, and not longer."""
        if opening in self._tasks:
            await asyncio.wait({self._tasks[opening]}, timeout=self._tools.limits.close_s + _WRITTEN_WITHIN_S)

    def runner(self, opening: str) -> CheckRunner | None:
        """The check, while it goes on here or was here lately."""
        return self._runners.get(opening) or self._over.get(opening)

    async def _judge(self, opening: str, verdict: Verdict, person_id: str) -> CheckView:
        now = self._tools.clock()
        async with self._tools.store.transaction() as transaction:
            view = await transaction.checks.locked(opening)
            if view is None:
                raise unknown(opening)
            if view.state not in {"closed", "refused"}:
                raise Conflict(
                    "elsewhere",
                    "another controller has this check, or a laptop carries its lease",
                    "close it there, on the unit (edge-agent carried close), or let it end",
                )
            if view.state == "closed" and verdict.result != "unjudged":
                if view.result != "unjudged":
                    raise Conflict("judged-already", f"{opening} was judged already", "begin another check")
                judgement = Judgement(verdict, person_id)
                await chapters.judged(transaction, opening, view.unit_id, judgement, view.passed, view.authority, now)
        return await self.view(opening)

    def _same(self, unit_id: str, wish: NewCheck) -> CheckRunner | None:
        """The check that goes on here and covers `wish`: whoever asks for it again comes back to it, or joins."""
        for runner in self._runners.values():
            check = runner.check
            covers = set(wish.modalities) <= set(check.modalities) and wish.mandate in {None, check.mandate_id}
            if check.unit_id == unit_id and covers and runner.goes_on:
                return runner
        return None

    async def _until_written(self, unit_id: str) -> None:
        """Wait a little for the ends of the unit's checks to be written: until then they stand in the way of others."""
        ending = [one for one in self._runners.values() if one.check.unit_id == unit_id and not one.goes_on]
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                for runner in ending:
                    await runner.written.wait()

    async def _allowed(
        self, transaction: Transaction, unit_id: str, wish: NewCheck, person_id: str
    ) -> tuple[Check, Standing] | Obstacle:
        now = self._tools.clock()
        unit = await transaction.checks.unit_now(unit_id)
        if unit is None:
            raise NotFound("unit-unknown", f"there is no unit {unit_id}", "list units to see their ids")
        mandate = wish.mandate or await the_mandate(transaction, unit_id, wish.modalities, now)
        if isinstance(mandate, Obstacle):
            return mandate
        check = Check(
            opening=new_opening_id(),
            unit_id=unit_id,
            modalities=wish.modalities,
            mandate_id=mandate,
            person_id=person_id,
            begun_at=now,
        )
        allowed = await permit(transaction, check, now, MAX_LEASE_S, first=True)
        if isinstance(allowed, Obstacle):
            return allowed
        if unit.session is None:
            return unit_away(unit_id)
        return (check, allowed.standing) if self._works else not_connected()

    def _start(self, runner: CheckRunner) -> CheckRunner:
        self._tools.metrics.openings_begun.inc()
        opening = runner.check.opening
        self._runners[opening] = runner
        task = asyncio.create_task(runner.run(), name=f"check: {opening}")
        self._tasks[opening] = task
        task.add_done_callback(lambda done: self._done(opening, done))
        return runner

    def _done(self, opening: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(opening, None)
        self._over[opening] = self._runners.pop(opening)
        while len(self._over) > _KEPT:
            self._over.popitem(last=False)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a check ended with a fault", opening=opening, exc_info=error)

    async def _hear_changes(self) -> None:
        with self._hub.subscribe() as subscription:
            while True:
                change = await subscription.take()
                for runner in self._runners.values():
                    if change.all or runner.check.unit_id in change.units or change.people:
                        runner.look_again()

    async def _sweep(self) -> None:
        """Close what controllers that are gone have left, and forget old links and positions."""
        now = self._tools.clock()
        async with self._tools.store.transaction() as transaction:
            left = await transaction.checks.close_left(now - _LEFT_FOR, list(self._runners))
            transaction.changed.units.update(unit_id for _, unit_id in left)
            await transaction.checks.drop_links(now)
            await transaction.positions.delete_over(now)

    async def _close_all(self) -> None:
        for runner in self._runners.values():
            runner.close("stopped", "the controller stops")
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=_STOP_LIMIT_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._tools.relay.close()


async def _written(runner: CheckRunner) -> None:
    """Wait for the end of a check that ends to be written; raises StoreUnavailable when that takes too long."""
    try:
        async with asyncio.timeout(_CLOSE_LIMIT_S):
            await runner.written.wait()
    except TimeoutError as error:
        raise StoreUnavailable("the check is closed, and that could not be written yet") from error


def unknown(opening: str) -> NotFound:
    """There is no such check."""
    return NotFound("check-unknown", f"there is no check {opening}", "list the checks of its unit")


def new_controller_name() -> str:
    """A name for this run of a controller, in the rows of its openings."""
    return secrets.token_hex(8)
