"""A manifest: the firmware of a unit, its microcontroller and its modem that belong together.

JSON, the content of a TUF target `manifests/<name>.json`. Parts are brought in in the order they are listed, and taken
back in the reverse order when one of them fails.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.errors import InvalidManifest
from protocols.health import PartVersion

PartName = Literal["agent", "mcu", "modem"]
TargetPath = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}(/[a-z0-9][a-z0-9._-]{0,63}){0,3}$(?!\n)")]
"""The name of a TUF target; its segments begin with a letter or digit, so that none is `..`."""

ModelPrefix = Annotated[str, Meta(min_length=1, max_length=80)]
UpdaterName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$(?!\n)")]

MAX_MANIFEST_BYTES = 16 * 1024
MAX_TARGET_BYTES = 256 * 1024 * 1024


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One part of a unit. `version` is what it is to say of itself afterwards; `target` is the TUF target with its
    image; `board` is what the image has to be made for, empty where it does not say; `updater` is who brings it in:
    `release` (the agent's own), `mcuboot`, or the name of a plug-in."""

    part: PartName
    version: PartVersion
    target: TargetPath
    board: Annotated[str, Meta(max_length=64)] = ""
    updater: UpdaterName


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parts that were tried together, each at the most once. `models` are beginnings of the models it is for, none of
    them: any model."""

    format: Literal[1]
    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$(?!\n)")]
    models: Annotated[list[ModelPrefix], Meta(max_length=32)] = []
    parts: Annotated[list[Part], Meta(min_length=1, max_length=3)]

    def suits(self, model: str) -> bool:
        """Whether it is for a unit of `model`."""
        return not self.models or any(model.startswith(prefix) for prefix in self.models)


_decoder = msgspec.json.Decoder(Manifest)


def read_manifest(content: bytes) -> Manifest:
    """The manifest in `content`; raises InvalidManifest."""
    if len(content) > MAX_MANIFEST_BYTES:
        raise InvalidManifest(f"{len(content)} bytes are more than {MAX_MANIFEST_BYTES}")
    try:
        manifest = _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidManifest(str(error)[:300]) from error
    names = [each.part for each in manifest.parts]
    if len(set(names)) < len(names):
        raise InvalidManifest("a part is named twice; name each once")
    return manifest
