"""How fast an image of some 200 KiB goes over a serial line, beside `smpmgr` on the same line.

    python -m tests.bench.serial

The line is a pty that lets bytes pass at 115200 and at 921600 bit/s in both directions, and is that slow to a process
of its own (`serial_peer`), which counts: KiB of the image a second from its first message to its last, without the
time that programs take to start. Buffers of 384 bytes are Zephyr's usual ones; 2048 are asked for by who updates over
serial lines. The device writes no flash memory, so what is lost is lost by line and programs.

smpmgr runs from an environment of its own, `.venv-bench`, that uv makes from the lock's group `bench`.

One line of JSON on standard output: first, with 2048-byte buffers, KiB/s of both and our share of what the line carries
(11.25 and 90 KiB/s); then the same with 384-byte buffers (`…_384`).
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from firmware_bridge.smp.device import SmpDevice
from firmware_bridge.transport.serial_line import open_line
from tests.bench.lines import say, tell

BAUDS = (115200, 921600)
BUFFERS = (2048, 384)
_KIB = 1024
_UPLOAD_LIMIT_S = 180.0
_SETUP_LIMIT_S = 300
_ROOT = Path(__file__).parents[2]
_BENCH = _ROOT / ".venv-bench"

Send = Callable[[str, int, Path], Awaitable[None]]


@asynccontextmanager
async def peer_at(link: Path, baud: int, buffer_bytes: int) -> AsyncIterator[asyncio.StreamReader]:
    """The far end, listening; what it tells of uploads comes from the reader."""
    words = ("-m", "tests.bench.serial_peer", str(link), str(baud), str(buffer_bytes))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=_ROOT, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            await process.stdout.readline()
        yield process.stdout
    finally:
        process.stdin.close()
        await process.wait()


async def ours(port: str, baud: int, image: Path) -> None:
    content = await asyncio.to_thread(image.read_bytes)
    async with await open_line(port, baud=baud) as line, SmpDevice.on(line) as device:
        await device.upload_image(content)


async def smpmgr(port: str, baud: int, image: Path) -> None:
    command = (str(_BENCH / "bin" / "smpmgr"), "--port", port, "--baudrate", str(baud))
    nowhere = asyncio.subprocess.DEVNULL
    upload = ("image", "upload", "--format", "any", str(image))
    process = await asyncio.create_subprocess_exec(*command, *upload, stdin=nowhere, stdout=nowhere, stderr=nowhere)
    try:
        code = await asyncio.wait_for(process.wait(), _UPLOAD_LIMIT_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        raise RuntimeError(f"smpmgr ended with {code}")


async def rate(send: Send, image: Path, baud: int, buffer_bytes: int) -> float:
    """KiB/s of one upload."""
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "port"
        async with peer_at(link, baud, buffer_bytes) as told, asyncio.timeout(_UPLOAD_LIMIT_S):
            await send(str(link), baud, image)
            counted = json.loads(await told.readline())
    kib_s = float(counted["bytes"] / _KIB / counted["seconds"])
    say(f"{send.__name__}, {baud} bit/s, {buffer_bytes}-byte buffers: {kib_s:.2f} KiB/s")
    return kib_s


def make_environment() -> None:
    """`.venv-bench` as the lock says; raises RuntimeError where uv is missing."""
    uv = shutil.which("uv", path=os.pathsep.join([str(_ROOT / ".venv-tools" / "bin"), os.environ.get("PATH", "")]))
    if uv is None:
        raise RuntimeError("no uv; run make setup")
    environ = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(_BENCH), "UV_PYTHON_DOWNLOADS": "never"}
    environ.pop("VIRTUAL_ENV", None)
    command = [uv, "sync", "--quiet", "--frozen", "--only-group", "bench", "--python", sys.executable]
    subprocess.run(command, cwd=_ROOT, env=environ, check=True, timeout=_SETUP_LIMIT_S)


async def measure(image_kib: int) -> dict[str, float]:
    """Every combination, one after the other."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.bin"
        image.write_bytes(Random(1).randbytes(image_kib * _KIB))
        for buffer_bytes in BUFFERS:
            ending = "" if buffer_bytes == BUFFERS[0] else f"_{buffer_bytes}"
            for baud in BAUDS:
                mine = await rate(ours, image, baud, buffer_bytes)
                figures[f"kib_s_{baud}{ending}"] = round(mine, 2)
                figures[f"line_share_{baud}{ending}"] = round(mine * _KIB * 10 / baud, 3)
                figures[f"smpmgr_kib_s_{baud}{ending}"] = round(await rate(smpmgr, image, baud, buffer_bytes), 2)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image-kib", type=int, default=200)
    chosen = parser.parse_args()
    make_environment()
    tell(json.dumps(asyncio.run(measure(chosen.image_kib))))


if __name__ == "__main__":
    main()
