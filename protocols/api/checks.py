"""Checks as the API shows them: one picture or sound session, or one look at a position, of one unit.

`GET /api/units/{unit_id}/access` → UnitAccess; `POST /api/units/{unit_id}/checks` with NewCheck → CheckView, at once;
`GET /api/units/{unit_id}/checks` (query: `limit` ≤ 100) → list[CheckView], newest first;
`GET /api/checks/{opening}` → CheckView; `POST /api/checks/{opening}/close` with Verdict → CheckView;
`POST /api/checks/{opening}/link` → WatchLink: a browser's way in, good once and for 60 s;
`WS /api/checks/{opening}/preview` (query: `columns`, `rows`, `frames_per_s`, `kbit_s`) → binary: JPEG pictures; text:
PreviewNews as JSON; the client's first message is Hello, and WishChanged each time it can show more or less. Whoever
watches is a viewer, and a person in the log; while nobody does for 20 s, the check closes;
`GET /api/units/{unit_id}/position` (query: `mandate`, `opening`) → PositionView: every look is an entry of the log;
`POST /api/carried-leases` with CarriedRequest → CarriedLease.

Without `/api`: `GET /watch/{token}` is the page that plays, `POST /whep/{token}` takes its SDP offer (RFC draft WHEP)
and answers 201 with `Location: /whep/{token}/{viewer}`, which `DELETE` ends.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.access_record import Modality
from protocols.ids import MandateId, Nonce, OpeningId
from protocols.mandate import Allowance, MandateKind
from protocols.opening import GrantLease, SealedSignal
from protocols.text import ONE_LINE, ShortText

RESUME_S = 20
"""How long a check outlives its last viewer, so that a dropped line can come back to it."""
LINK_S = 60
"""How long a one-time link is good."""

CheckState = Literal["asking", "granting", "opening", "live", "closed", "refused"]
"""`asking` the unit for a nonce, `granting`: the lease is on its way into the log, `opening`: the unit has it, `live`:
picture or sound has come, then `closed`, or `refused` by the rule in `reason`."""

CheckResult = Literal["passed", "failed", "unjudged"]
MeasureResult = Literal["pass", "fail", "not-measured"]


class NewCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to open. `mandate` None: the live one that covers it, if there is just one."""

    modalities: Annotated[list[Modality], Meta(min_length=1, max_length=3)]
    mandate: MandateId | None = None


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the person who closes a check makes of it."""

    result: CheckResult = "unjudged"
    note: Annotated[str, Meta(max_length=200, pattern=ONE_LINE)] = ""


class StreamFigures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was measured of a stream lately; None is unknown. Levels are dB relative to full scale, `focus` is 0 … 1."""

    fps: float | None = None
    width: int | None = None
    height: int | None = None
    kbit_s: float | None = None
    loss_percent: float | None = None
    rtt_ms: float | None = None
    jitter_ms: float | None = None
    focus: float | None = None
    is_black: bool | None = None
    is_frozen: bool | None = None
    level_dbfs: float | None = None
    peak_dbfs: float | None = None
    is_silent: bool | None = None
    is_clipping: bool | None = None


class PreviewNews(msgspec.Struct, frozen=True, kw_only=True):
    """How a check stands, told to whoever previews it about once a second and when it ends. `lease_left_s` counts to
    the end of the lease, which is renewed while somebody watches, but not beyond `mandate_ends_at`; `used_s` and
    `minutes_per_day` are of today's budget; `viewers` are person ids, each once; `in_browsers` are
    those of the browsers that watch, one for each."""

    state: CheckState
    reason: str
    detail: str
    lease_left_s: int
    used_s: int
    minutes_per_day: int
    viewers: list[str]
    figures: StreamFigures
    mandate_ends_at: datetime | None = None
    in_browsers: list[str] = []


class WishChanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="wish", kw_only=True):
    """What a terminal wants from now on, in place of what it wanted before; it is the same viewer."""

    columns: Annotated[int, Meta(ge=10, le=500)]
    frames_per_s: Annotated[float, Meta(gt=0, le=10)]


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a readiness certificate: `value` in `unit_of_measure`, the limit it was held against, and why."""

    name: str
    result: MeasureResult
    value: float | None
    limit: float | None
    unit_of_measure: str
    reason: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found, in numbers: never an image or a sound. `result` is the person's, `passed` what the measures
    say together: None when none could be taken."""

    opening: str
    unit: str
    measured_at: datetime
    measures: list[Measure]
    passed: bool | None
    result: CheckResult
    by: str


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """One check. `sentence` is what the log says of it; `entry` the index in the log of the entry
    that allowed or refused it, None before; `note` what was noted with the result, "" once that is erased."""

    opening: str
    unit: str
    modalities: list[Modality]
    mandate: str
    person: str
    state: CheckState
    reason: str
    detail: str
    sentence: str
    entry: int | None
    begun_at: datetime
    live_at: datetime | None
    closed_at: datetime | None
    open_s: int | None
    viewers: list[str]
    readiness: Readiness | None
    note: str = ""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A modality's day in London under a mandate, as the controller knows it; the unit counts for itself."""

    allowance: Allowance
    used_s: int
    openings: int


class LiveMandate(msgspec.Struct, frozen=True, kw_only=True):
    """A mandate under which the unit can be opened until `ends_at`; its own end is `signed_until`, before which its
    authority may end, or wait for a review, due at `review_at`."""

    mandate: str
    kind: MandateKind
    authority: str | None
    purpose: str
    ends_at: datetime
    signed_until: datetime
    review_at: datetime | None = None
    budgets: list[Budget]


class UnitAccess(msgspec.Struct, frozen=True, kw_only=True):
    """What can be opened of a unit now, and what is open. `obstacles` say which rule, whose decision, and what would
    make it possible; with one, nothing can be opened. `sentences` are what the log will say, by mandate."""

    mandates: list[LiveMandate]
    obstacles: list[str]
    sentences: dict[str, str]
    open: list[CheckView]
    last: CheckView | None


class WatchLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link for one browser, once."""

    url: str
    expires_at: datetime


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """The one last position of a unit, read inside a position lease."""

    unit: str
    opening: str
    latitude_deg: float
    longitude_deg: float
    hdop: float
    satellites: int | None
    found_at: datetime

    def __repr__(self) -> str:
        return f"PositionView({self.unit}, …)"


class CarriedRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a unit without coverage asks for, by an engineer's laptop: a nonce, sealed with its key."""

    unit: ShortText
    opening: OpeningId
    nonce: Nonce
    modalities: Annotated[list[Modality], Meta(min_length=1, max_length=3)]
    mandate: MandateId
    sealed: SealedSignal


class CarriedLease(msgspec.Struct, frozen=True, kw_only=True):
    """What the laptop carries back. It can be used once, on that boot, within 15 minutes of the nonce."""

    grant: GrantLease
    expires_at: datetime
