"""Planning and giving up visits within one transaction; who stays away is absent in the rota's books too."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from fleet.deployments.lookup import booked_once, check_person
from fleet.deployments.people_reading import HOUSE_ZONE, zones_of
from fleet.entries.deployments import VisitsSet
from fleet.errors import RequestRefused
from fleet.mandates.rules import whole_utc
from fleet.rota.absences import record_absence, withdraw_absence
from fleet.rota.records import new_record_id
from fleet.store.deployments import StoredDeployment
from fleet.store.rota_people import StoredAbsence
from fleet.store.store import Transaction
from fleet.store.visits import Going, StoredVisit
from protocols.api.deployments import NewVisit
from protocols.deployments import VisitKind, Work

LONGEST = timedelta(days=60)
"""Of one visit †: what is longer is several."""
BEGUN_BEFORE = timedelta(hours=12)
"""How long ago a visit may have begun that is planned now †: people go first, and write it down there."""
_WORKING: frozenset[VisitKind] = frozenset({"fit", "maintain", "recover"})


def new_visit(stored: StoredDeployment, asked: NewVisit, now: datetime) -> StoredVisit:
    """The visit as it would be kept. Raises RequestRefused where its time is none, or it names somebody twice."""
    starts_at, ends_at = whole_utc(asked.starts_at, now), whole_utc(asked.ends_at, now)
    if ends_at <= starts_at:
        raise RequestRefused("ends-before-start", "a visit ends before it begins", "let its end be later")
    if ends_at - starts_at > LONGEST:
        raise RequestRefused("too-long", f"a visit is longer than {LONGEST.days} days", "plan it in parts")
    if starts_at < now - BEGUN_BEFORE or ends_at <= now:
        raise RequestRefused("in-the-past", "a visit to be planned is over, or began long ago", "name a time to come")
    if len({one.person for one in asked.people}) < len(asked.people):
        raise RequestRefused("person-twice", "a visit names somebody twice", "name each once")
    everyday: list[Work] = ["driving"]
    works = asked.works if asked.works is not None else stored.works if asked.kind in _WORKING else everyday
    return StoredVisit(
        visit_id=f"V-{secrets.token_hex(6)}",
        deployment_id=stored.deployment_id,
        kind=asked.kind,
        starts_at=starts_at,
        ends_at=ends_at,
        works=sorted(set(works)),
        away=asked.away,
        made_at=now,
        people=sorted((Going(person_id=one.person, role=one.role) for one in asked.people), key=_id),
    )


def is_same(one: StoredVisit, other: StoredVisit) -> bool:
    """Whether two visits ask the same of the same people."""
    return _asked(one) == _asked(other)


async def plan_visits(
    transaction: Transaction, stored: StoredDeployment, visits: Sequence[StoredVisit], actor: str, now: datetime
) -> None:
    """Keep new visits of a locked deployment. Raises NotFound or Conflict for who can not go, and Conflict
    `double-booked`, `absence-overlaps` for who is elsewhere then."""
    going = sorted({person.person_id for visit in visits for person in visit.people})
    for person_id in going:
        await check_person(transaction, person_id, "work-deployment", now)
        await transaction.rota_people.lock_person(person_id)
    zones = await zones_of(transaction, [] if stored.rota_id is None else [stored.rota_id])
    for visit in visits:
        with booked_once("person"):
            await transaction.visits.check_free(visit)
        people = [await _away(transaction, visit, one, zones, actor) for one in visit.people]
        with booked_once("person"):
            await transaction.visits.add(msgspec.structs.replace(visit, people=people))


async def drop_visits(
    transaction: Transaction, deployment_id: str, visits: Sequence[StoredVisit], actor: str, now: datetime
) -> None:
    """Give visits of a locked deployment up; nobody is away for them any more."""
    people = sorted({one.person_id for visit in visits for one in visit.people})
    for person_id in people:
        await transaction.rota_people.lock_person(person_id)
    for visit in visits:
        for one in visit.people:
            if one.absence_id is not None:
                await withdraw_absence(transaction, one.absence_id, one.person_id, actor, now, deployment_id)
    await transaction.visits.drop([one.visit_id for one in visits], now)


async def enter_visits(
    transaction: Transaction,
    stored: StoredDeployment,
    planned: Sequence[StoredVisit],
    dropped: Iterable[StoredVisit],
    actor: str,
    now: datetime,
) -> None:
    """Say in the log what was planned and given up of a deployment, which is at that version now."""
    stand = (await transaction.visits.of([stored.deployment_id])).get(stored.deployment_id, [])
    text = msgspec.json.encode([_asked(one) for one in stand])
    await transaction.log.append(
        VisitsSet(
            at=now,
            actor=actor,
            deployment=stored.deployment_id,
            version=stored.version,
            planned=[one.visit_id for one in planned],
            dropped=[one.visit_id for one in dropped],
            people=sorted({person.person_id for one in planned for person in one.people}),
            sha256=sha256(text).hexdigest(),
        )
    )
    transaction.changed.deployments = True


async def _away(transaction: Transaction, visit: StoredVisit, going: Going, zones: dict[str, str], actor: str) -> Going:
    """Who takes part, with the rota's record where they stay away."""
    if not visit.away:
        return going
    absence = StoredAbsence(
        absence_id=new_record_id("L"),
        person_id=going.person_id,
        kind="away",
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        zone=next(iter(zones.values()), HOUSE_ZONE),
        reference=visit.deployment_id,
        recorded_by=actor,
        recorded_at=visit.made_at,
    )
    await record_absence(transaction, absence, visit.deployment_id)
    return msgspec.structs.replace(going, absence_id=absence.absence_id)


def _id(going: Going) -> str:
    return going.person_id


def _asked(visit: StoredVisit) -> tuple[object, ...]:
    people = [(one.person_id, one.role) for one in sorted(visit.people, key=_id)]
    return (visit.kind, visit.starts_at, visit.ends_at, people, visit.away, sorted(visit.works))
