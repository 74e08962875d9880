"""Damage to texts and to JSON, drawn from a seed."""

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

WORDS = (
    *("\n", "\n\n", "\r", " ", "\t", "\0", "\u2028", "\x85", "é", "\ufeff", "— ", "+", "=", "/"),
    *("0", "-1", "1e9", "9223372036854775808", "9" * 400, "null", "true", '""', "[]", "{}", '"', "\\u0000", "\\"),
    *('"subject":"nobody",', '"v":1,', '"v":2,', '"lasts_s":900,', '"carried":true,', '"unit":"unit-bcde3456",'),
    *('"modality":"position"', '"minutes_per_day":120', "2026-11-22T12:00:00Z", "2099-01-01T00:00:00Z", "+01:00"),
    *("-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----", "U1NIU0lH", "AAAA", "A" * 43 + "="),
    *("c2sp.org/tlog-proof@v1", "index ", "extra AAAA\n", "muster.example/log", "x" * 2048, "x" * 70_000),
)

_NUMBER = re.compile(r"\d+")
_PAIR = re.compile(r'"[a-z_0-9]+":(?:"[^"]*"|\d+|true|false|null),')

Change = Callable[[Random, str], str]


def bit(drawn: Random, text: str) -> str:
    """One bit of one byte flipped."""
    data = bytearray(text.encode(errors="surrogateescape"))
    if data:
        data[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)
    return data.decode(errors="surrogateescape")


def one_sign(drawn: Random, text: str) -> str:
    """One sign replaced by another of the same text."""
    place = drawn.randrange(len(text)) if text else 0
    return text[:place] + drawn.choice(text or "x") + text[place + 1 :]


def cut(drawn: Random, text: str) -> str:
    """A few signs left out."""
    start = drawn.randint(0, len(text))
    return text[:start] + text[start + drawn.choice((1, 1, 2, 8, 60)) :]


def truncate(drawn: Random, text: str) -> str:
    """An end left out."""
    return text[: drawn.randint(0, len(text))]


def insert(drawn: Random, text: str) -> str:
    """Something put in."""
    place = drawn.randint(0, len(text))
    return text[:place] + drawn.choice(WORDS) + text[place:]


def repeat(drawn: Random, text: str) -> str:
    """A part of it twice."""
    start = drawn.randint(0, len(text))
    end = min(len(text), start + drawn.choice((1, 8, 60, 400)))
    return text[:end] + text[start:]


def lines(drawn: Random, text: str) -> str:
    """A line twice, left out, or in another's place."""
    rows = text.split("\n")
    first, second = drawn.randrange(len(rows)), drawn.randrange(len(rows))
    kind = drawn.randrange(3)
    if kind == 0:
        rows.insert(second, rows[first])
    elif kind == 1:
        del rows[first]
    else:
        rows[first], rows[second] = rows[second], rows[first]
    return "\n".join(rows)


def number(drawn: Random, text: str) -> str:
    """A number changed."""
    found = list(_NUMBER.finditer(text))
    if not found:
        return text
    one = drawn.choice(found)
    value = int(one[0][:18])
    other = drawn.choice((value + 1, max(0, value - 1), value * 2, 0, value + 60_000))
    return text[: one.start()] + str(other) + text[one.end() :]


def pair(drawn: Random, text: str) -> str:
    """A key of JSON twice, or left out, or in another's place."""
    found = list(_PAIR.finditer(text))
    if len(found) < 2:
        return text
    one, other = drawn.sample(found, 2)
    kind = drawn.randrange(3)
    if kind == 0:
        return text[: one.end()] + one[0] + text[one.end() :]
    if kind == 1:
        return text[: one.start()] + text[one.end() :]
    first, second = sorted((one, other), key=lambda each: each.start())
    return text[: first.start()] + second[0] + text[first.end() : second.start()] + first[0] + text[second.end() :]


CHANGES: Sequence[Change] = (bit, one_sign, cut, truncate, insert, repeat, lines, number, pair)


def damaged(drawn: Random, text: str) -> str:
    """`text` after one to three changes."""
    for _ in range(drawn.choice((1, 1, 1, 2, 3))):
        text = drawn.choice(CHANGES)(drawn, text)
    return text


def spliced(drawn: Random, text: str, other: str) -> str:
    """The beginning of one, the end of the other."""
    place = drawn.randint(0, min(len(text), len(other)))
    return text[:place] + other[place:]


def reshaped(drawn: Random, whole: dict[str, Any]) -> dict[str, Any]:
    """A JSON object, somewhere in whose depth a field is gone, one more, or of another kind."""
    place = whole
    while nested := [value for value in place.values() if isinstance(value, dict)]:
        if drawn.random() < 0.4:
            break
        place = drawn.choice(nested)
    name = drawn.choice(list(place))
    kind = drawn.randrange(3)
    if kind == 0:
        del place[name]
    elif kind == 1:
        place[drawn.choice(("subject", "until", name + "_", "v"))] = drawn.choice((1, "x", None, []))
    else:
        place[name] = drawn.choice((None, 0, "", [], {}, True, [place[name]]))
    return whole
