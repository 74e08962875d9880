"""A still for any terminal: two pixels a cell, as upper half blocks in 24-bit colour."""

from io import BytesIO
from itertools import pairwise

from fleet.errors import FleetError

_RESET = "\x1b[0m"
_MOST_PIXELS = 1920 * 1080
"""More than any still has: a few bytes can claim to be a picture of gigabytes."""


class PicturesUnavailable(FleetError):
    """Pillow is not installed here."""

    def __init__(self) -> None:
        super().__init__("no picture can be shown here: install Muster with its console extra")


def half_blocks(jpeg: bytes, columns: int, rows: int) -> str:
    """`jpeg` in at most `columns` by `rows` cells, its shape kept, each line ended; "" for what is no still. Raises
    PicturesUnavailable."""
    try:
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - the controller's machine needs no Pillow
    except ImportError as error:
        raise PicturesUnavailable from error
    try:
        with Image.open(BytesIO(jpeg), formats=["JPEG"]) as image:
            if image.width * image.height > _MOST_PIXELS:
                return ""
            image.thumbnail((max(1, columns), max(2, rows * 2)))
            picture = image.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return ""
    width, height = picture.size
    raw = picture.tobytes()
    pixels = [[tuple(raw[(y * width + x) * 3 :][:3]) for x in range(width)] for y in range(height - height % 2)]
    return "".join(_line(above, below) for (above, below) in list(pairwise(pixels))[::2])


def _line(above: list[tuple[int, ...]], below: list[tuple[int, ...]]) -> str:
    cells = (
        "\x1b[38;2;{};{};{};48;2;{};{};{}m▀".format(*upper, *lower) for upper, lower in zip(above, below, strict=True)
    )
    return "".join(cells) + f"{_RESET}\n"
