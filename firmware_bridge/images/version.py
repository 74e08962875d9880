"""Versions of images, in MCUboot's order."""

import re
from typing import NamedTuple

_VERSION = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,5})(?:[.+]([0-9]{1,10}))?", re.ASCII)
MOST = (0xFF, 0xFF, 0xFFFF, 0xFFFFFFFF)
"""The greatest number in each place of a header's version."""


class Version(NamedTuple):
    """`major.minor.revision+build`; compares as MCUboot compares."""

    major: int
    minor: int
    revision: int
    build: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.revision}+{self.build}"


def read_version(text: str) -> Version | None:
    """The version in `1.2.3+4`, or `1.2.3.4` as devices write it, or `1.2.3` for build 0; None for any other text."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    version = Version(int(found[1]), int(found[2]), int(found[3]), int(found[4] or 0))
    fits = all(number <= most for number, most in zip(version, MOST, strict=True))
    return version if fits else None


def same_version(one: str, other: str) -> bool:
    """Whether two texts are the same version; texts that are none are compared as they are."""
    read_one, read_other = read_version(one), read_version(other)
    return one == other if read_one is None or read_other is None else read_one == read_other
