"""What the forms about sites mean, and what is wrong with the first field that is. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from protocols.api.sites import NewSurvey, SetSite, SignalSeen, SiteView, Supply
from tui.kit_forms import one_of
from tui.periods import PeriodUnclear, read_coming
from tui.rota_forms import Unclear

SUPPLIES: tuple[Supply, ...] = ("mains", "vehicle-12-v", "vehicle-24-v", "battery", "poe", "none")
_SITE = re.compile(r"[A-Z][A-Z0-9-]{0,11}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,3}(?:\.[0-9])?", re.ASCII)
_LEEWAY = timedelta(minutes=5)
_MOST_SIGNALS = 8


def site_of(values: Mapping[str, str], before: SiteView | None) -> tuple[str, SetSite]:
    """A site's code and what it is to be; raises Unclear."""
    if before is not None:
        change = SetSite(version=before.row.version, address=values["address"], access=values["access"])
        if (values["address"], values["access"]) == (before.address, before.access):
            raise Unclear("address", "nothing is different yet")
        return before.row.site, change
    code = values["site"].upper()
    if not _SITE.fullmatch(code):
        raise Unclear("site", "code: capital letters, digits and dashes, as K7; it says nothing of where it is")
    return code, SetSite(version=0, address=values["address"], access=values["access"])


def survey_of(values: Mapping[str, str], now: datetime, *, utc: bool) -> NewSurvey:
    """What was found there; raises Unclear."""
    try:
        at = read_coming(values["at"] or "now", now, utc=utc)
    except PeriodUnclear as unclear:
        raise Unclear("at", str(unclear)) from None
    if at is None or at > now + _LEEWAY:
        raise Unclear("at", "measured: a time that has been")
    supply: Supply = one_of(values["supply"], "supply", SUPPLIES)
    return NewSurvey(
        surveyed_at=at,
        supply=supply,
        supply_mv=_millivolts(values["volts"]),
        signals=signals_of(values["signals"]),
        note=values["note"],
    )


def signals_of(text: str) -> list[SignalSeen]:
    """Networks as they are typed, with `,` between: `O2 -98 6, EE -105`: RSRP in dBm, then SINR in dB; raises
    Unclear."""
    found = [_signal(part.split()) for part in text.replace("−", "-").split(",") if part.strip()]
    if len(found) > _MOST_SIGNALS:
        raise Unclear("signals", f"signals: at most {_MOST_SIGNALS}")
    return found


def _signal(words: list[str]) -> SignalSeen:
    numbers = [float(word) for word in words[1:] if _NUMBER.fullmatch(word)]
    if len(numbers) != len(words) - 1 or not 1 <= len(numbers) <= 2 or not -200 <= numbers[0] <= 0:
        raise Unclear("signals", "signals: network, RSRP in dBm, SINR in dB, as O2 -98 6, EE -105")
    return SignalSeen(network=words[0][:20], rsrp_dbm=numbers[0], sinr_db=numbers[1] if len(numbers) > 1 else None)


def _millivolts(text: str) -> int | None:
    clean = text.removesuffix("V").strip()
    if not clean:
        return None
    if not _NUMBER.fullmatch(clean) or not 0 <= float(clean) <= 500:
        raise Unclear("volts", "volts: as 12.4, at most 500")
    return round(float(clean) * 1000)
