"""Leaves: an entry's bytes with their place in the tree."""

import json

import pytest

from fleet.entries.leaf import compose
from protocols.tlog.leaf import MAX_LEAF_BYTES


def test_a_leaf_is_its_place_and_then_the_stored_bytes() -> None:
    assert compose(7, 3, b'{"v":1,"kind":"x"}') == b'{"index":7,"prior":3,"v":1,"kind":"x"}'
    assert json.loads(compose(0, None, b'{"v":1}')) == {"index": 0, "prior": None, "v": 1}


def test_the_longest_leaf_fits_an_entry_bundle_and_one_byte_more_does_not() -> None:
    spare = MAX_LEAF_BYTES - len(compose(7, None, b'{"t":""}'))
    assert len(compose(7, None, b'{"t":"%b"}' % (b"x" * spare))) == 65_535
    with pytest.raises(ValueError, match="65536 bytes"):
        compose(7, None, b'{"t":"%b"}' % (b"x" * (spare + 1)))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b' {"v":1}'])
def test_a_body_without_brace_and_field_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="brace"):
        compose(0, None, body)


@pytest.mark.parametrize(("index", "prior"), [(-1, None), (3, 3), (3, 4), (3, -1)])
def test_a_leaf_comes_after_its_prior_one(index: int, prior: int | None) -> None:
    with pytest.raises(ValueError, match="can not come after"):
        compose(index, prior, b'{"v":1}')
