"""Versions of firmware: how they are written, and MCUboot's order of them."""

import re
from typing import NamedTuple

_VERSION = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,5})(?:[.+]([0-9]{1,10}))?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+", re.ASCII)
MOST_SIGNS = 64
"""Signs of a version that is not MCUboot's that are looked at."""

MOST = (0xFF, 0xFF, 0xFFFF, 0xFFFFFFFF)
"""The greatest number in each place of a header's version."""


class Version(NamedTuple):
    """`major.minor.revision+build`; compares as MCUboot compares. Its text leaves build 0 out: `1.2.3`, `1.2.3+4`."""

    major: int
    minor: int
    revision: int
    build: int

    def __str__(self) -> str:
        version = f"{self.major}.{self.minor}.{self.revision}"
        return f"{version}+{self.build}" if self.build else version


def read_version(text: str) -> Version | None:
    """The version in `1.2.3+4`, or `1.2.3.4` as devices write it, or `1.2.3` for build 0; None for any other text."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    version = Version(int(found[1]), int(found[2]), int(found[3]), int(found[4] or 0))
    fits = all(number <= most for number, most in zip(version, MOST, strict=True))
    return version if fits else None


def is_older(version: str, than: str) -> bool:
    """Whether `version` is older, or nobody can tell.

    Texts that are no versions of MCUboot's are compared number by number, if all else in them is the same.
    """
    one, other = read_version(version), read_version(than)
    if one is not None and other is not None:
        return one < other
    if _NUMBER.sub("", version) != _NUMBER.sub("", than):
        return True
    return _numbers(version) < _numbers(than)


def same_version(one: str, other: str) -> bool:
    """Whether two texts name the same version, as `1.2.3` and `1.2.3+0` do."""
    return one == other or (read_version(one) is not None and read_version(one) == read_version(other))


def plain_version(text: str) -> str:
    """The one form of a version of MCUboot's, `1.2.3` or `1.2.3+4`; any other text as it is."""
    return str(read_version(text) or text)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in _NUMBER.findall(text[:MOST_SIGNS])]
