"""Units as the API shows them.

`GET /api/units` (query: `filter`, `sort`, `descending`, `offset`, `limit` ≤ 500) → UnitPage; each word of the filter
has to occur in id, label, model or presence, or one of its alternatives, as in `van quiet|never`;
`GET /api/units/{unit_id}` → UnitDetail; `GET /api/units/{unit_id}/history` (query: `figure`, `hours`) → History;
`PUT /api/units/{unit_id}/settings` with SettingsChange → UnitSettings;
`PUT /api/units/{unit_id}/label` with LabelChange; `POST /api/units/{unit_id}/report` → CommandView;
`GET /api/units/{unit_id}/commands` → list[CommandView]; `GET /api/summary` → Summary;
`GET /api/units/{unit_id}/certificates` → list[CertificateView], newest first;
`POST /api/units/{unit_id}/{revoke,quarantine,release}` with StandingChange → Standing.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from protocols.access_record import Modality
from protocols.commands import CommandState
from protocols.joining import KeyProtection
from protocols.settings import SettingsVersion, UnitSettings
from protocols.text import ONE_LINE

UnitState = Literal["active", "quarantined", "revoked"]
Presence = Literal["online", "stale", "quiet", "never", "quarantined", "revoked"]
"""The one-word state: how fresh the reports are, unless the unit is quarantined or revoked."""

UnitSort = Literal[
    "label", "unit_id", "presence", "last_report", "supply", "temperature", "storage", "signal", "alarms"
]


class PresenceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Three separate facts, each with the time it was learnt.

    Session: what the unit or the broker last announced. Report: when the last one was committed here and when it
    was sampled. Settings: what version is wanted, what version the unit last said it runs.
    """

    session_up: bool | None
    session_changed_at: datetime | None
    last_report_at: datetime | None
    last_sampled_at: datetime | None
    settings_wanted: int
    settings_running: int | None
    settings_seen_at: datetime | None

    @property
    def settings_in_step(self) -> bool | None:
        """None before the unit has said what it runs."""
        return None if self.settings_running is None else self.settings_running == self.settings_wanted


class UnitRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the fleet table. Figures are from the latest report, which is told by spool and number,
    never by a clock; None is unknown. `open` is what is open now, as the controller knows."""

    unit_id: str
    label: str
    model: str
    state: UnitState
    key_protection: KeyProtection
    presence: Presence
    facts: PresenceFacts
    alarms: int
    supply_mv: int | None = None
    undervolted: bool | None = None
    soc_temp_c: float | None = None
    storage_used_percent: float | None = None
    rsrp_dbm: float | None = None
    clock_offset_ms: float | None = None
    open: list[Modality] = []


class UnitPage(msgspec.Struct, frozen=True, kw_only=True):
    """Rows `offset` … of `total` that pass the filter."""

    total: int
    offset: int
    rows: list[UnitRow]


class CertificateView(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's certificate. `serial` in lower-case hexadecimal; `predecessor` is what it was renewed from;
    `connected_at` when the unit first proved that it connects with it."""

    serial: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    predecessor: str | None = None
    connected_at: datetime | None = None
    revoked_at: datetime | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Why a unit is quarantined or revoked, and how far its revocation has come.

    `cause` is a QuarantineCause, `by-person`, or empty while active. `changed_by` is a person id or `controller`.
    `cut_off_at` (revoked units): when its live session was closed and a new one refused; None until then.
    """

    cause: str = ""
    changed_by: str | None = None
    changed_at: datetime | None = None
    cut_off_at: datetime | None = None


class UnitDetail(msgspec.Struct, frozen=True, kw_only=True):
    """All of one unit. `health` is the latest report as `protocols.health.HealthReport` writes it."""

    row: UnitRow
    fingerprint: str
    key_protection: KeyProtection
    agent_version: str
    boot_id: str
    joined_at: datetime
    accepted_by: str
    certificate: CertificateView | None
    standing: Standing
    settings: UnitSettings
    health: dict[str, Any]
    reports_stored: int
    messages_rejected: int


class HistoryPoint(msgspec.Struct, frozen=True, array_like=True):
    """One bucket: its start, and the lowest, mean and highest value sampled in it."""

    at: datetime
    low: float
    mean: float
    high: float


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A figure over time in at most 200 buckets of `bucket_s` seconds; buckets without samples are absent."""

    figure: str
    bucket_s: int
    points: list[HistoryPoint]


QuarantineCause = Literal["two-successors", "superseded-certificate", "two-places", "spool-went-back", "by-person"]
"""Why a unit may open nothing: two successors of one certificate have both connected; a certificate connected after
its successor had; a boot that had been left came back; the spool's numbers went backwards; or a person said so."""


class StandingChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a person revokes, quarantines or releases a unit."""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]


class SettingsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings to change; absent ones stay. `based_on` must be the wanted version the person saw."""

    based_on: SettingsVersion
    report_every_s: Annotated[int, Meta(ge=1, le=86_400)] | None = None
    spool_max_mb: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    spool_max_days: Annotated[int, Meta(ge=1, le=365)] | None = None


class LabelChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A short name for people; must not say whom or where a unit serves."""

    label: Annotated[str, Meta(max_length=40, pattern=ONE_LINE)]


class CommandView(msgspec.Struct, frozen=True, kw_only=True):
    """A command and what became of it."""

    command_id: str
    unit_id: str
    order: str
    state: CommandState
    reason: str
    created_by: str
    created_at: datetime
    changed_at: datetime
    expires_at: datetime


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The fleet in numbers. `presence` counts units for each word, `units_open` those of which something is open."""

    units: int
    presence: dict[str, int]
    joins_pending: int
    alarms: int
    sessions_up: int
    units_open: int = 0
