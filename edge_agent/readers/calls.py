"""What readers learn by a call to the machine rather than from a file under the root.

`LiveCalls` asks this machine. `RecordedCalls` answers from files that a tree carries along, so that the same readers
work over a tree that is not this machine:

    run/muster-sim/statvfs              blocks, free, available: three integers
    run/muster-sim/chrony-tracking.csv  what `chronyc -c tracking` prints
    run/muster-sim/throttled.txt        what `vcgencmd get_throttled` prints
    run/muster-sim/pmic.txt             what `vcgencmd pmic_read_adc EXT5V_V` prints
    run/muster-sim/modem.json           what `mmcli -J -m any` prints
    run/muster-sim/modem-signal.json    what `mmcli -J -m any --signal-get` prints
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_agent.errors import SourceGarbled, SourceUnreadable
from edge_agent.readers.kernel_clock import KernelClock, read_kernel_clock
from edge_agent.readers.plain_values import integer
from edge_agent.readers.source_tree import SourceTree, reason_of
from firmware_bridge.modem.mmcli import MODEM_WORDS, SIGNAL_WORDS

ANSWERS = "run/muster-sim"
"""Where a tree carries its answers."""

ANSWER_OF_COMMAND: dict[tuple[str, ...], str] = {
    ("chronyc", "-c", "tracking"): f"{ANSWERS}/chrony-tracking.csv",
    ("vcgencmd", "get_throttled"): f"{ANSWERS}/throttled.txt",
    ("vcgencmd", "pmic_read_adc", "EXT5V_V"): f"{ANSWERS}/pmic.txt",
    MODEM_WORDS: f"{ANSWERS}/modem.json",
    SIGNAL_WORDS: f"{ANSWERS}/modem-signal.json",
}
STATVFS_ANSWER = f"{ANSWERS}/statvfs"

_OUTPUT_LIMIT_CHARACTERS = 65_536


@dataclass(frozen=True, slots=True)
class StorageBlocks:
    """Blocks of a file system: all, free, and free to an ordinary user."""

    total: int
    free: int
    available: int


class Calls(Protocol):
    """The calls. Each returns None where the machine has no such thing, and raises SourceUnreadable or SourceGarbled
    where it has and the call fails."""

    def command(self, *argv: str) -> str | None:
        """Standard output of a short read-only command."""

    def storage_blocks(self, path: str) -> StorageBlocks | None:
        """The file system that holds `path` (absolute, as the unit sees it)."""

    def kernel_clock(self) -> KernelClock | None:
        """The kernel's view of its clock."""


class LiveCalls:
    """Asks this machine."""

    def __init__(self, command_limit_s: float = 3.0) -> None:
        self._command_limit_s = command_limit_s

    def command(self, *argv: str) -> str | None:
        """Runs `argv` for `command_limit_s` at the most, without a shell and in the C locale."""
        program = shutil.which(argv[0])
        if program is None:
            return None
        source = " ".join(argv)
        try:
            done = subprocess.run(  # noqa: S603 -- fixed argument lists of this package, no shell
                [program, *argv[1:]],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._command_limit_s,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SourceUnreadable(source, f"no answer within {self._command_limit_s:g} s") from error
        except OSError as error:
            raise SourceUnreadable(source, reason_of(error)) from error
        output = done.stdout[:_OUTPUT_LIMIT_CHARACTERS].decode("utf-8", errors="replace")
        if done.returncode != 0:
            said = (done.stderr.decode("utf-8", errors="replace").strip() or output.strip())[:80]
            raise SourceUnreadable(source, f"exit code {done.returncode}: {said!a}")
        return output

    def storage_blocks(self, path: str) -> StorageBlocks | None:
        """By statvfs(3)."""
        try:
            counted = os.statvfs(path)
        except OSError as error:
            raise SourceUnreadable(f"statvfs {path}", reason_of(error)) from error
        return StorageBlocks(counted.f_blocks, counted.f_bfree, counted.f_bavail)

    def kernel_clock(self) -> KernelClock | None:
        """By adjtimex(2), reading only."""
        return read_kernel_clock()


class RecordedCalls:
    """Answers from the files that `tree` carries along."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree

    def command(self, *argv: str) -> str | None:
        """The recorded output of `argv`."""
        answer = ANSWER_OF_COMMAND.get(argv)
        return None if answer is None else self._tree.text(answer)

    def storage_blocks(self, path: str) -> StorageBlocks | None:  # noqa: ARG002 -- a tree records one file system
        """The recorded file system."""
        text = self._tree.text(STATVFS_ANSWER)
        return None if text is None else parse_storage_blocks(text)

    def kernel_clock(self) -> KernelClock | None:
        """Not recorded: always None."""
        return None


def parse_storage_blocks(text: str) -> StorageBlocks:
    """`total free available`, blocks. Raises SourceGarbled."""
    parts = text.split()
    if len(parts) != 3:
        raise SourceGarbled("three block counts", text)
    return StorageBlocks(*(integer(part) for part in parts))


def calls_for(root: Path) -> LiveCalls | RecordedCalls:
    """Live calls for `/` only: a tree elsewhere must never show this machine's figures as its own."""
    return LiveCalls() if root.resolve() == Path("/") else RecordedCalls(SourceTree(root))
