"""What rotas keep of people for the house to attack: some of everything, to be read and to be withdrawn."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from fleet.entries.rota_people import AbsenceRecorded, CallOutRecordedEntry, RestRecorded, WorkRecorded
from fleet.store.calendars import StoredFeed
from fleet.store.call_outs import StoredCallOut, StoredRest, StoredWork
from fleet.store.rota_people import StoredAbsence, StoredWish
from fleet.store.store import Store
from fleet.store.welfare import StoredWelfare
from fleet.welfare.keeping import begin
from tests.fuzz.api_handovers import handover

_EACH = 8
_DAY = timedelta(days=1)


async def records(store: Store, now: datetime, rota_id: str, person_id: str) -> dict[str, list[Any]]:
    """Records of one person, by the names of the parameters that ask for them."""
    ids: dict[str, list[Any]] = {}

    def new(name: str, letter: str) -> str:
        ids.setdefault(name, []).append(f"{letter}-{secrets.token_hex(6)}")
        return str(ids[name][-1])

    by: dict[str, Any] = {"person_id": person_id, "recorded_by": person_id, "recorded_at": now}
    async with store.transaction() as transaction:
        for number in range(_EACH):
            span: dict[str, Any] = {"starts_at": now + number * _DAY, "ends_at": now + (number + 1) * _DAY}
            leave = StoredAbsence(
                absence_id=new("absence_id", "L"), kind="sick", zone="Etc/UTC", reference="", **span, **by
            )
            await transaction.absences.add(leave)
            await transaction.log.append(AbsenceRecorded(absence=leave.absence_id, away=False, **_who(leave), **span))
            wish = StoredWish(wish_id=new("wish_id", "W"), person_id=person_id, wants="on", made_at=now, **span)
            await transaction.wishes.add(wish)
            work = StoredWork(work_id=new("work_id", "K"), break_min=0, **span, **by)
            await transaction.work_done.add(work)
            await transaction.log.append(WorkRecorded(work=work.work_id, break_min=0, **_who(work), **span))
            rest = StoredRest(rest_id=new("rest_id", "R"), **span, **by)
            await transaction.rests.add(rest)
            await transaction.log.append(RestRecorded(rest=rest.rest_id, **_who(rest), **span))
            called = StoredCallOut(
                call_out_id=new("call_out_id", "C"),
                rota_id=rota_id,
                position="primary",
                left_home_at=now - (number + 1) * _DAY,
                returned_at=None if number % 2 else now - (number + 1) * _DAY + timedelta(hours=1),
                break_min=0,
                reference="",
                source="hand",
                **by,
            )
            await transaction.call_outs.add(called)
            await transaction.log.append(
                CallOutRecordedEntry(
                    call_out=called.call_out_id,
                    rota=rota_id,
                    duty="primary",
                    left_home_at=called.left_home_at,
                    returned_at=called.returned_at,
                    break_min=0,
                    source="hand",
                    reference=None,
                    **_who(called),
                )
            )
            feed = StoredFeed(
                calendar_id=new("calendar_id", "F"), scope="mine", rota_id=None, person_id=person_id, made_at=now
            )
            await transaction.calendars.add(feed, secrets.token_bytes(32))
        timer = StoredWelfare(
            welfare_id=new("welfare_id", "WF"),
            person_id=person_id,
            call_out_id=None,
            visit_id=None,
            deployment_id=None,
            every_min=60,
            grace_min=10,
            started_by=person_id,
            started_at=now,
            due_at=now + timedelta(hours=1),
        )
        await begin(transaction, timer)
        await handover(transaction, new("handover_id", "HO"), rota_id, [person_id, "FZ-1000"], now)
    return ids


def _who(record: StoredAbsence | StoredWork | StoredRest | StoredCallOut) -> dict[str, Any]:
    """What every entry of a record tells, without which the database keeps none."""
    return {"at": record.recorded_at, "actor": record.recorded_by, "person": record.person_id}
