"""The commands over SMP, on Zephyr's own server: what a person types and reads."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from firmware_bridge.cli.app import run
from tests.support.smp_servers import native_sim

Said = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[str]:
    async with native_sim("serial_fs", tmp_path) as pty:
        yield pty


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs a command line: its exit code, standard output and standard error."""

    def ended(words: tuple[str, ...]) -> int:
        try:
            run(words)
        except SystemExit as exit_:
            return int(exit_.code or 0)
        return 0

    async def say(*words: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(ended, words)
        output = capsys.readouterr()
        return code, output.out, output.err

    return say


async def test_a_device_is_asked(port: str, said: Said) -> None:
    assert await said("echo", port, "hello") == (0, "hello\n", "")
    assert json.loads((await said("echo", port, "hello", "--json"))[1]) == {"text": "hello"}
    _, out, _ = await said("params", port)
    assert out.startswith("buffer bytes   1024\nbuffers        4\n")
    assert json.loads((await said("params", port, "--json"))[1])["buffer_bytes"] == 1024
    assert "smp_svr_stats" in json.loads((await said("stats", port, "--json"))[1])
    assert set(json.loads((await said("stats", port, "smp_svr_stats", "--json"))[1])) == {"ticks"}
    _, out, _ = await said("stats", port)
    assert "smp_svr_stats" in out.splitlines()
    _, out, _ = await said("stats", port, "smp_svr_stats")
    assert out.startswith("ticks")


async def test_a_refusal_is_one_line_and_a_code(port: str, said: Said) -> None:
    code, out, err = await said("images", port)
    assert (code, out) == (3, "")
    assert err == f"firmware-bridge: {port}: image list: refused: not supported (code 8)\n"
    code, _, err = await said("setting", "get", port, "a/b")
    assert code == 3
    code, _, err = await said("setting", "set", port, "a/b", "zz", "--hex")
    assert (code, err) == (1, "firmware-bridge: 'zz' is not hexadecimal; give two digits for each byte\n")


async def test_a_file_goes_up_and_comes_back_the_same(port: str, said: Said, tmp_path: Path) -> None:
    source, back, spied = tmp_path / "source", tmp_path / "back", tmp_path / "spied"
    source.write_bytes(Random(1).randbytes(5000))
    code, out, err = await said("file", "put", port, str(source), "/lfs1/one", "--spy", str(spied))
    assert (code, out) == (0, "/lfs1/one: 5000 bytes\n")
    assert "/lfs1/one 100%  4.9 of 4.9 KiB" in err
    assert "SMP write fs file" in spied.read_text()
    code, out, _ = await said("file", "get", port, "/lfs1/one", str(back))
    assert (code, out) == (0, f"{back}: 5000 bytes\n")
    assert back.read_bytes() == source.read_bytes()
    code, _, err = await said("file", "get", port, "/lfs1/one", str(back))
    assert (code, err) == (1, f"firmware-bridge: {back}: name a new file, in a directory that is there\n")
    code, _, err = await said("file", "put", port, str(tmp_path / "none"), "/lfs1/one")
    assert (code, err.splitlines()[-1]) == (
        1,
        f"firmware-bridge: {tmp_path / 'none'}: No such file or directory; name a file that can be read",
    )


async def test_what_can_not_be_a_file_is_said_before_the_device_is_asked(said: Said, tmp_path: Path) -> None:
    code, _, err = await said("file", "put", "nowhere", "/dev/zero", "/lfs1/one")
    assert (code, err) == (1, "firmware-bridge: /dev/zero: it is no file; name one\n")
    code, _, err = await said("file", "get", "nowhere", "/lfs1/one", str(tmp_path / "none" / "back"))
    assert (code, "in a directory that is there" in err) == (1, True)
    code, _, err = await said("file", "get", "nowhere", "/lfs1/one", str(tmp_path / ("n" * 300)))
    assert (code, "name too long" in err.lower()) == (1, True)
