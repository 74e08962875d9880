"""Random trees, whose roots and proofs must be those of two libraries that others wrote: pymerkle and tamperlog.

`python -m tests.agree.trees --trees 10000` says one JSON line at its end, and ends with 1 when anything disagreed.
pymerkle's consistency proofs have a form of their own, so they are not compared byte for byte: they must lead from our
root of the old tree to our root of the new one. Everything else of both libraries is in RFC 6962's form and compared.
"""

import argparse
import json
import math
import random
import sys
from collections import Counter

import pymerkle
import tamperlog

from fleet.log.tree import Frontier, consistency_proof, inclusion_proof, root_at
from protocols.errors import InvalidProof
from protocols.tlog.merkle import leaf_hash, verify_consistency, verify_inclusion
from tests.bench.lines import say, tell

MAX_LEAVES = 4096
PROOFS = 3
SEED = 6962


class GrownTree:
    """A tree of ours with its tiles, grown in random batches, and the same leaves in the two libraries."""

    def __init__(self, chance: random.Random, size: int) -> None:
        self.leaves = [chance.randbytes(chance.randint(0, 80)) for _ in range(size)]
        self.hashes = [leaf_hash(leaf) for leaf in self.leaves]
        self.frontier = Frontier(0, {})
        self.tiles: dict[tuple[int, int], bytes] = {}
        while self.frontier.size < size:
            batch = self.hashes[self.frontier.size :][: chance.randint(1, size)]
            for write in self.frontier.append(batch):
                self.tiles[write.level, write.index] = write.hashes
        self.pymerkle = pymerkle.InmemoryTree()
        self.pymerkle.append_entries(self.leaves)

    def read(self, level: int, index: int) -> bytes:
        return self.tiles[level, index]


def roots_agree(tree: GrownTree, size: int) -> bool:
    ours = root_at(size, tree.read)
    whole = size < len(tree.leaves) or tree.frontier.root() == ours
    theirs: bytes = tree.pymerkle.get_root(size)
    return whole and ours == theirs == tamperlog.merkle_root(tree.hashes[:size])


def inclusions_agree(tree: GrownTree, index: int, size: int) -> bool:
    """Our proof is each library's proof, and all three verifiers take it under our root."""
    proof, root = inclusion_proof(index, size, tree.read), root_at(size, tree.read)
    theirs = tree.pymerkle.prove_inclusion(index + 1, size)
    theirs.verify(tree.hashes[index], root, index=index + 1, size=size)
    tamperlog.verify_inclusion(index, size, tree.hashes[index], proof, root)
    verify_inclusion(tree.leaves[index], index, size, proof, root)
    path: list[bytes] = theirs.path
    return path == [tree.hashes[index], *proof] and proof == tamperlog.inclusion_proof(index, tree.hashes[:size])


def consistencies_agree(tree: GrownTree, old: int, new: int) -> bool:
    """Our proof is tamperlog's, both verifiers take it, and pymerkle proves the same of the same two roots."""
    proof = consistency_proof(old, new, tree.read)
    old_root, new_root = root_at(old, tree.read), root_at(new, tree.read)
    theirs = tree.pymerkle.prove_consistency(old, new)
    theirs.verify(old_root, new_root, prior_size=old, later_size=new)
    tamperlog.verify_consistency(old, old_root, new, new_root, proof)
    verify_consistency(old, old_root, new, new_root, proof)
    return proof == tamperlog.consistency_proof(old, tree.hashes[:new])


def compare_tree(chance: random.Random, size: int) -> Counter[str]:
    """What was compared in one random tree of `size` leaves, and under `disagreed` how often it was not equal."""
    tree, counts = GrownTree(chance, size), Counter[str](trees=1, leaves=size)

    def judge(what: str, place: tuple[int, ...], *, agrees: bool) -> None:
        counts[what] += 1
        if not agrees:
            counts["disagreed"] += 1
            say(f"{what} differ at {place} in a tree of {size} leaves")

    for new in {size, *(chance.randint(1, size) for _ in range(PROOFS - 1))}:
        index, old = chance.randrange(new), chance.randint(1, new)
        for what, place, compare in (
            ("inclusions", (index, new), inclusions_agree),
            ("consistencies", (old, new), consistencies_agree),
        ):
            try:
                judge(what, place, agrees=compare(tree, *place))
            except (InvalidProof, pymerkle.InvalidProof, tamperlog.ProofError):
                judge(what, place, agrees=False)
        judge("roots", (new,), agrees=roots_agree(tree, new))
    return counts


def compare(trees: int, seed: int, max_leaves: int = MAX_LEAVES) -> Counter[str]:
    """Compare `trees` random trees, their sizes log-uniform from 1 to `max_leaves`."""
    chance, total = random.Random(seed), Counter[str](disagreed=0)
    for number in range(1, trees + 1):
        total += compare_tree(chance, round(math.exp(chance.uniform(0, math.log(max_leaves)))))
        if number % 500 == 0:
            say(f"{number} of {trees} trees, {total['disagreed']} differences")
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    total = compare(given.trees, given.seed)
    what = ("trees", "leaves", "roots", "inclusions", "consistencies", "disagreed")
    tell(json.dumps({"seed": given.seed, **{name: total[name] for name in what}}))
    return 1 if total["disagreed"] else 0


if __name__ == "__main__":
    sys.exit(main())
