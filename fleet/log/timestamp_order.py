"""The certificates in an RFC 3161 response, put in the order that DER asks for.

They are a SET OF (RFC 5652 section 5.1), which DER sorts. OpenSSL, and so many an authority, sends a chain unsorted,
and the library that verifies refuses that. The order is signed by nobody.
"""

from typing import NamedTuple

_CERTIFICATES = 0xA0
_INTO_SIGNED_DATA = (0, 1, 1, 0)
"""TimeStampResp, its second field the token, its second the content, in that SignedData."""


class _Value(NamedTuple):
    """A DER value in a text of bytes: all of it from `start` to `end`, its content from `content`."""

    tag: int
    start: int
    content: int
    end: int


def with_sorted_certificates(response: bytes) -> bytes:
    """`response` with the certificates of its token in DER's order; as it was when it is not understood."""
    try:
        inside = _values(response, 0, len(response))
        for step in _INTO_SIGNED_DATA:
            inside = _values(response, inside[step].content, inside[step].end)
        certificates = next(field for field in inside if field.tag == _CERTIFICATES)
        each = [response[one.start : one.end] for one in _values(response, certificates.content, certificates.end)]
    except (IndexError, StopIteration):
        return response
    return response[: certificates.content] + b"".join(sorted(each)) + response[certificates.end :]


def _values(data: bytes, start: int, end: int) -> list[_Value]:
    """The DER values beside each other from `start` to `end`; raises IndexError when they do not fill it."""
    found: list[_Value] = []
    while start < end:
        length, content = data[start + 1], start + 2
        if length >= 0x80:
            count = length - 0x80
            length, content = int.from_bytes(data[content : content + count], "big"), content + count
        if content + length > end:
            raise IndexError("a value ends outside of what holds it")
        found.append(_Value(data[start], start, content, content + length))
        start = content + length
    return found
