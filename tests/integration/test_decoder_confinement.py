"""What a decoder that was taken over can do: a real process tries, under the locks that the decoder has and the same
kernel, and tells what came of it. Each lock is shown alone as well."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fleet.media.decoder_process import decoder_process

ROOT = Path(__file__).parents[2]
_LIMIT_S = 60
_PROBE = """
import ctypes, encodings.idna, json, os, resource, signal, socket, sys, threading
root, folder, port, lifted = sys.argv[1:]
sys.path.insert(0, root)
from fleet.media.decoder import confining
from fleet.media.decoder.rehearsal import rehearse
rehearse()
if "sieve" in lifted:
    confining.sieve = lambda libc: False
if "limits" in lifted:
    confining._LIMITS.clear()
if "landlock" in lifted:
    confining._shut_landlock = lambda: 0
parent = os.getppid()
libc = ctypes.CDLL(None, use_errno=True)
confining.die_with(parent)
ready = confining.confine()

def called(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")

def fork():
    if os.fork() == 0:
        os._exit(0)
    os.wait()

ATTEMPTS = {
    "read a file": lambda: os.read(os.open("/etc/passwd", os.O_RDONLY), 1),
    "read its parent's memory": lambda: os.open(f"/proc/{parent}/mem", os.O_RDONLY),
    "write a file": lambda: os.write(os.open(f"{folder}/made", os.O_WRONLY | os.O_CREAT), b"picture"),
    "list a folder": lambda: os.listdir("/"),
    "remove a file": lambda: os.unlink(f"{folder}/kept"),
    "change a file's mode": lambda: os.chmod(f"{folder}/kept", 0o777),
    "make a folder": lambda: os.mkdir(f"{folder}/made-folder"),
    "connect": lambda: socket.create_connection(("127.0.0.1", int(port)), timeout=5),
    "make a datagram socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "make a unix socket": lambda: socket.socket(socket.AF_UNIX),
    "make a pipe": os.pipe,
    "make a file in memory": lambda: os.memfd_create("picture"),
    "fork": fork,
    "start a thread": lambda: threading.Thread(target=id, args=(0,)).start(),
    "signal its parent": lambda: os.kill(parent, signal.SIGCONT),
    "kill its parent": lambda: os.kill(parent, signal.SIGKILL) if "sieve" not in lifted else os.kill(parent, 0),
    "trace its parent": lambda: called(libc.ptrace(0x4206, parent, 0, 0)),
    "raise its limits": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    "take two gigabytes": lambda: bytearray(2 << 30),
    "become dumpable": lambda: called(libc.prctl(4, 1, 0, 0, 0)),
    "become another user": lambda: os.setuid(65534),
    "run a program": lambda: os.execv("/bin/true", ["true"]),
}
if "landlock" in lifted:
    del ATTEMPTS["run a program"], ATTEMPTS["kill its parent"], ATTEMPTS["signal its parent"]
if "limits" in lifted:
    del ATTEMPTS["take two gigabytes"]
refused = []
for name, attempt in ATTEMPTS.items():
    try:
        attempt()
    except (OSError, MemoryError, RuntimeError, ValueError):
        refused.append(name)
told = {"refused": refused, "tried": list(ATTEMPTS), "landlock": ready.landlock, "filtered": ready.filtered}
os.write(1, json.dumps(told).encode())
os._exit(0)
"""


@pytest.fixture
def port() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def tried(folder: Path, port: int, *lifted: str) -> dict[str, Any]:
    """What a confined process could not do, with these of its locks left open."""
    (folder / "kept").write_text("kept")
    ended = subprocess.run(
        [sys.executable, "-I", "-B", "-c", _PROBE, str(ROOT), str(folder), str(port), ",".join(lifted)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={"OPENBLAS_NUM_THREADS": "1"},
        timeout=_LIMIT_S,
        check=True,
    )
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def test_it_can_do_nothing_but_compute(tmp_path: Path, port: int) -> None:
    told = tried(tmp_path, port)
    assert told["refused"] == told["tried"]
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_without_a_filter_of_system_calls_files_and_sockets_are_still_out_of_reach(tmp_path: Path, port: int) -> None:
    told = tried(tmp_path, port, "sieve", "landlock")
    assert not told["filtered"]
    assert set(told["refused"]) >= {
        "read a file",
        "read its parent's memory",
        "write a file",
        "list a folder",
        "connect",
        "make a datagram socket",
        "make a unix socket",
        "make a pipe",
        "make a file in memory",
        "raise its limits",
        "take two gigabytes",
    }
    assert not (tmp_path / "made").exists()


def test_landlock_alone_keeps_it_from_files_its_parent_and_the_network(tmp_path: Path, port: int) -> None:
    told = tried(tmp_path, port, "sieve", "limits")
    held = {
        1: {"read a file", "write a file", "list a folder", "remove a file", "make a folder", "trace its parent"},
        4: {"connect"},
        6: {"signal its parent", "kill its parent"},
    }
    expected = set().union(*(names for since, names in held.items() if since <= told["landlock"]))
    assert set(told["refused"]) >= expected
    assert "run a program" in told["refused"]


async def test_the_running_decoder_has_its_locks_and_nothing_but_its_channel() -> None:
    async with decoder_process() as decoder:
        transport = decoder._channel._transport
        assert transport is not None
        place = Path(f"/proc/{transport.get_pid()}")
        status = dict(line.split(":\t", 1) for line in (place / "status").read_text().splitlines() if ":\t" in line)
        limits = (place / "limits").read_text()
        locks = {name: status[name].strip() for name in ("NoNewPrivs", "Threads", "CapEff", "CapPrm")}
        assert locks == {"NoNewPrivs": "1", "Threads": "1", "CapEff": "0" * 16, "CapPrm": "0" * 16}
        for limit in ("core file size", "file size", "processes", "open files"):
            assert f"Max {limit} " in limits
            [line] = [line for line in limits.splitlines() if line.startswith(f"Max {limit} ")]
            assert line.removeprefix(f"Max {limit} ").split()[:2] == ["0", "0"]
        assert os.getsid(transport.get_pid()) == transport.get_pid()
    with pytest.raises(ProcessLookupError):
        os.kill(transport.get_pid(), 0)


def test_it_loads_nothing_that_reads_keys_or_settings() -> None:
    script = "import sys; sys.path.insert(0, sys.argv[1]); import fleet.media.decoder.serving; print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-I", "-B", "-c", script, str(ROOT)],
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=True,
    )
    loaded = ended.stdout.split()
    assert {name for name in loaded if name.startswith("fleet.")} == {
        "fleet.media",
        "fleet.media.decoder",
        "fleet.media.decoder.confining",
        "fleet.media.decoder.rehearsal",
        "fleet.media.decoder.serving",
        "fleet.media.decoder.sieve",
        "fleet.media.decoder.wire",
        "fleet.media.decoder.work",
        "fleet.media.frames",
        "fleet.media.h264",
        "fleet.media.packets",
        "fleet.readiness",
        "fleet.readiness.picture",
        "fleet.readiness.sound",
    }
    assert not {"cryptography", "asyncpg", "aiortc", "ssl", "asyncio", "structlog"} & set(loaded)


async def test_it_dies_with_its_controller() -> None:
    script = f"""
import asyncio, os, sys
sys.path.insert(0, {str(ROOT)!r})
from fleet.media.decoder_process import decoder_process
async def main():
    async with decoder_process() as decoder:
        print(decoder._channel._transport.get_pid(), flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
    controller = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-B", "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert controller.stdout is not None
    async with asyncio.timeout(_LIMIT_S):
        pid = int(await controller.stdout.readline())
        watched = os.pidfd_open(pid)
        gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(watched, gone.set)
        controller.kill()
        await controller.wait()
        await gone.wait()
        asyncio.get_running_loop().remove_reader(watched)
        os.close(watched)
