"""What a simulated microcontroller keeps in a folder: its flash, and the key its images are signed with.

The key is made for the simulation, lies there unprotected, and is trusted by nothing else.
"""

import mmap
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from firmware_bridge.errors import SimulationFailed
from firmware_bridge.images.signing import make_image
from firmware_bridge.simulation.boot import PRIMARY
from firmware_bridge.simulation.controls import Poke
from firmware_bridge.simulation.flash import ERASED, Flash, Layout
from firmware_bridge.simulation.mcu_device import McuDevice
from firmware_bridge.simulation.slot_images import BootKey, image_in, load_boot_key
from firmware_bridge.simulation.trailers import Trailer
from protocols.releases.version import Version

FLASH, SIGNING_KEY, BOOT_KEY = "flash.bin", "signing-key.pem", "boot-key.pub.pem"
FIRST_VERSION = Version(1, 0, 0, 0)
_FIRST_PROGRAM = b"simulated: the first program\n" * 400
_MOST_KEY_BYTES = 16 * 1024


class Kept(NamedTuple):
    """A flash, and the keys that the bootloader in it trusts."""

    flash: Flash
    keys: tuple[BootKey, ...]


def open_state(directory: Path | None, layout: Layout, board: str, *, image: Path | None, keys: Sequence[Path]) -> Kept:
    """The state in `directory`, made when there is none; None: only for as long as the program runs.

    `keys` are PEM files the bootloader trusts beside the simulation's own. `image` is fitted when the primary slot is
    empty; else one is made. Raises SimulationFailed.
    """
    try:
        if directory is not None:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        signing = _signing_key(directory)
        trusted = tuple(load_boot_key(path.read_bytes()[:_MOST_KEY_BYTES]) for path in keys)
        flash = Flash(layout, None if directory is None else _memory(directory / FLASH, layout.total_bytes))
        if image_in(flash.read(layout.slot(PRIMARY), layout.image_bytes)) is None:
            _fit(flash, _first_image(signing, board) if image is None else image.read_bytes())
    except OSError as error:
        raise SimulationFailed(f"{error.filename}: {error.strerror}; name another file or folder") from error
    return Kept(flash, (signing.public_key(), *trusted))


def _first_image(key: Ed25519PrivateKey, board: str) -> bytes:
    return make_image(_FIRST_PROGRAM, version=FIRST_VERSION, key=key, board=board, security_counter=1)


def _fit(flash: Flash, content: bytes) -> None:
    layout = flash.layout
    if len(content) > layout.image_bytes:
        raise SimulationFailed(f"the image has {len(content)} bytes, the slot {layout.image_bytes}; give it more room")
    for address in range(0, layout.total_bytes, layout.sector_bytes):
        flash.erase(address)
    flash.write(layout.slot(PRIMARY), content)


def _signing_key(directory: Path | None) -> Ed25519PrivateKey:
    if directory is None:
        return Ed25519PrivateKey.generate()
    path = directory / SIGNING_KEY
    with suppress(FileNotFoundError):
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except ValueError as error:
            raise SimulationFailed(f"{path} is no private key; remove it, and another is made") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise SimulationFailed(f"{path} is no Ed25519 key; remove it, and another is made")
        return key
    key = Ed25519PrivateKey.generate()
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (directory / BOOT_KEY).write_bytes(public)
    return key


def _memory(path: Path, size: int) -> mmap.mmap:
    """The file as memory: what was written is there again however the program ends."""
    if not path.exists():
        path.write_bytes(bytes([ERASED]) * size)
    if path.stat().st_size != size:
        raise SimulationFailed(f"{path} has {path.stat().st_size} bytes, not {size}; remove it, or give its sectors")
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), size)


def state_of(device: McuDevice) -> dict[str, object]:
    """How a device is, for a person."""
    mcu, board, booted = device.mcu, device.mcu.board, device.mcu.booted
    now_s = mcu.now_s()
    due_s = board.watchdog_due_s
    return {
        "runs": None if booted is None else booted.image.version_text,
        "confirmed": None if booted is None else Trailer(mcu.flash, PRIMARY).confirmed,
        "powered": mcu.powered,
        "plugged": device.port.plugged,
        "starts": len(mcu.boots),
        "messages": device.messages,
        "flash_operations": mcu.flash.operations,
        "watchdog_s": None if due_s is None else round(max(0.0, due_s - now_s), 1),
        "unit": board.statistics(now_s),
        "events": board.events,
    }


def poked(device: McuDevice, wish: Poke) -> dict[str, object]:
    """Do what a poke says, and tell how the device is; raises SimulationFailed."""
    for name, value in wish.figures.items():
        if isinstance(value, str):
            raise SimulationFailed(f"{name} takes a whole number, or none where it is not fitted")
        device.mcu.board.poke(name, value)
    acts = {"cut-power": device.cut_power, "pull-cable": device.pull_cable}
    for act in wish.acts:
        if act not in acts:
            raise SimulationFailed(f"{act} is none of {', '.join(acts)}")
        acts[act]()
    return state_of(device)
