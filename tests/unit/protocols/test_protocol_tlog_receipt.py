"""Receipts: golden bytes, and a verifier that believes a receipt for its own leaf only."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidCheckpoint, InvalidProof, InvalidReceipt, ProtocolError
from protocols.tlog.checkpoint import Checkpoint
from protocols.tlog.leaf import MAX_LEAF_BYTES
from protocols.tlog.merkle import HASH_BYTES, leaf_hash, node_hash
from protocols.tlog.note import read_note
from protocols.tlog.policy import read_policy
from protocols.tlog.receipt import (
    MAX_EXTRA_BYTES,
    MAX_RECEIPT_CHARS,
    Receipt,
    VerifiedReceipt,
    read_receipt,
    verify_receipt,
)
from tests.support.tlog_making import UNIX_S, MadeLog

WIRE = Path(__file__).parents[2] / "wire"
LOG = MadeLog(
    [f'{{"index":{index},"prior":null,"kind":"unit.told"}}'.encode() for index in range(7)], times={"west": UNIX_S + 30}
)
GOLDEN = replace(LOG.receipt(5, cosigners=["north", "west"]), extra=b"muster")
LEAF = LOG.leaves[5]
FACT = VerifiedReceipt(5, 7, LOG.checkpoint().root, {"north": UNIX_S, "west": UNIX_S + 30})
TEXT = GOLDEN.text
PUBLISHED = """c2sp.org/tlog-proof@v1
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=
"""
"""The example of C2SP tlog-proof without its signatures, which are published cut short, and its extra line, whose
base64 is not in its one form."""


def refused(text: str, leaf: bytes = LEAF, not_before_unix_s: int | None = None) -> str:
    with pytest.raises(ProtocolError) as error:
        verify_receipt(text, leaf, LOG.policy, not_before_unix_s=not_before_unix_s)
    return f"{type(error.value).__name__} {error.value.reason}"


def golden(name: str) -> str:
    return (WIRE / name).read_text(encoding="utf-8")


def test_what_the_log_gives_is_read_and_written_as_it_always_was() -> None:
    policy = read_policy(golden("log-policy.txt"))
    assert (policy, policy.text) == (LOG.policy, golden("log-policy.txt"))
    note = read_note(golden("checkpoint"))
    assert (note, note.text) == (LOG.note(cosigners=["north", "west"]), golden("checkpoint"))
    receipt = read_receipt(golden("receipt.tlog-proof"))
    assert (receipt, receipt.text) == (GOLDEN, golden("receipt.tlog-proof"))
    assert verify_receipt(golden("receipt.tlog-proof"), LEAF, policy) == FACT


def test_the_published_example_is_read() -> None:
    receipt = read_receipt(PUBLISHED)
    assert (receipt.index, len(receipt.proof), receipt.extra) == (73_894, 5, None)
    assert receipt.text == PUBLISHED


@given(st.integers(1, 7), st.data())
def test_every_leaf_has_a_receipt_and_no_other_leaf_has_it(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    text = LOG.receipt(index, size).text
    verified = verify_receipt(text, LOG.leaves[index], LOG.policy)
    assert (verified.index, verified.size, verified.root) == (index, size, LOG.checkpoint(size).root)
    for other in LOG.leaves[:index] + LOG.leaves[index + 1 :]:
        assert refused(text, other) == "InvalidProof mismatch"


@given(
    st.integers(0, 2**63 - 2),
    st.lists(st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES), max_size=63),
    st.none() | st.binary(min_size=1, max_size=60),
)
def test_a_receipt_is_read_as_it_was_written(index: int, proof: list[bytes], extra: bytes | None) -> None:
    receipt = Receipt(index, tuple(proof), GOLDEN.checkpoint, extra)
    assert read_receipt(receipt.text) == receipt


def believed(text: str) -> VerifiedReceipt | None:
    with suppress(InvalidReceipt, InvalidCheckpoint, InvalidProof):
        return verify_receipt(text, LEAF, LOG.policy)
    return None


def test_a_receipt_with_any_one_byte_changed_is_refused_unless_the_byte_proves_nothing() -> None:
    """All bytes of the golden receipt, each changed to eight others: only the extra data may differ unnoticed."""
    data, drawn = TEXT.encode(), Random(20261122)
    start = data.index(b"extra ") + len("extra ")
    ignored = range(start, data.index(b"\n", start))
    for place, byte in enumerate(data):
        for other in drawn.sample([one for one in range(256) if one != byte], 8):
            changed = (data[:place] + bytes([other]) + data[place + 1 :]).decode(errors="surrogateescape")
            fact = believed(changed)
            assert fact is None or (place in ignored and fact == FACT), (place, chr(byte), other)


def test_a_line_of_an_unknown_key_may_differ_unnoticed_and_takes_no_part() -> None:
    """With three cosignatures where two are enough, a byte of one may only turn it into an unknown key's."""
    whole = LOG.receipt(5)
    verified = verify_receipt(whole.text, LEAF, LOG.policy)
    data = whole.text.encode()
    fewer = 0
    for place in range(data.index("— north".encode()), len(data)):
        fact = believed((data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]).decode(errors="surrogateescape"))
        if fact is not None:
            fewer += 1
            assert replace(fact, cosigned=verified.cosigned) == verified
            assert fact.cosigned.items() < verified.cosigned.items()
    assert fewer > 3 * len("north.witness.example/w")


@given(st.integers(0, len(LEAF) - 1), st.integers(1, 255))
def test_a_leaf_with_any_one_byte_changed_is_refused(place: int, change: int) -> None:
    leaf = LEAF[:place] + bytes([LEAF[place] ^ change]) + LEAF[place + 1 :]
    assert refused(TEXT, leaf) == "InvalidProof mismatch"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        TEXT[1:],
        TEXT.replace("@v1", "@v2"),
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("index 5\n", ""),
        TEXT.replace("index 5", "index 05"),
        TEXT.replace("index 5", "index  5"),
        TEXT.replace("index 5", "index -5"),
        TEXT.replace("index 5", "index ٥"),
        TEXT.replace("index 5", "Index 5"),
        TEXT.replace("index 5", f"index {2**63 - 1}"),
        TEXT.replace("index 5", f"index {'9' * 9000}"),
        TEXT.replace("index 5", "index 5\nindex 5"),
        TEXT.replace("index 5", "index 5\nextra AAAA"),
        TEXT.replace("extra ", "extra"),
        TEXT.replace("extra bXVzdGVy", "extra "),
        TEXT.replace("extra bXVzdGVy", "extra bXVzdGV="),
        TEXT.replace("extra bXVzdGVy", "extra bXVzdGVy\nextra bXVzdGVy"),
        TEXT.replace("extra bXVzdGVy", "extra " + "AAAA" * (MAX_EXTRA_BYTES // 3 + 1)),
        TEXT.replace("=\n\n", "=\n" + "AAAA\n\n", 1),
        TEXT.replace("=\n\n", "=\n" + f"{'A' * 43}=\n" * 64 + "\n", 1),
        TEXT + " " * MAX_RECEIPT_CHARS,
        TEXT[: TEXT.index("\n\n") + 2],
        TEXT[:-1],
    ],
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    assert refused(text) == "InvalidReceipt unreadable"


def test_a_receipt_is_of_this_size_and_this_place() -> None:
    assert refused(TEXT.replace("index 5", "index 4")) == "InvalidProof mismatch"
    assert refused(TEXT.replace("index 5", "index 7")) == "InvalidProof malformed"
    assert refused(replace(GOLDEN, proof=GOLDEN.proof[:-1]).text) == "InvalidProof malformed"
    assert refused(replace(GOLDEN, checkpoint=LOG.note(6).text).text) in {
        "InvalidProof mismatch",
        "InvalidProof malformed",
    }


def test_a_receipt_says_why_its_checkpoint_is_not_believed() -> None:
    assert refused(TEXT.replace("\n7\n", "\n8\n")) == "InvalidCheckpoint bad-signature"
    assert refused(LOG.receipt(5, cosigners=["west"]).text) == "InvalidCheckpoint quorum-missing"
    assert refused(MadeLog(LOG.leaves, origin="other").receipt(5).text) == "InvalidCheckpoint log-unsigned"
    assert refused(replace(GOLDEN, checkpoint="no note\n").text) == "InvalidCheckpoint unreadable"
    assert refused(TEXT, not_before_unix_s=UNIX_S + 1) == "InvalidCheckpoint stale"
    assert verify_receipt(TEXT, LEAF, LOG.policy, not_before_unix_s=UNIX_S) == FACT


def test_a_leaf_longer_than_any_is_refused() -> None:
    assert refused(TEXT, b"x" * (MAX_LEAF_BYTES + 1)) == "InvalidReceipt unreadable"
    assert refused(TEXT, b"x" * MAX_LEAF_BYTES) == "InvalidProof mismatch"


@pytest.mark.parametrize(
    ("index", "proof", "checkpoint", "extra"),
    [
        (-1, (), "x\n", None),
        (2**63 - 1, (), "x\n", None),
        (0, (b"short",), "x\n", None),
        (0, (b"x" * 32,) * 64, "x\n", None),
        (0, (), "x", None),
        (0, (), "x" * 20_000 + "\n", None),
        (0, (), "x\n", b""),
        (0, (), "x\n", b"x" * (MAX_EXTRA_BYTES + 1)),
    ],
)
def test_no_receipt_is_made_that_could_not_be_read(
    index: int, proof: Sequence[bytes], checkpoint: str, extra: bytes | None
) -> None:
    with pytest.raises(InvalidReceipt):
        Receipt(index, tuple(proof), checkpoint, extra)


def test_a_leaf_and_its_receipt_are_small_in_a_log_of_years() -> None:
    """A leaf of 1 KiB in a log of 2^24, under three witnesses: 24 hashes and four signatures, far below a message."""
    index = 2**24 - 1
    leaf = b'{"index":%d,"prior":null,"v":"%s"}' % (index, b"x" * 990)
    siblings = tuple(leaf_hash(bytes([level])) for level in range(24))
    root = leaf_hash(leaf)
    for sibling in siblings:
        root = node_hash(sibling, root)
    note = LOG.signed(Checkpoint(LOG.origin, 2**24, root))
    text = Receipt(index, siblings, note.text).text
    assert len(verify_receipt(text, leaf, LOG.policy).cosigned) == 3
    assert len(leaf) >= 1024
    assert len(leaf) + len(text.encode()) < 6 * 1024
    assert len(text.encode()) < 2 * 1024
