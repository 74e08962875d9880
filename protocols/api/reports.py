"""Reports: the file of a deployment, and what was done in a time.

`GET /api/deployments/{id}/file` → DeploymentFile, `GET /api/deployments/{id}/file.pdf` → application/pdf: for who is of
its team, or may `see-reports`; each reading is an entry of the log;
`GET /api/reports` (query: `since`, `until`) → Reports (`see-reports`): kit utilisation, time from request to
commissioned, time from the end of the authority (or the planned recovery) to recovered, alarm response.
"""

from datetime import datetime

import msgspec

from protocols.api.checklists import ChecklistView
from protocols.api.deployments import DeploymentView
from protocols.api.wiring import DeploymentWiring
from protocols.deployments import (
    DeploymentKind,
)


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the log that is about the deployment; None: not a leaf yet."""

    index: int | None
    kind: str
    at: datetime
    actor: str


class DeploymentFile(msgspec.Struct, frozen=True, kw_only=True):
    """The deployment file: everything of it but the site's address, and the entries of the log about it."""

    made_at: datetime
    made_by: str
    deployment: DeploymentView
    checklists: list[ChecklistView]
    wiring: list[DeploymentWiring]
    entries: list[FileEntry]
    entries_left_out: int


class Duration(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took of one deployment, in seconds; None: it is not over."""

    deployment: str
    kind: DeploymentKind
    from_at: datetime
    to_at: datetime | None
    took_s: int | None


class Utilisation(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a time an item was out, and out of service, in thousandths of it."""

    item: str
    model: str
    out_permille: int
    unserviceable_permille: int
    movements: int


class AlarmResponse(msgspec.Struct, frozen=True, kw_only=True):
    """How alarms of a kind were answered: seconds from raised to acknowledged; how often beyond the first level."""

    kind: str
    raised: int
    acknowledged: int
    median_s: int | None
    p95_s: int | None
    escalated: int


class Reports(msgspec.Struct, frozen=True, kw_only=True):
    """What was done in a time."""

    since: datetime
    until: datetime
    utilisation: list[Utilisation]
    to_commission: list[Duration]
    to_recover: list[Duration]
    alarms: list[AlarmResponse]
