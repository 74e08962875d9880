"""Versions of firmware: one form, and the order of the bootloader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.releases.version import Version, is_older, plain_version, read_version, same_version

numbers = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 65535), st.integers(0, 2**32 - 1))


@given(numbers, numbers)
def test_versions_are_in_the_bootloaders_order(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    written = str(Version(*one))
    assert read_version(written) == read_version(written.replace("+", ".")) == Version(*one)
    assert is_older(written, str(Version(*other))) == (one < other)
    assert same_version(written, str(Version(*other))) == (one == other)


@pytest.mark.parametrize("text", ["", "1.2", "256.0.0", "1.2.65536", "1.2.3+4294967296", "1.2.3-4", "1.2.3 ", "١.0.0"])
def test_other_texts_are_no_versions(text: str) -> None:
    assert read_version(text) is None


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [
        ("1.2.3", "1.2.3+1", True),
        ("1.2.3", "1.2.3.0", False),
        ("EG25A07M2G", "EG25A08M2G", True),
        ("EG25A08M2G", "EG25A08M2G", False),
        ("EG25A10M2G", "EG25A9M2G", False),
        ("EG25B08M2G", "EG25A08M2G", True),
        ("1.2.3-rc1", "1.2.3", True),
    ],
)
def test_versions_of_others_are_compared_number_by_number(version: str, than: str, *, older: bool) -> None:
    assert is_older(version, than) == older


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1.2.3", "1.2.3"),
        ("1.2.3+0", "1.2.3"),
        ("1.2.3.0", "1.2.3"),
        ("1.2.3.4", "1.2.3+4"),
        ("01.2.3", "1.2.3"),
        ("EG25A08M2G", "EG25A08M2G"),
        ("", ""),
    ],
)
def test_a_version_is_shown_in_one_form(text: str, plain: str) -> None:
    assert plain_version(text) == plain
