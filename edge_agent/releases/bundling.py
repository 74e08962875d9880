"""Makes a bundle of a tree: `python -m edge_agent.releases.bundling VERSION TREE BUNDLE`. For whoever builds releases.

The same tree gives the same bytes, so that two people who build a release can compare what they are to sign.
"""

import io
import sys
import tarfile
from hashlib import sha256
from pathlib import Path

import msgspec

from edge_agent.releases.bundle import PROGRAM
from protocols.releases.bundle import LISTING, Listing


def make_bundle(version: str, tree: Path, bundle: Path) -> str:
    """Write the files of `tree` to `bundle` (with gzip where its name ends in `.gz`); returns its SHA-256.

    Raises ValueError for a tree that is no release, OSError.
    """
    files = sorted(path for path in tree.rglob("*") if path.is_file() or path.is_symlink())
    links = [path for path in files if path.is_symlink()]
    if links:
        raise ValueError(f"{links[0]} is a link; put the file itself there")
    if not (tree / PROGRAM).is_file():
        raise ValueError(f"{tree} holds no {PROGRAM}")
    names = {path.relative_to(tree).as_posix(): path for path in files}
    listing = Listing(version=version, files={name: _digest(path) for name, path in names.items()})
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, LISTING, msgspec.json.encode(listing), executable=False)
        for name, path in names.items():
            _add(archive, name, path.read_bytes(), executable=bool(path.stat().st_mode & 0o100))
    raw = _gzipped(content.getvalue()) if bundle.suffix in {".gz", ".tgz"} else content.getvalue()
    bundle.write_bytes(raw)
    return sha256(raw).hexdigest()


def _add(archive: tarfile.TarFile, name: str, content: bytes, *, executable: bool) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o755 if executable else 0o644
    try:
        archive.addfile(member, io.BytesIO(content))
    except ValueError as error:
        raise ValueError(f"{name} has a longer name than a bundle takes: 255 bytes, its last part 100") from error


def _gzipped(content: bytes) -> bytes:
    import gzip  # noqa: PLC0415 - not for a plain bundle

    return gzip.compress(content, mtime=0)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """The command."""
    if len(sys.argv) != 4:
        sys.exit("usage: python -m edge_agent.releases.bundling VERSION TREE BUNDLE")
    version, tree, bundle = sys.argv[1:]
    try:
        digest = make_bundle(version, Path(tree), Path(bundle))
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    sys.stdout.write(f"{digest}  {bundle}\n")


if __name__ == "__main__":
    main()
