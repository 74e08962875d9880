"""The seam to what really opens. Nothing but an `Opener` opens a device, and it is asked only with a permit."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from edge_agent.openings.ledger import Opening
from protocols.access_record import Modality
from protocols.opening import Degrees, MediaOffer

GONE = "console-gone"
"""The rule of a Failed where the other end of the media connection is gone."""


class Answered(NamedTuple):
    """The offer is answered; `sdp` is the answer."""

    sdp: str


class Began(NamedTuple):
    """The first picture or sound was read from the device."""

    modality: Modality


class Failed(NamedTuple):
    """It can not go on, by `rule`, one of REASONS; `detail` is for people."""

    rule: str
    detail: str


class Found(NamedTuple):
    """Where the unit is. Degrees are shown by no repr."""

    at: Degrees
    hdop: float
    satellites: int | None


class Ended(NamedTuple):
    """Nothing is open any more since `at_boot_ms` (CLOCK_BOOTTIME); `by_deadline` or else by itself."""

    at_boot_ms: int
    by_deadline: bool


Event = Answered | Began | Failed | Found | Ended


class OpenThing(Protocol):
    """What is open. It closes by itself at its deadline, whatever becomes of this program."""

    async def event(self) -> Event:
        """The next thing that happens; Ended is the last. Once cancelled, it is not to be called again."""
        ...

    async def extend(self, until_boot_ms: int) -> None:
        """Stay open until then. Raises CaptureError: then the earlier deadline holds."""
        ...

    async def close(self) -> int:
        """Close, if it has not closed; the boot time of its end. Raises CaptureError when it can not be closed."""
        ...


class Opener(Protocol):
    """Opens what permits allow. `now_boot_ms` and deadlines are CLOCK_BOOTTIME."""

    def prepare(self, opening: str, modalities: Sequence[Modality], until_boot_ms: int) -> None:
        """Make ready for an opening that may come until then; opens nothing, and does not wait."""
        ...

    def discard(self, opening: str) -> None:
        """It will not come. Does not wait."""
        ...

    async def open(self, opening: Opening, offer: MediaOffer | None) -> OpenThing:
        """Open until `opening.until_boot_ms`. Raises CaptureError, with nothing left open."""
        ...

    async def stop(self) -> None:
        """Close what is prepared."""
        ...
