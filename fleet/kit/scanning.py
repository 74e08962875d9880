"""Custody out and in by the code on the label: for a deployment, for the bench, from hand to hand."""

from datetime import datetime

from msgspec import structs

from fleet.clock import Clock
from fleet.entries.deployments import KitKept
from fleet.errors import Conflict, RequestRefused
from fleet.kit.coming import check_may_come
from fleet.kit.custody import hand_over, put_in, take_out, worse
from fleet.kit.known import known_item
from fleet.kit.lookup import kept_place, known_stored, locked_deployment, locked_item, refused, said
from fleet.kit.rules.standing import KitFacts, is_gone, what_stops
from fleet.mandates.rules import whole_utc
from fleet.store.deployments import StoredDeployment
from fleet.store.errors import DoubleBooked, TransactionConflict
from fleet.store.kit import StoredItem
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.kit import Scan, ScanResult
from protocols.deployments import DeploymentState
from protocols.kit import Condition

TAKES_KEPT: frozenset[DeploymentState] = frozenset(
    {"authorised", "checked-out", "fitted", "commissioned", "live", "maintenance"}
)
"""States in which what is kept for a deployment may go out for it."""
TAKES_MORE: frozenset[DeploymentState] = frozenset({"authorised", "checked-out", "maintenance"})
"""States in which something that is free may go out for it too, and is kept for it from then on."""
_COMES_BACK: frozenset[DeploymentState] = frozenset({"requested", "feasible", "planned", "authorised", "checked-out"})
"""States in which what is scanned in stays kept for the deployment: its kit was not fitted yet."""
_LISTED = 5


class ScanDesk:
    """Raises StoreUnavailable, NotFound, Conflict and RequestRefused. Of two scans of an item at once one is done, and
    the other refused by what it finds then."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def scan(self, asked: Scan, caller: Person) -> ScanResult:
        """Do what a scan says."""
        _check_usable(asked)
        now = self._clock()
        ways = {"out": self._out, "in": self._in, "hand-over": self._hand_over}
        try:
            async with self._store.transaction() as transaction:
                moved, sentence, left = await ways[asked.way](transaction, asked, caller, now)
                if is_gone((known := await known_item(transaction, moved, now)).facts):
                    sentence += f". On the books it is {moved.service}: a supervisor puts it in service again"
                return ScanResult(sentence=sentence, row=known.view(), left_to_scan=left)
        except TransactionConflict as error:
            raise Conflict(
                "kit-kept-meanwhile", f"{asked.item} was kept for another deployment meanwhile", "scan it again"
            ) from error

    async def _out(
        self, transaction: Transaction, asked: Scan, caller: Person, now: datetime
    ) -> tuple[StoredItem, str, list[str]]:
        deployment = None
        if asked.deployment is not None:
            deployment = await locked_deployment(transaction, asked.deployment)
        back = _expected_back(asked, deployment, now)
        found = await locked_item(transaction, asked.item)
        await self._check_free(transaction, found, asked, caller, back, now)
        if deployment is not None:
            if found.kind == "unit":
                await check_may_come(transaction, deployment, found.unit_id, now)
            await _keep(transaction, deployment, found, caller, now)
        moved = await take_out(
            transaction,
            found,
            caller.person_id,
            deployment_id=asked.deployment,
            expected_back_at=back,
            now=now,
            actor=caller.person_id,
            how=asked.how,
            condition=asked.condition,
            note=asked.note,
        )
        sentence = f"{_named(moved)} is out with {caller.person_id}"
        sentence += f" for {asked.deployment}" if asked.deployment else " for the bench"
        sentence += f", to be back by {said(back)}" if back else ""
        left: list[str] = []
        if deployment is not None:
            left = await _left_to_scan(transaction, deployment.deployment_id)
            kept = f"all that is kept for {asked.deployment} is out"
            sentence += f"; left to scan: {_listed(left)}" if left else f"; {kept}"
        return moved, sentence, left

    async def _check_free(
        self,
        transaction: Transaction,
        found: StoredItem,
        asked: Scan,
        caller: Person,
        back: datetime | None,
        now: datetime,
    ) -> None:
        """Raise Conflict unless a locked item may go out, in the worse of both conditions."""
        if found.place is None and found.custodian == caller.person_id:
            raise Conflict(
                "kit-yours",
                f"you have {found.item} already, out since {said(found.out_since or now)}",
                "scan it in first where it is to go out for something else",
            )
        known = await known_item(transaction, found, now)
        seen = worse(found.condition, asked.condition)
        facts = known.facts if seen == found.condition else _in_condition(known.facts, seen)
        stops = what_stops(facts, now, deployment=asked.deployment, until=back)
        if stops:
            raise refused(stops)

    async def _in(
        self, transaction: Transaction, asked: Scan, caller: Person, now: datetime
    ) -> tuple[StoredItem, str, list[str]]:
        before = await known_stored(transaction, asked.item)
        deployment = None
        if before.deployment_id is not None:
            deployment = await locked_deployment(transaction, before.deployment_id)
        place = await kept_place(
            transaction, asked.place or await transaction.kit.last_place(asked.item) or _no_place(asked.item)
        )
        found = await locked_item(transaction, asked.item)
        if found.deployment_id != before.deployment_id or found.place == place.place:
            where = f"in {found.place}" if found.place else f"out with {found.custodian}"
            raise Conflict("kit-in", f"{found.item} is {where} already, and {found.custodian} has it", "nothing to do")
        moved = await put_in(
            transaction,
            found,
            place,
            now=now,
            actor=caller.person_id,
            how=asked.how,
            condition=asked.condition,
            note=asked.note,
        )
        sentence, left = f"{_named(moved)} is in {place.place}, and {place.keeper} has it", list[str]()
        if deployment is not None:
            await _let_go(transaction, deployment, moved, caller, now)
            left = await transaction.kit.out_for(deployment.deployment_id)
            which = deployment.deployment_id
            sentence += f"; still out for {which}: {_listed(left)}" if left else f"; nothing more is out for {which}"
        return moved, sentence, left

    async def _hand_over(
        self, transaction: Transaction, asked: Scan, caller: Person, now: datetime
    ) -> tuple[StoredItem, str, list[str]]:
        found = await locked_item(transaction, asked.item)
        if found.place is not None:
            raise Conflict(
                "kit-in", f"{found.item} is in {found.place}, and {found.custodian} has it", "scan it out of there"
            )
        if found.custodian == caller.person_id:
            raise Conflict("kit-yours", f"you have {found.item} already", "who takes it over scans it")
        moved = await hand_over(
            transaction,
            found,
            caller.person_id,
            now=now,
            actor=caller.person_id,
            how=asked.how,
            condition=asked.condition,
            note=asked.note,
        )
        return moved, f"{_named(moved)} passed from {found.custodian} to {caller.person_id}", []


async def _left_to_scan(transaction: Transaction, deployment_id: str) -> list[str]:
    """The codes that are kept for a deployment and not out for it yet."""
    kept = (await transaction.reservations.of([deployment_id])).get(deployment_id, [])
    return sorted({one.item for one in kept} - set(await transaction.kit.out_for(deployment_id)))


def _check_usable(asked: Scan) -> None:
    """Raise RequestRefused for what does not go with the way of a scan."""
    wrong = ""
    if asked.way != "out" and (asked.deployment is not None or asked.expected_back_at is not None):
        wrong = "a deployment and an expected return are of what goes out"
    elif asked.way != "in" and asked.place is not None:
        wrong = "a store is of what comes in"
    elif asked.deployment is not None and asked.expected_back_at is not None:
        wrong = "for a deployment the expected return is the deployment's"
    if wrong:
        raise RequestRefused("scan-unusable", wrong, "leave it out")


def _expected_back(asked: Scan, deployment: StoredDeployment | None, now: datetime) -> datetime | None:
    if deployment is not None:
        _check_takes(deployment, now)
        return deployment.expected_back_at
    if asked.expected_back_at is None:
        return None
    back = whole_utc(asked.expected_back_at, now)
    if back <= now:
        raise RequestRefused("back-in-the-past", "the expected return is not in the future", "write a later time")
    return back


def _check_takes(deployment: StoredDeployment, now: datetime) -> None:
    which, state = deployment.deployment_id, deployment.state
    if state not in TAKES_KEPT:
        over = deployment.is_over or state == "recovered"
        raise Conflict(
            "deployment-takes-no-kit",
            f"{which} is {state}, and takes no kit {'any more' if over else 'yet'}",
            "take it for the bench" if over else "have it authorised; who decides: a supervisor or an approver",
        )
    if deployment.expected_back_at <= now:
        raise Conflict(
            "deployment-late",
            f"the kit of {which} should have been back at {said(deployment.expected_back_at)}",
            f"have a later return planned for {which}; who decides: its lead",
        )


async def _keep(
    transaction: Transaction, deployment: StoredDeployment, found: StoredItem, caller: Person, now: datetime
) -> None:
    """Keep a free item for the deployment that it goes out for, unless it is kept for it already."""
    which = deployment.deployment_id
    kept = await transaction.kit.reserved([found.item], now)
    if any(one.deployment_id == which for one in kept):
        return
    if deployment.state not in TAKES_MORE:
        raise Conflict(
            "kit-not-kept",
            f"{found.item} is not kept for {which}, which is {deployment.state}",
            f"have it kept for {which} first; who decides: its lead",
        )
    try:
        await transaction.reservations.add(which, [found.item], now, deployment.expected_back_at, now)
    except DoubleBooked as error:
        raise Conflict(
            "kit-reserved",
            f"{found.item} is kept for {error.deployment_id} from {said(error.starts_at)}",
            f"take another, or have it released from {error.deployment_id}",
        ) from error
    await transaction.log.append(_kept(deployment, caller, now, items=[found.item], starts_at=now))


async def _let_go(
    transaction: Transaction, deployment: StoredDeployment, moved: StoredItem, caller: Person, now: datetime
) -> None:
    """What comes back after it was fitted is not kept for its deployment any more."""
    if deployment.state in _COMES_BACK:
        return
    released = await transaction.reservations.release(deployment.deployment_id, [moved.item], now)
    if released:
        await transaction.log.append(_kept(deployment, caller, now, released=released))


def _kept(
    deployment: StoredDeployment,
    caller: Person,
    now: datetime,
    *,
    items: list[str] | None = None,
    released: list[str] | None = None,
    starts_at: datetime | None = None,
) -> KitKept:
    return KitKept(
        at=now,
        actor=caller.person_id,
        deployment=deployment.deployment_id,
        version=deployment.version,
        items=items or [],
        released=released or [],
        starts_at=starts_at or deployment.starts_at,
        ends_at=deployment.expected_back_at,
    )


def _in_condition(facts: KitFacts, seen: Condition) -> KitFacts:
    return structs.replace(facts, condition=seen)


def _no_place(item: str) -> str:
    raise RequestRefused("place-unnamed", f"nobody knows where {item} lay", "name the store that it goes to")


def _named(item: StoredItem) -> str:
    return f"{item.item} ({item.document.name})"


def _listed(items: list[str]) -> str:
    more = len(items) - _LISTED
    return ", ".join(items[:_LISTED]) + (f" and {more} more" if more > 0 else "")
