"""How much of the on-call work somebody has."""

import msgspec


class Load(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Hours as primary and as secondary; weekend days, bank holidays, festive days (25 and 26 December, 1 January) and
    nights on call in either place; days away. As a debt: what was had beyond the share, less than the share below 0."""

    primary_h: int = 0
    secondary_h: int = 0
    weekend_days: int = 0
    bank_holidays: int = 0
    festive_days: int = 0
    nights: int = 0
    days_away: int = 0


MEASURES = Load.__struct_fields__
"""The names of what is counted."""
