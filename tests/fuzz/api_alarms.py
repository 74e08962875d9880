"""Alarms for the house to attack: some to be taken, with a maintenance window and a contact."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from fleet.alarms.raising import NewAlarm, raise_alarm
from fleet.store.alarm_people import StoredContact, StoredWindow
from fleet.store.store import Store

_EACH = 20


async def alarms(store: Store, now: datetime, unit_id: str, person_id: str) -> dict[str, list[Any]]:
    """Alarms and what belongs to them, by the names of the parameters that ask for them."""
    ids: dict[str, list[Any]] = {"alarm_id": [], "window_id": [], "contact_id": []}
    async with store.transaction() as transaction:
        for number in range(_EACH):
            new = NewAlarm(
                subject_kind="unit",
                subject=unit_id,
                kind=f"fuzz-{number}",
                severity="alarm",
                summary="fuzz",
                rule="fuzz",
                lasts=number % 2 == 0,
            )
            ids["alarm_id"].append((await raise_alarm(transaction, new, now)).alarm_id)
            window = StoredWindow(
                window_id=f"MW-{secrets.token_hex(6)}",
                unit_id=unit_id,
                deployment_id=None,
                starts_at=now,
                ends_at=now + timedelta(hours=1),
                reason="fuzz",
                made_by=person_id,
                made_at=now,
            )
            await transaction.alarm_people.add_window(window)
            ids["window_id"].append(window.window_id)
        contact = StoredContact(
            contact_id=f"CT-{secrets.token_hex(6)}",
            person_id=person_id,
            channel="webhook",
            address="http://127.0.0.1:9/fuzz",
            added_at=now,
        )
        await transaction.alarm_people.add_contact(contact)
        ids["contact_id"].append(contact.contact_id)
    ids["before_alarm"] = ids["alarm_id"]
    return ids
