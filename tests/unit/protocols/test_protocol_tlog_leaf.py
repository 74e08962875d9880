"""Leaves: what is in the tree is believed only if it says its true place, and says each thing once, in one form."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidReceipt
from protocols.tlog.leaf import MAX_LEAF_BYTES, read_leaf
from protocols.tlog.receipt import verify_receipt
from tests.support.tlog_making import MadeLog

FIRST = b'{"index":0,"prior":null,"v":1}'
TRUE = '{"index":1,"prior":0,"v":1,"unit":"unit-ä2\\n","more":{"a":[true,null,-7]}}'.encode()


def refused(leaf: bytes, index: int = 1) -> str:
    """Why a leaf is refused, by itself and under a good receipt for that place."""
    with pytest.raises(InvalidReceipt) as error:
        read_leaf(leaf, index)
    log = MadeLog([*([FIRST] * index), leaf])
    if len(leaf) <= MAX_LEAF_BYTES:
        with pytest.raises(InvalidReceipt) as under_receipt:
            verify_receipt(log.receipt(index).text, leaf, log.policy)
        assert under_receipt.value.reason == error.value.reason
    return error.value.reason


def test_a_leaf_of_ours_is_read_and_its_receipt_believed() -> None:
    log = MadeLog([FIRST, TRUE])
    assert verify_receipt(log.receipt(1).text, TRUE, log.policy).index == 1
    assert read_leaf(TRUE, 1)["more"] == {"a": [True, None, -7]}
    assert read_leaf(FIRST, 0) == {"index": 0, "prior": None, "v": 1}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"index":1', '"index":0'),
        ('"index":1', '"index":9'),
        ('"prior":0', '"prior":1'),
        ('"prior":0', '"prior":12'),
    ],
)
def test_a_leaf_that_says_another_place_is_refused(old: str, new: str) -> None:
    assert refused(TRUE.replace(old.encode(), new.encode())) == "wrong-index"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"v":1', '"v":1,"v":2'),
        ('"v":1', '"v":1,"v":1'),
        ('"v":1', '"v":1,"index":1'),
        ('"a":', '"a":1,"a":'),
        ('"v":1', '"v": 1'),
        ('"v":1', '"v":1.0'),
        ('"v":1', '"v":1e9'),
        ('"v":1', '"v":NaN'),
        ('"v":1', '"v":-0'),
        ('"v":1', '"v":' + "9" * 5000),
        ('"v"', '"\\u0076"'),
        ("ä", "\\u00e4"),
        ("ä", "\\ud800"),
        ("}}", "}}\n"),
        ("}}", "}}{}"),
        ("}}", "}"),
        ('{"index":1', ' {"index":1'),
        ('{"index":1', '{"v":0,"index":1'),
        ('"index":1', '"index":01'),
        ('"index":1', '"index":"1"'),
        ('"prior":0', '"prior":false'),
        ('"prior":0', '"prior":-1'),
        ('"prior":0,', ""),
        ("[true", "[" * 30_000 + "[true"),
        ('"v":1', '"v":"' + "x" * MAX_LEAF_BYTES + '"'),
    ],
)
def test_a_leaf_that_can_be_read_in_two_ways_or_in_none_is_refused(old: str, new: str) -> None:
    assert refused(TRUE.replace(old.encode(), new.encode(), 1)) == "leaf-malformed"


@given(st.binary(max_size=60), st.integers(0, len(TRUE)), st.integers(0, len(TRUE)), st.integers(0, 2))
def test_any_bytes_are_read_in_their_one_form_or_refused(piece: bytes, start: int, end: int, index: int) -> None:
    for leaf in (piece, TRUE[:start] + piece + TRUE[end:]):
        with suppress(InvalidReceipt):
            assert read_leaf(leaf, index)["index"] == index
