"""Entries of handover sheets; `sha256` is of a sheet's exact text."""

from datetime import datetime
from typing import Literal

from fleet.entries.entry import Entry


class HandoverMade(Entry, frozen=True, kw_only=True, tag="handover.made"):
    """A sheet was made for a change of a rota's primary."""

    handover: str
    rota: str
    change_at: datetime
    outgoing: str
    incoming: str
    sha256: str
    supersedes: str | None


class HandoverAcknowledged(Entry, frozen=True, kw_only=True, tag="handover.acknowledged"):
    """One of the two acknowledged the sheet that they had read."""

    handover: str
    rota: str
    part: Literal["outgoing", "incoming"]
    sha256: str
