"""The week's sites: codes, invented addresses, and what surveys found."""

from typing import NamedTuple

from protocols.api.sites import SignalSeen, Supply


class Place(NamedTuple):
    """A site; a strongest network without RSRP was not surveyed."""

    code: str
    address: str
    access: str
    supply: Supply
    supply_mv: int | None
    rsrp_dbm: float | None


SITES = (
    Place("NORTH-YARD", "1 Example Yard, Anytown", "gate code with the yard master", "mains", 230_000, -94.0),
    Place("QUAY-4", "Quay 4, Example Harbour", "life jackets on", "mains", 231_000, -101.0),
    Place("DEPOT", "Example Depot, Ring Road", "sign in at the office", "vehicle-24-v", 25_100, -88.0),
    Place("MARKET", "Example Market Square", "", "battery", None, -79.0),
    Place("WORKSHOP", "Workshop 3, Example Lane", "ring before", "mains", 229_000, -97.0),
    Place("HILLTOP", "Example Hill, track from the B road", "4x4 when wet", "none", None, -118.0),
    Place("TOWER", "Example Tower, roof", "height permit at the desk", "poe", 54_000, -91.0),
    Place("LAY-BY", "Lay-by, Example Road", "", "vehicle-12-v", 12_600, -105.0),
    Place("BARN", "Barn at Example Farm", "dogs", "mains", 232_000, None),
)


def signals(place: Place) -> list[SignalSeen]:
    """Networks as they were measured at a site."""
    if place.rsrp_dbm is None:
        return []
    return [
        SignalSeen(network="23415", rsrp_dbm=place.rsrp_dbm, sinr_db=11.0),
        SignalSeen(network="23430", rsrp_dbm=place.rsrp_dbm - 6, sinr_db=7.5),
    ]
