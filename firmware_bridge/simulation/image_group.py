"""The image group of a simulated device: what its slots hold, uploads, and what is to boot next. Pure.

It behaves as Zephyr's: an upload goes on only at the offset the device is at, and it says which that is; what it has of
an upload it forgets when its power fails.
"""

from dataclasses import dataclass
from hashlib import sha256

from firmware_bridge.simulation.boot import PRIMARY, SECONDARY
from firmware_bridge.simulation.flash import ERASED, Flash
from firmware_bridge.simulation.slot_images import SlotImage, image_in
from firmware_bridge.simulation.smp_server import INVALID, Answer, Body, Commands, Refused, bytes_in, number_in
from firmware_bridge.simulation.trailers import Swap, Trailer, wanted_swap

GROUP = 1
STATE, UPLOAD, ERASE, SLOT_INFO = 0, 1, 5, 6

HASH_NOT_FOUND, NO_FREE_SLOT, INVALID_SLOT = 8, 9, 14
INVALID_LENGTH, INVALID_HEADER, INVALID_HEADER_MAGIC, INVALID_HASH = 21, 22, 23, 24
CURRENT_IS_NEWER, ALREADY_PENDING = 27, 28
TOO_LARGE, DATA_OVERRUN, TEST_TO_ACTIVE_DENIED = 30, 31, 33

_HEADER_BYTES = 32
_MAGIC = b"\x3d\xb8\xf3\x96"
_DIGEST_BYTES = 32


@dataclass
class _Upload:
    """An upload under way: how much of `size` bytes is there."""

    size: int
    sha: bytes
    off: int = 0


class ImageGroup:
    """The group on `flash`, of a device that runs `running`."""

    def __init__(self, flash: Flash, running: SlotImage) -> None:
        self._flash = flash
        self._running = running
        self._primary, self._secondary = Trailer(flash, PRIMARY), Trailer(flash, SECONDARY)
        self._upload: _Upload | None = None

    def commands(self) -> dict[int, Commands]:
        """By number."""
        return {
            STATE: Commands(read=self._states, write=self._set_state),
            UPLOAD: Commands(write=self._take),
            ERASE: Commands(write=self._erase),
            SLOT_INFO: Commands(read=self._slots),
        }

    def _image(self, slot: int) -> SlotImage | None:
        layout = self._flash.layout
        return image_in(self._flash.read(layout.slot(slot), layout.image_bytes))

    def _next(self) -> Swap:
        return wanted_swap(self._primary, self._secondary)

    def _states(self, _body: Body) -> Answer:
        swap = self._next()
        flags = {
            PRIMARY: {"active": True, "confirmed": swap is not Swap.REVERT, "pending": False, "permanent": False},
            SECONDARY: {
                "active": False,
                "confirmed": swap is Swap.REVERT,
                "pending": swap in {Swap.TEST, Swap.PERMANENT},
                "permanent": swap is Swap.PERMANENT,
            },
        }
        images = [
            {"slot": slot, "version": image.version_text, "hash": image.digest, "bootable": image.bootable} | said
            for slot, said in flags.items()
            if (image := self._image(slot)) is not None
        ]
        return {"images": images, "splitStatus": 0}

    def _set_state(self, body: Body) -> Answer:
        confirm, digest = body.get("confirm") is True, bytes_in(body, "hash")
        slot: int | None = PRIMARY
        if digest:
            if len(digest) != _DIGEST_BYTES:
                return Refused(INVALID_HASH)
            slot = next((one for one in (PRIMARY, SECONDARY) if self._holds(one, digest)), None)
        elif not confirm:
            return Refused(INVALID_HASH)
        if slot is None:
            return Refused(HASH_NOT_FOUND)
        code = self._choose(slot, confirm=confirm)
        return Refused(code) if code else self._states(body)

    def _holds(self, slot: int, digest: bytes) -> bool:
        image = self._image(slot)
        return image is not None and image.digest == digest

    def _choose(self, slot: int, *, confirm: bool) -> int:
        """Let `slot` boot next, once or for good; 0, or the code of what stands against it."""
        swap = self._next()
        if not confirm and slot == PRIMARY:
            return TEST_TO_ACTIVE_DENIED
        if swap is Swap.TEST:
            return 0 if not confirm and slot == SECONDARY else ALREADY_PENDING
        if swap is Swap.PERMANENT:
            return 0 if confirm and slot == SECONDARY else ALREADY_PENDING
        if swap is Swap.REVERT:
            return self._choose_on_trial(slot, confirm=confirm)
        if slot == SECONDARY:
            self._request(permanent=confirm)
        return 0

    def _choose_on_trial(self, slot: int, *, confirm: bool) -> int:
        if not confirm:
            return ALREADY_PENDING
        if slot == PRIMARY:
            self._primary.set_image_ok()
        return 0

    def _request(self, *, permanent: bool) -> None:
        """The flag that makes it permanent is written last: cut off between the two, the image is only tried."""
        self._secondary.erase()
        self._secondary.set_magic()
        if permanent:
            self._secondary.set_image_ok()

    def _take(self, body: Body) -> Answer:
        off, data = number_in(body, "off"), bytes_in(body, "data")
        if off is None:
            return Refused(INVALID, general=True)
        if off == 0:
            refused = self._begin(body, data)
            if refused is not None:
                return refused
        upload = self._upload
        if upload is None:
            return {"off": 0}
        if off != upload.off:
            return {"off": upload.off}
        if off == 0 and self._lies_there(upload):
            return self._finished(upload.size, matches=True)
        if off + len(data) > upload.size:
            self._upload = None
            return Refused(DATA_OVERRUN)
        if off == 0:
            self._make_room()
        self._flash.write(self._flash.layout.slot(SECONDARY) + off, data)
        upload.off += len(data)
        if upload.off == upload.size:
            return self._finished(upload.size, matches=self._lies_there(upload))
        return {"off": upload.off}

    def _begin(self, body: Body, data: bytes) -> Refused | None:
        """Begin an upload, or go on with the one that is under way; what stands against it."""
        size, sha = number_in(body, "len"), bytes_in(body, "sha")
        if sha and self._upload is not None and (self._upload.sha, self._upload.size) == (sha, size):
            return None
        code = self._unfit(size, data, sha) or self._unfree(body)
        if code or size is None:
            return Refused(code)
        if body.get("upgrade") is True and self._version_in(data)[:3] <= self._running.version[:3]:
            return Refused(CURRENT_IS_NEWER)
        self._upload = _Upload(size, sha)
        return None

    def _unfit(self, size: int | None, data: bytes, sha: bytes) -> int:
        if len(data) < _HEADER_BYTES:
            return INVALID_HEADER
        if size is None:
            return INVALID_LENGTH
        if not data.startswith(_MAGIC):
            return INVALID_HEADER_MAGIC
        if len(sha) > _DIGEST_BYTES:
            return INVALID_HASH
        return TOO_LARGE if size > self._flash.layout.image_bytes else 0

    def _unfree(self, body: Body) -> int:
        """Zephyr gives no slot away that is to boot, or is what a trial would go back to."""
        return NO_FREE_SLOT if number_in(body, "image") not in {None, 0} or self._next() is not Swap.NONE else 0

    def _version_in(self, data: bytes) -> tuple[int, int, int]:
        return data[20], data[21], int.from_bytes(data[22:24], "little")

    def _lies_there(self, upload: _Upload) -> bool:
        """Whether the slot's bytes have the hash that was announced."""
        content = self._flash.read(self._flash.layout.slot(SECONDARY), upload.size)
        return len(upload.sha) == _DIGEST_BYTES and sha256(content).digest() == upload.sha

    def _finished(self, size: int, *, matches: bool) -> Answer:
        self._upload = None
        return {"off": size, "match": matches}

    def _make_room(self) -> None:
        """Erase the slot, its trailer last."""
        layout = self._flash.layout
        for sector in range(layout.image_sectors):
            address = layout.slot(SECONDARY) + sector * layout.sector_bytes
            if self._flash.read(address, layout.sector_bytes).count(ERASED) < layout.sector_bytes:
                self._flash.erase(address)
        self._secondary.erase()

    def _erase(self, body: Body) -> Answer:
        slot = number_in(body, "slot") if "slot" in body else SECONDARY
        if slot not in {PRIMARY, SECONDARY}:
            return Refused(INVALID_SLOT)
        if slot == PRIMARY or self._next() is not Swap.NONE:
            return Refused(NO_FREE_SLOT)
        self._upload = None
        self._make_room()
        return {}

    def _slots(self, _body: Body) -> Answer:
        layout = self._flash.layout
        slots = [
            {"slot": PRIMARY, "size": layout.slot_bytes},
            {"slot": SECONDARY, "size": layout.slot_bytes, "upload_image_id": 0},
        ]
        return {"images": [{"image": 0, "slots": slots, "max_image_size": layout.image_bytes}]}
