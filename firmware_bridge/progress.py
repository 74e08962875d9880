"""How far a transfer has come."""

from typing import NamedTuple


class Progress(NamedTuple):
    """How much of an image or a file its receiver has said it holds."""

    done_bytes: int
    total_bytes: int
