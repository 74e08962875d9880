"""What all commands share: options, printing, and running to the end."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

from cyclopts import Parameter

from edge_agent.errors import VoucherUnusable
from edge_agent.settings import VOUCHER_VARIABLE, AgentSettings

_Result = TypeVar("_Result")
_MAX_VOUCHER_CHARACTERS = 4096
_LINGER_S = 0.5
_STANDARD_INPUT = Path("-")

Config = Annotated[Path | None, Parameter(name="--config", help="Settings file (default /etc/muster/edge-agent.toml).")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]
VoucherFile = Annotated[
    Path | None,
    Parameter(
        allow_leading_hyphen=True,
        help="File with the voucher, - for standard input. MUSTER_AGENT_VOUCHER may hold the text instead.",
    ),
]


def say(line: str) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def read_voucher_text(own: AgentSettings, file: Path | None, *, needed: bool) -> str | None:
    """The voucher's text: from the file or standard input that was named, the environment, the settings' file.

    None when there is none; a blank one is none, as service managers can not leave a file out. Where one is `needed`
    and none of these is given, standard input is read unless it is a terminal; else a file that only the settings name
    may be missing. Raises VoucherUnusable.
    """
    text = os.environ.pop(VOUCHER_VARIABLE, "")  # what this program starts must not inherit it
    if file is not None:
        text = _read(file)
    elif not text and own.voucher_file is not None and (needed or own.voucher_file.exists()):
        text = _read(own.voucher_file)
    elif not text and needed and not sys.stdin.isatty():
        text = _read(_STANDARD_INPUT)
    return text.strip() or None


def _read(file: Path) -> str:
    if file == _STANDARD_INPUT:
        return sys.stdin.read(_MAX_VOUCHER_CHARACTERS)
    try:
        with file.open(encoding="ascii", errors="replace") as stream:
            return stream.read(_MAX_VOUCHER_CHARACTERS)
    except OSError as error:
        raise VoucherUnusable("voucher-unreadable", f"{file}: {error.strerror}; name the voucher's file") from error


def run_to_the_end(main: Coroutine[Any, Any, _Result]) -> _Result:
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


def leave(code: int) -> NoReturn:
    """End the program with `code`, also when a thread hangs."""
    sys.stdout.flush()
    sys.stderr.flush()
    if not _threads_end():
        os._exit(code)  # Python would wait for the hanging thread for ever
    sys.exit(code)


def _threads_end() -> bool:
    deadline = time.monotonic() + _LINGER_S
    main = threading.main_thread()
    threads = [thread for thread in threading.enumerate() if thread is not main and not thread.daemon]
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)
