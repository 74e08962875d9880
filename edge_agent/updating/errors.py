"""Why a release is not trusted, or a file of one not fetched.

AgentError
├── ReleaseUntrusted     what the controller has of releases is not to be trusted, or can not be judged now
└── FetchFailed          a file of a release can not be fetched
"""

from typing import Literal

from edge_agent.errors import AgentError

TrustReason = Literal[
    "time-unknown",
    "people-list-unusable",
    "nothing-released",
    "first-root-refused",
    "root-refused",
    "expired",
    "rolled-back",
    "not-signed",
    "differs",
    "too-long",
    "unreadable",
    "unknown-target",
]
FetchReason = Literal["no-space", "gone", "changed", "wrong-hash", "refused", "away"]


class ReleaseUntrusted(AgentError):
    """Nothing of it is used; `reason` is a stable word, `detail` says why and what to do."""

    def __init__(self, reason: TrustReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: TrustReason = reason
        self.detail = detail


class FetchFailed(AgentError):
    """The file is not there; `reason` is a stable word, `detail` says why and what to do."""

    def __init__(self, reason: FetchReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: FetchReason = reason
        self.detail = detail
