"""The log on a terminal: control signs in values are shown, never obeyed."""

import asyncio
import subprocess
import sys

import pytest
import structlog

from edge_agent.logs import configure_logs, record_fault

PROGRAM = """
import sys
sys.stderr.isatty = lambda: True
from edge_agent.logs import configure_logs
configure_logs()
import structlog
log = structlog.get_logger("here")
log.info("told", value="a\\x9b2Jb\\x07\\u202ec", plain=7, nested=["\\x9b"])
try:
    raise ValueError("bad \\x9b2J sign")
except ValueError:
    log.exception("failed")
"""


@pytest.fixture
def logged() -> str:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    return run.stderr


def test_values_can_not_steer_the_terminal(logged: str) -> None:
    assert "a\\u009b2Jb\\u0007\\u202ec" in logged
    assert "plain" in logged


def test_a_traceback_keeps_its_lines(logged: str) -> None:
    assert "ValueError: bad \\u009b2J sign" in logged.splitlines()


def test_no_raw_sign_is_left(logged: str) -> None:
    assert not {"\x9b", "\x07", "\u202e"} & set(logged)


async def test_a_callback_that_fails_is_one_line_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    nothing: dict[str, int] = {}
    loop.set_exception_handler(record_fault)
    configure_logs()
    try:
        loop.call_soon(nothing.__getitem__, "missing")
        await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(before)
        structlog.reset_defaults()
    (line,) = capsys.readouterr().err.splitlines()
    assert "KeyError" in line
    assert "Traceback" not in line
