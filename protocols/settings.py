"""The settings of one unit, desired by people and applied by the unit."""

from typing import Annotated

import msgspec
from msgspec import Meta

SettingsVersion = Annotated[int, Meta(ge=0, lt=1 << 31)]


class UnitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a unit does when nobody asks. `version` grows by one with each change; 0 means factory settings.

    report_every_s: seconds between live health reports, 1 … 86400.
    spool_max_mb: size of the spool file before the oldest health reports are dropped, MiB.
    spool_max_days: age before they are dropped, days.
    """

    version: SettingsVersion = 0
    report_every_s: Annotated[int, Meta(ge=1, le=86_400)] = 60
    spool_max_mb: Annotated[int, Meta(ge=1, le=10_000)] = 64
    spool_max_days: Annotated[int, Meta(ge=1, le=365)] = 30
