"""A release as one file, and how it becomes a directory: wholly or not at all, whatever cuts it short.

A bundle is a tar file, plain or with gzip. It holds directories and regular files only; first `release.json`, then a
tree with `bin/edge-agent`, an executable that needs nothing but the machine's own python3 and what is in the tree.
Nobody on a unit's line could fetch what is missing, and a link might lead out.
"""

import gzip
import io
import os
import re
import shutil
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256 as _sha256
from pathlib import Path
from typing import IO, cast

import msgspec

from edge_agent.durable import ensure_directory, sync_directory
from edge_agent.errors import BundleRefused, StateUnusable
from edge_agent.releases.place import ReleasePlace, release_name
from protocols.errors import InvalidBundle
from protocols.releases.bundle import (
    HEADER_BYTES,
    LISTING,
    MAX_FILES,
    MAX_LISTING_BYTES,
    Listing,
    is_packed,
    read_header,
    read_listing,
)

PROGRAM = "bin/edge-agent"
MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_TREE_BYTES = 1024 * 1024 * 1024
MAX_DEPTH = 16

_PIECE_BYTES = 256 * 1024
_SEGMENT = re.compile(r"(?!\.\.?$)[0-9A-Za-z._+@ -][0-9A-Za-z._+@~ -]{0,199}")
_INCOMING = ".incoming"
_GONE = ".gone-"


def install(place: ReleasePlace, bundle: Path, *, version: str, sha256: str) -> str:
    """The name of the release in `bundle`, whose SHA-256 was verified, installed in `place`; nothing is started by it.

    Does nothing where it is installed already. Blocks; raises BundleRefused for a bundle that must not be used,
    StateUnusable when the disk does not take it. A power cut leaves either the whole release or none.
    """
    name = release_name(version, sha256)
    if name is None:
        raise BundleRefused(f"version {version} can not name a release")
    if place.usable(name):
        return name
    ensure_directory(place.root)
    incoming = place.root / _INCOMING
    try:
        _remove_tree(incoming)
        incoming.mkdir(mode=0o700)
        _unpack(bundle, incoming, version)
        _seal(incoming)
        directory = place.directory(name)
        _remove_tree(directory)
        incoming.chmod(0o755)
        incoming.rename(directory)
        directory.chmod(0o555)
        sync_directory(place.root)
    except OSError as error:
        raise StateUnusable(place.root, f"a release can not be installed ({error.strerror}); check the disk") from error
    finally:
        with suppress(OSError):
            _remove_tree(incoming)
    return name


def remove_others(place: ReleasePlace, keep: Callable[[str], bool]) -> None:
    """Remove the releases that are not to be kept, and what was left of a cut installation; raises nothing."""
    with suppress(OSError):
        for leftover in [*place.root.glob(f"{_GONE}*"), place.root / _INCOMING]:
            _remove_tree(leftover)
        for name in place.installed():
            if not keep(name):
                gone = place.root / f"{_GONE}{name}"
                _remove_tree(gone)
                place.directory(name).rename(gone)  # from here on it is no release, however far removing comes
                _remove_tree(gone)


def tree_bytes(bundle: Path) -> int:
    """The bytes that the files in `bundle` have once it is installed; raises BundleRefused."""
    return sum(member.size for member, _ in _members(bundle))


def _unpack(bundle: Path, into: Path, version: str) -> None:
    listing: Listing | None = None
    missing: set[str] = set()
    for member, content in _members(bundle):
        if listing is None:
            listing = _listing(member, content, version)
            missing = set(listing.files)
            _write(into / LISTING, io.BytesIO(msgspec.json.encode(listing)), executable=False)
            continue
        target = into / member.name
        if member.isdir():
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            continue
        if member.name not in missing:
            raise BundleRefused(f"{member.name} is not in its listing, or twice in the bundle")
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _write(target, content, executable=bool(member.mode & stat.S_IXUSR)) != listing.files[member.name]:
            raise BundleRefused(f"{member.name} is not what its listing says")
        missing.discard(member.name)
    if missing:
        raise BundleRefused(f"{min(missing)} is in its listing and not in the bundle")
    if not os.access(into / PROGRAM, os.X_OK):
        raise BundleRefused(f"it holds no program {PROGRAM}")


def _members(bundle: Path) -> Iterator[tuple[tarfile.TarInfo, "_Body"]]:
    """Directories and files of `bundle`, in order, each within its bounds; raises BundleRefused."""
    count = total_bytes = 0
    try:
        with _content(bundle) as content:
            while (member := read_header(_taken(content, HEADER_BYTES))) is not None:
                count += 1
                total_bytes += member.size
                if count > MAX_FILES or total_bytes > MAX_TREE_BYTES or member.size > MAX_FILE_BYTES:
                    raise BundleRefused("it holds more than a release may")
                _check(member)
                body = _Body(content, member.size)
                yield member, body
                body.pass_over()
    except InvalidBundle as error:
        raise BundleRefused(error.detail) from error


def _taken(content: IO[bytes], size: int) -> bytes:
    """The next `size` bytes; raises BundleRefused."""
    try:
        piece = content.read(size)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise BundleRefused(f"it can not be unpacked ({str(error)[:100]})") from error
    if len(piece) < size:
        raise BundleRefused("it ends too early")
    return piece


class _Body:
    """What a member holds, read once and in order."""

    def __init__(self, content: IO[bytes], size: int) -> None:
        self._content = content
        self._left_bytes = size
        self._padding_bytes = -size % HEADER_BYTES

    def read(self, size: int) -> bytes:
        """As a file's, `size` bytes at the most; raises BundleRefused."""
        piece = _taken(self._content, min(size, self._left_bytes))
        self._left_bytes -= len(piece)
        return piece

    def pass_over(self) -> None:
        """Come to the next header."""
        while self.read(_PIECE_BYTES):
            pass
        _taken(self._content, self._padding_bytes)


def _content(bundle: Path) -> IO[bytes]:
    with bundle.open("rb") as file:
        packed = is_packed(file.read(2))
    return cast("IO[bytes]", gzip.open(bundle)) if packed else bundle.open("rb")


def _check(member: tarfile.TarInfo) -> None:
    segments = member.name.removesuffix("/").split("/")
    if len(segments) > MAX_DEPTH or not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise BundleRefused(f"{member.name[:80]!a} is no name for a file of a release")


def _listing(member: tarfile.TarInfo, content: "_Body", version: str) -> Listing:
    if member.name != LISTING or not member.isreg() or member.size > MAX_LISTING_BYTES:
        raise BundleRefused(f"it does not begin with {LISTING}")
    try:
        listing = read_listing(content.read(member.size))
    except InvalidBundle as error:
        raise BundleRefused(error.detail) from error
    if listing.version != version:
        raise BundleRefused(f"it holds version {listing.version}, not {version}")
    return listing


def _write(path: Path, content: "IO[bytes] | _Body", *, executable: bool) -> str:
    """Write `content` so that it is on the disk on return; its SHA-256."""
    digest = _sha256()
    mode = 0o555 if executable else 0o444
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while piece := content.read(_PIECE_BYTES):
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    return digest.hexdigest()


def _seal(tree: Path) -> None:
    """Make the directories under `tree` read-only, and let their entries survive a power cut; the deepest first."""
    for folder, _, _ in os.walk(tree, topdown=False):
        if folder != str(tree):
            Path(folder).chmod(0o555)
        sync_directory(Path(folder))


def _remove_tree(tree: Path) -> None:
    if not tree.exists():
        return
    for folder, _, _ in os.walk(tree):
        Path(folder).chmod(0o700)
    shutil.rmtree(tree)
