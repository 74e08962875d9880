"""Damage to bytes, as lines, flashes and people with bad intent do it."""

from random import Random

_EDGES = (0x00, 0x01, 0x0A, 0x0D, 0x1F, 0x24, 0x2A, 0x2C, 0x5F, 0x7F, 0x80, 0x9F, 0xB5, 0xBF, 0xFF)
_WIDTHS = (1, 2, 4)
_NOISE_BYTES = 24
MOST_BYTES = 4096
"""What grew beyond is cut: a frame on a wire is no longer either."""


def damaged(drawn: Random, content: bytes, other: bytes) -> bytes:
    """`content` with one to four changes; `other` is what parts are taken from."""
    changed = bytearray(content)
    for _ in range(drawn.choice((1, 1, 1, 2, 4))):
        drawn.choice(_CHANGES)(drawn, changed, other)
    return bytes(changed[:MOST_BYTES])


def _place(drawn: Random, changed: bytearray) -> int:
    return drawn.randrange(len(changed) + 1)


def _span(drawn: Random, content: bytes | bytearray) -> tuple[int, int]:
    begin = drawn.randrange(len(content) + 1)
    return begin, min(len(content), begin + drawn.choice((1, 2, 4, 8, 32, 128)))


def _flip(drawn: Random, changed: bytearray, _other: bytes) -> None:
    if changed:
        changed[drawn.randrange(len(changed))] ^= 1 << drawn.randrange(8)


def _edge(drawn: Random, changed: bytearray, _other: bytes) -> None:
    if changed:
        changed[drawn.randrange(len(changed))] = drawn.choice(_EDGES)


def _number(drawn: Random, changed: bytearray, _other: bytes) -> None:
    """A length, or what is taken for one."""
    width = drawn.choice(_WIDTHS)
    number = drawn.choice((0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)) & ((1 << 8 * width) - 1)
    at = _place(drawn, changed)
    changed[at : at + width] = number.to_bytes(width, drawn.choice(("little", "big")))


def _cut(drawn: Random, changed: bytearray, _other: bytes) -> None:
    del changed[_place(drawn, changed) :]


def _drop(drawn: Random, changed: bytearray, _other: bytes) -> None:
    begin, end = _span(drawn, changed)
    del changed[begin:end]


def _repeat(drawn: Random, changed: bytearray, _other: bytes) -> None:
    begin, end = _span(drawn, changed)
    changed[begin:begin] = changed[begin:end] * drawn.choice((1, 1, 8))


def _insert(drawn: Random, changed: bytearray, _other: bytes) -> None:
    at = _place(drawn, changed)
    changed[at:at] = drawn.randbytes(drawn.randrange(_NOISE_BYTES))


def _splice(drawn: Random, changed: bytearray, other: bytes) -> None:
    begin, end = _span(drawn, other)
    at = _place(drawn, changed)
    changed[at : at + drawn.choice((0, end - begin))] = other[begin:end]


_CHANGES = (_flip, _flip, _edge, _number, _cut, _drop, _repeat, _insert, _splice)
