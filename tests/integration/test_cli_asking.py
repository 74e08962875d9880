"""What commands ask a person at a terminal: on standard error, and never for ever."""

import asyncio
import os
import sys

import pytest

_ASKS = """
from fleet.cli.confirming import confirm
from fleet.errors import RequestRefused
try:
    confirm("unit-1", "revoking unit-1 \\x1b[2J", "ends it")
except RequestRefused as error:
    print(error.problem.message)
else:
    print("done")
"""


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        (b"unit-1\n", "done\n"),
        (b" unit-1 \n", "done\n"),
        (b"yes\n", "that is not unit-1\n"),
        (b"\x04", "that is not unit-1\n"),
    ],
    ids=["the word", "with blanks", "another word", "the end of input"],
)
async def test_a_question_is_on_standard_error_and_its_answer_may_be_the_end(typed: bytes, printed: str) -> None:
    screen, terminal = os.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _ASKS),
            stdin=terminal,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        async with asyncio.timeout(60):
            question = await process.stderr.readuntil(b"to go on: ")
            os.write(screen, typed)
            out, _ = await process.communicate()
    finally:
        os.close(terminal)
        os.close(screen)
    assert (out.decode(), process.returncode) == (printed, 0)
    assert question.decode() == "revoking unit-1 \\u001b[2J ends it; type unit-1 to go on: "
