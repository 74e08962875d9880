"""Rotas for those who lay them down and look at them; each change with its entry in one transaction."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from msgspec import structs

from fleet.clock import Clock
from fleet.entries.rotas import RotaDefined, RotaEnded
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.rota.books import KNOWN_BEFORE, book_of, known_rota, locked_rota, period_of, turns_and_changes
from fleet.rota.judging import Judging
from fleet.rota.past import LOOK_BACK, past_from
from fleet.rota.plan_rules import to_give, with_turns
from fleet.rota.redaction import assessment_for, book_for
from fleet.rota.rules.schedule import on_call
from fleet.rota.rules.spans import Span
from fleet.store.people import Person
from fleet.store.rotas import StoredRota
from fleet.store.store import Store, Transaction
from protocols.api.rotas import RotaSummary, RotaView, SetRota
from protocols.errors import InvalidRota
from protocols.people import may, roles_with
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment
from protocols.rota.model import Rota
from protocols.rota.reading import check_book, check_rota

_ANY_DAY = datetime(2026, 1, 5)  # noqa: DTZ001 - a wall time
MAX_ROTAS = 50
"""Ended ones counted in: all of them are looked at for who is on call elsewhere."""


class RotaDesk:
    """Every method raises StoreUnavailable; those about one rota NotFound; those that change something, or take a
    period, Conflict or RequestRefused."""

    def __init__(self, store: Store, clock: Clock, judging: Judging) -> None:
        self._store = store
        self._clock = clock
        self._judging = judging

    async def every(self) -> list[RotaSummary]:
        """All rotas, ended ones too, by id."""
        async with self._store.transaction() as transaction:
            stored = await transaction.rotas.every()
            until = await transaction.rotas.published_until()
        return [_summary(one, until.get(one.rota.rota)) for one in stored]

    async def one(self, rota_id: str) -> RotaView:
        """One rota."""
        async with self._store.transaction() as transaction:
            return (await known_rota(transaction, rota_id)).view()

    async def put(self, rota_id: str, new: SetRota, actor: str) -> RotaView:
        """Lay a rota down, or anew in the place of `new.version`."""
        now, rota = self._clock(), new.rota
        _check_document(rota_id, rota)
        async with self._store.transaction() as transaction:
            before = await _replaced(transaction, rota_id, new.version)
            await _check_members(transaction, rota, before, now)
            past = None if before is None else await self._past_from(transaction, before.rota, rota, now)
            version = new.version + 1
            document = await transaction.rotas.put(rota, version, actor, now)
            digest = sha256(document.encode()).hexdigest()
            await transaction.log.append(
                RotaDefined(
                    at=now,
                    actor=actor,
                    rota=rota_id,
                    version=version,
                    sha256=digest,
                    past_from=past,
                    allowance_permille=rota.allowance_permille,
                )
            )
            transaction.changed.rotas = True
            return (await known_rota(transaction, rota_id)).view()

    async def _past_from(self, transaction: Transaction, before: Rota, after: Rota, now: datetime) -> datetime | None:
        """From when on, of the time within LOOK_BACK, `after` has somebody else on call; all of that time where there
        is too much of it to see."""
        window = Span(now - LOOK_BACK, now)
        try:
            old = await turns_and_changes(transaction, before, window)
            new = await turns_and_changes(transaction, after, window)
        except RequestRefused:
            return window.starts_at
        return await self._judging.work_out(
            lambda: past_from(on_call(before, *old, window), on_call(after, *new, window))
        )

    async def end(self, rota_id: str, actor: str) -> RotaView:
        """Let a rota ask for nobody any more."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            stored = await locked_rota(transaction, rota_id)
            await transaction.rotas.end(rota_id, actor, now)
            await transaction.log.append(RotaEnded(at=now, actor=actor, rota=rota_id, version=stored.version))
            transaction.changed.rotas = True
            return (await known_rota(transaction, rota_id)).view()

    async def book(self, rota_id: str, since: datetime, until: datetime, reader: Person) -> RotaBook:
        """What the rules need for a period, as far as `reader` may have it; raises Conflict when they ask for too many
        at once."""
        with self._judging.asked_by(reader.person_id):
            async with self._store.transaction() as transaction:
                book = await book_of(transaction, rota_id, since, until, self._clock())
            return book_for(book, reader.person_id, reader.role)

    async def check(
        self, rota_id: str, since: datetime, until: datetime, plan_id: str | None, reader: Person
    ) -> Assessment:
        """What the rules say of a period as it is published, or as a plan would make it; as far as `reader` may
        know."""
        now = self._clock()
        period = period_of(since, until)
        with self._judging.asked_by(reader.person_id):
            async with self._store.transaction() as transaction:
                book = await book_of(transaction, rota_id, *period, now)
                if plan_id is not None:
                    plan = await transaction.rota_plans.one(plan_id)
                    if plan is None or plan.rota != rota_id:
                        raise NotFound(
                            "plan-unknown", f"{rota_id} has no plan {plan_id}", "list plans: fleet rota plans"
                        )
                    book = with_turns(book, to_give(book.rota, book, plan.assigned, now))
            found = await self._judging.assess(book_for(book, reader.person_id, reader.role))
        return assessment_for(found, reader.person_id, reader.role)


def _summary(stored: StoredRota, published_until: datetime | None) -> RotaSummary:
    rota = stored.rota
    return RotaSummary(
        rota=rota.rota,
        name=rota.name,
        zone=rota.zone,
        version=stored.version,
        members=len(rota.members),
        published_until=published_until,
        ended_at=stored.ended_at,
    )


def _check_document(rota_id: str, rota: Rota) -> None:
    if rota.rota != rota_id:
        raise RequestRefused(
            "rota-differs", f"the path names {rota_id} and the rota is {rota.rota}", "name the same rota twice"
        )
    try:
        check_rota(rota)
        check_book(_quarter(rota))
    except InvalidRota as error:
        raise RequestRefused(error.reason, error.detail, "mend the rota") from error


def _quarter(rota: Rota) -> RotaBook:
    """A book for 13 weeks, of nobody: a rota of which the rules could not judge so much could be neither published nor
    called out."""
    nobody = structs.replace(
        rota, members=[], layers=[structs.replace(one, starts=_ANY_DAY, ends=None, order=[]) for one in rota.layers]
    )
    at = _ANY_DAY.replace(tzinfo=UTC)
    return RotaBook(
        rota=nobody, starts_at=at, ends_at=at + timedelta(weeks=13), known_from=at - KNOWN_BEFORE, as_of=at, members=[]
    )


async def _replaced(transaction: Transaction, rota_id: str, version: int) -> StoredRota | None:
    """The rota that is replaced, locked; None for a new one. Raises NotFound or Conflict."""
    if version:
        stored = await locked_rota(transaction, rota_id)
        if stored.version != version:
            raise Conflict(
                "rota-changed",
                f"version {stored.version} of {rota_id} is in force, by {stored.changed_by}, and not {version}",
                "look at it, and make your change to that",
            )
        return stored
    await transaction.rotas.lock_list()
    if await transaction.rotas.one(rota_id) is not None:
        raise Conflict("rota-exists", f"there is a rota {rota_id} already", "change that one, or take another name")
    if await transaction.rotas.count() >= MAX_ROTAS:
        raise Conflict("rotas-full", f"there are {MAX_ROTAS} rotas, ended ones counted in", "change one of them")
    return None


async def _check_members(transaction: Transaction, rota: Rota, before: StoredRota | None, now: datetime) -> None:
    """Raise NotFound or Conflict unless everybody is in the register; who comes anew has to be in force, in a role that
    serves on rotas."""
    known = await transaction.rota_books.terms_of_people(rota.members)
    stayed = set() if before is None else set(before.rota.members)
    for person in rota.members:
        term = known.get(person)
        if term is None:
            raise NotFound("person-unknown", f"{person} is not in the people list", "list people: fleet person list")
        if person in stayed:
            continue
        if term.valid_until <= now:
            raise Conflict("not-in-force", f"the access of {person} has ended", "take somebody else")
        if not may(term.role, "serve-rota"):
            able = ", ".join(roles_with("serve-rota"))
            raise Conflict(
                "role-may-not-serve",
                f"{person} is {term.role} and serves on no rota",
                f"take a person with the role {able}",
            )
