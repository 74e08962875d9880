"""A command that runs in the tests' own process answers as one that is a process, and leaves nothing behind."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.support.fleet_command import run_here
from tests.support.rota_cli import begun, ended

LINES = [
    pytest.param(("rota", "template"), 0, id="done"),
    pytest.param(("rota", "check", "--file", "nowhere"), 3, id="refused"),
    pytest.param(("rota", "end"), 2, id="a wrong line"),
    pytest.param(("rota", "list", "--client", "nowhere.toml"), 5, id="no settings"),
]


@pytest.mark.parametrize(("words", "code"), LINES)
async def test_it_says_the_same_as_a_process(words: tuple[str, ...], code: int) -> None:
    here = await run_here(*words)
    assert here[0] == code
    assert here == await ended(await begun(*words))


async def test_nothing_of_it_is_left_and_nothing_beside_it_is_taken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSTER_CLIENT_URL", "https://127.0.0.1:9")
    before = (sys.stdin, sys.stdout, sys.stderr, sys.argv, Path.cwd(), dict(os.environ))
    running = asyncio.create_task(run_here("rota", "list", "--client", "nowhere.toml"))
    await asyncio.sleep(0)
    sys.stdout.write("beside it\n")
    code, out, err = await running
    assert (code, out, "nowhere.toml" in err) == (5, "", True)
    assert (sys.stdin, sys.stdout, sys.stderr, sys.argv, Path.cwd(), dict(os.environ)) == before
    assert tuple(capsys.readouterr()) == ("beside it\n", "")


async def test_only_one_runs_at_a_time() -> None:
    running = asyncio.create_task(run_here("rota", "template"))
    await asyncio.sleep(0)
    with pytest.raises(AssertionError, match="as a process"):
        await run_here("rota", "template")
    assert (await running)[0] == 0
