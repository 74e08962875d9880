"""Zephyr's own SMP servers, as smpclient's source distribution carries them: fetched by pip, never committed.

The distribution's version and hash are those of uv.lock. pip fetches it once into pytest's cache, from whatever index
pip is told of; only the servers are unpacked, and each is checked against the distribution's list before it is run.
`native_sim` servers are 32-bit programs (libc6-i386, lib32gcc-s1) whose serial port is a pty; the others run in
qemu-system-arm, with a socket for the port.
"""

import asyncio
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.emulated_memory import write_and_run
from tests.support.ports import free_port
from tests.support.socket_line import SocketLine

_ROOT = Path(__file__).parents[2]
_CACHE = _ROOT / ".pytest_cache" / "smp-servers"
_FOLDER = "tests/fixtures/smp-server/"
_MOST_BYTES = 64 * 1024 * 1024
_FETCH_LIMIT_S = 240
_START_LIMIT_S = 30.0
_STOP_LIMIT_S = 10.0
_PTY = re.compile(rb"connected to pseudotty: (\S+)")
_BACKEND = """
from pathlib import Path


def prepare_metadata_for_build_wheel(directory, config_settings=None):
    info = Path(directory) / "smpclient-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: smpclient\\nVersion: {version}\\n")
    return info.name
"""
"""Stands in for the distribution's build backend. pip asks one for the name of what it downloads: so nothing of the
index is run, and nothing else is fetched."""


class Locked(NamedTuple):
    """What uv.lock says of the distribution."""

    version: str
    sha256_hex: str


class Server(NamedTuple):
    """One server: its program or images, and how to start it in `folder`."""

    name: str
    folder: Path
    artifact: Path
    buffer_bytes: int
    raw: bool
    command: tuple[str, ...]

    @property
    def image(self) -> Path:
        """The signed image that runs in it."""
        return self.artifact.with_name(self.artifact.name.partition(".merged")[0].removesuffix(".hex") + ".signed.bin")


@cache
def locked() -> Locked:
    """The source distribution that belongs to the smpclient of uv.lock."""
    with (_ROOT / "uv.lock").open("rb") as lock:
        packages = tomllib.load(lock)["package"]
    (package,) = [package for package in packages if package["name"] == "smpclient"]
    return Locked(package["version"], package["sdist"]["hash"].removeprefix("sha256:"))


@cache
def servers() -> dict[str, Server]:
    """Every server that is there, by `target.config`, as `native_sim.serial_fs`; raises RuntimeError where they can not
    be fetched."""
    folder = _fetched()
    described: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_bytes())
    return {
        server.name: server
        for facts in described
        if (server := _server(folder, facts)) is not None and server.artifact.exists()
    }


def _server(folder: Path, facts: dict[str, Any]) -> Server | None:
    command = facts["run"] or facts["qemu_cmd"]
    if command is None:
        return None
    name, raw = f"{facts['target']}.{facts['config']}", facts["transport"] == "serial_raw"
    return Server(name, folder, folder / facts["artifact"], facts["buf_size"] or 0, raw, tuple(command.split()))


def _fetched() -> Path:
    """The folder of the servers, unpacked."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    folder = _CACHE / locked().sha256_hex
    with _alone():
        if not folder.exists():
            archive = _downloaded()
            unpacking = Path(f"{folder}.part")
            shutil.rmtree(unpacking, ignore_errors=True)
            unpacking.mkdir()
            _unpack(archive, unpacking)
            unpacking.rename(folder)
            shutil.rmtree(archive.parent)
    return folder


@contextmanager
def _alone() -> Iterator[None]:
    """One worker at a time. Each holds it no longer than a download may take."""
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _downloaded() -> Path:
    """The distribution, of the right hash."""
    kept = locked()
    work = _CACHE / "download"
    shutil.rmtree(work, ignore_errors=True)
    backend = work / "backend" / "hatchling"
    backend.mkdir(parents=True)
    (backend / "__init__.py").touch()
    (backend / "build.py").write_text(_BACKEND.format(version=kept.version))
    wanted = work / "wanted.txt"
    wanted.write_text(f"smpclient=={kept.version} --hash=sha256:{kept.sha256_hex}\n")
    options = ("--no-deps", "--no-binary=:all:", "--no-build-isolation", "--require-hashes", "--no-input", "--quiet")
    command = (_python_with_pip(), "-m", "pip", "download", *options, "-r", str(wanted), "-d", str(work))
    environ = {**os.environ, "PYTHONPATH": str(backend.parent)}
    try:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=_FETCH_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"pip did not fetch smpclient's servers within {_FETCH_LIMIT_S} s") from None
    archives = list(work.glob("*.tar.gz"))
    if done.returncode or not archives:
        raise RuntimeError(
            f"pip could not fetch the source distribution of smpclient {kept.version}, whose servers these tests run. "
            f"See to pip's index settings. It says: {done.stderr[-2000:]}"
        )
    content = archives[0].read_bytes()
    if sha256(content).hexdigest() != kept.sha256_hex:
        raise RuntimeError(f"{archives[0].name} is not the file of uv.lock")
    return archives[0]


def _python_with_pip() -> str:
    """A Python with pip: the one given, this one, setup's, or the one that .venv was made from."""
    beside = str(_ROOT / ".venv-tools" / "bin" / "python")
    given = os.environ.get("PYTHON", "")
    base = str(Path(sys.base_prefix) / "bin" / "python3")
    for python in (given, sys.executable, beside, base, shutil.which("python3", path=os.defpath) or ""):
        if python and Path(python).exists() and not _fails(python, "-m", "pip", "--version"):
            return python
    raise RuntimeError("no Python with pip to fetch the SMP servers with; Debian: apt install python3-pip")


def _fails(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode != 0


def _unpack(archive: Path, folder: Path) -> None:
    """Only the servers and their lists, plain files, none over `_MOST_BYTES`."""
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            inside = member.name.partition("/")[2]
            if not inside.startswith(_FOLDER) or not member.isfile() or member.size > _MOST_BYTES:
                continue
            content = tar.extractfile(member)
            assert content is not None
            path = folder / Path(inside).name
            path.write_bytes(content.read())
            path.chmod(0o755 if path.suffix == ".exe" else 0o644)


def _check(server: Server) -> None:
    """Raise RuntimeError unless the files that the server runs are those of the distribution."""
    lines = (server.folder / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    for path in server.folder.iterdir():
        if path.name in " ".join(server.command) and sums.get(path.name) != sha256(path.read_bytes()).hexdigest():
            raise RuntimeError(f"{path} is not the distribution's; remove {server.folder} and run the tests again")


@asynccontextmanager
async def native_sim(name: str, directory: Path) -> AsyncIterator[str]:
    """Run the native_sim server of this configuration in `directory`; yields its pty."""
    server = servers()[f"native_sim.{name}"]
    _check(server)
    async with _running([str(server.artifact)], directory) as process:
        assert process.stdout is not None
        async with asyncio.timeout(_START_LIMIT_S):
            while not (found := _PTY.search(line := await process.stdout.readline())):
                if not line:
                    raise RuntimeError(f"{server.artifact.name} ended at once; it needs libc6-i386 and lib32gcc-s1")
        reading = asyncio.create_task(_drained(process.stdout))
        try:
            yield found.group(1).decode()
        finally:
            reading.cancel()


async def _drained(output: asyncio.StreamReader) -> None:
    while await output.read(65536):
        pass


@asynccontextmanager
async def emulated(name: str, directory: Path) -> AsyncIterator[SocketLine]:
    """Run the server of this name, as `mps2_an385.serial_recovery`, in qemu-system-arm; yields its serial line. Its
    flash memory lasts, restarts included, as long as it runs."""
    server = servers()[name]
    _check(server)
    for path in server.folder.iterdir():
        if path.name in " ".join(server.command):
            (directory / path.name).symlink_to(path)
    port, door = free_port(), free_port()
    command, address = _without_slot([word.replace("<PORT>", str(port)) for word in server.command])
    if shutil.which(command[0]) is None:
        raise RuntimeError(f"no {command[0]}: apt-get install qemu-system-arm")
    async with _running([*command, "-gdb", f"tcp:127.0.0.1:{door}", "-S"], directory) as process:
        assert process.stdout is not None
        reading = asyncio.create_task(_drained(process.stdout))
        debugger = await SocketLine.open(door)
        line = await SocketLine.open(port)
        try:
            await write_and_run(debugger.reader, debugger.writer, address, server.image.read_bytes())
            await debugger.close()
            yield line
        finally:
            await line.close()
            await debugger.close()
            reading.cancel()


def _without_slot(command: list[str]) -> tuple[list[str], int]:
    """The command without the loading of the signed image, and the address that it is loaded at."""
    (loading,) = [word for word in command if ".signed.bin,addr=" in word]
    at = command.index(loading)
    return command[: at - 1] + command[at + 1 :], int(loading.rpartition("addr=")[2], 16)


@asynccontextmanager
async def _running(command: list[str], directory: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _STOP_LIMIT_S)
            except TimeoutError:
                process.kill()
                await process.wait()
