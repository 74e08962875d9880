"""What holds for every test: reproducible properties, no use of the developer's own keys, no process left behind.

`make test` runs three workers (pytest-xdist): each is a process with servers, ports and a mark of its own, and all of
this holds in each of them. Without `-n` there is one process, as pytest is used to.
"""

import os
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import hypothesis
import pytest

from fleet.demo.passage import Passage
from fleet.demo.postgres import programs
from tests.support.forked import end_nursery

_RUN = f"MUSTER_TEST_RUN={uuid.uuid4()}"
_GRACE_S = 10.0
_TESTS = Path(__file__).parent

hypothesis.settings.register_profile("developer", deadline=None, print_blob=True)
hypothesis.settings.register_profile(
    "ci", deadline=None, print_blob=True, derandomize=True, database=None, max_examples=50
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "developer")


def pytest_configure(config: pytest.Config) -> None:
    """Mark every process that the tests start, and let them find Debian's servers, which are not on a user's PATH."""
    name, value = _RUN.split("=")
    os.environ[name] = value
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    os.environ.pop("SSH_AUTH_SOCK", None)
    # A shell's background job ignores it, and so would every program that a test interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        _compile_once(config)
        _open_the_way(config)


def _compile_once(config: pytest.Config) -> None:
    """Where Python is told to write no bytecode, keep it away from the sources: with the virtual environment.

    To compile everything takes each worker longer than to import and collect it all, and our programs, which the tests
    start hundreds of times, most of their time. What is kept is compiled anew only where a source changed.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", "") and "PYTHONPYCACHEPREFIX" not in os.environ:
        kept = Path(sys.prefix) / "bytecode"
        if sys.prefix == sys.base_prefix or not os.access(sys.prefix, os.W_OK):
            folder = tempfile.TemporaryDirectory(prefix="bytecode-", ignore_cleanup_errors=True)
            config.add_cleanup(folder.cleanup)
            kept = Path(folder.name)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(kept)
        sys.dont_write_bytecode = False


def _open_the_way(config: pytest.Config) -> None:
    """As root, hold the way to PostgreSQL's programs open for the whole run.

    Only the process that opened a folder can close it, and not while another needs it: a worker might end first.
    """
    if os.geteuid() == 0:
        passage = Passage()
        passage.open_to(programs())
        config.add_cleanup(passage.close)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let workers begin with what takes longest, so that none is left alone with it at the end."""
    if hasattr(config, "workerinput"):
        items.sort(key=_urgency)


def _urgency(item: pytest.Item) -> tuple[bool, bool]:
    return item.get_closest_marker("long") is None, "unit" in item.path.relative_to(_TESTS).parts


def _started_here() -> dict[int, str]:
    """Command lines of the living processes that carry this run's mark, by process id."""
    found: dict[int, str] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            marked = _RUN.encode() in (entry / "environ").read_bytes().split(b"\0")
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended, or is another user's
            continue
        if marked and command:
            found[int(entry.name)] = command[:200].strip()
    found.pop(os.getpid(), None)
    return found


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left_behind() -> Iterator[None]:
    """Set up first and so torn down last: what the tests started has to be gone by then, or is ended here."""
    yield
    end_nursery()
    deadline = time.monotonic() + _GRACE_S
    while (left := _started_here()) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left, f"processes left behind by the tests: {left}"
