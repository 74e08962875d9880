"""Planning deployments: visits, kit and authorities; each change with its entry in one transaction."""

from datetime import datetime

from msgspec import structs

from fleet.clock import Clock
from fleet.deployments.authority_wanted import ask_for_authority
from fleet.deployments.facts_reading import Known, known_deployment
from fleet.deployments.kitting import enter_kept, keep, pick
from fleet.deployments.lookup import locked_deployment, stopped
from fleet.deployments.papers import make_up
from fleet.deployments.views import deployment_view, findings_of
from fleet.deployments.visiting import drop_visits, enter_visits, is_same, new_visit, plan_visits
from fleet.entries.deployments import AuthoritiesNamed
from fleet.errors import Conflict, NotFound
from fleet.store.deployments import StoredDeployment
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from fleet.store.visits import StoredVisit
from protocols.api.deployments import DeploymentView, NamedAuthorities, SetKit, SetVisits
from protocols.deployments import DeploymentState

_BEFORE_PLANNED: frozenset[DeploymentState] = frozenset({"requested", "feasible"})
"""States in which a plan is still to be judged as a whole."""


class PlanningDesk:
    """Every method raises StoreUnavailable, NotFound, Conflict and RequestRefused."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def set_visits(self, deployment_id: str, asked: SetVisits, caller: Person) -> DeploymentView:
        """Plan the visits that have not begun, in place of those there were; what stays the same is left alone. Once
        the plan was accepted, people who are not right for a visit are refused here."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            stored = await locked_deployment(transaction, deployment_id, asked.based_on)
            there = (await transaction.visits.of([deployment_id])).get(deployment_id, [])
            coming = [one for one in there if one.starts_at > now]
            wanted = [new_visit(stored, one, now) for one in asked.visits]
            dropped = _without(coming, wanted)
            planned = _without(wanted, there)
            if dropped or planned:
                stored = await _next_version(transaction, stored)
                await drop_visits(transaction, deployment_id, dropped, caller.person_id, now)
                await plan_visits(transaction, stored, planned, caller.person_id, now)
                await enter_visits(transaction, stored, planned, dropped, caller.person_id, now)
            known = await known_deployment(transaction, stored, now, caller)
            _check_people(known, planned)
            return deployment_view(await make_up(transaction, known, caller, now))

    async def set_kit(self, deployment_id: str, asked: SetKit, caller: Person) -> DeploymentView:
        """Keep these items, in place of those that were kept and are not out for it; or pick what it wants beside
        them."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            stored = await locked_deployment(transaction, deployment_id, asked.based_on)
            _check_takes_kit(stored)
            held = (await transaction.reservations.of([deployment_id])).get(deployment_id, [])
            kept = {one.item for one in held}
            out = set(await transaction.kit.out_for(deployment_id))
            wanted = set(asked.items) | out if asked.items or not asked.pick else kept | out
            released = await transaction.reservations.release(deployment_id, sorted(kept - wanted), now)
            added = sorted(wanted - kept)
            await keep(transaction, stored, added, now)
            if asked.pick:
                picked, lacking = await pick(transaction, stored, wanted, now)
                if lacking and not picked and not added:
                    raise Conflict(
                        "kit-not-available",
                        f"of {', '.join(sorted(set(lacking)))} nothing more can be kept from "
                        f"{stored.starts_at:%Y-%m-%d %H:%M} until {stored.expected_back_at:%Y-%m-%d %H:%M} UTC",
                        "move it, want other kit, or have some released by another deployment",
                    )
                added += picked
            if added or released:
                stored = await _next_version(transaction, stored)
                await enter_kept(transaction, stored, added, released, caller.person_id, now)
            known = await known_deployment(transaction, stored, now, caller)
            return deployment_view(await make_up(transaction, known, caller, now))

    async def name_authorities(self, deployment_id: str, asked: NamedAuthorities, caller: Person) -> DeploymentView:
        """Name the recorded authorities that it rests on, in place of those there were."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            stored = await locked_deployment(transaction, deployment_id, asked.based_on)
            there = (await transaction.deployments.authorities_of([deployment_id])).get(deployment_id, [])
            wanted = list(dict.fromkeys(asked.authorities))
            if set(there) != set(wanted):
                stored = await _next_version(transaction, stored)
                await name_authorities(transaction, stored, wanted, there, caller.person_id, now)
            known = await known_deployment(transaction, stored, now, caller)
            await ask_for_authority(transaction, known, now)
            return deployment_view(await make_up(transaction, known, caller, now))


async def name_authorities(
    transaction: Transaction,
    stored: StoredDeployment,
    wanted: list[str],
    there: list[str],
    actor: str,
    now: datetime,
) -> None:
    """Let a locked deployment rest on these authorities in place of those that are there. Raises NotFound or Conflict
    for one that is not there, or was cancelled."""
    dropped = [one for one in there if one not in wanted]
    for authority_id in dropped:
        await transaction.deployments.drop_authority(stored.deployment_id, authority_id, now)
    for authority_id in wanted:
        if authority_id in there:
            continue
        authority = await transaction.authorities.kept(authority_id)
        if authority is None:
            raise NotFound(
                "authority-unknown", f"there is no authority {authority_id}", "list them: fleet authority list"
            )
        if authority.cancelled_at is not None:
            raise Conflict(
                "authority-cancelled", f"authority {authority.reference} was cancelled", "name one that is in force"
            )
        await transaction.deployments.name_authority(stored.deployment_id, authority_id, actor, now)
    entry = AuthoritiesNamed(
        at=now,
        actor=actor,
        deployment=stored.deployment_id,
        version=stored.version,
        authority_ids=wanted,
        dropped=dropped,
    )
    await transaction.log.append(entry)
    transaction.changed.deployments = True


async def _next_version(transaction: Transaction, stored: StoredDeployment) -> StoredDeployment:
    changed = structs.replace(stored, version=stored.version + 1)
    await transaction.deployments.put(changed)
    return changed


def _without(visits: list[StoredVisit], others: list[StoredVisit]) -> list[StoredVisit]:
    return [one for one in visits if not any(is_same(one, other) for other in others)]


def _check_people(known: Known, planned: list[StoredVisit]) -> None:
    """Raise Conflict where the plan was accepted already, and people of a new visit are not right for it."""
    if known.stored.state in _BEFORE_PLANNED:
        return
    new, findings = {one.visit_id for one in planned}, findings_of(known)
    found = [one for visit, of in findings.items() if visit in new for one in of if one.answer == "refused"]
    if found:
        raise stopped(known.stored.deployment_id, "this plan of visits", found)


def _check_takes_kit(stored: StoredDeployment) -> None:
    if stored.state == "recovered":
        raise Conflict(
            "deployment-recovered", f"{stored.deployment_id} is recovered, and takes no kit any more", "close it"
        )
