"""Whether the files that manifests name are what the manifests say: read from the files, before anybody signs them."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from tuf.api.metadata import Targets

from fleet.errors import RequestRefused
from fleet.store.store import Transaction
from protocols.api.releases import MAX_PIECE_BYTES
from protocols.errors import InvalidBundle, InvalidImage
from protocols.releases.bundle import BEGINNING_BYTES, listing_at
from protocols.releases.manifest import Manifest, Part
from protocols.releases.mcuboot import MAX_IMAGE_BYTES, read_image
from protocols.releases.version import same_version


class Says(NamedTuple):
    """What a file says of itself; `board` is empty where it does not say, None where its kind never does."""

    version: str
    board: str | None = None


async def check_images(
    transaction: Transaction, targets: Targets, manifests: Mapping[str, Manifest], before: Targets | None
) -> None:
    """Raise RequestRefused `image-unfit` for a part of `manifests`, by path, whose file among `targets` can not be read
    or says another version or board than the manifest.

    The agent's releases and images of MCUboot are read; what a plug-in brings in, only that plug-in can read. What is
    in force as it is, by `before`, is not read again.
    """
    said: dict[tuple[str, str], Says] = {}
    for path, manifest in manifests.items():
        for part in manifest.parts:
            if part.updater not in _READ or _is_in_force(targets, before, path, part):
                continue
            known = (part.updater, targets.targets[part.target].hashes["sha256"])
            if known not in said:
                said[known] = await _read(transaction, path, part, targets)
            why = differs(part, said[known])
            if why:
                raise _unfit(path, part, why)


def differs(part: Part, says: Says) -> str:
    """How a file that `says` that of itself is not what `part` of a manifest names; empty: in nothing."""
    if not same_version(says.version, part.version):
        return f"says that it is version {says.version}, and the manifest {part.version}"
    if part.board and says.board is not None and says.board != part.board:
        made_for = f"is made for {says.board}" if says.board else "does not say for which board it is"
        return f"{made_for}, and the manifest says {part.board}"
    return ""


def _is_in_force(targets: Targets, before: Targets | None, path: str, part: Part) -> bool:
    held = {} if before is None else before.targets
    return all(one in held and held[one].hashes == targets.targets[one].hashes for one in (path, part.target))


async def _read(transaction: Transaction, path: str, part: Part, targets: Targets) -> Says:
    longest, says = _READ[part.updater]
    sha256, length = targets.targets[part.target].hashes["sha256"], targets.targets[part.target].length
    content = bytearray()
    for number in range((min(length, longest) + MAX_PIECE_BYTES - 1) // MAX_PIECE_BYTES):
        piece = await transaction.releases.piece(sha256, number)
        assert piece is not None, "a file that is named is all there"
        content += piece
    try:
        return await asyncio.to_thread(says, bytes(content))
    except (InvalidImage, InvalidBundle) as error:
        raise _unfit(path, part, f"can not be used: {error.detail}") from error


def _image_says(content: bytes) -> Says:
    image = read_image(content)
    return Says(str(image.version), image.board)


def _bundle_says(content: bytes) -> Says:
    return Says(listing_at(content).version)


_READ = {"mcuboot": (MAX_IMAGE_BYTES + 1, _image_says), "release": (BEGINNING_BYTES, _bundle_says)}
"""By updater: so many bytes of its file are read at the most, and by what. An image is read with one byte more than
there may be, so that a longer one is refused for that."""


def _unfit(path: str, part: Part, why: str) -> RequestRefused:
    return RequestRefused(
        "image-unfit",
        f"{path}: {part.target} {why}"[:400],
        "send the file that is meant (fleet release add), or name what it says of itself (fleet release manifest)",
    )
