"""Entries of sites. Address, access notes and the words of surveys are in none, not even as a hash."""

from datetime import datetime
from typing import ClassVar, Literal

from fleet.entries.entry import Dpa, Entry
from protocols.api.sites import Supply


class SiteSet(Entry, frozen=True, kw_only=True, tag="site.set"):
    """A site was laid down, or what is written of it is otherwise; `changed` says which of it was written."""

    site_code: str
    version: int
    changed: list[Literal["address", "access"]]


class SiteSurveyed(Entry, frozen=True, kw_only=True, tag="site.surveyed"):
    """Power and signal were surveyed there, `networks` of them."""

    site_code: str
    surveyed_at: datetime
    supply: Supply
    supply_mv: int | None
    networks: int


class SiteConsulted(Entry, frozen=True, kw_only=True, tag="site.consulted"):
    """A person was shown a site's address and access notes."""

    dpa: ClassVar[Dpa] = "consultation"

    site_code: str


class SiteErased(Entry, frozen=True, kw_only=True, tag="site.erased"):
    """Address and access notes of a site were erased for good."""

    dpa: ClassVar[Dpa] = "erasure"

    site_code: str
    version: int
