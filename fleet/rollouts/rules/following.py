"""What a unit's report of its update changes. Pure."""

from collections.abc import Mapping
from datetime import timedelta

from fleet.store.rollout_facts import Followed
from protocols.releases.manifest import Manifest, PartName
from protocols.releases.reports import UpdateReport
from protocols.releases.version import same_version
from protocols.rollouts import UNIT_ENDED, UnitUpdateState

MOST_PUT_OFF = 10
"""A unit that has refused so often, each time for a reason that passes, has refused for good †."""
_AGAIN_AFTER = timedelta(minutes=5)
_AGAIN_AFTER_AT_MOST = timedelta(hours=2)


def fault_of(update: Followed | None, unit: str) -> str | None:
    """Why a report by `unit` is none; None: it may be taken."""
    if update is None:
        return "it names an update that there is not"
    if update.unit != unit:
        return "it names another unit's update"
    if not update.tellings:
        return "it names an update that the unit was not told of"
    return None


def follow(update: Followed, report: UpdateReport, spool_id: int, seq: int) -> UnitUpdateState | None:
    """The state that `report`, number `seq` of a spool, brings the update to; None: it changes nothing, because the
    update has ended, or a later report of that spool was taken, or the unit put off an order and has begun since."""
    if update.state in UNIT_ENDED:
        return None
    if update.spool_id == spool_id and update.seq is not None and seq <= update.seq:
        return None
    match report.state:
        case "refused" if report.passing and update.state == "working":
            return None
        case "refused" if report.passing and update.put_off + 1 < MOST_PUT_OFF:
            return "waiting"
        case "refused" | "done" | "rolled-back" | "failed":
            return report.state
    return "working"


def again_after(put_off: int) -> timedelta:
    """How long a unit that has put off an update for the `put_off`-th time, from 1 on, is not told: 5 minutes, then
    twice as long each time, up to 2 hours †."""
    return min(_AGAIN_AFTER * (1 << (put_off - 1)), _AGAIN_AFTER_AT_MOST)


def contradiction(manifest: Manifest, versions: Mapping[PartName, str]) -> str:
    """Which parts a unit that is done says are not what `manifest` wants, with both versions; empty: none. A part that
    it says nothing of contradicts nothing."""
    others = [
        f"{one.part} {versions[one.part]} and not {one.version}"
        for one in manifest.parts
        if one.part in versions and not same_version(versions[one.part], one.version)
    ]
    return f"it says that it is done, and runs {', '.join(others)}" if others else ""
