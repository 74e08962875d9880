"""Errors of the relay.

MediaError
├── TooMany            no place for another stream or viewer
├── StreamOver         the stream has ended; `reason` says why
├── AnswerUnusable     the unit's session description can not be used
├── OfferUnusable      the viewer's session description can not be used
└── DecoderLost        a process that decodes did not start, has ended, or did what it may not
"""

from fleet.errors import FleetError


class MediaError(FleetError):
    """Base of the relay's errors."""


class TooMany(MediaError):
    """All `limit` places for `what` (`streams`, `viewers`) are taken."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"no more than {limit} {what} at a time: close one and try again")
        self.what = what
        self.limit = limit


class StreamOver(MediaError):
    """The stream of `opening` has ended, with `reason` (one of `fleet.media.unit_stream.EndReason`)."""

    def __init__(self, opening: str, reason: str) -> None:
        super().__init__(f"the stream of {opening} has ended ({reason}): begin a new check")
        self.opening = opening
        self.reason = reason


class AnswerUnusable(MediaError):
    """The unit's answer can not be used, for the reason in `detail`."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the unit's answer to the offer can not be used: {detail}")
        self.detail = detail


class OfferUnusable(MediaError):
    """The viewer's offer can not be answered; `reason` is `malformed`, `no-h264`, `no-picture-yet` or `profile`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"the viewer's offer can not be answered ({reason}): {detail}")
        self.reason = reason
        self.detail = detail


class DecoderLost(MediaError):
    """The process that decodes is of no more use, for the reason in `detail`."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the decoder is lost: {detail}")
        self.detail = detail
