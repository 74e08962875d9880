"""Receipts as a dishonest sender would make them: true and false ones with their bytes and lines disarranged."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from protocols.tlog.receipt import MAX_RECEIPT_CHARS
from tests.support.tlog_making import UNIX_S, MadeLog

WORDS = (
    "\n",
    "\n\n",
    "— ",
    " ",
    "+",
    "=",
    "\0",
    "\udc80",
    "\u2028",
    "é",
    "extra ",
    "index ",
    "index 0",
    "0",
    "-1",
    "9223372036854775807",
    "9223372036854775808",
    "9" * 4400,
    "A" * 43 + "=",
    "c2sp.org/tlog-proof@v1",
    "x" * MAX_RECEIPT_CHARS,
)


@dataclass(frozen=True)
class Attempt:
    """What is shown to the verifier."""

    text: str
    leaf: bytes
    not_before_unix_s: int | None


class ReceiptAttack:
    """Draws attempts from a seed: the same ones each time.

    Beside receipts of the true log there are some of a rewritten one, signed by the log's key but by no known witness.
    """

    def __init__(self, seed: int) -> None:
        self._drawn = Random(seed)
        leaves = [f'{{"index":{index},"prior":null,"kind":"unit.told"}}'.encode() for index in range(11)]
        self.log = MadeLog(leaves, times={"west": UNIX_S + 30})
        rewritten = [*leaves[:5], b"forged", *leaves[6:]]
        others = [MadeLog(rewritten, names=("east",)), MadeLog(leaves, origin="other.example/log")]
        logs = [self.log, *others]
        receipts = [log.receipt(index, size) for log in logs for size in (1, 2, 7, 11) for index in range(0, size, 3)]
        receipts += [self.log.receipt(4, cosigners=[name]) for name in self.log.names]
        receipts += [replace(receipt, extra=b"extra") for receipt in receipts[:6]]
        self._shown = [(receipt.text, leaves[receipt.index]) for receipt in receipts]
        self._leaves = [*leaves, b"forged", b"", b"x" * 65_535, b"x" * 65_536]

    def attempts(self, count: int) -> Iterator[Attempt]:
        """So many attempts; some are true receipts, most are nearly true."""
        for _ in range(count):
            not_before = self._drawn.choice([None, None, None, 0, UNIX_S, UNIX_S + 1, 2**63, -1])
            text, leaf = self._drawn.choice(self._shown)
            yield Attempt(self.disarranged(text), leaf if self._drawn.random() < 0.7 else self._leaf(), not_before)

    def disarranged(self, text: str) -> str:
        """`text` after up to six changes."""
        for _ in range(self._drawn.choice([0, 1, 1, 1, 2, 3, 6])):
            change = self._drawn.choice([self._byte, self._cut, self._insert, self._lines, self._splice])
            text = change(text)
        return text

    def _leaf(self) -> bytes:
        leaf = self._drawn.choice(self._leaves)
        if leaf and self._drawn.random() < 0.2:
            place = self._drawn.randrange(len(leaf))
            leaf = leaf[:place] + self._drawn.randbytes(1) + leaf[place + 1 :]
        return leaf

    def _byte(self, text: str) -> str:
        data = bytearray(text.encode(errors="surrogateescape"))
        if data:
            data[self._drawn.randrange(len(data))] ^= 1 << self._drawn.randrange(8)
        return data.decode(errors="surrogateescape")

    def _cut(self, text: str) -> str:
        start, end = self._range(len(text))
        return text[:start] + text[end:]

    def _insert(self, text: str) -> str:
        place, _ = self._range(len(text))
        return text[:place] + self._drawn.choice(WORDS) + text[place:]

    def _lines(self, text: str) -> str:
        lines = text.split("\n")
        start, end = self._range(len(lines))
        kind = self._drawn.randrange(3)
        if kind == 0:
            return "\n".join([*lines[:end], *lines[start:end], *lines[end:]])
        if kind == 1:
            return "\n".join([*lines[:start], *lines[end:]])
        first, second = self._drawn.randrange(len(lines)), self._drawn.randrange(len(lines))
        lines[first], lines[second] = lines[second], lines[first]
        return "\n".join(lines)

    def _splice(self, text: str) -> str:
        mine, theirs = text.split("\n"), self._drawn.choice(self._shown)[0].split("\n")
        place = self._drawn.randrange(min(len(mine), len(theirs)))
        return "\n".join([*mine[:place], *theirs[place:]])

    def _range(self, length: int) -> tuple[int, int]:
        start = self._drawn.randint(0, length)
        return start, min(length, start + self._drawn.choice([1, 1, 2, 8, 60]))
