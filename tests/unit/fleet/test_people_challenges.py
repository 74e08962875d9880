"""A challenge is good for the person and the time it was made for, and for nothing else."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.people.challenges import make_nonce, nonce_is_good
from protocols.api.sessions import ChallengeRequest, SignIn

SECRET = bytes(range(32))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIFE = timedelta(seconds=60)


def _nonce(person_id: str = "TO-12", secret: bytes = SECRET) -> str:
    return make_nonce(secret, person_id, NOW + LIFE, b"r" * 16)


def test_a_nonce_is_good_until_it_expires() -> None:
    assert nonce_is_good(SECRET, "TO-12", _nonce(), NOW)
    assert nonce_is_good(SECRET, "TO-12", _nonce(), NOW + LIFE - timedelta(milliseconds=1))
    assert not nonce_is_good(SECRET, "TO-12", _nonce(), NOW + LIFE)


def test_a_nonce_is_for_one_person_of_one_fleet() -> None:
    assert not nonce_is_good(SECRET, "TO-13", _nonce(), NOW)
    assert not nonce_is_good(bytes(32), "TO-12", _nonce(), NOW)


@given(position=st.integers(0, 111), digit=st.sampled_from("0123456789abcdef"))
def test_no_digit_of_a_nonce_can_be_changed(position: int, digit: str) -> None:
    nonce = _nonce()
    forged = nonce[:position] + digit + nonce[position + 1 :]
    assert nonce_is_good(SECRET, "TO-12", forged, NOW) == (forged == nonce)


def test_too_little_randomness_is_refused() -> None:
    with pytest.raises(ValueError, match="random bytes"):
        make_nonce(SECRET, "TO-12", NOW, b"short")


def test_a_nonce_fits_what_the_api_takes() -> None:
    attempt = SignIn(person_id="TO-12", nonce=_nonce(), signature="")
    assert msgspec.json.decode(msgspec.json.encode(attempt), type=SignIn) == attempt


@pytest.mark.parametrize("person_id", ["", "to-12", "TO-12\n", "TO-1", "TO-1234567", " TO-12", "TO-12 \x1b[2J"])
def test_who_wants_to_sign_in_must_give_a_person_id(person_id: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"person_id": person_id}), type=ChallengeRequest)
    attempt = msgspec.json.encode({"person_id": person_id, "nonce": _nonce(), "signature": ""})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(attempt, type=SignIn)
