"""Entries of the log itself: who read it, what was taken away, what was erased or held, and error reports."""

from datetime import date, datetime
from typing import ClassVar, Literal

import msgspec

from fleet.entries.entry import Dpa, Entry, HashedText


class LogScope(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of the log: entries of a unit, person (as actor or as the one concerned), authority or
    deployment, of kinds that begin so, written from `since` up to, not including, `until`. None: any."""

    unit: str | None = None
    person: str | None = None
    authority: str | None = None
    deployment: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class LogRead(Entry, frozen=True, kw_only=True, tag="log.read"):
    """A person read entries; `first` and `last` are the leaf indexes shown, `found` how many entries."""

    dpa: ClassVar[Dpa] = "consultation"

    scope: LogScope
    found: int
    first: int | None
    last: int | None


class LogExported(Entry, frozen=True, kw_only=True, tag="log.exported"):
    """A person took entries away: all of a tree of `size` leaves, or those of `scope` in it.

    `found` is how many; `indexes_sha256` is SHA-256 over their leaf indexes in decimal, joined by commas (empty for a
    whole export), so that one left out of the export later shows.
    """

    dpa: ClassVar[Dpa] = "disclosure"

    export: str
    scope: LogScope | None
    size: int
    found: int
    indexes_sha256: str
    reason: HashedText


class ReportMade(Entry, frozen=True, kw_only=True, tag="report.made"):
    """A person made the report of who opened what, as `form`; `sha256` is of the file they were given."""

    dpa: ClassVar[Dpa] = "disclosure"

    scope: LogScope
    form: Literal["screen", "csv", "pdf"]
    found: int
    sha256: str | None


class TextsErased(Entry, frozen=True, kw_only=True, tag="text.erased"):
    """Free texts of entries written before `kept_from` were erased with their salts: `texts` of them, of entries of
    `kinds`; `held` more were past their keeping and stayed because of a legal hold."""

    dpa: ClassVar[Dpa] = "erasure"

    kept_from: date
    kinds: list[str]
    texts: int
    held: int
    first: int
    last: int


class HoldPlaced(Entry, frozen=True, kw_only=True, tag="hold.placed"):
    """Nothing of `scope` is erased until the hold is released."""

    hold: str
    scope: LogScope
    reason: HashedText


class HoldReleased(Entry, frozen=True, kw_only=True, tag="hold.released"):
    """A legal hold ended."""

    hold: str
    reason: HashedText


class ErrorReportDrafted(Entry, frozen=True, kw_only=True, tag="error-report.drafted"):
    """The controller drafted an error report; `evidence` are ids of entries and numbers of unit records."""

    report: str
    cause: str
    evidence: list[str]


class ErrorReportAdvanced(Entry, frozen=True, kw_only=True, tag="error-report.advanced"):
    """A person took an error report a step on."""

    report: str
    step: Literal["accounted", "submitted", "returned", "closed"]
    text: HashedText


class WitnessDisagreed(Entry, frozen=True, kw_only=True, tag="witness.disagreed"):
    """A witness would not cosign: it has seen another tree (`split-view`) or a larger one (`rolled-back`)."""

    witness: str
    cause: Literal["split-view", "rolled-back"]
    size: int
    witness_size: int | None
