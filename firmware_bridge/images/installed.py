"""What a device says it runs."""

from typing import NamedTuple


class Installed(NamedTuple):
    """What a device runs. `digest` names it beyond doubt (for MCUboot the image's hash, hexadecimal); `confirmed` is
    whether it would be booted again; `security_counter` None where the device has none."""

    version: str
    digest: str
    confirmed: bool
    board: str = ""
    security_counter: int | None = None
