"""The receipt's verifier against a dishonest sender: it believes what is true, or raises one error of this package.

`make fuzz-receipt` runs the same for longer: MUSTER_TEST_RECEIPT_EXAMPLES receipts are drawn from
MUSTER_TEST_RECEIPT_SEED.
"""

import os
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidCheckpoint, InvalidNote, InvalidPolicy, InvalidProof, InvalidReceipt
from protocols.tlog.note import VerifierKey, read_note
from protocols.tlog.policy import read_policy
from protocols.tlog.receipt import VerifiedReceipt, read_receipt, verify_receipt
from tests.fuzz.receipt_attack import Attempt, ReceiptAttack
from tests.support.tlog_making import UNIX_S

EXAMPLES = int(os.environ.get("MUSTER_TEST_RECEIPT_EXAMPLES", "1500"))
SEED = int(os.environ.get("MUSTER_TEST_RECEIPT_SEED", "20261122"))
ATTACK = ReceiptAttack(SEED)
PARTS = ("", "c2sp.org/tlog-proof@v1\nindex 0\n\n", "log ", "witness a ", "group a any ", "quorum none", "\n\n— log ")
TRUE_ROOTS = {checkpoint.size: checkpoint.root for checkpoint in map(ATTACK.log.checkpoint, range(1, 12))}


def verdict(attempt: Attempt) -> VerifiedReceipt | str:
    try:
        return verify_receipt(
            attempt.text, attempt.leaf, ATTACK.log.policy, not_before_unix_s=attempt.not_before_unix_s
        )
    except (InvalidReceipt, InvalidCheckpoint, InvalidProof) as error:
        return f"{type(error).__name__} {error.reason}"


def check_truth(attempt: Attempt, verified: VerifiedReceipt) -> None:
    """What was believed is what this log and its witnesses signed, and the leaf is where it says."""
    log = ATTACK.log
    assert log.leaves[verified.index] == attempt.leaf, attempt
    assert TRUE_ROOTS[verified.size] == verified.root, attempt
    assert all(log.times.get(name, UNIX_S) == unix_s for name, unix_s in verified.cosigned.items()), attempt
    asked = attempt.not_before_unix_s
    assert sum(asked is None or unix_s >= asked for unix_s in verified.cosigned.values()) >= log.quorum, attempt


def test_whatever_is_shown_is_true_or_refused_and_every_check_is_reached() -> None:
    seen: set[str] = set()
    for attempt in ATTACK.attempts(EXAMPLES):
        found = verdict(attempt)
        if isinstance(found, VerifiedReceipt):
            check_truth(attempt, found)
        seen.add(found if isinstance(found, str) else "verified")
    assert seen == {
        "verified",
        "InvalidReceipt unreadable",
        "InvalidCheckpoint unreadable",
        "InvalidCheckpoint bad-signature",
        "InvalidCheckpoint log-unsigned",
        "InvalidCheckpoint quorum-missing",
        "InvalidCheckpoint stale",
        "InvalidProof malformed",
        "InvalidProof mismatch",
    }


def test_what_is_read_is_in_its_one_form() -> None:
    for attempt in ATTACK.attempts(EXAMPLES // 5):
        with suppress(InvalidReceipt):
            receipt = read_receipt(attempt.text)
            assert receipt.text == attempt.text
            with suppress(InvalidNote):
                assert read_note(receipt.checkpoint).text == receipt.checkpoint
        policy = ATTACK.disarranged(ATTACK.log.policy.text)
        with suppress(InvalidPolicy):
            assert read_policy(policy).text == policy


def read_anything(text: str) -> None:
    with suppress(InvalidReceipt):
        read_receipt(text)
    with suppress(InvalidNote):
        read_note(text)
    with suppress(InvalidNote):
        VerifierKey.parse(text)
    with suppress(InvalidPolicy):
        read_policy(text)
    verdict(Attempt(text, b"", None))


@given(st.text(st.characters(), max_size=80), st.sampled_from(PARTS), st.sampled_from(PARTS))
def test_any_text_is_read_or_refused_in_one_way(text: str, before: str, after: str) -> None:
    for whole in (text, before + text, before + text + after, f"{before}\n{text}\n{after}\n"):
        read_anything(whole)
