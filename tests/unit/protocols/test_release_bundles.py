"""A bundle's listing, read from its beginning alone."""

import io
import tarfile
import tracemalloc
from contextlib import suppress
from hashlib import sha256
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import InvalidBundle
from protocols.releases.bundle import BEGINNING_BYTES, LISTING, MAX_LISTING_BYTES, Listing, listing_at

FILES = {f"lib/{number:05}.py": sha256(str(number).encode()).hexdigest() for number in range(2000)}
LISTED = Listing(version="0.3.0", files=FILES)


def bundle(mode: str = "w:gz", name: str = LISTING, content: bytes | None = None, behind: int = 100_000) -> bytes:
    """A bundle with that as its first member, and bytes behind it that can not be packed."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]  # the mode is one of two
        for path, each in ((name, msgspec.json.encode(LISTED) if content is None else content), ("rest", b"")):
            whole = each or Random(7).randbytes(behind)
            member = tarfile.TarInfo(path)
            member.size = len(whole)
            archive.addfile(member, io.BytesIO(whole))
    return file.getvalue()


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_the_beginning_is_enough(mode: str) -> None:
    whole = bundle(mode, behind=6 * 1024 * 1024)
    assert len(whole) > BEGINNING_BYTES
    assert listing_at(whole) == listing_at(whole[:BEGINNING_BYTES]) == listing_at(bundle(mode)) == LISTED


def header(kind: bytes, size: bytes = b"00000000000 ", name: str = LISTING, link: str = "") -> bytes:
    """A first member of that type, with its size as it stands in the header."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    block = bytearray(member.tobuf(tarfile.USTAR_FORMAT))
    block[124:136] = size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


NEGATIVE = b"\xff" * 10 + b"\xfe\x00"
"""-512, as a tar of base 256 says it."""


@pytest.mark.parametrize(
    "content",
    [
        header(tarfile.SYMTYPE, link="x") + header(tarfile.REGTYPE, NEGATIVE, "a"),
        header(tarfile.SYMTYPE, link="not there"),
        header(tarfile.LNKTYPE, link="not there"),
        header(tarfile.REGTYPE, NEGATIVE) + bytes(1024),
        header(tarfile.DIRTYPE),
        header(tarfile.GNUTYPE_SPARSE),
        header(tarfile.XHDTYPE, b"00010000000 ") + b"1" * (2 * 1024 * 1024),
        bytes(1024),
        b"",
        b"\x1f\x8b",
        b"no tar" * 200,
        bundle()[:200],
        bundle("w")[:700],
        bundle(name="bin/edge-agent"),
        bundle(content=b"{}"),
        bundle(content=b"["),
        bundle(content=b" " * (MAX_LISTING_BYTES + 1)),
    ],
)
def test_what_is_no_bundle_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidBundle) as refused:
        listing_at(content)
    assert refused.value.detail


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["w", "w:gz"]), st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), max_size=20))
def test_damage_is_refused_or_changes_nothing_that_is_no_listing(mode: str, damage: list[tuple[int, int]]) -> None:
    content = bytearray(bundle(mode))
    for place, value in damage:
        content[place] = value
    with suppress(InvalidBundle):
        assert isinstance(listing_at(bytes(content)), Listing)


def test_a_bundle_that_claims_more_takes_no_more_memory() -> None:
    bomb = bundle(content=b"\0" * (200 * 1024 * 1024))
    tracemalloc.start()
    try:
        with pytest.raises(InvalidBundle):
            listing_at(bomb)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8 * BEGINNING_BYTES
