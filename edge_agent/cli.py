"""`edge-agent`: the program on a unit.

Exit codes: 0 done (also when stopped by SIGTERM or SIGINT); 1 failed; 2 the command line or the settings are wrong;
3 the controller refused; 4 the unit has not joined; 5 the voucher is missing or can not be used; 6 the controller can
not be trusted; 7 another agent uses the state directory.
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec
from cyclopts import App, CycloptsError, Parameter

from edge_agent import errors
from edge_agent.logs import configure_logs
from edge_agent.settings import VOUCHER_VARIABLE, AgentSettings, load

_Result = TypeVar("_Result")
_MAX_VOUCHER_BYTES = 4096
_LINGER_S = 0.5

_CODES: tuple[tuple[type[errors.AgentError] | tuple[type[errors.AgentError], ...], int], ...] = (
    (errors.SettingsInvalid, 2),
    (errors.RefusedByController, 3),
    (errors.NotJoined, 4),
    ((errors.VoucherMissing, errors.VoucherUnusable), 5),
    ((errors.WrongAuthority, errors.ControllerUntrusted, errors.AcceptanceInvalid), 6),
    (errors.AlreadyRunning, 7),
)

Config = Annotated[Path | None, Parameter(name="--config", help="Settings file (default /etc/muster/edge-agent.toml).")]
VoucherFile = Annotated[
    Path | None,
    Parameter(
        allow_leading_hyphen=True,
        help="File with the voucher, - for standard input. MUSTER_AGENT_VOUCHER may hold the text instead.",
    ),
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]

app = App(name="edge-agent", help="The program on a unit: joins a fleet, reports its health.", version_flags=[])


@app.command(name="run")
def report(*, config: Config = None, voucher_file: VoucherFile = None) -> None:
    """Report until stopped. Joins first if the unit has not joined and there is a voucher."""
    from edge_agent.app import run_agent, stop_on_signals  # noqa: PLC0415 - `spool` and `status` start without it

    own = load(os.environ, config)
    voucher = _voucher(own, voucher_file, needed=False)

    async def main() -> None:
        await run_agent(own, voucher, stop_on_signals())

    configure_logs()
    _run_to_the_end(main())


@app.command
def join(*, config: Config = None, voucher_file: VoucherFile = None, again: bool = False, json: Json = False) -> None:
    """Join a fleet with a voucher: shows the key's fingerprint, waits until a person has accepted it.

    Parameters
    ----------
    again
        Join again although the unit has joined, with the same key.
    """
    from edge_agent.app import run_join, stop_on_signals  # noqa: PLC0415 - as above
    from protocols.joining import display_fingerprint  # noqa: PLC0415

    own = load(os.environ, config)
    voucher = _voucher(own, voucher_file, needed=True)

    def show(fingerprint: str) -> None:
        if not json:
            _say("Key fingerprint; compare it with what the controller shows before anyone accepts:")
            for line in display_fingerprint(fingerprint):
                _say(f"    {line}")

    async def main() -> str | None:
        identity = await run_join(own, voucher, stop_on_signals(), show, again=again)
        return identity.unit_id if identity else None

    configure_logs()
    unit_id = _run_to_the_end(main())
    if unit_id is None:
        raise errors.NotJoined(own.state_dir)
    _say(msgspec.json.encode({"unit_id": unit_id}).decode() if json else f"Joined as {unit_id}.")


@app.command
def status(*, config: Config = None, json: Json = False) -> None:
    """Show where this unit stands. Exit code 4 when it has not joined."""
    from edge_agent.status import lines, read_status  # noqa: PLC0415 - as above

    own = load(os.environ, config)
    found = read_status(own)
    _say(msgspec.json.encode(found).decode() if json else "\n".join(lines(found, datetime.now(UTC))))
    if not found.joined:
        sys.exit(4)


@app.command
def spool(*, config: Config = None, json: Json = False) -> None:
    """Show what waits to be acknowledged; changes nothing, works beside a running agent and after a killed one."""
    from edge_agent.spool.inspection import inspect  # noqa: PLC0415 - as above
    from edge_agent.spool.spool import FILE_NAME  # noqa: PLC0415

    path = load(os.environ, config).state_dir / FILE_NAME
    view = inspect(path)
    if view is None:
        raise errors.StateUnusable(path, "there is no spool yet; the agent makes it when it runs")
    if json:
        _say(msgspec.json.encode(view).decode())
        return
    _say(f"spool {view.spool_id}: {view.waiting} waiting, next number {view.next_seq}")
    _say(f"{view.dropped} dropped by its bounds, {view.unspooled} not kept on disk")
    for first, last in view.waiting_ranges:
        _say(f"    {first} … {last}" if last > first else f"    {first}")


@app.command
def simulate_host(directory: Path, *, hosts: int = 1, seed: int = 1, step_s: float = 2.0, trouble: float = 1.0) -> None:
    """Keep trees of a simulated /proc and /sys alive, for agents with MUSTER_AGENT_ROOT in them.

    Parameters
    ----------
    directory
        Where the trees host-001, host-002, … are written.
    hosts
        How many.
    seed
        Equal seeds give equal histories.
    step_s
        Seconds between changes.
    trouble
        How often something fails; 0 never, 1 now and then.
    """
    from edge_agent.app import stop_on_signals  # noqa: PLC0415 - as above
    from edge_agent.host_simulation import run_simulation  # noqa: PLC0415

    async def main() -> None:
        await run_simulation(directory, hosts, stop=stop_on_signals(), seed=seed, step_s=step_s, trouble=trouble)

    configure_logs()
    _run_to_the_end(main())


@app.command(name="version")
def show_version(*, json: Json = False) -> None:
    """Show the version of this program."""
    from edge_agent.app import agent_version  # noqa: PLC0415 - as above

    _say(msgspec.json.encode({"version": agent_version()}).decode() if json else agent_version())


def run() -> NoReturn:
    """Entry point of `edge-agent`: a known error becomes one line on standard error and an exit code."""
    try:
        app(exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        _fail(2, str(error))
    except errors.AgentError as error:
        _fail(exit_code(error), str(error))
    except BaseExceptionGroup as group:
        known, unknown = group.split(errors.AgentError)
        if known is None or unknown is not None:
            raise
        first = _first(known)
        _fail(exit_code(first), str(first))
    _leave(0)


def exit_code(error: BaseException) -> int:
    """The exit code that stands for `error`."""
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), 1)


def _first(group: BaseExceptionGroup[errors.AgentError]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _voucher(own: AgentSettings, file: Path | None, *, needed: bool) -> str | None:
    """The voucher's text: from the file or standard input that was named, the environment, the settings' file."""
    from_environ = os.environ.pop(VOUCHER_VARIABLE, None)  # what this program starts must not inherit it
    if file is not None:
        return _read_voucher(file)
    if from_environ:
        return from_environ
    if own.voucher_file is not None and (needed or own.voucher_file.exists()):
        return _read_voucher(own.voucher_file)
    return None


def _read_voucher(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.read(_MAX_VOUCHER_BYTES)
    try:
        with file.open(encoding="ascii", errors="replace") as stream:
            return stream.read(_MAX_VOUCHER_BYTES)
    except OSError as error:
        raise errors.VoucherUnusable("voucher-unreadable", f"{file}: {error.strerror}") from error


def _run_to_the_end(main: Coroutine[Any, Any, _Result]) -> _Result:
    """Run `main`, without waiting afterwards for a thread that hangs in a connection attempt or on a dead disk."""
    workers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="work")
    runner = asyncio.Runner()
    runner.get_loop().set_default_executor(workers)
    try:
        return runner.run(main)
    finally:
        workers.shutdown(wait=False, cancel_futures=True)
        if _threads_end():
            runner.close()


def _threads_end() -> bool:
    deadline = time.monotonic() + _LINGER_S
    threads = [
        thread for thread in threading.enumerate() if thread is not threading.main_thread() and not thread.daemon
    ]
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _fail(code: int, message: str) -> NoReturn:
    sys.stderr.write(f"edge-agent: {' '.join(message.split())}\n")
    _leave(code)


def _leave(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    if not _threads_end():
        os._exit(code)  # Python would wait for the hanging thread for ever
    sys.exit(code)
