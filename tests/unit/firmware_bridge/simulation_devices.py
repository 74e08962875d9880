"""Small simulated memories, keys and images for tests, always the same."""

from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware_bridge.images.keys import PrivateKey
from firmware_bridge.images.mcuboot import read_image
from firmware_bridge.images.signing import make_image
from firmware_bridge.simulation.boot import PRIMARY, SECONDARY, Booted, Bootloader, Halted
from firmware_bridge.simulation.flash import Flash, Layout
from firmware_bridge.simulation.trailers import Trailer
from protocols.releases.version import Version

SMALL = Layout(sector_bytes=256, image_sectors=6)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ECDSA_KEY = derive_private_key(0x1234567890ABCDEF, SECP256R1())
WRONG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEYS = (KEY.public_key(), ECDSA_KEY.public_key())
BOARD = "muster_mcu"


class Sample(NamedTuple):
    """An image of version 1.`minor`.0."""

    minor: int
    counter: int = 1
    key: PrivateKey | None = KEY
    size: int = 700
    start: bytes = b""

    @property
    def version(self) -> tuple[int, int, int, int]:
        return (1, self.minor, 0, 0)

    def content(self) -> bytes:
        program = self.start + bytes((self.minor * 37 + at * at) & 0xFF for at in range(self.size))
        return make_image(
            program, version=Version(*self.version), key=self.key, board=BOARD, security_counter=self.counter
        )

    def digest(self) -> bytes:
        return read_image(self.content()).digest


OLD, NEW = Sample(1), Sample(2, size=900)


def fitted(image: Sample = OLD, layout: Layout = SMALL) -> Flash:
    """A memory as it leaves the factory, with `image` in the primary slot and its security counter kept."""
    flash = Flash(layout)
    flash.write(layout.slot(PRIMARY), image.content())
    booted = Bootloader(flash, KEYS).boot()
    assert isinstance(booted, Booted)
    return flash


def copy_of(flash: Flash) -> Flash:
    return Flash(flash.layout, bytearray(flash.read(0, flash.layout.total_bytes)))


def put(flash: Flash, content: bytes, *, permanent: bool = False) -> None:
    """Write `content` into the secondary slot and ask for it, as an application does."""
    for sector in range(flash.layout.image_sectors):
        flash.erase(flash.layout.slot(SECONDARY) + sector * flash.layout.sector_bytes)
    flash.write(flash.layout.slot(SECONDARY), content)
    trailer = Trailer(flash, SECONDARY)
    trailer.erase()
    if permanent:
        trailer.set_image_ok()
    trailer.set_magic()


def boot(flash: Flash) -> Booted | Halted:
    return Bootloader(flash, KEYS).boot()


def booted_minor(flash: Flash) -> int | None:
    """The minor version that boots, None when nothing does."""
    result = boot(flash)
    return result.image.version[1] if isinstance(result, Booted) else None


CUTS = [0.0, 0.4, 1.0]
