"""What a headless demo proves, as its last line says it."""

from datetime import datetime

import msgspec

from fleet.demo.units import SpoolStatus
from fleet.store.store import Store


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of one run. Lost are numbered by a unit, but neither stored, nor waiting, nor counted as dropped.

    Entries of the deployment log are those in its tree, and those under a checkpoint that the witness has cosigned.
    """

    units_joined: int
    reports_stored: int
    reports_lost: int
    duplicates: int
    seconds_to_first_report: float | None
    reports_waiting: int
    reports_dropped: int
    entries_logged: int
    entries_witnessed: int

    def good(self, units: int) -> bool:
        """Whether every one of `units` joined and reported, nothing was lost, doubled or dropped, and the log was
        witnessed: at the least that they joined."""
        return (
            self.units_joined == units
            and self.reports_stored >= units
            and self.reports_lost == 0
            and self.duplicates == 0
            and self.reports_dropped == 0
            and self.entries_witnessed >= units
        )


async def judge(store: Store, spools: dict[str, SpoolStatus], began_at: datetime) -> Outcome:
    """Compare what units numbered (`spools` by unit id) with what is stored.

    Nothing of any run may be lost or doubled; `reports_stored` and the first report are of this one, which began at
    `began_at`.
    """
    lost = doubled = 0
    async with store.transaction() as transaction:
        for unit_id, spool in spools.items():
            count = await transaction.audit.spool(unit_id, spool.spool_id)
            doubled += count.doubled
            missing = await transaction.audit.missing(unit_id, spool.spool_id, 1, spool.next_seq - 1)
            waiting = 0
            for first, last in spool.waiting_ranges:
                waiting += await transaction.audit.missing(unit_id, spool.spool_id, first, last)
            lost += max(0, missing - waiting - spool.dropped)
        reports = await transaction.audit.reports(began_at)
        logged = await transaction.log_tree.size()
        witnessed = await transaction.log_tree.newest_cosigned()
    first_s = None if reports.first_at is None else round((reports.first_at - began_at).total_seconds(), 1)
    return Outcome(
        units_joined=len(spools),
        reports_stored=reports.stored,
        reports_lost=lost,
        duplicates=doubled,
        seconds_to_first_report=first_s,
        reports_waiting=sum(spool.waiting for spool in spools.values()),
        reports_dropped=sum(spool.dropped for spool in spools.values()),
        entries_logged=logged,
        entries_witnessed=0 if witnessed is None else witnessed.size,
    )
