"""Certificates in a timestamp response, put in order without touching anything else."""

from hypothesis import given
from hypothesis import strategies as st

from fleet.log.timestamp_order import with_sorted_certificates


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes(2, "big")
    return bytes([tag, 0x82]) + length + content


def response(certificates: list[bytes]) -> bytes:
    signed_data = der(0x30, der(2, b"\3"), der(0x31), der(0x30), der(0xA0, *certificates), der(0x31, b""))
    return der(0x30, der(0x30, der(2, b"\0")), der(0x30, der(6, b"\x2a"), der(0xA0, signed_data)))


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_certificates_come_out_sorted_and_all_else_as_it_was(contents: list[bytes]) -> None:
    certificates = [der(0x30, content) for content in contents]
    assert with_sorted_certificates(response(certificates)) == response(sorted(certificates))


@given(st.binary(max_size=200))
def test_what_is_not_understood_stays_as_it_was(data: bytes) -> None:
    given_back = with_sorted_certificates(data)
    assert sorted(given_back) == sorted(data)


def test_a_response_without_certificates_stays_as_it_was() -> None:
    refused = der(0x30, der(0x30, der(2, b"\2")))
    assert with_sorted_certificates(refused) == refused
    assert with_sorted_certificates(response([])[:-3]) == response([])[:-3]
