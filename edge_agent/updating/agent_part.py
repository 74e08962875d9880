"""The agent itself as a part: another release of it is started by the launcher, and by nobody else."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable

from edge_agent.errors import BundleRefused, StateUnusable
from edge_agent.releases.bundle import install, remove_others, tree_bytes
from edge_agent.releases.place import ReleasePlace
from edge_agent.releases.rules import FACTORY, Asked, Said
from edge_agent.updating.parts import AgentLeaves, Job, Note, PartFailed, PartStuck
from edge_agent.updating.plan import RESERVE_BYTES, Running
from protocols.text import one_line

LOOK_EVERY_S = 0.2


class AgentPart:
    """This agent, started as `launched` by a launcher that goes by the same releases directory."""

    def __init__(
        self,
        place: ReleasePlace,
        *,
        launched: str,
        version: str,
        boot_id: str,
        reached: asyncio.Event,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`reached` is set once the controller has welcomed this agent; `version` is what the agent says of itself."""
        self._place = place
        self._launched = launched
        self._version = version
        self._boot_id = boot_id
        self._reached = reached
        self._wait = wait

    @property
    def updaters(self) -> frozenset[str]:
        """See UpdatablePart."""
        return frozenset({"release"})

    async def running(self) -> Running:
        """See UpdatablePart."""
        return Running(self._version, self._launched)

    async def bring(self, job: Job, note: Note) -> None:
        """See UpdatablePart. Called by the old release and then, for the same job, by the new one on trial."""
        pointers = await asyncio.to_thread(self._place.pointers)
        end = pointers.end_of(job.update, "try")
        if end is not None and end.outcome == "confirmed":
            if self._version != job.progress.version:
                raise PartFailed("this update was carried out before, and taken back since; order it under a new name")
            return
        if end is not None:
            raise PartFailed(end.reason or "the launcher went back to the release before")
        trial = pointers.trial
        if trial is not None and (trial.update, trial.release) == (job.update, self._launched):
            note("trial", 0, 0)
            await self._prove(job)
            return
        note("installing", 0, job.progress.length)
        release = await asyncio.to_thread(self._installed, job)
        note("installing", job.progress.length, job.progress.length)
        await self._ask(Asked(update=job.update, wish="try", release=release), PartFailed)
        raise AgentLeaves

    async def take_back(self, job: Job) -> None:
        """See UpdatablePart. Called by the new release and then by the one that ran before."""
        pointers = await asyncio.to_thread(self._place.pointers)
        end = pointers.end_of(job.update, "back")
        if end is not None and end.outcome == "back":
            return
        if end is not None:
            raise PartStuck(end.reason or "the launcher does not go back")
        await self._ask(Asked(update=job.update, wish="back", release=pointers.current), PartStuck)
        raise AgentLeaves

    async def _prove(self, job: Job) -> None:
        """Say that the controller was reached, and wait until the launcher has taken it; it ends an agent that is
        too late for that, or says that it is unwell."""
        wanted = job.progress.version
        if self._version != wanted:
            await self._say(job, "unwell", f"it says that it is version {self._version}, not {wanted}")
        else:
            await self._reached.wait()
            await self._say(job, "reached", "")
        while True:
            end = (await asyncio.to_thread(self._place.pointers)).end_of(job.update, "try")
            if end is not None and end.outcome == "confirmed":
                return
            if end is not None:
                raise AgentLeaves
            await self._wait(LOOK_EVERY_S)

    async def _say(self, job: Job, state: str, reason: str) -> None:
        said = Said(
            update=job.update,
            release=self._launched,
            boot_id=one_line(self._boot_id, 80),
            state="reached" if state == "reached" else "unwell",
            reason=one_line(reason, 200),
        )
        try:
            await asyncio.to_thread(self._place.say, said)
        except StateUnusable as error:
            raise PartFailed(str(error)) from error

    async def _ask(self, asked: Asked, failure: type[PartFailed] | type[PartStuck]) -> None:
        try:
            await asyncio.to_thread(self._place.ask, asked)
        except StateUnusable as error:
            raise failure(str(error)) from error

    def _installed(self, job: Job) -> str:
        """The release's name, once it is in its directory; what neither runs nor can be gone back to is removed."""
        pointers = self._place.pointers()
        kept = {pointers.current, pointers.previous, self._launched, FACTORY}
        try:
            remove_others(self._place, lambda name: name in kept or name.endswith(f"-{job.progress.sha256[:8]}"))
            wanted = tree_bytes(job.file)
            self._place.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            free = shutil.disk_usage(self._place.root).free
            if wanted + RESERVE_BYTES > free:
                raise PartFailed(f"the release has {wanted} bytes, {free} are free; make room")
            return install(self._place, job.file, version=job.progress.version, sha256=job.progress.sha256)
        except (BundleRefused, StateUnusable) as error:
            raise PartFailed(str(error)) from error
        except OSError as error:
            raise PartFailed(f"{self._place.root} can not be used ({error.strerror}); check the disk") from error
