"""Which vouchers may be presented."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.joining.rules import judge_voucher, refusal
from fleet.store.joining import StoredVoucher
from protocols.joining import RefusalCode

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
OPEN = StoredVoucher(
    voucher_id="v", label="", people_version=1, created_by="TO-12", expires_at=NOW + timedelta(hours=1)
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"bound_fingerprint": "own"}, None),
        ({"bound_fingerprint": "other"}, "voucher-wrong-key"),
        ({"used_at": NOW}, "voucher-used"),
        ({"withdrawn_at": NOW}, "voucher-withdrawn"),
        ({"expires_at": NOW}, "voucher-expired"),
        ({"bound_fingerprint": "own", "expires_at": NOW}, None),
        ({"expires_at": NOW + timedelta(microseconds=1)}, None),
        ({"bound_fingerprint": "other", "used_at": NOW, "expires_at": NOW}, "voucher-wrong-key"),
        ({"used_at": NOW, "withdrawn_at": NOW, "expires_at": NOW}, "voucher-used"),
    ],
)
def test_a_voucher_is_judged_by_the_worst_that_is_known(change: dict[str, object], expected: str | None) -> None:
    assert judge_voucher(msgspec.structs.replace(OPEN, **change), "own", NOW) == expected


def test_a_voucher_nobody_made_is_unknown() -> None:
    assert judge_voucher(None, "own", NOW) == "voucher-unknown"


@given(st.integers(min_value=0, max_value=10**9))
def test_no_voucher_lives_beyond_its_expiry(late_s: int) -> None:
    assert judge_voucher(OPEN, "own", OPEN.expires_at + timedelta(seconds=late_s)) == "voucher-expired"


@pytest.mark.parametrize("code", get_args(RefusalCode))
def test_every_refusal_says_what_to_do(code: RefusalCode) -> None:
    told = refusal(code, "detail")
    assert told.code == code
    assert told.remedy
    assert told.message.endswith(": detail")
