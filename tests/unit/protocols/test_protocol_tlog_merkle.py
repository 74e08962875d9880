"""Merkle trees: the published roots, and proofs that hold for the one tree they were made for."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidProof
from protocols.tlog.merkle import EMPTY_ROOT, leaf_hash, node_hash, verify_consistency, verify_inclusion
from tests.support.tlog_making import consistency_path, inclusion_path, tree_root

# The leaves and roots of the reference implementation of Certificate Transparency.
LEAVES = [
    bytes.fromhex(one)
    for one in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MANY = [f"leaf {number}".encode() for number in range(33)]
SIZES = st.integers(1, len(MANY))


def reason(*args: object) -> str:
    check = verify_inclusion if isinstance(args[0], bytes) else verify_consistency
    with pytest.raises(InvalidProof) as error:
        check(*args)  # type: ignore[arg-type]  # one test for both
    assert error.value.detail
    return error.value.reason


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots_come_out_both_ways(size: int) -> None:
    root = bytes.fromhex(ROOTS[size - 1])
    assert tree_root(LEAVES[:size]) == root
    for index in range(size):
        verify_inclusion(LEAVES[index], index, size, inclusion_path(index, LEAVES[:size]), root)


def test_hashes_are_those_of_rfc_6962() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == ROOTS[0]
    assert node_hash(leaf_hash(b""), leaf_hash(b"\0")).hex() == ROOTS[1]


def test_every_leaf_of_small_trees_is_proved_and_nothing_else() -> None:
    for size in range(1, 18):
        root = tree_root(MANY[:size])
        for index, said in product(range(size), range(size)):
            proof = inclusion_path(index, MANY[:size])
            if said == index:
                verify_inclusion(MANY[index], index, size, proof, root)
            else:
                assert reason(MANY[index], said, size, proof, root) in {"mismatch", "malformed"}


def test_every_small_tree_is_shown_to_continue_every_smaller_one_and_no_other() -> None:
    roots = [tree_root(MANY[:size]) for size in range(18)]
    for new, old in product(range(18), range(18)):
        if old > new:
            assert reason(old, roots[old], new, roots[new], []) == "malformed"
            continue
        proof = consistency_path(old, MANY[:new])
        verify_consistency(old, roots[old], new, roots[new], proof)
        forged = leaf_hash(b"forged")
        assert reason(old, forged, new, roots[new], proof) == "mismatch"
        assert old == 0 or reason(old, roots[old], new, forged, proof) == "mismatch"


@given(SIZES, st.data())
def test_a_proof_with_anything_changed_proves_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_path(index, MANY[:size]), tree_root(MANY[:size])
    assert reason(MANY[index], index, size, [*proof, EMPTY_ROOT], root) in {"malformed", "mismatch"}
    if proof:
        assert reason(MANY[index], index, size, proof[:-1], root) == "malformed"
        place = data.draw(st.integers(0, len(proof) - 1))
        assert reason(MANY[index], index, size, [*proof[:place], root, *proof[place + 1 :]], root) == "mismatch"


@given(SIZES, st.data())
def test_a_consistency_proof_with_anything_changed_proves_nothing(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    roots = tree_root(MANY[:old]), tree_root(MANY[:new])
    proof = consistency_path(old, MANY[:new])
    assert reason(old, roots[0], new, roots[1], [*proof, EMPTY_ROOT]) == "malformed"
    if proof:
        assert reason(old, roots[0], new, roots[1], proof[:-1]) in {"malformed", "mismatch"}
        place = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:place], EMPTY_ROOT, *proof[place + 1 :]]
        assert reason(old, roots[0], new, roots[1], changed) == "mismatch"


def test_what_has_not_the_form_of_a_proof_is_refused() -> None:
    root = tree_root(MANY[:2])
    sibling = leaf_hash(MANY[1])
    assert reason(MANY[0], 0, 0, [], EMPTY_ROOT) == "malformed"
    assert reason(MANY[0], -1, 2, [sibling], root) == "malformed"
    assert reason(MANY[0], 2, 2, [sibling], root) == "malformed"
    assert reason(MANY[0], 0, 2**63, [sibling], root) == "malformed"
    assert reason(MANY[0], 0, 2, [sibling[:31]], root) == "malformed"
    assert reason(MANY[0], 0, 2, [sibling], root[:31]) == "malformed"
    assert reason(MANY[0], 0, 2, [sibling] * 64, root) == "malformed"
    assert reason(-1, root, 2, root, []) == "malformed"
    assert reason(1, sibling, 2, root, []) == "malformed"
    assert reason(0, root, 2, root, []) == "mismatch"


def test_the_largest_tree_is_walked() -> None:
    """63 levels, of which no test can hold the leaves: the left edge of a tree with one sibling at each level."""
    siblings = [leaf_hash(bytes([level])) for level in range(63)]
    root = leaf_hash(b"first")
    for sibling in siblings:
        root = node_hash(root, sibling)
    verify_inclusion(b"first", 0, 2**63 - 1, siblings, root)
    assert reason(b"first", 1, 2**63 - 1, siblings, root) == "mismatch"
