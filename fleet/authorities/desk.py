"""Authorities for those who record and look at them; each change with its entry in one transaction."""

from datetime import datetime

from fleet.authorities import rules
from fleet.clock import Clock
from fleet.entries.access import AuthorityCancelled, AuthorityRecorded, AuthorityReviewed, StatementRecorded
from fleet.entries.entry import HashedText
from fleet.errors import NotFound
from fleet.mandates.cancelling import cancel_mandate, discard_draft
from fleet.mandates.rules import whole_utc
from fleet.store.events import ControllerEvent
from fleet.store.store import Store, Transaction
from fleet.store.stored_authority import Authority
from protocols.api.authorities import (
    AuthorityPage,
    AuthorityState,
    AuthorityView,
    DocumentHash,
    NewAuthority,
    ReviewDone,
)
from protocols.ids import new_authority_id


class AuthorityDesk:
    """Every method raises StoreUnavailable; those about one authority NotFound; those that change something Conflict or
    RequestRefused, with the rule that refuses, whose it is, and what would make it possible."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def page(self, *, words: str, state: AuthorityState | None, offset: int, limit: int) -> AuthorityPage:
        """`limit` authorities from the `offset`-th newest; with `words` in reference or id, in a state, where named."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            total, found = await transaction.authorities.page(
                now, words=words, state=state or "", offset=offset, limit=limit
            )
            live = await transaction.authorities.live_mandates([one.authority_id for one in found], now)
        rows = [one.view(now, live.get(one.authority_id, 0)) for one in found]
        return AuthorityPage(total=total, offset=offset, rows=rows)

    async def one(self, authority_id: str) -> AuthorityView:
        """One authority."""
        async with self._store.transaction() as transaction:
            return await _view(transaction, authority_id, self._clock())

    async def record(self, new: NewAuthority, actor: str) -> AuthorityView:
        """Record an authority that was given elsewhere."""
        now = self._clock()
        new = rules.in_whole_seconds(new, now)
        rules.check_new(new)
        document = new.document
        authority = Authority(
            authority_id=new_authority_id(),
            reference=new.reference,
            kinds=new.kinds,
            modalities=new.modalities,
            authorised_by_rank=new.authorised_by_rank,
            starts_at=new.starts_at,
            ends_at=new.ends_at,
            urgent_oral=new.urgent_oral,
            document_sha256=None if document is None else document.sha256,
            document_salt=None if document is None else document.salt,
            note=new.note,
            renews=new.renews,
            recorded_by=actor,
            recorded_at=now,
        )
        async with self._store.transaction() as transaction:
            await transaction.authorities.lock_recording()
            if new.renews is not None:
                rules.check_renewal(new, await _locked(transaction, new.renews))
            if new.urgent_oral:
                rules.check_oral(new, await transaction.authorities.oral_of_reference(new.reference))
            rules.check_reference(new, await transaction.authorities.of_reference(new.reference))
            await transaction.authorities.add(authority, new.review_at)
            await transaction.log.append(
                AuthorityRecorded(
                    at=now,
                    actor=actor,
                    authority=authority.reference,
                    authority_id=authority.authority_id,
                    authority_kinds=authority.kinds,
                    modalities=authority.modalities,
                    authorised_by_rank=HashedText(authority.authorised_by_rank),
                    urgent_oral=authority.urgent_oral,
                    starts_at=new.starts_at,
                    ends_at=authority.lapses_at,
                    review_at=new.review_at[0] if new.review_at else None,
                    document_sha256=authority.document_sha256,
                    renews=authority.renews,
                    note=HashedText(authority.note) if authority.note else None,
                )
            )
            await _tell(transaction, f"{actor} has recorded authority {authority.reference}", now)
            return await _view(transaction, authority.authority_id, now)

    async def review(self, authority_id: str, done: ReviewDone, actor: str) -> AuthorityView:
        """A review was held: for all dates that have passed, or else for the next one."""
        now = self._clock()
        following = None if done.next_review_at is None else whole_utc(done.next_review_at, now)
        async with self._store.transaction() as transaction:
            authority = await _locked(transaction, authority_id)
            due = await transaction.authorities.reviews_due(authority_id)
            held = rules.reviewed(authority, due, now)
            await transaction.authorities.set_reviewed(authority_id, held, actor, now)
            if following is not None:
                rules.check_next_review(authority, following, now)
                await transaction.authorities.drop_reviews_to_come(authority_id)
                await transaction.authorities.add_review(authority_id, following)
            after = await _view(transaction, authority_id, now)
            await transaction.log.append(
                AuthorityReviewed(
                    at=now,
                    actor=actor,
                    authority=authority.reference,
                    authority_id=authority_id,
                    outcome=HashedText(done.outcome),
                    review_at=after.next_review_at,
                )
            )
            await _tell(transaction, f"{actor} has recorded a review of authority {authority.reference}", now)
            return after

    async def statement(self, authority_id: str, document: DocumentHash, actor: str) -> AuthorityView:
        """The written statement of an urgent oral authority was made. It makes the authority no longer."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            authority = await _locked(transaction, authority_id)
            rules.check_statement(authority)
            await transaction.authorities.state_statement(authority_id, document.sha256, document.salt, now)
            await transaction.log.append(
                StatementRecorded(
                    at=now,
                    actor=actor,
                    authority=authority.reference,
                    authority_id=authority_id,
                    document_sha256=document.sha256,
                )
            )
            await _tell(transaction, f"{actor} has recorded the statement of authority {authority.reference}", now)
            return await _view(transaction, authority_id, now)

    async def cancel(self, authority_id: str, reason: str, actor: str) -> AuthorityView:
        """End an authority before its time, and with it the drafts and mandates that rest on it."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            authority = await _locked(transaction, authority_id)
            rules.check_cancel(authority, now)
            await transaction.authorities.cancel(authority_id, actor, now)
            await transaction.log.append(
                AuthorityCancelled(
                    at=now,
                    actor=actor,
                    authority=authority.reference,
                    authority_id=authority_id,
                    reason=HashedText(reason),
                )
            )
            for mandate in await transaction.mandates.not_over_under(authority_id, now):
                if mandate.recorded_at is None:
                    await discard_draft(transaction, mandate, actor, now)
                else:
                    said = f"authority {authority.reference} was cancelled"
                    await cancel_mandate(transaction, mandate, said, actor, self._clock)
            await _tell(transaction, f"{actor} has cancelled authority {authority.reference}", now)
            return await _view(transaction, authority_id, now)


async def _locked(transaction: Transaction, authority_id: str) -> Authority:
    authority = await transaction.authorities.locked(authority_id)
    if authority is None:
        raise _unknown(authority_id)
    return authority


async def _view(transaction: Transaction, authority_id: str, now: datetime) -> AuthorityView:
    authority = await transaction.authorities.one(authority_id)
    if authority is None:
        raise _unknown(authority_id)
    live = await transaction.authorities.live_mandates([authority_id], now)
    return authority.view(now, live.get(authority_id, 0))


def _unknown(authority_id: str) -> NotFound:
    return NotFound("authority-unknown", f"there is no authority {authority_id}", "list them: fleet authority list")


async def _tell(transaction: Transaction, summary: str, now: datetime) -> None:
    event = ControllerEvent(kind="authority", severity="info", summary=summary[:200])
    await transaction.events.add(event, now)
    transaction.changed.events = True
