"""Commands that look and change nothing: status, spool, record."""

import os
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from cyclopts import Parameter

from edge_agent.access_record import inspection
from edge_agent.access_record.chain_text import FILE_NAME as RECORD_NAME
from edge_agent.commands.terminal import Config, Json, leave, say
from edge_agent.errors import StateUnusable
from edge_agent.settings import DEFAULT_FILE, load
from edge_agent.spool.inspection import inspect
from edge_agent.spool.spool import FILE_NAME
from edge_agent.status import lines, read_status

_FAILED = 1
_NOT_JOINED = 4

Verify = Annotated[bool, Parameter(negative="", help="List no records, only say whether the chain is whole.")]


def status(*, config: Config = None, json: Json = False) -> None:
    """Show where this unit stands. Exit code 4 when it has not joined."""
    own = load(os.environ, config)
    found = read_status(own)
    say(msgspec.json.encode(found).decode() if json else "\n".join(lines(found, datetime.now(UTC))))
    if not found.joined:
        if config is None and not DEFAULT_FILE.exists() and not json:
            say(f"           no settings in {DEFAULT_FILE}; looked in {own.state_dir}: name others with --config FILE")
        leave(_NOT_JOINED)


def spool(*, config: Config = None, json: Json = False) -> None:
    """Show what waits to be acknowledged; changes nothing, works beside a running agent and after a killed one."""
    path = load(os.environ, config).state_dir / FILE_NAME
    view = inspect(path)
    if view is None:
        raise StateUnusable(path, "there is no spool yet; the agent makes it when it runs")
    if json:
        say(msgspec.json.encode(view).decode())
        return
    say(f"spool {view.spool_id}: {view.waiting} waiting, next number {view.next_seq}")
    say(f"{view.dropped} dropped by its bounds, {view.unspooled} not kept on disk")
    for first, last in view.waiting_ranges:
        say(f"    {first} … {last}" if last > first else f"    {first}")


def record(*, config: Config = None, json: Json = False, verify: Verify = False) -> None:
    """Show the unit's own chain of what it did; changes nothing, works beside a running agent and after a killed one.

    Exit code 1 when the chain does not verify, or was moved aside because it did not.
    """
    path = load(os.environ, config).state_dir / RECORD_NAME
    view = inspection.inspect(path, with_chain=not verify)
    if json:
        say(msgspec.json.encode(view).decode())
    else:
        for line in inspection.lines(view):
            say(line)
    if view.problem is not None or view.moved_aside:
        leave(_FAILED)
