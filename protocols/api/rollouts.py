"""Rollouts as the API shows them.

`GET /api/rollouts` → list[RolloutRow], newest first; `GET /api/rollouts/{rollout}` → RolloutView;
`GET /api/rollouts/{rollout}/units` (query: `ring`, `state`, `offset`, `limit` ≤ 500) → RolloutUnitPage;
`GET /api/units/{unit}/updates` → list[RolloutUnitRow], newest first [see-releases];
`POST /api/rollouts` with NewRollout → RolloutView; `POST /api/rollouts/{rollout}/pause` with RolloutChange,
`/resume` (from `paused` and `stopped`: what failed so far does not stop it again), `/cancel` → RolloutView
[manage-releases].
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from protocols.health import PartVersion
from protocols.ids import RolloutId, UnitId
from protocols.releases.manifest import Manifest, PartName, TargetPath
from protocols.releases.permit import SignedPermit
from protocols.rollouts import MAX_UNITS, Held, RolloutPlan, RolloutState, UnitUpdateState
from protocols.text import LongText, ShortText


class NewRollout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bring units to a manifest in force. `units` none: every unit whose model it suits."""

    title: Annotated[ShortText, Meta(min_length=1)]
    manifest: TargetPath
    plan: RolloutPlan
    units: Annotated[list[UnitId], Meta(max_length=MAX_UNITS)] = []
    permits: Annotated[list[SignedPermit], Meta(max_length=3)] = []


class RolloutChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a person pauses, resumes or cancels it."""

    reason: Annotated[LongText, Meta(min_length=1)]


class PutOff(msgspec.Struct, frozen=True, kw_only=True):
    """`units` of a ring that have refused for now, each because of `reason`; the first is told again at `again_at`."""

    reason: str
    units: int
    again_at: datetime


class PartUnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """`units` of a ring that fetch or install `part`: so much of it is there, 0 … 100 on average."""

    part: PartName
    units: int
    percent: int


class RingView(msgspec.Struct, frozen=True, kw_only=True):
    """A ring and its units by state; `held` counts the waiting ones by why. `put_off` tells of those held by `again`:
    the most frequent reasons first, five at most. `parts` are of units that are working and say how far they are."""

    name: str
    units: int
    states: dict[UnitUpdateState, int]
    held: dict[Held, int]
    begun_at: datetime | None
    ended_at: datetime | None
    put_off: list[PutOff] = []
    parts: list[PartUnderWay] = []


class RolloutRow(msgspec.Struct, frozen=True, kw_only=True):
    """A rollout in a list. `reason` is why it is paused, stopped or cancelled."""

    rollout: RolloutId
    title: str
    manifest: TargetPath
    state: RolloutState
    reason: str
    ring: str
    units: int
    done: int
    bad: int
    under_way: int
    made_by: str
    made_at: datetime
    changed_at: datetime


class RolloutView(msgspec.Struct, frozen=True, kw_only=True):
    """All of one rollout, but its units one by one."""

    row: RolloutRow
    plan: RolloutPlan
    content: Manifest
    rings: list[RingView]


class RolloutUnitRow(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of a rollout. `done_bytes` of `total_bytes` while it fetches or installs `part`; `versions` are what its
    parts said they ran when it ended; `again_at` is when a unit that refused for a reason that passes is told again."""

    rollout: RolloutId
    unit: str
    label: str
    ring: str
    state: UnitUpdateState
    held: Held
    part: PartName | None
    done_bytes: int
    total_bytes: int
    reason: str
    versions: dict[PartName, PartVersion]
    told_at: datetime | None
    changed_at: datetime | None
    again_at: datetime | None = None


class RolloutUnitPage(msgspec.Struct, frozen=True, kw_only=True):
    """Rows `offset` … of `total`."""

    total: int
    offset: int
    rows: list[RolloutUnitRow]
