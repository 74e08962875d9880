"""What a unit's report of its update changes. Pure."""

from collections.abc import Mapping

from fleet.store.rollout_facts import Followed
from protocols.releases.manifest import Manifest, PartName
from protocols.releases.reports import UpdateReport
from protocols.releases.version import same_version
from protocols.rollouts import UNIT_ENDED, UnitUpdateState


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
    update has ended, or a later report of that spool was taken."""
    if update.state in UNIT_ENDED:
        return None
    if update.spool_id == spool_id and update.seq is not None and seq <= update.seq:
        return None
    match report.state:
        case "refused" | "done" | "rolled-back" | "failed":
            return report.state
    return "working"


def contradiction(manifest: Manifest, versions: Mapping[PartName, str]) -> str:
    """Which parts a unit that is done says are not what `manifest` wants, with both versions; empty: none. A part that
    it says nothing of contradicts nothing."""
    others = [
        f"{one.part} {versions[one.part]} and not {one.version}"
        for one in manifest.parts
        if one.part in versions and not same_version(versions[one.part], one.version)
    ]
    return f"it says that it is done, and runs {', '.join(others)}" if others else ""
