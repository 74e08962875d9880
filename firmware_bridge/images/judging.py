"""Whether an image may be sent to a device: judged from the image, the keys, and what the device runs. Pure."""

from collections.abc import Sequence

from firmware_bridge.errors import ImageRefused
from firmware_bridge.images.installed import Installed
from firmware_bridge.images.keys import SigningKey, read_key
from protocols.releases.mcuboot import Image
from protocols.releases.version import is_older, read_version


def judge(
    image: Image, *, keys: Sequence[bytes], board: str, installed: Installed | None, permit: bool
) -> ImageRefused | None:
    """Why `image` must not be sent, None when it may.

    `keys` are PEMs of the public keys that the device's bootloader goes by; `board` is what the device is, empty where
    nobody said; `installed` is what it runs, None when that is not known yet; `permit` is whether two people allowed
    this image though it is older.

    Reasons, in this order: `key-unusable`, `unsigned`, `unknown-key`, `bad-signature`, `wrong-board`,
    `security-counter` (lower than the device's: its bootloader would refuse it, so no permit helps), `downgrade`.
    """
    try:
        known = [read_key(pem) for pem in keys]
    except ImageRefused as unusable:
        return unusable
    refused = _judge_signature(image, known) or _judge_board(image, board, installed)
    if refused is not None or installed is None:
        return refused
    return judge_step(as_installed(image), installed, permit=permit)


def judge_step(wanted: Installed, running: Installed, *, permit: bool) -> ImageRefused | None:
    """Why a device that runs `running` must not be brought to `wanted`: `security-counter` or `downgrade`."""
    if wanted.digest == running.digest:
        return None
    return _judge_counter(wanted, running) or _judge_version(wanted, running, permit=permit)


def as_installed(image: Image) -> Installed:
    """What a device says that runs `image`, confirmed."""
    return Installed(
        version=str(image.version),
        digest=image.digest_hex,
        confirmed=True,
        board=image.board,
        security_counter=image.security_counter,
    )


def _judge_signature(image: Image, known: Sequence[SigningKey]) -> ImageRefused | None:
    if not image.signatures:
        return ImageRefused("unsigned", "the image is not signed", "sign it with the key of the device's bootloader")
    pairs = [
        (key, signature)
        for signature in image.signatures
        for key in known
        if (key.kind, key.key_hash) == (signature.kind, signature.key_hash)
    ]
    if not pairs:
        named = ", ".join(sorted({signature.key_hash.hex()[:16] or "unnamed" for signature in image.signatures}))
        said = f"the image is signed by a key that is not given here ({named})"
        return ImageRefused("unknown-key", said, "give that public key, if it is the one of the device's bootloader")
    if not all(key.fits(signature.content, image.digest) for key, signature in pairs):
        return ImageRefused("bad-signature", "a signature of the image does not fit", "build and sign it again")
    return None


def _judge_board(image: Image, board: str, installed: Installed | None) -> ImageRefused | None:
    for wanted in (board, installed.board if installed is not None else ""):
        if wanted and image.board != wanted:
            made_for = f"made for {image.board}" if image.board else "silent about its board"
            return ImageRefused("wrong-board", f"the image is {made_for}, the device is {wanted}", "name the other one")
    return None


def _judge_counter(wanted: Installed, running: Installed) -> ImageRefused | None:
    least = running.security_counter
    if least is None or (wanted.security_counter is not None and wanted.security_counter >= least):
        return None
    has = "none" if wanted.security_counter is None else str(wanted.security_counter)
    said = f"the image's security counter is {has}, the device's {least}"
    return ImageRefused("security-counter", said, "its bootloader would never boot it; use a newer image")


def _judge_version(wanted: Installed, running: Installed, *, permit: bool) -> ImageRefused | None:
    if permit or not is_older(wanted.version, running.version):
        return None
    comparable = read_version(wanted.version) and read_version(running.version)
    older = "older than" if comparable else "not known to be as new as"
    said = f"the image is {_shown(wanted)}, {older} {_shown(running)}, which runs"
    return ImageRefused("downgrade", said, "use a newer one, or have two people sign a permit: fleet permit draft")


def _shown(installed: Installed) -> str:
    version = read_version(installed.version)
    return repr(installed.version[:32]) if version is None else str(version)
