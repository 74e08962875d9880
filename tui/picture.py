"""The picture of a check in the terminal: Kitty's graphics or Sixel where the terminal says it has them, else coloured
half-blocks; without colour, shades of block characters.

Importing this asks the terminal what it can do, so it has to happen before Textual takes the screen. Nothing is ever
written to a disk.
"""

import logging
import os
from io import BytesIO

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

logging.getLogger("textual_image").addHandler(logging.NullHandler())
"""A terminal that does not answer gets half-blocks; a traceback of that is nothing for the screen."""

from textual_image import renderable, widget  # noqa: E402  it asks, and logs, when it is imported

MAX_PICTURE_PIXELS = 1920 * 1080

PictureWidget = widget.SixelImage | widget.TGPImage | widget.UnicodeImage | widget.HalfcellImage


def picture_widget() -> PictureWidget:
    """A widget that shows what its `image` is set to, in the best way this terminal has."""
    if os.environ.get("NO_COLOR"):
        return widget.UnicodeImage(id="picture")
    if renderable.Image is renderable.SixelImage:
        return widget.SixelImage(id="picture")
    if renderable.Image is renderable.TGPImage:
        return widget.TGPImage(id="picture")
    return widget.HalfcellImage(id="picture")


def decoded(jpeg: bytes) -> Pillow.Image | None:
    """The picture in `jpeg`, in memory; None when it is none, or larger than any preview."""
    try:
        picture = Pillow.open(BytesIO(jpeg), formats=["JPEG"])
        if picture.width * picture.height > MAX_PICTURE_PIXELS:
            return None
        picture.load()
    except (UnidentifiedImageError, OSError, ValueError, Pillow.DecompressionBombError):
        return None
    return picture
