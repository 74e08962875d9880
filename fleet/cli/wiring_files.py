"""Plans and policies that a person names as files. `-` is standard input or output."""

import sys
import tomllib
from pathlib import Path
from typing import Annotated, NamedTuple, NoReturn

import msgspec
from cyclopts import Parameter

from fleet.cli import files
from fleet.cli.options import why_unreadable
from fleet.cli.output import print_line, print_remark
from fleet.errors import CommandIncomplete, RequestRefused, SettingsInvalid
from fleet.wiring.rules.reading import Fault, Reading, read_plan
from protocols.wiring.plan import MAX_TEXT_CHARS, Plan
from protocols.wiring.policy import WiringPolicy

STANDARD = files.STANDARD
FAULTY = 2
"""The exit code where a file has faults."""
_MAX_BYTES = 4 * MAX_TEXT_CHARS + 4

PlanFile = Annotated[Path, Parameter(allow_leading_hyphen=True, help="The plan's file; - reads standard input.")]
PolicyFile = Annotated[
    Path | None,
    Parameter(name="--policy", help="TOML with thresholds of your house, alone or in a table [wiring]."),
]
NewFile = Annotated[
    Path | None, Parameter(allow_leading_hyphen=True, help="Write it to this new file; - is standard output.")
]


class PlanRead(NamedTuple):
    """A plan without faults, and where everything in its file stands."""

    file: Path
    text: str
    plan: Plan
    reading: Reading


def read_text(path: Path) -> str:
    """The text of a file; raises RequestRefused."""
    try:
        return files.read_given(path, _MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestRefused("file-unreadable", f"{path}: {why_unreadable(error)}", "save it as UTF-8") from error


def read_plan_file(path: Path) -> PlanRead:
    """The plan in a file; one with faults ends the command, each of them told on standard error. Raises
    RequestRefused where the file can not be read."""
    text = read_text(path)
    reading = read_plan(text)
    if reading.plan is None or reading.faults:
        refuse(path, reading.faults)
    return PlanRead(path, text, reading.plan, reading)


def refuse(path: Path, faults: list[Fault]) -> NoReturn:
    """End the command because of a file's faults."""
    for fault in faults:
        print_remark(fault_words(path, fault))
    sys.exit(FAULTY)


def fault_words(path: Path, fault: Fault) -> str:
    """A fault as editors follow it: file, line, column, what, and what to do."""
    remedy = f" — {fault.remedy}" if fault.remedy else ""
    return f"{path}:{fault.place.line}:{fault.place.column}: fault: {fault.message}{remedy}"


def read_policy(path: Path | None) -> WiringPolicy:
    """The thresholds in a file, the defaults without one; raises SettingsInvalid, or RequestRefused where the file can
    not be read."""
    if path is None:
        return WiringPolicy()
    try:
        said = tomllib.loads(read_text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsInvalid(str(path), " ".join(str(error).split())) from error
    table = said.get("wiring", said)
    try:
        return msgspec.convert(table, WiringPolicy)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(str(path), str(error)) from error


def only_one_standard(*paths: Path | None) -> None:
    """Raise CommandIncomplete where standard input is named more than once."""
    if sum(path == STANDARD for path in paths) > 1:
        raise CommandIncomplete("input-twice", "standard input can be read once", "name a file")


def check_new(path: Path | None) -> None:
    """Raise RequestRefused where no new file can be made, before there is work to lose."""
    if path is not None and path != STANDARD:
        files.check_new([path])


def write_text(path: Path | None, text: str) -> None:
    """Write to a new file, which only its owner may read, or to standard output; raises RequestRefused."""
    if path is None or path == STANDARD:
        print_line(text.removesuffix("\n"))
    else:
        files.write_new(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write to a new file, which only its owner may read, or to standard output; raises RequestRefused."""
    if path == STANDARD:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        files.write_new(path, content)
