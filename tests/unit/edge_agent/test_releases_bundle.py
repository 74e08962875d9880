"""What may become a release, and what becomes of a bundle that tries more."""

import io
import stat
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from edge_agent.errors import BundleRefused
from edge_agent.releases import bundle as bundles
from edge_agent.releases.bundle import PROGRAM, install, remove_others, tree_bytes
from edge_agent.releases.bundling import make_bundle
from edge_agent.releases.place import ReleasePlace, releases_dir
from protocols.releases.bundle import LISTING, Listing

VERSION = "1.2.3"
SCRIPT = b"#!/bin/sh\nexit 0\n"


def _file(name: str, content: bytes, mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    return member, content


def _special(name: str, kind: bytes, linkname: str = "") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, linkname
    return member, b""


def _listing(files: dict[str, bytes], version: str = VERSION) -> tuple[tarfile.TarInfo, bytes]:
    digests = {name: sha256(content).hexdigest() for name, content in files.items()}
    return _file(LISTING, msgspec.json.encode(Listing(version=version, files=digests)))


def _packed(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # the mode is one of two
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return path


def _install(tmp_path: Path, bundle: Path) -> str:
    digest = sha256(bundle.read_bytes()).hexdigest()
    return install(ReleasePlace(tmp_path / "releases"), bundle, version=VERSION, sha256=digest)


PROGRAM_FILE = _file(PROGRAM, SCRIPT, 0o755)
GOOD = [_listing({PROGRAM: SCRIPT}), PROGRAM_FILE]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_bundle_becomes_a_directory_that_nobody_writes(tmp_path: Path, mode: str) -> None:
    name = _install(tmp_path, _packed(tmp_path / "b.tar", GOOD, mode))
    place = ReleasePlace(tmp_path / "releases")
    assert place.usable(name)
    assert place.installed() == [name]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [place.directory(name), *place.directory(name).rglob("*")]}
    assert modes == {0o555, 0o444}
    assert _install(tmp_path, tmp_path / "b.tar") == name, "it is there already"


def test_the_same_tree_gives_the_same_bundle(tmp_path: Path) -> None:
    (tmp_path / "tree" / "bin").mkdir(parents=True)
    (tmp_path / "tree" / PROGRAM).write_bytes(SCRIPT)
    (tmp_path / "tree" / PROGRAM).chmod(0o755)
    first = make_bundle(VERSION, tmp_path / "tree", tmp_path / "a.tar.gz")
    assert make_bundle(VERSION, tmp_path / "tree", tmp_path / "b.tar.gz") == first
    assert tree_bytes(tmp_path / "a.tar.gz") >= len(SCRIPT)
    assert _install(tmp_path, tmp_path / "a.tar.gz").startswith(f"{VERSION}-{first[:8]}")


Members = list[tuple[tarfile.TarInfo, bytes]]
BAD: dict[str, Callable[[], Members]] = {
    "no listing": lambda: [PROGRAM_FILE],
    "listing last": lambda: GOOD[::-1],
    "listing unreadable": lambda: [_file(LISTING, b"{"), PROGRAM_FILE],
    "another version": lambda: [_listing({PROGRAM: SCRIPT}, "9.9"), PROGRAM_FILE],
    "other content": lambda: [GOOD[0], _file(PROGRAM, b"#!/bin/sh\nexit 1\n", 0o755)],
    "not listed": lambda: [*GOOD, _file("lib/more.py", b"pass")],
    "twice": lambda: [*GOOD, PROGRAM_FILE],
    "missing": lambda: [_listing({PROGRAM: SCRIPT, "lib/a.py": b""}), PROGRAM_FILE],
    "no program": lambda: [_listing({"lib/a.py": b""}), _file("lib/a.py", b"")],
    "not executable": lambda: [GOOD[0], _file(PROGRAM, SCRIPT, 0o644)],
    "symbolic link": lambda: [*GOOD, _special("lib/link", tarfile.SYMTYPE, "../../../etc/passwd")],
    "hard link": lambda: [*GOOD, _special("lib/link", tarfile.LNKTYPE, PROGRAM)],
    "device": lambda: [*GOOD, _special("lib/null", tarfile.CHRTYPE)],
    "fifo": lambda: [*GOOD, _special("lib/pipe", tarfile.FIFOTYPE)],
    "climbs": lambda: [_listing({"../out": SCRIPT, PROGRAM: SCRIPT}), PROGRAM_FILE, _file("../out", SCRIPT)],
    "climbs inside": lambda: [_listing({"bin/../../out": SCRIPT}), _file("bin/../../out", SCRIPT)],
    "absolute": lambda: [_listing({"/tmp/out": SCRIPT}), _file("/tmp/out", SCRIPT)],
    "odd name": lambda: [_listing({"bin/a\nb": SCRIPT}), _file("bin/a\nb", SCRIPT)],
    "too deep": lambda: [_listing({"a/" * 16 + "b": SCRIPT}), _file("a/" * 16 + "b", SCRIPT)],
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_bundle_that_is_no_release_leaves_nothing_behind(tmp_path: Path, case: str) -> None:
    with pytest.raises(BundleRefused):
        _install(tmp_path, _packed(tmp_path / "b.tar", BAD[case]()))
    assert list((tmp_path / "releases").iterdir()) == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100, b"\x1f\x8b\x08 broken"])
def test_what_is_no_tar_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.tar").write_bytes(content)
    with pytest.raises(BundleRefused):
        _install(tmp_path, tmp_path / "b.tar")


def test_a_bundle_cut_short_becomes_nothing_or_the_whole(tmp_path: Path) -> None:
    whole = _packed(tmp_path / "b.tar", GOOD, "w:gz").read_bytes()
    outcomes = []
    for length in range(len(whole)):
        (tmp_path / "cut.tar").write_bytes(whole[:length])
        try:
            name = _install(tmp_path, tmp_path / "cut.tar")
        except BundleRefused:
            outcomes.append("refused")
        else:  # all but the bytes after the last file came
            outcomes.append("whole")
            assert (tmp_path / "releases" / name / PROGRAM).read_bytes() == SCRIPT
    assert outcomes.index("whole") > len(whole) // 2


@pytest.mark.parametrize("bound", ["MAX_FILES", "MAX_FILE_BYTES", "MAX_TREE_BYTES"])
def test_a_bundle_that_grows_beyond_its_bounds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(bundles, bound, 1)
    with pytest.raises(BundleRefused, match="more than"):
        _install(tmp_path, _packed(tmp_path / "b.tar", GOOD))


@pytest.mark.parametrize(
    "kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK], ids=repr
)
def test_an_extension_of_the_format_is_not_read(tmp_path: Path, kind: bytes) -> None:
    claims = _special("claims", kind)
    for members in ([claims, *GOOD], [GOOD[0], *[claims] * 2000, PROGRAM_FILE]):
        bundle = _packed(tmp_path / "b.tar", members)
        with pytest.raises(BundleRefused, match="neither a file nor a directory"):
            tree_bytes(bundle)
        with pytest.raises(BundleRefused, match="neither a file nor a directory"):
            _install(tmp_path, bundle)


def test_a_name_that_a_bundle_can_not_hold_is_said(tmp_path: Path) -> None:
    (tmp_path / "tree" / "bin").mkdir(parents=True)
    (tmp_path / "tree" / PROGRAM).write_bytes(SCRIPT)
    (tmp_path / "tree" / ("n" * 101)).write_bytes(b"")
    with pytest.raises(ValueError, match="nnn has a longer name"):
        make_bundle(VERSION, tmp_path / "tree", tmp_path / "b.tar")


def test_what_is_not_kept_is_removed(tmp_path: Path) -> None:
    place = ReleasePlace(tmp_path / "releases")
    name = _install(tmp_path, _packed(tmp_path / "b.tar", GOOD))
    (place.root / ".incoming").mkdir()
    remove_others(place, lambda release: release == name)
    assert [path.name for path in place.root.iterdir()] == [name]
    remove_others(place, lambda _: False)
    assert list(place.root.iterdir()) == []


def test_the_launcher_finds_the_directory_where_the_agent_does(tmp_path: Path) -> None:
    settings = tmp_path / "agent.toml"
    settings.write_text('releases_dir = "/srv/releases"\n')
    assert releases_dir({}, settings) == Path("/srv/releases")
    assert releases_dir({"MUSTER_AGENT_CONFIG": str(settings)}, None) == Path("/srv/releases")
    assert releases_dir({"MUSTER_AGENT_RELEASES_DIR": "/other"}, settings) == Path("/other")
    settings.write_text("not toml")
    assert releases_dir({}, settings) == Path("/opt/muster/releases")
