import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidId
from protocols.ids import (
    PERSON_ID,
    SESSION_NONCE,
    UNIT_ID,
    check_person_id,
    check_unit_id,
    new_session_nonce,
    new_spool_id,
    new_token_id,
    new_unit_id,
)
from protocols.topics import CONTROLLER_NAME


@pytest.mark.parametrize("value", ["unit-abc", "a" * 8, "a" * 40, "--------", "12345678"])
def test_a_unit_id_in_its_form_is_returned(value: str) -> None:
    assert check_unit_id(value) == value


@pytest.mark.parametrize(
    "value",
    ["", "short-7", "a" * 41, "Unit-2345", "unit_2345", "unit/2345", "unit-234\n", "+", "#", "unit-23é5", "unit-23٣5"],
)
def test_anything_else_is_no_unit_id(value: str) -> None:
    with pytest.raises(InvalidId, match="unit id") as caught:
        check_unit_id(value)
    assert caught.value.value == value


@pytest.mark.parametrize("value", ["TO-12", "AD-123456"])
def test_a_person_id_in_its_form_is_returned(value: str) -> None:
    assert check_person_id(value) == value


@pytest.mark.parametrize("value", ["", "TO-1", "to-12", "TOO-12", "TO12", "TO-1234567", "TO-12\n", "TO-1٣"])
def test_anything_else_is_no_person_id(value: str) -> None:
    with pytest.raises(InvalidId, match="as TO-12"):
        check_person_id(value)


@given(st.text(max_size=50))
def test_an_id_error_shows_at_most_a_line_of_what_was_given(value: str) -> None:
    shown = str(InvalidId("unit id", value * 40))
    assert "\n" not in shown
    assert len(shown) < 700


def test_fresh_ids_have_their_forms_and_differ() -> None:
    units = {new_unit_id() for _ in range(200)}
    assert len(units) == 200
    assert all(UNIT_ID.fullmatch(unit) for unit in units)
    assert CONTROLLER_NAME not in units
    assert not CONTROLLER_NAME.startswith("unit-")
    spools = [new_spool_id() for _ in range(200)]
    assert all(1 <= spool < 1 << 53 for spool in spools)
    nonces = {new_session_nonce() for _ in range(200)}
    assert len(nonces) == 200
    assert all(SESSION_NONCE.fullmatch(nonce) for nonce in nonces)
    assert len({new_token_id() for _ in range(200)}) == 200
    assert {len(new_token_id()) for _ in range(20)} == {24}


def test_forms_are_ascii_only() -> None:
    assert PERSON_ID.fullmatch("TO-١٢") is None
    assert UNIT_ID.fullmatch("unit-١٢٣") is None
