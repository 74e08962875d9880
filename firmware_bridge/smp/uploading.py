"""Images and files to a device, driven by the offset it returns."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final, TypeVar

from smp.file_management import FS_MGMT_ERR, FileCloseRequest, FileStatusRequest, FileUploadRequest
from smp.header import GroupId
from smp.image_management import IMG_MGMT_ERR, ImageUploadWriteRequest
from smp.message import Request

from firmware_bridge.errors import DeviceRefused, DeviceSilent, ReplyUnreadable
from firmware_bridge.progress import Progress
from firmware_bridge.smp.exchange import Exchange
from firmware_bridge.smp.refusals import NOT_SUPPORTED
from firmware_bridge.smp.replies import Done, FileStatus, UploadReply

Tell = Callable[[Progress], None]
Part = TypeVar("Part", bound=Request)
MakePart = Callable[[int, bytes], Part]
AskPart = Callable[[Part], Awaitable[UploadReply]]
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

    async def ask(request: ImageUploadWriteRequest) -> UploadReply:
        reply_s = exchange.limits.erase_s if request.off == 0 else None
        return await exchange.ask("image upload", request, UploadReply, reply_s=reply_s)

    last = await _upload(exchange, "image upload", content, part, ask, tell)
    if last.match is False:
        detail = "what it holds is not what was sent; send it again"
        code = int(IMG_MGMT_ERR.INVALID_HASH)
        raise DeviceRefused(exchange.port, "image upload", detail, code, int(GroupId.IMAGE_MANAGEMENT))


async def upload_file(exchange: Exchange, path: str, content: bytes, tell: Tell) -> None:
    """Make the file `path` hold `content`. Raises as `upload_image` does.

    A part that was not answered is not sent again blindly: a device that wrote it would write it twice. The file is
    closed, and its length says what is next; a first part begins a closed file anew.
    """

    def part(off: int, data: bytes) -> FileUploadRequest:
        return FileUploadRequest(off=off, data=data, name=path, len=len(content) if off == 0 else None)

    async def ask(request: FileUploadRequest) -> UploadReply:
        try:
            return await exchange.ask("file upload", request, UploadReply, tries=1)
        except DeviceSilent:
            await _close_file(exchange)
        except DeviceRefused as refused:
            if (refused.code, refused.group) != (FS_MGMT_ERR.FILE_OFFSET_NOT_VALID, GroupId.FILE_MANAGEMENT):
                raise
        if request.off == 0:
            return UploadReply(off=0)
        status = await exchange.ask("file status", FileStatusRequest(name=path), FileStatus)
        return UploadReply(off=status.len if status.len <= len(content) else 0)

    await _upload(exchange, "file upload", content, part, ask, tell)


async def _close_file(exchange: Exchange) -> None:
    try:
        await exchange.ask("file close", FileCloseRequest(), Done)
    except DeviceRefused as refused:
        if refused.code != NOT_SUPPORTED:
            raise


async def _upload(
    exchange: Exchange, what: str, content: bytes, part: MakePart[Part], ask: AskPart[Part], tell: Tell
) -> UploadReply:
    """The reply to the last part. The device decides what is sent next; one that gets nowhere is given up."""
    off, furthest, setbacks, total = 0, 0, 0, len(content)
    tell(Progress(0, total))
    while True:
        room = _room(exchange, what, part(off, _NO_DATA_YET))
        request = part(off, content[off : off + room])
        reply = await ask(request)
        if reply.off > total:
            raise ReplyUnreadable(exchange.port, what, f"it says it holds {reply.off} of {total} bytes")
        tell(Progress(reply.off, total))
        if reply.off == total:
            return reply
        setbacks += reply.off <= off
        if setbacks > exchange.limits.setbacks:
            raise ReplyUnreadable(exchange.port, what, f"it went back {setbacks} times, at last to byte {reply.off}")
        if reply.off > furthest:
            furthest, setbacks = reply.off, 0
        off = reply.off


def _room(exchange: Exchange, what: str, empty: Request) -> int:
    """How many bytes of data fit into a message beside everything else in it."""
    spare = exchange.most_bytes - len(empty.BYTES)
    room = max(min(spare - longer, most) for longer, most in _BYTES_HEADS)
    if room < 1:
        detail = f"its messages of {exchange.most_bytes} bytes have no room for data"
        raise ReplyUnreadable(exchange.port, what, detail)
    return room
