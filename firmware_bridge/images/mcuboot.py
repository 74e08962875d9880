"""Images of MCUboot, as whoever is about to send one reads them. Their form is in `protocols.releases.mcuboot`."""

from firmware_bridge.errors import ImageRefused
from protocols.errors import InvalidImage
from protocols.releases.mcuboot import Image
from protocols.releases.mcuboot import read_image as read_form


def read_image(content: bytes) -> Image:
    """The image in `content`; raises ImageRefused, for the reasons of `protocols.releases.mcuboot`."""
    try:
        return read_form(content)
    except InvalidImage as error:
        raise ImageRefused(error.reason, error.detail, error.remedy) from error
