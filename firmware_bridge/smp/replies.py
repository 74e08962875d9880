"""What replies hold, every number and text bounded; and the states that callers see."""

from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from protocols.releases.version import plain_version

_Offset = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]
_Count = Annotated[int, Meta(ge=0)]
_Name = Annotated[str, Meta(max_length=255)]
_Buffer = Annotated[int, Meta(ge=64, le=0xFFFF)]


class Done(Struct):
    """Nothing but success."""


class Echoed(Struct):
    """The text that came back."""

    r: str


class BufferReply(Struct):
    """The device's message buffers."""

    buf_size: _Buffer
    buf_count: Annotated[int, Meta(ge=1, le=255)]


class BootloaderReply(Struct):
    """The bootloader's name."""

    bootloader: _Name


class BootModeReply(Struct, rename={"no_downgrade": "no-downgrade"}):
    """How MCUboot puts a new image in; -1 unknown."""

    mode: Annotated[int, Meta(ge=-1, le=255)]
    no_downgrade: bool = False


class _Slot(Struct):
    slot: Annotated[int, Meta(ge=0, le=255)]
    version: Annotated[str, Meta(max_length=40)] = ""
    image: Annotated[int, Meta(ge=0, le=255)] = 0
    hash: Annotated[bytes, Meta(max_length=64)] = b""
    bootable: bool = False
    pending: bool = False
    confirmed: bool = False
    active: bool = False
    permanent: bool = False


class SlotsReply(Struct):
    """The slots that hold an image."""

    images: Annotated[list[_Slot], Meta(max_length=32)]


class UploadReply(Struct):
    """How much of an upload the device holds; `match` with the last part, where the device checks it."""

    off: _Offset
    match: bool | None = None


class StatGroupsReply(Struct):
    """The names of the device's groups of statistics."""

    stat_list: Annotated[list[_Name], Meta(max_length=256)]


class StatsReply(Struct):
    """The figures of one group."""

    fields: Annotated[dict[_Name, _Count], Meta(max_length=256)]


class FilePart(Struct):
    """A part of a file; `len`, the whole file's length, with the first."""

    off: _Offset
    data: bytes
    len: _Offset | None = None


class FileStatus(Struct):
    """A file's length."""

    len: _Offset


class SettingReply(Struct):
    """A setting's value."""

    val: bytes


class WatchdogReply(Struct):
    """Seconds until the watchdog restarts the unit."""

    left: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]


class SensorPowerReply(Struct):
    """Milliseconds for which camera and microphone have power."""

    ms: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]


class Parameters(NamedTuple):
    """A device's message buffers: bytes of each, and how many."""

    buf_size: int
    buf_count: int


class Bootloader(NamedTuple):
    """A device's bootloader. `mode` is MCUboot's number for how it puts a new image in (0 … 6), None where it does not
    say; `no_downgrade` whether it refuses older versions."""

    name: str
    mode: int | None
    no_downgrade: bool


class SlotState(NamedTuple):
    """One slot with an image. `pending`: booted next; `permanent`: then for good, without being confirmed."""

    image: int
    slot: int
    version: str
    digest_hex: str
    bootable: bool
    pending: bool
    confirmed: bool
    active: bool
    permanent: bool


def slot_states(reply: SlotsReply) -> list[SlotState]:
    """The slots as callers see them."""
    return [
        SlotState(
            slot.image,
            slot.slot,
            plain_version(slot.version),
            slot.hash.hex(),
            bootable=slot.bootable,
            pending=slot.pending,
            confirmed=slot.confirmed,
            active=slot.active,
            permanent=slot.permanent,
        )
        for slot in reply.images
    ]
