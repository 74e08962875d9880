"""An example of a plug-in: a device of 64-byte lines, `?` what runs, `=` an image, `t` try, `c` confirm, `b` back.

`pyproject.toml` of such a package names it:

    [project.entry-points."muster.firmware_bridge.updaters"]
    example = "example_updater:make_device"
"""

from collections.abc import Callable
from hashlib import sha256

from firmware_bridge.errors import ImageRefused, ReplyUnreadable
from firmware_bridge.transport.line import Line
from firmware_bridge.updating.device import Installed, Progress, UpdatableDevice

_MARK = b"EXAMPLE"


def make_device(line: Line) -> UpdatableDevice:
    """A device on `line`: what the entry point names."""
    return ExampleDevice(line)


class ExampleDevice:
    """Its images are `EXAMPLE`, a blank, the version, a blank, anything."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def installed(self) -> Installed:
        version, digest, state = (await self._ask(b"?")).split()
        return Installed(version, digest, confirmed=state == "confirmed")

    async def judge(self, image: bytes, board: str) -> Installed:
        words = image.split(b" ")
        if len(words) < 3 or words[0] != _MARK or board:
            raise ImageRefused("not-an-image", "this is no image of an example", "name another file")
        return Installed(words[1].decode("ascii", errors="replace"), sha256(image).hexdigest(), confirmed=True)

    async def send(self, image: bytes, tell: Callable[[Progress], None]) -> None:
        await self._ask(b"=" + image.hex().encode())
        tell(Progress(len(image), len(image)))

    async def try_once(self, image: bytes) -> None:
        del image
        await self._ask(b"t")

    async def healthy(self) -> str | None:
        return None if await self._ask(b"h") == "well" else "it says that it is not"

    async def confirm(self) -> None:
        await self._ask(b"c")

    async def revert(self) -> None:
        await self._ask(b"b")

    async def _ask(self, question: bytes) -> str:
        await self._line.write(question + b"\n")
        answer = await self._line.read()
        if not answer.endswith(b"\n"):
            raise ReplyUnreadable(self._line.name, question[:1].decode(), "it is no line")
        return answer.decode("ascii", errors="replace").strip()
