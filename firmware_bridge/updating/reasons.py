"""What can be behind it when a device with MCUboot does not stay with an image, by what is known of the image. Pure."""

from firmware_bridge.errors import UpdateFailed
from firmware_bridge.images.installed import Installed

_KEY = (
    "the image is signed with the --key that was given, and that is not this bootloader's: "
    "give the public key of this device's bootloader, and take the image that is signed for it"
)
_STOPPED = (
    "the program stopped or failed, and the watchdog restarted the device: "
    "begin the update again with --spy -, which shows what the device logs as it starts"
)


def reasons(failed: UpdateFailed, image: Installed) -> list[str]:
    """A sentence on how far `image` came, then what can be behind that, each with what to do; nothing where the image
    was not tried."""
    if failed.went_back == "no":
        return []
    if failed.stage == "booting":
        return ["the image was not started, or stopped before it answered; what can be behind it:", *_unstarted(image)]
    if failed.went_back == "by-itself":
        return [
            "the image ran, and the device restarted before it was confirmed; what can be behind it:",
            _STOPPED,
            "its power failed or sagged: see to its supply and its cable, then begin the update again",
        ]
    if failed.stage == "confirming":
        return [
            "the image ran and was well, and could not be confirmed; what can be behind it:",
            "its program does not carry out what confirms it, or may not write there: have it built anew",
        ]
    return [
        "the image ran and was not well; what can be behind it:",
        "its program: have it mended and signed anew, with a higher version",
        "the device: see whether it is well with what it runs now: firmware-bridge mcu PORT",
        "it needs longer until it is well: give it more with --health-s",
    ]


def _unstarted(image: Installed) -> list[str]:
    """The likeliest first: that the key given signed the image was judged before anything was sent."""
    return [_counter(image.security_counter), _STOPPED, _board(image.board), _KEY]


def _counter(counter: int | None) -> str:
    if counter is None:
        return "the image has no security counter and the bootloader asks for one: have the image signed with one"
    return (
        f"the bootloader asks for a higher security counter than the image's {counter}, which a device does not say "
        "before: take a newer image"
    )


def _board(board: str) -> str:
    if board:
        return f"the device is not the board {board}, which the image is made for: look at the board, and at --board"
    return "the image names no board and is made for another one: have it signed with the name of its board"
