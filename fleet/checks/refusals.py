"""Why something is not opened, as a person is told."""

from fleet.mandates.standing import Obstacle


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
