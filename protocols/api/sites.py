"""Sites: codes for where deployments are. Address and access notes are erasable text, and never in the log.

`GET /api/sites` (query: `filter`, `offset`, `limit` ≤ 200) → SitePage, without addresses;
`GET /api/sites/{site}` → SiteView, with the address, which is entered in the log as a consultation;
`PUT /api/sites/{site}` with SetSite → SiteView; `POST /api/sites/{site}/surveys` with NewSurvey → SiteView;
`POST /api/sites/{site}/erase` → SiteView: address and access notes are gone for good (`manage-deployments`).
Reading takes `see-deployments`, changing `work-deployment`.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.deployments import SiteCode
from protocols.people import Moment
from protocols.text import ONE_LINE, ShortText

_Text = Annotated[str, Meta(max_length=500, pattern=ONE_LINE)]

Supply = Literal["mains", "vehicle-12-v", "vehicle-24-v", "battery", "poe", "none"]


class SetSite(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A site as it shall be; `version` is the one that was seen, 0 for a new one. None stays as it is."""

    version: Annotated[int, Meta(ge=0)]
    address: _Text | None = None
    access: _Text | None = None


class SignalSeen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A network as it was measured there."""

    network: Annotated[str, Meta(min_length=1, max_length=20, pattern=ONE_LINE)]
    rsrp_dbm: Annotated[float, Meta(ge=-200, le=0)] | None = None
    sinr_db: Annotated[float, Meta(ge=-200, le=200)] | None = None


class NewSurvey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was found there: the supply there is, its voltage where it was measured, the networks."""

    surveyed_at: Moment
    supply: Supply
    supply_mv: Annotated[int, Meta(ge=0, le=500_000)] | None = None
    signals: Annotated[list[SignalSeen], Meta(max_length=8)] = []
    note: ShortText = ""


class SurveyView(msgspec.Struct, frozen=True, kw_only=True):
    """A survey."""

    surveyed_at: datetime
    surveyed_by: str
    supply: Supply
    supply_mv: int | None
    signals: list[SignalSeen]
    note: str


class SiteRow(msgspec.Struct, frozen=True, kw_only=True):
    """A site in a list. `deployments` counts those that are not over."""

    site: SiteCode
    version: int
    surveyed_at: datetime | None
    supply: Supply | None
    best_rsrp_dbm: float | None
    deployments: int
    erased_at: datetime | None


class SitePage(msgspec.Struct, frozen=True, kw_only=True):
    """Rows `offset` … of `total`, by code."""

    total: int
    offset: int
    rows: list[SiteRow]


class SiteView(msgspec.Struct, frozen=True, kw_only=True):
    """A site with its address and access notes, empty once erased; surveys newest first."""

    row: SiteRow
    address: str
    access: str
    surveys: list[SurveyView]
