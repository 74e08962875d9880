"""What a part of a unit is to whoever updates it.

Errors: PartSilent (it does not say what it runs), PartFailed (it runs what it ran), PartUnsure (nobody knows what it
runs), PartStuck (it can not be taken back), AgentLeaves (not an error: the agent has to end before it goes on).
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from edge_agent.errors import AgentError
from edge_agent.updating.plan import Running
from edge_agent.updating.state import PartProgress
from protocols.releases.reports import UpdateState

Note = Callable[[UpdateState, int, int], None]
"""Is told `installing` or `trial`, and how many bytes of how many the part has taken."""


class PartSilent(AgentError):
    """It does not say what it runs; `detail` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class PartFailed(AgentError):
    """It was not brought in, and runs what it ran; `detail` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class PartUnsure(AgentError):
    """It was broken off, and nobody knows what it runs; `detail` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class PartStuck(AgentError):
    """It can not be taken back; `detail` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class AgentLeaves(AgentError):
    """What was asked of the launcher is done once this agent has ended; then the same is asked of the part again."""

    def __init__(self) -> None:
        super().__init__("the agent ends, so that another release is started")


class Job(NamedTuple):
    """One part of one update. `file` is its verified image, where it is needed."""

    update: str
    progress: PartProgress
    file: Path


class UpdatablePart(Protocol):
    """One part. Its methods may be called again at any point, also after a restart."""

    @property
    def updaters(self) -> frozenset[str]:
        """The names of a manifest's `updater` that it can be updated by."""
        ...

    async def running(self) -> Running:
        """What it runs; raises PartSilent."""
        ...

    async def bring(self, job: Job, note: Note) -> None:
        """Have it run what the job wants, for good; raises PartFailed, PartUnsure, AgentLeaves."""
        ...

    async def take_back(self, job: Job) -> None:
        """Have it run what it ran before the job; raises PartStuck, AgentLeaves."""
        ...
