"""Errors of the media child.

AgentError
├── SourceFault        a camera or microphone that can not be read, or not any more
├── SourceNameInvalid  a source in the settings that names none
└── OfferNotUsable     an offer of the controller that can not be answered
"""

from edge_agent.errors import AgentError
from edge_agent.media.messages import FaultReason


class SourceFault(AgentError):
    """`reason` as in `messages.Fault`; `detail` is a sentence for people, without passwords."""

    def __init__(self, reason: FaultReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: FaultReason = reason
        self.detail = detail


class SourceNameInvalid(AgentError):
    """A source in the settings that names none; `detail` says why and what to write."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class OfferNotUsable(AgentError):
    """The offer can not be answered; `detail` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the offer can not be answered: {detail}")
        self.detail = detail
