"""Leases that an engineer's laptop carries where there is no coverage: the words between command and running agent.

One line of JSON each way over the socket in the state directory. The laptop carries what the controller has signed and
can make none of it; the agent judges it as if it had come over the network.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from edge_agent.errors import AgentError
from protocols.access_record import Modality
from protocols.api.checks import CarriedRequest
from protocols.ids import MandateId, OpeningId
from protocols.opening import Answered, Closed, GrantLease
from protocols.text import SummaryText

SOCKET_NAME = "openings.sock"
MAX_LINE_BYTES = 256 * 1024


class DoorClosed(AgentError):
    """The running agent can not be asked, because of `detail`."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the running agent can not be asked ({detail}); start edge-agent run with this state_dir")
        self.detail = detail


class RefusedByUnit(AgentError):
    """The unit opens nothing, by `rule`."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"refused ({rule}): {detail}")
        self.rule = rule
        self.detail = detail


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="ask", tag_field="do"):
    """Make a nonce for an opening under `mandate`, whose lease will be carried here within 15 minutes."""

    mandate: MandateId
    modalities: Annotated[list[Modality], Meta(min_length=1, max_length=3)]


class Open(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="open", tag_field="do"):
    """Open by the grant that was carried here."""

    grant: GrantLease


class Close(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="close", tag_field="do"):
    """Close it now."""

    opening: OpeningId


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="look", tag_field="do"):
    """How it stands. Opens nothing."""


class Asked(msgspec.Struct, frozen=True, tag="asked", tag_field="told"):
    """What the laptop has to carry to the controller."""

    request: CarriedRequest


class Opened(msgspec.Struct, frozen=True, tag="opened", tag_field="told"):
    """What came of it; None for a lease that prolongs what is open."""

    signal: Answered | Closed | None


class Done(msgspec.Struct, frozen=True, tag="done", tag_field="told"):
    """It is being closed, or was not open."""


class Looked(msgspec.Struct, frozen=True, tag="looked", tag_field="told"):
    """`obstacle` says why nothing can open whatever is granted, "" when something can; the rest is what is sensed of a
    bench."""

    open: list[OpeningId]
    lid_open: bool
    in_workshop: bool
    obstacle: str


class NotDone(msgspec.Struct, frozen=True, tag="not-done", tag_field="told"):
    """Refused by `rule`."""

    rule: str
    detail: SummaryText


Request = Ask | Open | Close | Look
Reply = Asked | Opened | Done | Looked | NotDone

request_decoder: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
reply_decoder: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)
