"""What holds for every test: reproducible properties, no use of the developer's own keys, no process left behind."""

import os
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import hypothesis
import pytest

_RUN = f"MUSTER_TEST_RUN={uuid.uuid4()}"
_GRACE_S = 10.0

hypothesis.settings.register_profile("developer", deadline=None, print_blob=True)
hypothesis.settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "developer")


def pytest_configure() -> None:
    """Mark every process that the tests start, and let them find Debian's servers, which are not on a user's PATH."""
    name, value = _RUN.split("=")
    os.environ[name] = value
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    os.environ.pop("SSH_AUTH_SOCK", None)


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
    deadline = time.monotonic() + _GRACE_S
    while (left := _started_here()) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left, f"processes left behind by the tests: {left}"
