"""The alarm that nobody has named an authority to fit an urgent deployment's kit yet."""

from datetime import datetime

from fleet.alarms.raising import NewAlarm, clear_alarm, raise_alarm
from fleet.deployments.facts_reading import Known
from fleet.store.store import Transaction
from protocols.people import may

AUTHORITY_WANTED = "authority-wanted"
"""Its kind."""


async def ask_for_authority(transaction: Transaction, known: Known, now: datetime) -> None:
    """Have whoever may record an authority, and supervisors, told while an urgent deployment that is to be fitted has
    none to install; and not any more once it has."""
    stored = known.stored
    wanted = stored.urgent and stored.state == "checked-out"
    has_one = any("install" in one.kinds and one.state in {"in-force", "future"} for one in known.facts.authorities)
    if not wanted or has_one:
        await clear_alarm(transaction, "deployment", stored.deployment_id, AUTHORITY_WANTED, now)
        return
    everybody = await transaction.people.every()
    approvers = [one for one in everybody if may(one.role, "record-authority") and one.may_sign_in(now)]
    supervisors = [one for one in everybody if may(one.role, "manage-deployments") and one.may_sign_in(now)]
    first = [] if stored.supervisor_id is None else [stored.supervisor_id]
    alarm = NewAlarm(
        subject_kind="deployment",
        subject=stored.deployment_id,
        kind=AUTHORITY_WANTED,
        severity="alarm",
        summary=f"{stored.deployment_id} is a critical incident: no authority to fit its kit is named",
        rule="deployment",
        deployment=stored.deployment_id,
        route_to=tuple(dict.fromkeys([*first, *(one.person_id for one in [*approvers, *supervisors])])),
    )
    await raise_alarm(transaction, alarm, now)
