"""Commands: what a controller may ask of a unit, and the states a command passes through."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.health import Count
from protocols.ids import MandateId
from protocols.releases.manifest import TargetPath
from protocols.releases.permit import SignedPermit
from protocols.releases.reports import UpdateId
from protocols.settings import UnitSettings

CommandState = Literal["queued", "sent", "accepted", "done", "refused", "failed", "expired"]

_NEXT: dict[CommandState, frozenset[CommandState]] = {
    "queued": frozenset({"sent", "expired", "failed"}),
    "sent": frozenset({"sent", "accepted", "done", "refused", "failed", "expired"}),
    "accepted": frozenset({"done", "refused", "failed", "expired"}),
    "done": frozenset(),
    "refused": frozenset(),
    "failed": frozenset(),
    "expired": frozenset(),
}

FINAL: frozenset[CommandState] = frozenset(state for state, following in _NEXT.items() if not following)


def may_follow(state: CommandState, following: CommandState) -> bool:
    """Whether a command in `state` may pass to `following`."""
    return following in _NEXT[state]


class ReportNow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="report-now", tag_field="order"):
    """Sample and report at once."""


class ApplySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="apply-settings", tag_field="order"):
    """Replace the unit's settings; refused when `settings.version` is older than the unit's own."""

    settings: UnitSettings


class SendRecords(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="send-records", tag_field="order"):
    """Send again what the unit's own chain holds after record number `after`: as many as a unit sends at once."""

    after: Count


class CancelMandate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="cancel-mandate", tag_field="order"):
    """Close what is open under the mandate, and never open under it again."""

    mandate: MandateId


class UpdateUnit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="update-unit", tag_field="order"):
    """Bring the unit to what a manifest names; done once the unit has begun, and reports tell the rest.

    `manifest` is the path of a TUF target that the unit fetches and verifies itself: this order proves nothing.
    `permits` are two people's leave for those of its parts that are older than what runs.
    """

    update: UpdateId
    manifest: TargetPath
    permits: Annotated[list[SignedPermit], Meta(max_length=3)] = []


Order = ReportNow | ApplySettings | SendRecords | CancelMandate | UpdateUnit
"""What a command can ask. None of them opens anything."""

CommandId = Annotated[str, Meta(pattern=r"^[0-9a-f]{24}$(?!\n)")]
