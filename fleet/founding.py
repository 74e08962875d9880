"""Making a new fleet, and giving a fleet whose administrators are lost a new people list."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec

from fleet.ca.holdings import digest, load_holdings
from fleet.ca.rotation import Changed
from fleet.clock import utc_now
from fleet.credentials import create_credentials
from fleet.custody import log_changes
from fleet.entries.entry import CONTROLLER
from fleet.entries.people_and_units import AuthorityStep, VoucherWithdrawn
from fleet.errors import Conflict, RequestRefused
from fleet.log.key import LogKey
from fleet.people.drafting import anchor_list
from fleet.people.enacting import enact
from fleet.settings import Settings
from fleet.store.events import ControllerEvent
from fleet.store.migrate import upgrade
from fleet.store.store import Store, Transaction, open_store
from protocols.api.people import NewPerson
from protocols.errors import InvalidNote, InvalidPolicy
from protocols.people import ListedPerson, PeopleList, read_list
from protocols.tlog.note import VerifierKey
from protocols.tlog.policy import build_policy


class Anchor(msgspec.Struct, frozen=True):
    """A list that stands for itself: people pin `sha256` (hexadecimal), vouchers carry it."""

    version: int
    sha256: str
    people: list[str]


async def found(
    settings: Settings,
    people: Sequence[NewPerson],
    *,
    witnesses: Sequence[str] = (),
    quorum: int = 0,
    now: datetime | None = None,
) -> Anchor:
    """Make authority, signing keys and schema, and the first people list, of `people`.

    Units believe the fleet's own log when `quorum` of `witnesses` (verifier keys, each under its own name) have seen
    what it says. `now` is when it is founded, None: now. Raises AuthorityExists when `settings.state_dir` holds a
    fleet already, Conflict when the database does (only the schema is brought up to date then), RequestRefused unless
    there are two administrators with keys of their own, and for witnesses that can not be used.
    """
    now = now or utc_now()
    log_key = LogKey.new()
    anchor = anchor_list(1, people, [], now, log_policy=_log_policy(log_key, witnesses, quorum))
    await upgrade(settings.database.owner_dsn or settings.database.dsn)
    async with _opened(settings.database.dsn) as store:
        async with store.transaction() as transaction:
            if await transaction.people.every():
                raise Conflict("fleet-exists", "this database holds a fleet already", "name another database")
            await transaction.log.append(AuthorityStep(at=now, actor=CONTROLLER, step="found"))
        create_credentials(settings.state_path, now, log_key)
        names = {person.person_id: person.name for person in people}
        return await put_anchor(store, anchor, names, now, _first_certificates(settings))


async def refound(settings: Settings, administrators: Sequence[NewPerson]) -> Anchor:
    """Write a new anchor: `administrators` in place of those there were, everybody else with access as they are.

    Raises Conflict when there is no fleet to do it for, RequestRefused as `found` does.
    """
    now = utc_now()
    async with (
        _opened(settings.database.owner_dsn or settings.database.dsn) as store,
        store.transaction() as transaction,
    ):
        # Before anything is read: somebody whose access is ended meanwhile must not be listed as if they had it.
        await transaction.people.lock()
        newest = await transaction.people.newest_list()
        everybody = await transaction.people.every()
        if newest is None:
            raise Conflict("people-unfounded", "this database holds no fleet", "make one with fleet init")
        named = {person.person_id for person in administrators}
        kept = [
            ListedPerson(
                person_id=person.person_id,
                role=person.role,
                key=person.public_key,
                valid_from=person.valid_from,
                valid_until=person.valid_until,
            )
            for person in everybody
            if person.ended_at is None and person.role != "administrator" and person.person_id not in named
        ]
        log_policy = read_list(newest.text).log_policy
        anchor = anchor_list(newest.version + 1, administrators, kept, now, log_policy=log_policy)
        return await _put(transaction, anchor, {person.person_id: person.name for person in administrators}, now)


async def put_anchor(
    store: Store, anchor: PeopleList, names: dict[str, str], now: datetime, certificates: Sequence[Changed] = ()
) -> Anchor:
    """Write `anchor` as the list in force, and void vouchers of the one before; log that `certificates` are in use.

    Raises Conflict when another list was faster.
    """
    async with store.transaction() as transaction:
        await transaction.people.lock()
        await log_changes(transaction, certificates, now)
        return await _put(transaction, anchor, names, now)


async def _put(transaction: Transaction, anchor: PeopleList, names: dict[str, str], now: datetime) -> Anchor:
    newest = await transaction.people.newest_list()
    if anchor.version != (0 if newest is None else newest.version) + 1:
        raise Conflict("people-changed", "the people list has just changed", "look at it, then try again")
    digest = await enact(transaction, anchor, names, actor=CONTROLLER, now=now)
    if newest is not None:
        for voucher in await transaction.people.void_vouchers(now):
            await transaction.log.append(VoucherWithdrawn(at=now, actor=CONTROLLER, voucher=voucher))
        event = ControllerEvent(
            kind="people-refounded",
            severity="alarm",
            summary=f"people list {anchor.version} was founded anew on the controller's host: every unit needs a "
            "voucher and a visit, everybody a new people_anchor",
        )
        await transaction.events.add(event, now)
        transaction.changed.events = transaction.changed.joins = True
    return Anchor(anchor.version, digest, sorted(person.person_id for person in anchor.people))


def _first_certificates(settings: Settings) -> list[Changed]:
    held = load_holdings(settings.state_path / "ca")
    return [
        *(Changed("root-added", digest(root.certificate).hex()) for root in held.roots),
        *(Changed("issuing-added", digest(issuer.certificate).hex()) for issuer in held.issuers),
    ]


def _log_policy(log_key: LogKey, witnesses: Sequence[str], quorum: int) -> str:
    try:
        keys = [VerifierKey.parse(witness) for witness in witnesses]
        return build_policy(log_key.verifier.line, [(key.name, key.line) for key in keys], quorum).text
    except (InvalidNote, InvalidPolicy) as error:
        raise RequestRefused(
            "log-policy-unusable", str(error), "name each witness's key as `fleet witness init` printed it, once"
        ) from error


@asynccontextmanager
async def _opened(dsn: str) -> AsyncIterator[Store]:
    store = await open_store(dsn, max_connections=2)
    try:
        yield store
    finally:
        await store.close()
