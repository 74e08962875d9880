"""What an error of FFmpeg or of the system says about a source, in one of the reasons of `messages.Fault`."""

import errno

import av

from edge_agent.media.errors import SourceFault
from edge_agent.media.messages import FaultReason

_BY_NUMBER: dict[int, FaultReason] = {
    errno.ENOENT: "missing",
    errno.ENODEV: "missing",
    errno.ENXIO: "missing",
    errno.ECONNREFUSED: "missing",
    errno.EHOSTUNREACH: "missing",
    errno.ENETUNREACH: "missing",
    errno.EBUSY: "busy",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.ETIMEDOUT: "timeout",
    errno.EAGAIN: "timeout",
}
_SENTENCES: dict[FaultReason, str] = {
    "missing": "is not there; check that it is fitted, powered and named rightly in the settings",
    "busy": "is used by another program; end that first",
    "denied": "may not be opened; check the permissions, or user and password in the settings",
    "timeout": "sends nothing; check its power and its cable",
    "died": "worked and then ended; check its power and its cable",
    "unreadable": "sends nothing that can be understood as picture or sound; check its format",
}


def sentence(shown: str, reason: FaultReason) -> str:
    """What to tell people about the source `shown`."""
    return f"{shown} {_SENTENCES[reason]}"


def fault_of(error: Exception, shown: str, *, began: bool) -> SourceFault:
    """`error`, met while the source `shown` was opened or read, as a fault. `began`: it had worked before.

    The text of the error itself is left out: it may hold an address with a password.
    """
    if isinstance(error, SourceFault):
        return error
    reason = _reason(error)
    if began and reason not in {"timeout", "denied"}:
        reason = "died"
    return SourceFault(reason, sentence(shown, reason))


def _reason(error: Exception) -> FaultReason:
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return "denied"
    if isinstance(error, av.error.HTTPNotFoundError):
        return "missing"
    if isinstance(error, av.error.ExitError | TimeoutError):  # PyAV's own limits end with ExitError
        return "timeout"
    number = getattr(error, "errno", None)
    return _BY_NUMBER.get(number, "unreadable") if isinstance(number, int) else "unreadable"
