"""The unit's desk for updates: judges an order, carries it out in a task, and goes on with it after a restart."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import msgspec
import structlog

from edge_agent.errors import AgentError, StateUnusable, UpdateRefused
from edge_agent.identity import Identity
from edge_agent.readers.reading import Figure
from edge_agent.renewal.plan import KnownTime
from edge_agent.updating import plan
from edge_agent.updating.parts import AgentLeaves, Job, PartFailed, PartSilent, PartStuck, PartUnsure, UpdatablePart
from edge_agent.updating.permits import permitted_parts
from edge_agent.updating.plan import File, Running, UnitNow
from edge_agent.updating.released import Releases, released, tell_nobody
from edge_agent.updating.state import Outcome, PartProgress, ProgressFile, UpdateProgress
from edge_agent.updating.telling import Change, Follower, Telling
from protocols.commands import UpdateUnit
from protocols.releases.manifest import Manifest, PartName
from protocols.releases.version import plain_version

JUDGING_LIMIT_S = 50.0
"""An order is answered within a minute: what proves it has to be there by then."""

OPENINGS_LIMIT_S = 1800.0
"""How long an update waits for what is open to close; an opening is never cut short for it."""

LOOK_EVERY_S = 1.0
_SOMETHING_OPEN = "a check is open on this unit; it has to be closed before the update is ordered again"
HELD_BECAUSE = "new firmware is being put on this unit; try again when the update has ended"

_log = structlog.get_logger(__name__)


class Openings(Protocol):
    """The desk for openings, as far as updates go by it."""

    @property
    def open(self) -> Sequence[object]:
        """What is open now."""
        ...

    async def hold(self, why: str) -> bool:
        """Open nothing more, because of `why`; False, and nothing is changed, while something is open."""
        ...

    def release(self) -> None:
        """Open again what is granted."""
        ...


class UpdateDesk:
    """One unit's updates, one after another."""

    def __init__(
        self,
        state: ProgressFile,
        releases: Releases,
        parts: Mapping[PartName, UpdatablePart],
        openings: Openings,
        telling: Telling,
        *,
        identity: Callable[[], Identity],
        model: str,
        known_time: Callable[[], KnownTime],
        figures: Callable[[], Mapping[str, Figure]],
        leave: Callable[[], None],
        plain_keys_may_sign: bool = False,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`figures` are those of the last health report; `leave` ends the agent in good order, once."""
        self._state = state
        self._releases = releases
        self._parts = parts
        self._openings = openings
        self._telling = telling
        self._identity = identity
        self._model = model
        self._known_time = known_time
        self._figures = figures
        self._leave = leave
        self._plain_keys_may_sign = plain_keys_may_sign
        self._wait = wait
        self._now: UpdateProgress | None = None
        self._begun = asyncio.Event()
        self._known = asyncio.Event()
        self._turn = asyncio.Lock()

    @property
    def progress(self) -> UpdateProgress | None:
        """The last update that was begun, as it stands."""
        return self._now

    async def begin(self, order: UpdateUnit) -> tuple[Literal["done", "refused"], str]:
        """Judge the order, and have it carried out; `done` says that it has begun."""
        async with self._turn:
            await self._known.wait()
            if self._now is not None and self._now.update == order.update:
                return "done", "begun before"
            try:
                async with asyncio.timeout(JUDGING_LIMIT_S):
                    progress = await self._judged(order)
                await asyncio.to_thread(self._state.save, progress)
            except UpdateRefused as refused:
                return await self._refused(order, refused)
            except StateUnusable as error:
                return await self._refused(order, UpdateRefused(str(error)))
            except TimeoutError:
                late = "what the update needs was not there in time; it may be when it is ordered again"
                return await self._refused(order, UpdateRefused(late, passing=True))
            self._now = progress
            self._begun.set()
            return "done", "begun"

    async def run(self) -> None:
        """Carry out what is begun, and what had begun before this agent was started, until cancelled."""
        try:
            self._now = await asyncio.to_thread(self._state.load)
        except StateUnusable as error:
            _log.warning("the update that was under way is not known any more", detail=str(error))
        self._known.set()
        while True:
            if self._now is not None and not self._now.told:
                await self._carry_out()
            await self._begun.wait()
            self._begun.clear()

    async def _refused(self, order: UpdateUnit, refused: UpdateRefused) -> tuple[Literal["refused"], str]:
        await self._telling.say(order.update, "refused", reason=refused.detail, passing=refused.passing)
        return "refused", refused.detail

    async def _judged(self, order: UpdateUnit) -> UpdateProgress:
        if self._now is not None and self._now.phase != "ended":
            said = f"update {self._now.update} is under way; order this one when it has ended"
            raise UpdateRefused(said, passing=True)
        manifest, files = await released(self._releases, order.manifest)
        identity = self._identity()
        permitted = permitted_parts(
            order.permits,
            manifest,
            files,
            unit_id=identity.unit_id,
            people_text=identity.people_list,
            known=self._known_time(),
            plain_keys_may_sign=self._plain_keys_may_sign,
        )
        now = await self._unit_now_undisturbed(manifest)
        plan.judged(manifest, files, now, permitted)
        return plan.begun(order.update, order.manifest, manifest, files, now, permitted)

    async def _unit_now_undisturbed(self, manifest: Manifest) -> UnitNow:
        """With nothing open: who asks the microcontroller what it runs takes it from whoever switches the power."""
        if not await self._openings.hold(HELD_BECAUSE):
            raise UpdateRefused(_SOMETHING_OPEN, passing=True)
        try:
            return await self._unit_now(manifest)
        finally:
            self._openings.release()

    async def _unit_now(self, manifest: Manifest) -> UnitNow:
        running: dict[PartName, Running] = {}
        silent: dict[PartName, str] = {}
        for name in (part.part for part in manifest.parts if part.part in self._parts):
            try:
                running[name] = await self._parts[name].running()
            except PartSilent as error:
                silent[name] = error.detail
        figures = self._figures()
        percent = figures.get("battery_percent")
        usage = await asyncio.to_thread(shutil.disk_usage, self._state.path.parent)
        return UnitNow(
            model=self._model,
            running=running,
            silent=silent,
            updaters={name: part.updaters for name, part in self._parts.items()},
            free_bytes=usage.free,
            battery_percent=float(percent) if isinstance(percent, int | float) else None,
            battery_charging=figures.get("battery_charging") is True,
            undervolted=figures.get("undervolted") is True,
        )

    async def _carry_out(self) -> None:
        """From where it is to its end; ends earlier where the agent has to."""
        try:
            while self._now is not None and self._now.phase != "ended":
                await self._one_step(self._now)
            await self._end()
        except AgentLeaves:
            _log.info("the agent ends for an update")
            self._leave()
        except StateUnusable as error:
            _log.warning("an update can not go on: the disk does not take what has to be remembered", detail=str(error))
            await self._wait(60.0)
            self._begun.set()

    async def _one_step(self, progress: UpdateProgress) -> None:
        step = plan.next_step(progress)
        if step.do == "fetch":
            await self._fetch(progress)
        elif step.do == "end":
            await self._keep(plan.ended(progress, step.outcome))
        elif not await self._hold_openings():
            late = f"something was open for {OPENINGS_LIMIT_S:.0f} s; see to it before the update is ordered again"
            await self._keep(plan.given_up(progress, late) if step.do == "bring" else progress)
        elif step.do == "bring":
            await self._bring(progress, step.place)
        else:
            await self._take_back(progress, step.place)

    async def _fetch(self, progress: UpdateProgress) -> None:
        wanted = [part for part in progress.parts if part.stage != "passed-over"]
        try:
            for part in wanted:
                async with self._telling.following(progress.update, _change(part)) as follower:
                    await self._releases.fetch(part.target, File(part.sha256, part.length), _noting(follower))
        except StateUnusable:
            raise
        except AgentError as error:
            await self._keep(plan.given_up(progress, str(error)))
            return
        await self._telling.say(progress.update, "fetched")
        await self._keep(plan.fetched(progress))

    async def _bring(self, progress: UpdateProgress, place: int) -> None:
        part = progress.parts[place]
        if part.tries >= plan.tries_max(part.part):
            why = f"it was begun {part.tries} times and never ended"
            await self._keep(plan.failed(progress, place, why, unsure=part.part != "agent"))
            return
        try:
            device = self._part(part)
            was = await device.running() if part.tries == 0 else Running("")
            progress = plan.bringing(progress, place, was)
            await self._keep(progress)
            file = await self._file(part)
            part = progress.parts[place]
            async with self._telling.following(progress.update, _change(part)) as follower:
                await device.bring(Job(progress.update, part, file), follower.note)
        except (PartFailed, PartSilent) as error:
            await self._keep(plan.failed(progress, place, error.detail))
        except PartUnsure as error:
            await self._keep(plan.failed(progress, place, error.detail, unsure=True))
        else:
            await self._telling.say(progress.update, "part-confirmed", part=part.part, changes=[_change(part)])
            await self._keep(plan.brought(progress, place))

    async def _take_back(self, progress: UpdateProgress, place: int) -> None:
        part = progress.parts[place]
        if part.tries >= plan.tries_max(part.part) and part.stage == "taking-back":
            await self._keep(plan.stuck(progress, place, f"it was begun {part.tries} times and never ended"))
            return
        progress = plan.taking_back(progress, place)
        await self._keep(progress)
        try:
            await self._part(part).take_back(Job(progress.update, progress.parts[place], Path()))
        except (PartStuck, PartFailed) as error:
            await self._keep(plan.stuck(progress, place, error.detail))
        else:
            await self._keep(plan.back(progress, place))

    async def _end(self) -> None:
        progress = self._now
        if progress is None or progress.outcome is None:
            return
        # Asking the parts would take the microcontroller from whoever switches the power of what is open.
        versions = await self._versions(progress) if await self._hold_openings() else {}
        self._openings.release()
        outcome: Outcome = progress.outcome
        was = {part.part: part.was_version for part in progress.parts if outcome == "done"}
        changes = [Change(part, was.get(part, ""), version) for part, version in versions.items()]
        await self._telling.say(progress.update, outcome, changes=changes, reason=progress.reason, versions=versions)
        await self._keep(msgspec.structs.replace(progress, told=True))
        if outcome == "done":
            await self._releases.settle([part.sha256 for part in progress.parts])

    async def _versions(self, progress: UpdateProgress) -> dict[PartName, str]:
        versions: dict[PartName, str] = {}
        for part in progress.parts:
            try:
                versions[part.part] = (await self._part(part).running()).version
            except (PartSilent, PartFailed) as error:
                _log.warning("a part does not say what it runs", part=part.part, detail=error.detail)
        return versions

    async def _file(self, part: PartProgress) -> Path:
        """The part's image; it is fetched again where a failing disk has lost it."""
        try:
            return await self._releases.fetch(part.target, File(part.sha256, part.length), tell_nobody)
        except StateUnusable:
            raise
        except AgentError as error:
            raise PartFailed(str(error)) from error

    def _part(self, part: PartProgress) -> UpdatablePart:
        found = self._parts.get(part.part)
        if found is None:
            raise PartFailed(f"this agent does not know the unit's {part.part}; see to its settings")
        return found

    async def _hold_openings(self) -> bool:
        waited_s = 0.0
        while not await self._openings.hold(HELD_BECAUSE):
            if waited_s >= OPENINGS_LIMIT_S:
                return False
            await self._wait(LOOK_EVERY_S)
            waited_s += LOOK_EVERY_S
        return True

    async def _keep(self, progress: UpdateProgress) -> None:
        await asyncio.to_thread(self._state.save, progress)
        self._now = progress


def _change(part: PartProgress) -> Change:
    return Change(part.part, part.was_version, plain_version(part.version))


def _noting(follower: Follower) -> Callable[[int, int], Awaitable[None]]:
    async def note(done: int, total: int) -> None:
        follower.note("fetching", done, total)

    return note
