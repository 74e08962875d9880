"""`fleet wiring parts`: connectors to start from, listed, as JSON, and put into a plan."""

import asyncio
import json
import os
import pty
from pathlib import Path

import pytest

from fleet.wiring.rules.connector_library import names, one
from tests.support.fleet_command import LIMIT_S, Ran, run_here
from tests.support.rota_cli import FLEET


async def parts(*words: str) -> Ran:
    return await run_here("wiring", "parts", *words)


async def test_the_list_says_of_each_part_whether_its_figures_are_verified() -> None:
    code, out, err = await parts()
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line.split()[-1] for line in out.splitlines()[1:]}
    assert tuple(rows) == names()
    assert rows == {name: "verified" if one(name).verified else "unverified" for name in names()}
    assert max(map(len, out.splitlines())) <= 80


async def test_the_list_has_the_smallest_rating_and_a_question_mark_where_none_is_known() -> None:
    lines = {line.split()[0]: line.split()[-4:] for line in (await parts())[1].splitlines()[1:]}
    assert lines["sealed-2-8-4"] == ["4", "15", "1-2.5", "unverified"]
    assert lines["j1962-b"] == ["6", "2", "?", "verified"]
    assert lines["bootlace-1-5"] == ["1", "?", "1.5", "verified"]


async def test_the_list_and_a_part_are_there_as_json() -> None:
    code, out, err = await parts("--json")
    assert (code, err) == (0, "")
    listed = json.loads(out)
    assert [(part["name"], part["verified"]) for part in listed] == [(name, one(name).verified) for name in names()]
    code, out, err = await parts("j1962-a", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) in listed
    assert json.loads(out)["connector"]["cavities"]["16"]["rating_a"] == 4.0


@pytest.mark.parametrize("name", ["blade-6-3", "sealed-1-5-6", "j1962-b"])
async def test_a_part_is_printed_as_a_plan_takes_it_and_tells_its_source_beside(tmp_path: Path, name: str) -> None:
    part = one(name)
    code, out, err = await parts(name)
    standing = "verified" if part.verified else "unverified"
    assert (code, out, err) == (0, part.text, f"{part.description}: {standing}, {part.source}\n")
    assert part.verified or "Unverified (" in out
    file = tmp_path / "plan.yaml"
    file.write_text(f"muster_wiring: 1\nname: begun\nconnectors:\n{out}", encoding="utf-8")
    code, out, _ = await run_here("wiring", "check", str(file), "--json")
    assert (json.loads(out)["faults"], json.loads(out)["failed"]) == ([], 0)


async def test_a_part_that_is_not_there_is_refused() -> None:
    code, out, err = await parts("in-line-fuse-holder")
    assert (code, out) == (3, "")
    assert "there is no part 'in-line-fuse-holder': name one that fleet wiring parts lists" in err


@pytest.mark.parametrize("columns", ["100", "40"])
async def test_on_a_terminal_of_any_width_every_part_says_how_its_figures_stand(columns: str) -> None:
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        FLEET, "wiring", "parts", stdout=its, env={**os.environ, "TERM": "xterm-256color", "COLUMNS": columns}
    )
    os.close(its)
    async with asyncio.timeout(LIMIT_S):
        written = await asyncio.to_thread(_read_all, ours)
        assert await process.wait() == 0
    standing = [word for word in written.split() if word in ("verified", "unverified")]
    assert standing == ["verified" if one(name).verified else "unverified" for name in names()]


def _read_all(terminal: int) -> str:
    read = bytearray()
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # what Linux says once nobody has the other side open
            part = b""
        if not part:
            os.close(terminal)
            return read.decode()
        read += part
