"""The modem as a part: by a plug-in of firmware_bridge, since each maker has a way of its own."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge_agent.errors import AgentError
from edge_agent.updating.device_part import HEALTH_LIMIT_S, LineOwner, bring_to, running_on
from edge_agent.updating.parts import Job, Note, PartFailed, PartSilent, PartStuck, PartUnsure
from edge_agent.updating.plan import Running
from firmware_bridge.errors import BridgeError, PluginUnusable
from firmware_bridge.updating.device import MakeDevice
from firmware_bridge.updating.plugins import load_plugin


class ModemPart:
    """The unit's modem, updated by one plug-in."""

    def __init__(self, owner: LineOwner, plugin: str) -> None:
        """`plugin` is loaded when it is needed."""
        self._owner = owner
        self._plugin = plugin

    @property
    def updaters(self) -> frozenset[str]:
        """See UpdatablePart."""
        return frozenset({self._plugin})

    async def running(self) -> Running:
        """See UpdatablePart."""
        with self._failing_as(PartSilent):
            return await running_on(self._owner, self._loaded())

    async def bring(self, job: Job, note: Note) -> None:
        """See UpdatablePart."""
        image = await asyncio.to_thread(job.file.read_bytes)
        try:
            make = self._loaded()
        except PluginUnusable as error:
            raise PartFailed(str(error)) from error
        with self._failing_as(PartUnsure):
            await bring_to(self._owner, make, job, image, note, health_limit_s=HEALTH_LIMIT_S)

    async def take_back(self, job: Job) -> None:
        """See UpdatablePart. The plug-in's `revert` has to find its way back also from what was confirmed."""
        with self._failing_as(PartStuck):
            async with self._owner.exclusive() as line:
                device = self._loaded()(line)
                await device.revert()
                runs = await device.installed()
        if runs.digest != job.progress.was:
            raise PartStuck(f"it runs {runs.version} still, not {job.progress.was_version}")

    @contextmanager
    def _failing_as(self, failure: Callable[[str], AgentError]) -> Iterator[None]:
        """Whatever goes wrong in the plug-in is the part's failure, and no end of the agent."""
        try:
            yield
        except AgentError:
            raise
        except BridgeError as error:
            raise failure(str(error)) from error
        except Exception as error:  # a plug-in may raise anything; its words may hold anything
            raise failure(f"the plug-in {self._plugin} failed ({type(error).__name__}); see to it") from error

    def _loaded(self) -> MakeDevice:
        return load_plugin(self._plugin)
