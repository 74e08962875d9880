"""Errors of the program on a unit.

    AgentError
    ├── SourceUnreadable     a source of figures that is there but can not be read
    ├── SourceGarbled        a source of figures whose content is not what its format promises
    └── NotASimulatedTree    a directory the host simulation must not write into

Every error carries the facts as attributes.
"""

from pathlib import Path


class AgentError(Exception):
    """Base of everything in this package."""


class SourceUnreadable(AgentError):
    """`source` (a path under the root, or a command) exists and gives nothing, because of `detail`."""

    def __init__(self, source: str, detail: str) -> None:
        super().__init__(f"{source}: {detail}")
        self.source = source
        self.detail = detail


class SourceGarbled(AgentError):
    """The content of a source can not be understood; `detail` says what was expected and, cut short, what came."""

    def __init__(self, expected: str, content: str) -> None:
        self.detail = f"expected {expected}, got {ascii(content[:24])}"
        super().__init__(self.detail)


class NotASimulatedTree(AgentError):
    """`directory` holds something the host simulation did not write."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"{directory} is not empty and not a simulated tree; name an empty or new directory")
        self.directory = directory
