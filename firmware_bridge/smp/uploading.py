"""Images and files to a device, driven by the offset it returns."""

from collections.abc import Callable
from hashlib import sha256
from typing import Final

from smp.file_management import FileUploadRequest
from smp.header import GroupId
from smp.image_management import IMG_MGMT_ERR, ImageUploadWriteRequest
from smp.message import Request

from firmware_bridge.errors import DeviceRefused, ReplyUnreadable
from firmware_bridge.progress import Progress
from firmware_bridge.smp.exchange import Exchange
from firmware_bridge.smp.replies import UploadReply

Tell = Callable[[Progress], None]
MakePart = Callable[[int, bytes], Request]
_NO_DATA_YET: Final = b""
_BYTES_HEADS: Final = ((0, 23), (1, 0xFF), (2, 0xFFFF))
"""CBOR's bytes: how much longer their head is than that of none, and the most they can then be."""


async def upload_image(exchange: Exchange, content: bytes, *, image: int, tell: Tell) -> None:
    """Put `content` into the free slot of `image`.

    Its hash goes with the first request, so a device that holds a part of it, from before a lost line or a restart,
    answers with how much: what it has is not sent again. Raises PortLost, DeviceSilent, DeviceRefused (it also means
    that what the device holds in the end is not what was sent), ReplyUnreadable.
    """
    digest = sha256(content).digest()

    def part(off: int, data: bytes) -> ImageUploadWriteRequest:
        if off:
            return ImageUploadWriteRequest(off=off, data=data)
        return ImageUploadWriteRequest(off=0, data=data, image=image, len=len(content), sha=digest)

    last = await _upload(exchange, "image upload", content, part, tell)
    if last.match is False:
        detail = "what it holds is not what was sent; send it again"
        code = int(IMG_MGMT_ERR.INVALID_HASH)
        raise DeviceRefused(exchange.port, "image upload", detail, code, int(GroupId.IMAGE_MANAGEMENT))


async def upload_file(exchange: Exchange, path: str, content: bytes, tell: Tell) -> None:
    """Make the file `path` hold `content`. Raises as `upload_image` does."""

    def part(off: int, data: bytes) -> FileUploadRequest:
        return FileUploadRequest(off=off, data=data, name=path, len=len(content) if off == 0 else None)

    await _upload(exchange, "file upload", content, part, tell)


async def _upload(exchange: Exchange, what: str, content: bytes, part: MakePart, tell: Tell) -> UploadReply:
    """The reply to the last part. The device decides what is sent next; one that gets nowhere is given up."""
    off, setbacks, total = 0, 0, len(content)
    tell(Progress(0, total))
    while True:
        room = _room(exchange, what, part(off, _NO_DATA_YET))
        request = part(off, content[off : off + room])
        reply_s = exchange.limits.erase_s if off == 0 else None
        reply = await exchange.ask(what, request, UploadReply, reply_s=reply_s)
        if reply.off > total:
            raise ReplyUnreadable(exchange.port, what, f"it says it holds {reply.off} of {total} bytes")
        setbacks += reply.off <= off < total
        if setbacks > exchange.limits.setbacks:
            raise ReplyUnreadable(exchange.port, what, f"it went back {setbacks} times, at last to byte {reply.off}")
        off = reply.off
        tell(Progress(off, total))
        if off == total:
            return reply


def _room(exchange: Exchange, what: str, empty: Request) -> int:
    """How many bytes of data fit into a message beside everything else in it."""
    spare = exchange.most_bytes - len(empty.BYTES)
    room = max(min(spare - longer, most) for longer, most in _BYTES_HEADS)
    if room < 1:
        detail = f"its messages of {exchange.most_bytes} bytes have no room for data"
        raise ReplyUnreadable(exchange.port, what, detail)
    return room
