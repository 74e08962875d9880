"""What can go wrong with the demo.

DemoError (a FleetError)
├── DemoIncomplete     the packages it needs are not installed
├── PlaceUnusable      its directory can not be used
├── PlaceInUse         a demo runs there
├── PortTaken          a port of its kept data is used by something else
└── PartFailed         one of its programs ended, or did not come up
"""

from pathlib import Path

from fleet.errors import FleetError


class DemoError(FleetError):
    """Base of the demo's errors."""


class DemoIncomplete(DemoError):
    """A package is missing."""

    def __init__(self, package: str) -> None:
        super().__init__(f"the demo needs {package}: use `make demo`, which installs it")
        self.package = package


class PlaceUnusable(DemoError):
    """`directory` can not hold a demo, because of `detail`."""

    def __init__(self, directory: Path, detail: str) -> None:
        super().__init__(f"{directory} can not hold the demo ({detail}); name another with --directory, or use --reset")
        self.directory = directory
        self.detail = detail


class PlaceInUse(DemoError):
    """A demo runs in `directory`, which must not be taken from under it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"a demo runs in {directory}: stop that one first, or name another place with --directory")
        self.directory = directory


class PortTaken(DemoError):
    """`port` is in use."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} of this demo is used by another program: stop that, or begin anew with --reset "
            "(make demo RESET=1)"
        )
        self.port = port


class PartFailed(DemoError):
    """`part` ended or did not come up; `log` may say why."""

    def __init__(self, part: str, log: Path, detail: str) -> None:
        super().__init__(f"{part} {detail}; see {log}")
        self.part = part
        self.log = log
