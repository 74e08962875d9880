"""What agent and supervisor say to each other over a SOCK_SEQPACKET socket: one JSON object a message. Pure.

agent → supervisor   {"do": "open", "opening": …, "deadline_boot_ns": …}, with the child's channel as the one descriptor
                     {"do": "extend", "opening": …, "deadline_boot_ns": …}
                     {"do": "kill", "opening": …}
supervisor → agent   {"ready": true, "scheduling": …, "memory_locked": …}  first of all
                     {"done": do, "opening": …} or {"refused": why, "do": …, "opening": …}
                         one for each request, in order; an open that is done carries the child's pidfd
                     {"ended": opening, "cause": …, "exit_status": …, "signal": …, "end_boot_ns": …}  at any time
"""

import json
import re
from typing import Any, Literal, NamedTuple

from edge_agent.errors import CaptureRequestMalformed

MESSAGE_MAX_BYTES = 512
AHEAD_MAX_NS = 960 * 1_000_000_000
"""No deadline is ever further away than this: the longest lease, 900 s, and a minute."""

CHILDREN_MAX = 4

Do = Literal["open", "extend", "kill"]
Cause = Literal["deadline", "asked", "died", "agent-gone"]
Refusal = Literal[
    "malformed",
    "too-many",
    "known",
    "unknown",
    "past",
    "too-far",
    "not-later",
    "ending",
    "no-channel",
    "not-started",
    "deaf",
]

_OPENING = re.compile(r"open-[0-9a-f]{24}")
_FIELDS: dict[object, set[str]] = {
    "open": {"do", "opening", "deadline_boot_ns"},
    "extend": {"do", "opening", "deadline_boot_ns"},
    "kill": {"do", "opening"},
}


class Request(NamedTuple):
    """`deadline_boot_ns`: nanoseconds of CLOCK_BOOTTIME; 0 for a kill."""

    do: Do
    opening: str
    deadline_boot_ns: int


def encode(message: dict[str, Any]) -> bytes:
    """The message as it crosses the socket."""
    return json.dumps(message, separators=(",", ":")).encode()


def request_from(data: bytes) -> Request:
    """Read one message of the agent. Raises CaptureRequestMalformed."""
    if len(data) > MESSAGE_MAX_BYTES:
        raise CaptureRequestMalformed(f"more than {MESSAGE_MAX_BYTES} bytes")
    try:
        message = json.loads(data.decode("ascii"))
    except (ValueError, RecursionError):
        raise CaptureRequestMalformed("not JSON in ASCII") from None
    fields = (
        _FIELDS.get(message.get("do")) if isinstance(message, dict) and isinstance(message.get("do"), str) else None
    )
    if fields is None or set(message) != fields:
        raise CaptureRequestMalformed("not the fields of open, extend or kill")
    opening, deadline_boot_ns = message["opening"], message.get("deadline_boot_ns", 0)
    if not isinstance(opening, str) or not _OPENING.fullmatch(opening):
        raise CaptureRequestMalformed("opening is not open- and 24 hexadecimal digits")
    if type(deadline_boot_ns) is not int:
        raise CaptureRequestMalformed("deadline_boot_ns is not a whole number")
    return Request(message["do"], opening, deadline_boot_ns)


def deadline_refusal(deadline_boot_ns: int, now_boot_ns: int) -> Refusal | None:
    """Why no child may run until then; None when it may."""
    if deadline_boot_ns <= now_boot_ns:
        return "past"
    return "too-far" if deadline_boot_ns - now_boot_ns > AHEAD_MAX_NS else None


def extension_refusal(deadline_boot_ns: int, until_boot_ns: int, now_boot_ns: int) -> Refusal | None:
    """Why a child that may run until `until_boot_ns` may not run until `deadline_boot_ns`; None when it may."""
    if now_boot_ns >= until_boot_ns:
        return "ending"
    if deadline_boot_ns <= until_boot_ns:
        return "not-later"
    return deadline_refusal(deadline_boot_ns, now_boot_ns)
