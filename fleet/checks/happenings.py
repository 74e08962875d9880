"""What a check hears of, besides what its media tell it (`fleet.checks.media`)."""

from dataclasses import dataclass

from fleet.checks.chapters import Judgement
from fleet.checks.grants import Granted
from fleet.checks.media import MediaBegun, MediaOver, Watching
from fleet.mandates.standing import Obstacle
from protocols.uplink import PositionMessage, SignalMessage


@dataclass(frozen=True, slots=True)
class Heard:
    """The unit said something; not verified yet."""

    message: SignalMessage | PositionMessage


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody wants it closed."""

    reason: str
    detail: str
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True)
class LeaseMade:
    """How granting came out, in the name of `person_id`."""

    outcome: Granted | Obstacle
    person_id: str


Happening = MediaBegun | MediaOver | Watching | Heard | Asked | LeaseMade
