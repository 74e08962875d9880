"""Reading a reply's CBOR body, without believing it. Pure.

A device's body is walked before a decoder sees it: maps, arrays, texts, bytes, numbers and truth values, eight deep at
most, every length covered by bytes that are there. Tags (dates, big numbers, patterns) are refused: SMP has no use for
them, and decoding one may cost any time.
"""

from typing import Final

import cbor2

_DEEPEST: Final = 8
_TEXT_KEYS_ONLY: Final = "its keys are not all text"


class BodyRefused(Exception):
    """A body that is not what SMP sends."""


def read_body(body: bytes) -> dict[str, object]:
    """The map that `body` is; raises BodyRefused. Unknown fields stay in it."""
    end = _Walk(body).item(0, 0)
    if end != len(body):
        raise BodyRefused(f"{len(body) - end} bytes follow its end")
    try:
        content = cbor2.loads(body)
    except (cbor2.CBORError, ValueError, TypeError) as damage:
        raise BodyRefused(str(damage)) from damage
    if not isinstance(content, dict):
        raise BodyRefused("it is not a map")
    if not all(isinstance(key, str) for key in content):
        raise BodyRefused(_TEXT_KEYS_ONLY)
    return content


class _Walk:
    """Goes through one body; every method takes the index of an item's first byte and returns that after its end."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def item(self, at: int, depth: int) -> int:
        """Any item."""
        major, info = self._head(at)
        if depth > _DEEPEST:
            raise BodyRefused(f"it is more than {_DEEPEST} deep")
        if major == 6:
            raise BodyRefused("it holds a tag")
        if major == 7:
            return self._simple(at, info)
        if info == 31:
            return self._endless(at, major, depth)
        number, at = self._number(at, info)
        if major < 2:
            return at
        if major < 4:
            return self._within(at + number)
        return self._items(at, number * (2 if major == 5 else 1), depth)

    def _head(self, at: int) -> tuple[int, int]:
        self._within(at + 1)
        return self._body[at] >> 5, self._body[at] & 31

    def _within(self, end: int) -> int:
        if end > len(self._body):
            raise BodyRefused("it ends too early")
        return end

    def _number(self, at: int, info: int) -> tuple[int, int]:
        if info < 24:
            return info, at + 1
        if info > 27:
            raise BodyRefused("it holds a length of no kind")
        end = self._within(at + 1 + (1 << (info - 24)))
        return int.from_bytes(self._body[at + 1 : end]), end

    def _simple(self, at: int, info: int) -> int:
        if 20 <= info <= 23:
            return at + 1
        if 25 <= info <= 27:
            return self._number(at, info)[1]
        raise BodyRefused("it holds a value of no kind")

    def _items(self, at: int, count: int, depth: int) -> int:
        if count > len(self._body):
            raise BodyRefused("it ends too early")
        for _ in range(count):
            at = self.item(at, depth + 1)
        return at

    def _endless(self, at: int, major: int, depth: int) -> int:
        """A map, array, text or bytes that ends with a break (0xFF)."""
        if major < 2:
            raise BodyRefused("it holds a number without an end")
        at, count = at + 1, 0
        while self._body[at : at + 1] != b"\xff":
            piece = self._head(at)
            if major < 4 and (piece[0] != major or piece[1] == 31):
                raise BodyRefused("it holds a text of mixed pieces")
            at, count = self.item(at, depth + 1), count + 1
        if major == 5 and count % 2:
            raise BodyRefused("it holds a key without a value")
        return at + 1
