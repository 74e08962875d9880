"""Maintenance windows of deployments within one transaction: while one lasts, nobody is paged of its units."""

import secrets
from datetime import datetime, timedelta

from fleet.entries.alarms import WindowEnded, WindowMade
from fleet.entries.entry import HashedText
from fleet.store.alarm_people import StoredWindow
from fleet.store.store import Transaction


async def open_window(
    transaction: Transaction, deployment_id: str, hours: int, reason: str, actor: str, now: datetime
) -> None:
    """Somebody works on the units of a deployment, for so long at most."""
    new = StoredWindow(
        window_id=f"MW-{secrets.token_hex(6)}",
        unit_id=None,
        deployment_id=deployment_id,
        starts_at=now,
        ends_at=now + timedelta(hours=hours),
        reason=reason,
        made_by=actor,
        made_at=now,
    )
    await transaction.alarm_people.add_window(new)
    await transaction.log.append(
        WindowMade(
            at=now,
            actor=actor,
            deployment=deployment_id,
            window=new.window_id,
            starts_at=new.starts_at,
            ends_at=new.ends_at,
            reason=HashedText(reason),
        )
    )
    transaction.changed.alarms = True


async def end_windows(transaction: Transaction, deployment_id: str, actor: str, now: datetime) -> None:
    """The work is over: the deployment's windows that have begun end before their time."""
    for one in await transaction.alarm_people.windows(now, deployment_id=deployment_id):
        if one.starts_at > now:
            continue
        locked = await transaction.alarm_people.locked_window(one.window_id)
        if locked is None or locked.ended_at is not None:
            continue
        await transaction.alarm_people.end_window(one.window_id, actor, now)
        entry = WindowEnded(at=now, actor=actor, deployment=deployment_id, window=one.window_id)
        await transaction.log.append(entry)
        transaction.changed.alarms = True
