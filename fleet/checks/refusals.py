"""Why something is not opened, as a person is told."""

from datetime import datetime
from math import ceil

from fleet.mandates.standing import EndsBy, Obstacle, Standing
from fleet.openings.rules import moment
from protocols.mandate import Allowance


def unit_away(unit_id: str) -> Obstacle:
    """The unit has no session."""
    return Obstacle(
        "unit-away",
        f"{unit_id} is not connected: nothing can be asked of it",
        "wait until it is, or carry a lease to it: fleet carry",
    )


def not_connected() -> Obstacle:
    """This controller has no broker."""
    return Obstacle("unit-away", "this controller has no connection to the broker", "try again when it is back")


def several(mandates: list[str]) -> Obstacle:
    """More than one mandate would do."""
    named = ", ".join(mandates)
    return Obstacle("other-mandate", f"{named} each allow it", "name the one under which it is to be opened")


def busy(opening: str, until: datetime, now: datetime) -> Obstacle:
    """Another opening has the modality, by a lease that ends at `until`. Whoever granted it may be gone, and nobody can
    tell: the unit may have it open until then, and opens no second."""
    left_s = ceil((until - now).total_seconds())
    said = f"busy until {moment(until)}, for {left_s} s more unless it is renewed: {opening} has it open, or may have"
    return Obstacle("busy", said, "watch that one, close it first (fleet check close), or wait for its end")


def used_up(allowance: Allowance) -> Obstacle:
    """The day's minutes of a modality are used, or leased already."""
    said = f"the {allowance.minutes_per_day} min of {allowance.modality} that the mandate allows are used"
    return Obstacle("over-minutes", said, "wait until tomorrow, or have a mandate with more signed")


def will_end(standing: Standing) -> Obstacle:
    """What a mandate that still stands ends by, once it does."""
    at, authority = moment(standing.until), f"authority {standing.authority}"
    said: dict[EndsBy, tuple[str, str]] = {
        "after-mandate": (f"mandate {standing.mandate_id} ends at {at}", NO_MANDATE.remedy),
        "after-authority": (f"{authority} ends at {at}", "an approver has to record one that follows it"),
        "review-overdue": (f"the review of {authority} is due at {at}", "an approver has to record that it was held"),
    }
    return Obstacle(standing.ends_by, *said[standing.ends_by])


NO_MANDATE = Obstacle(
    "no-mandate",
    "no mandate of this unit is live",
    "draft one and let two people sign it: fleet mandate draft",
)
NOT_IN_LOG = Obstacle(
    "no-log", "the lease could not be written into the log, which it needs", "see whether the database is well"
)
NO_RECEIPT = Obstacle(
    "no-receipt", "the log and its witnesses did not confirm the lease in time", "see which witnesses answer"
)
NOT_CARRIED = Obstacle(
    "not-carried",
    "no lease is carried for a position, nor under a bench mandate: the unit would refuse it",
    "connect the unit and begin a check: fleet check UNIT --once",
)
