from hashlib import sha256

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidVoucher
from protocols.joining import (
    BrokerAddress,
    JoinAccepted,
    JoinPending,
    JoinReply,
    JoinRequest,
    Voucher,
    display_fingerprint,
    fingerprint,
)
from protocols.settings import UnitSettings

VOUCHER = Voucher(
    secret=bytes(range(16)),
    ca_sha256=sha256(b"ca").digest(),
    people_sha256=sha256(b"people").digest(),
    expires_at_s=1_800_000_000,
    url="https://muster.example:8443",
)
TEXT = VOUCHER.text()
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

urls = st.from_regex(r"\Ahttps://[A-Za-z0-9.\-]{1,40}(:[0-9]{1,5})?(/[a-z0-9/\-]{0,20})?\Z")
vouchers = st.builds(
    Voucher,
    secret=st.binary(min_size=16, max_size=16),
    ca_sha256=st.binary(min_size=32, max_size=32),
    people_sha256=st.binary(min_size=32, max_size=32),
    expires_at_s=st.integers(0, (1 << 32) - 1),
    url=urls,
)


def read_or_none(text: str) -> Voucher | None:
    try:
        return Voucher.read(text)
    except InvalidVoucher:
        return None


@given(vouchers)
def test_a_voucher_reads_back(voucher: Voucher) -> None:
    assert Voucher.read(voucher.text()) == voucher


@given(vouchers, st.integers(1, 9))
def test_case_blanks_and_line_ends_do_not_matter(voucher: Voucher, width: int) -> None:
    text = voucher.text().lower()
    folded = "\r\n\t ".join(text[i : i + width] for i in range(0, len(text), width))
    assert Voucher.read(f"  {folded}\n") == voucher


def test_the_text_is_made_for_a_small_qr_code_and_for_typing() -> None:
    assert TEXT.startswith("MUSTER1-")
    assert set(TEXT.removeprefix("MUSTER1-")) <= set(ALPHABET)
    assert len(TEXT) < 220


def test_any_other_sign_is_detected_or_means_the_same() -> None:
    for at in range(len(TEXT)):
        for sign in ALPHABET + "0189-=ſıβ\0":
            assert read_or_none(TEXT[:at] + sign + TEXT[at + 1 :]) in (None, VOUCHER), (at, sign)


def test_before_the_last_sign_every_wrong_letter_is_detected() -> None:
    for at in range(8, len(TEXT) - 1):
        for sign in ALPHABET.replace(TEXT[at], ""):
            assert read_or_none(TEXT[:at] + sign + TEXT[at + 1 :]) is None, (at, sign)


def test_a_truncated_voucher_is_refused() -> None:
    assert {read_or_none(TEXT[:length]) for length in range(len(TEXT))} == {None}


def test_two_signs_exchanged_or_one_lost_or_doubled_are_detected() -> None:
    for at in range(8, len(TEXT) - 1):
        if TEXT[at] != TEXT[at + 1]:
            assert read_or_none(TEXT[:at] + TEXT[at + 1] + TEXT[at] + TEXT[at + 2 :]) is None, at
        assert read_or_none(TEXT[:at] + TEXT[at + 1 :]) is None, at
        assert read_or_none(TEXT[:at] + TEXT[at] + TEXT[at:]) is None, at


@given(st.text(max_size=700) | st.text(max_size=300).map(lambda rest: "MUSTER1-" + rest))
def test_any_text_is_read_or_refused_with_a_remedy(text: str) -> None:
    assert read_or_none(text) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://muster.example",
        "https://",
        "https://user@muster.example",
        "https://muster.example/?next=x",
        "https://muster.example\n",
        "https://" + "a" * 200,
        "https://müster.example",
    ],
)
def test_an_address_that_is_not_plain_https_is_refused(url: str) -> None:
    with pytest.raises(InvalidVoucher):
        Voucher.read(msgspec.structs.replace(VOUCHER, url=url).text())


def test_secrets_stay_out_of_reprs() -> None:
    request = JoinRequest(secret="5ec2e7" * 5 + "00", csr_pem="csr", key_protection="soft")
    assert "5ec2e7" not in repr(request)
    assert repr(VOUCHER.secret) not in repr(VOUCHER)
    assert VOUCHER.secret.hex() not in repr(VOUCHER)
    assert TEXT not in repr(VOUCHER)


def test_a_fingerprint_is_the_hash_of_the_public_key_info() -> None:
    key = generate_private_key(SECP256R1()).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    shown = fingerprint(key)
    assert bytes.fromhex(shown.replace(":", "")) == sha256(der).digest()
    lines = display_fingerprint(shown)
    assert len(lines) == 4
    assert all([len(group) for group in line.split(" ")] == [4, 4, 4, 4] for line in lines)
    assert "".join(lines).replace(" ", "") == shown.replace(":", "")


@pytest.mark.parametrize(
    "reply",
    [
        JoinPending(fingerprint="00:11", poll_after_s=2.0),
        JoinAccepted(
            unit_id="unit-23456789",
            certificate_chain_pem="PEM",
            controller_keys=["00" * 32],
            broker=BrokerAddress(host="localhost", port=8883),
            people_list="{}",
            settings=UnitSettings(),
        ),
    ],
)
def test_join_replies_survive_the_wire(reply: JoinReply) -> None:
    assert msgspec.json.decode(msgspec.json.encode(reply), type=JoinReply) == reply


@pytest.mark.parametrize(
    "change",
    [
        {"secret": "0" * 31},
        {"secret": "0" * 32 + "\n"},
        {"secret": "G" * 32},
        {"csr_pem": "x" * 4097},
        {"key_protection": "paper"},
        {"model": "x" * 81},
        {"model": "a\0b"},
        {"agent_version": "\x1b[2J"},
        {"unit_id": "unit-23456789"},
    ],
)
def test_a_join_request_outside_its_bounds_is_refused(change: dict[str, str]) -> None:
    request = {"secret": "0" * 32, "csr_pem": "csr", "key_protection": "soft"}
    assert msgspec.convert(request, type=JoinRequest).key_protection == "soft"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(request | change, type=JoinRequest)
