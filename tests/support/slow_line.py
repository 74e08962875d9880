"""A console on a real pty at the far end of a thin line, and the terminal there, which answers as terminals do.

`python -m tests.support.slow_line FD` is the console: over a fleet in memory, whose check shows five pictures a second,
each with its number in grey at the left. It reports on FD what it made and what it was asked for.
"""

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from select import select
from typing import NamedTuple, Self

from PIL import Image
from typing_extensions import override

from protocols.api.checks import CheckView, PreviewNews, Verdict
from tests.unit.tui.stub_checks import StubPreview
from tests.unit.tui.stub_client import StubClient
from tui.console import ConsoleApp
from tui.saved import SavedFilters

NUMBERS = 128
LIMIT_S = 120.0
_MADE_PER_S = 5.0
_QUESTION = re.compile(rb"\x1b\[(\d+);(\d+)H\x1b\[6n")
_CELL = re.compile(rb"38;2;(\d+);\d+;\d+;48;2;\d+;\d+;\d+m\xe2\x96\x80")
_PICTURE_CELLS = 10
_AT_ONCE_BYTES = 64


class Seen(NamedTuple):
    """A picture that has arrived: its number, its bytes on the line, and the last number made when the one before it
    had arrived."""

    number: int
    byte_count: int
    made_before: int


@dataclass
class SlowLine:
    """The terminal's end. `bytes_per_s` None is a line without limit; `answers` False makes the terminal silent."""

    far: int
    reports: int
    bytes_per_s: int | None = None
    answers: bool = True
    seen: list[Seen] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    said: bytes = b""
    """What has arrived since the last question."""
    text: bytes = b""
    byte_count: int = 0
    """How much has arrived in all."""
    has_fault: bool = False
    """Whether a traceback has arrived."""
    _made_before: int = 0
    _unread: bytes = b""

    @property
    def made(self) -> int:
        """The number of the last picture made."""
        return max((int(line.split()[1]) for line in self.told if line.startswith("made")), default=0)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.far, keys.encode())

    def press_until(self, keys: str, words: str) -> int:
        """Type, and let the line carry until `words` have arrived; how many bytes came before them."""
        begun = self.byte_count
        self.text = b""
        self.press(keys)
        self.until(lambda: self.shows(words))
        return self.byte_count - begun

    def until(self, condition: Callable[[], object]) -> None:
        """Let the line carry until `condition` holds; AssertionError after LIMIT_S."""
        end_s = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < end_s, self.text[-2000:]
            self._carry()

    def shows(self, words: str) -> bool:
        """Whether `words` have arrived since this was last true."""
        found = re.search(rb"[^\x1b]*".join(re.escape(word.encode()) for word in words.split()), self.text)
        if found is not None:
            self.text = self.text[found.end() :]
        return found is not None

    def _carry(self) -> None:
        for readable in select([self.far, self.reports], [], [], 0.05)[0]:
            if readable == self.reports:
                lines = (self._unread + os.read(self.reports, 4096)).split(b"\n")
                self._unread = lines.pop()
                self.told += [line.decode() for line in lines]
            else:
                self._arrive(os.read(self.far, 65536 if self.bytes_per_s is None else _AT_ONCE_BYTES))

    def _arrive(self, piece: bytes) -> None:
        self.byte_count += len(piece)
        self.said += piece
        self.has_fault = self.has_fault or b"Traceback" in self.said
        self.text = (self.text + piece)[-200_000:]
        while (asked := _QUESTION.search(self.said)) is not None:
            before, self.said = self.said[: asked.start()], self.said[asked.end() :]
            self._note(before)
            if self.answers:
                os.write(self.far, b"\x1b[%b;%bR" % asked.groups())
        if self.bytes_per_s is not None:
            time.sleep(len(piece) / self.bytes_per_s)

    def _note(self, painted: bytes) -> None:
        cells = _CELL.findall(painted)
        if len(cells) < _PICTURE_CELLS:
            return
        number = round(int(cells[0]) / 2)
        if not self.seen or self.seen[-1].number != number:
            self.seen.append(Seen(number, len(painted), self._made_before))
        self._made_before = self.made


@contextmanager
def console_on_a_line(size: tuple[int, int] = (80, 24), *, answers: bool = True) -> Iterator[SlowLine]:
    """A console that is about to begin a check; the line is without limit until it is given one. A terminal that does
    not answer from the beginning does not know either how many pixels it has."""
    reports, report = os.pipe()
    child, far = pty.fork()
    if child == 0:
        os.set_inheritable(report, True)  # noqa: FBT003  its only form
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environment.pop("NO_COLOR", None)
        os.execve(sys.executable, [sys.executable, "-m", "tests.support.slow_line", str(report)], environment)
    os.close(report)
    columns, rows = size
    pixels = (columns * 10, rows * 20) if answers else (0, 0)
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, *pixels))
    line = SlowLine(far, reports, answers=answers)
    try:
        line.until(lambda: line.shows("212 units"))
        line.press("2")
        line.until(lambda: line.shows("camera 004"))
        line.press("\x1b[B\r")
        line.until(lambda: line.shows("ACCESS"))
        line.press("c")
        line.until(lambda: line.shows("goes into the log"))
        yield line
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(far)
        os.close(reports)


def numbered(number: int) -> bytes:
    """A JPEG that is costly on a line, with its number at the left."""
    picture = Image.effect_noise((160, 90), 100).convert("RGB")
    picture = Image.merge("RGB", [picture.getchannel(0), picture.getchannel(1).rotate(180), picture.getchannel(2)])
    level = 2 * (number % NUMBERS)
    picture.paste((level, level, level), (0, 0, 40, 90))
    kept = BytesIO()
    picture.save(kept, "JPEG", quality=95)
    return kept.getvalue()


class _Moving(StubPreview):
    """Makes pictures without end, whether they are shown or not."""

    def __init__(self, report: Callable[[str], None], news: PreviewNews) -> None:
        super().__init__()
        self._tell = report
        self._first = news

    async def __aenter__(self) -> Self:
        return self

    @override
    async def change(self, columns: int, frames_per_s: float) -> None:
        self._tell(f"wished {columns} {frames_per_s}")

    async def __aiter__(self) -> AsyncIterator[bytes | PreviewNews]:
        yield self._first
        number = 0
        while True:
            await asyncio.sleep(1 / _MADE_PER_S)
            number += 1
            self._tell(f"made {number}")
            yield numbered(number)


class _Client(StubClient):
    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = report
        self.changed_check(state="live", entry=48_211)
        self.stub_preview = _Moving(report, self.news(viewers=["TO-12"]))

    async def close_check(self, opening: str, verdict: Verdict) -> CheckView:
        self._tell(f"closed {opening}")
        return await super().close_check(opening, verdict)


async def _run(report: int) -> None:
    def say(text: str) -> None:
        os.write(report, f"{text}\n".encode())

    client = _Client(say)
    with tempfile.TemporaryDirectory() as folder:
        app = ConsoleApp(client, await client.whoami(), SavedFilters(Path(folder) / "filters.json"))
        await app.run_async()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1])))
