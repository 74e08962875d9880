"""Coordinates are sealed for one unit, opening and mandate, under a key that only this fleet's controllers have."""

import struct
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import Conflict
from fleet.positions.sealing import PositionSeal
from protocols.opening import Degrees

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PLACE: dict[str, Any] = {"unit_id": "unit-abcd2345", "opening": f"open-{'0a' * 12}", "mandate_id": "M-0123456789ab"}
AT = Degrees(latitude_deg=48.876543, longitude_deg=-123.393333)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_what_is_sealed_opens_again_exactly(latitude_deg: float, longitude_deg: float) -> None:
    at = Degrees(latitude_deg=latitude_deg, longitude_deg=longitude_deg)
    sealed = PositionSeal(KEY).seal(at, **PLACE)
    assert len(sealed) == 44
    assert PositionSeal(KEY).unseal(sealed, **PLACE) == at


def test_the_same_place_never_looks_the_same_twice_and_holds_no_coordinate() -> None:
    seal = PositionSeal(KEY)
    sealed = {seal.seal(AT, **PLACE) for _ in range(100)}
    assert len({one[:12] for one in sealed}) == 100
    for degrees in msgspec.structs.astuple(AT):
        assert not any(struct.pack(form, degrees) in one for one in sealed for form in ("<d", ">d"))


@pytest.mark.parametrize(
    "other", [{"unit_id": "unit-efgh6789"}, {"opening": f"open-{'0b' * 12}"}, {"mandate_id": "M-ba9876543210"}]
)
def test_what_was_moved_to_another_row_is_refused(other: dict[str, str]) -> None:
    seal = PositionSeal(KEY)
    with pytest.raises(Conflict) as caught:
        seal.unseal(seal.seal(AT, **PLACE), **{**PLACE, **other})
    assert caught.value.problem.code == "position-sealed"


def test_another_controllers_key_is_refused_and_so_is_every_changed_bit() -> None:
    seal = PositionSeal(KEY)
    sealed = seal.seal(AT, **PLACE)
    with pytest.raises(Conflict) as caught:
        PositionSeal(Ed25519PrivateKey.generate()).unseal(sealed, **PLACE)
    assert "down.key" in caught.value.problem.message + caught.value.problem.remedy
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Conflict):
            seal.unseal(bytes(changed), **PLACE)
