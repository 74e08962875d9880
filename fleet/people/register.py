"""Changing who may do what: every change drafts the next people list, and two administrators put it in force."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from fleet.clock import Clock
from fleet.entries.people_and_units import PeopleDrafted, PeopleSigned, PeopleWithdrawn, PersonEnded
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.people.draft_views import draft_view
from fleet.people.drafting import next_list
from fleet.people.enacting import enact, tell_people
from fleet.store.events import ControllerEvent
from fleet.store.people import Person
from fleet.store.people_drafts import StoredDraft
from fleet.store.store import Store, Transaction
from protocols.api.people import AccessEnded, DraftView, LeaveOut, NewPerson, PeopleChange
from protocols.errors import InvalidPeopleList
from protocols.ids import new_token_id
from protocols.people import (
    DRAFT_DAYS,
    NEEDED_SIGNATURES,
    ListSignature,
    PeopleList,
    SignedPeopleList,
    check_next,
    check_signature,
    people_hash,
    read_list,
)

MAX_OPEN_DRAFTS = 8
_CLOSED_SHOWN = 8
_DRAFT_LIFE = timedelta(days=DRAFT_DAYS)


class PeopleRegister:
    """The people of one fleet, and the next lists on their way."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def drafts(self) -> list[DraftView]:
        """All drafts that wait, then the latest others."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.people.drafts.outdate(now - _DRAFT_LIFE)
            return [
                await draft_view(transaction, draft) for draft in await transaction.people.drafts.newest(_CLOSED_SHOWN)
            ]

    async def draft(self, change: PeopleChange, actor: str) -> DraftView:
        """Draft the next list; raises RequestRefused, NotFound or Conflict when `change` leads to none."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.people.lock()
            draft = await self._draft(transaction, change, actor, now)
            return await draft_view(transaction, draft)

    async def sign(self, draft_id: str, armored: str, actor: str) -> DraftView:
        """Add the signature of the administrator `actor`; the second puts the list in force.

        Raises NotFound, Conflict when the draft is not open any more, RequestRefused when the signature proves nothing.
        """
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.people.lock()
            await transaction.people.drafts.outdate(now - _DRAFT_LIFE)
            draft = await self._open_draft(transaction, draft_id)
            current = await _in_force(transaction)
            following = read_list(draft.text)
            signature = ListSignature(person_id=actor, signature=armored)
            try:
                check_signature(current, following, draft.text, signature)
            except InvalidPeopleList as error:
                raise RequestRefused(
                    error.reason, error.detail, "sign the draft's exact text with your own key"
                ) from error
            if await transaction.people.drafts.sign(draft_id, signature, now):
                await transaction.log.append(
                    PeopleSigned(
                        at=now,
                        actor=actor,
                        draft=draft_id,
                        people_version=draft.version,
                        sha256=people_hash(draft.text).hex(),
                    )
                )
            signatures = await transaction.people.drafts.signatures(draft_id)
            if len(signatures) >= NEEDED_SIGNATURES:
                following = check_next(current, SignedPeopleList(text=draft.text, signatures=signatures))
                signers = [one.person_id for one in signatures]
                await enact(
                    transaction, following, draft.names, actor=actor, now=now, signed_by=signers, draft_id=draft_id
                )
            state = "is in force" if len(signatures) >= NEEDED_SIGNATURES else "waits for another signature"
            await tell_people(transaction, f"people list {draft.version} {state}, signed by {actor}", now)
            return await draft_view(transaction, await _existing(transaction, draft_id))

    async def withdraw(self, draft_id: str, actor: str) -> None:
        """Withdraw a draft; raises NotFound, or Conflict when it does not wait any more."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.people.lock()
            draft = await self._open_draft(transaction, draft_id)
            await transaction.people.drafts.close(draft.draft_id, "withdrawn")
            await transaction.log.append(PeopleWithdrawn(at=now, actor=actor, draft=draft_id))
            await tell_people(transaction, f"{actor} has withdrawn a draft of people list {draft.version}", now)

    async def end(self, person_id: str, actor: str) -> AccessEnded:
        """End a person's access and sessions at once, and draft the list without them.

        Every draft made before is outdated: it was made from another state. Raises Conflict for somebody who has no
        access, and for the last administrator.
        """
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.people.lock()
            if not await transaction.people.end_access(person_id, now):
                raise await _no_access(transaction, person_id)
            left = _administrators(await transaction.people.every(), now)
            if not left:
                raise Conflict(
                    "last-administrator",
                    f"{person_id} is the last administrator",
                    "found the people list anew on the controller's host: fleet person refound",
                )
            await transaction.sessions.close_all_of(person_id)
            transaction.changed.people.add(person_id)
            await transaction.people.drafts.outdate_all()
            current = await transaction.people.newest_list()
            assert current is not None, "whoever has access is on a list"
            await transaction.log.append(
                PersonEnded(at=now, actor=actor, person=person_id, people_version=current.version)
            )
            await _warn_of_too_few(transaction, person_id, left, now)
            drafted = None
            if len(left) >= NEEDED_SIGNATURES:
                drafted = await self._draft_without(transaction, person_id, actor, now)
            await tell_people(transaction, f"{actor} has ended the access of {person_id}", now)
            return AccessEnded(person_id=person_id, draft=drafted, administrators_left=len(left))

    async def _draft_without(
        self, transaction: Transaction, person_id: str, actor: str, now: datetime
    ) -> DraftView | None:
        try:
            draft = await self._draft(transaction, LeaveOut(person_id=person_id), actor, now)
        except RequestRefused:  # access ends all the same; whoever drafts it later is told why it can not be
            return None
        return await draft_view(transaction, draft)

    async def _draft(self, transaction: Transaction, change: PeopleChange, actor: str, now: datetime) -> StoredDraft:
        await transaction.people.drafts.outdate(now - _DRAFT_LIFE)
        if await transaction.people.drafts.count_open() >= MAX_OPEN_DRAFTS:
            raise Conflict("drafts-full", f"{MAX_OPEN_DRAFTS} drafts wait already", "sign one of them, or withdraw it")
        people = {person.person_id: person for person in await transaction.people.every()}
        if len(_administrators(people.values(), now)) < NEEDED_SIGNATURES:
            raise Conflict(
                "people-stuck",
                "fewer than two administrators are left to sign a list",
                "found the people list anew on the controller's host: fleet person refound",
            )
        following = next_list(await _in_force(transaction), people, change, now)
        draft = StoredDraft(
            draft_id=new_token_id(),
            version=following.version,
            text=following.text(),
            names={change.person_id: change.name} if isinstance(change, NewPerson) else {},
            made_by=actor,
            made_at=now,
        )
        await transaction.people.drafts.add(draft)
        await transaction.log.append(
            PeopleDrafted(
                at=now,
                actor=actor,
                draft=draft.draft_id,
                people_version=draft.version,
                sha256=people_hash(draft.text).hex(),
            )
        )
        await tell_people(transaction, f"{actor} has drafted people list {draft.version}: it waits for signatures", now)
        return draft

    async def _open_draft(self, transaction: Transaction, draft_id: str) -> StoredDraft:
        draft = await _existing(transaction, draft_id)
        if draft.state != "open":
            raise Conflict("draft-closed", f"the draft is {draft.state}", "list the drafts, and draft the change again")
        return draft


async def _no_access(transaction: Transaction, person_id: str) -> Conflict:
    """Why the access of `person_id` can not be ended, and what there is to do."""
    drafts = [draft for draft in await transaction.people.drafts.newest(0) if draft.state == "open"]
    known = {person.person_id: person for person in await transaction.people.every()}
    if person_id in known:
        detail, remedy = "has no access any more", "a draft without them may wait for signatures: fleet person drafts"
    elif drafted := next((draft for draft in drafts if person_id in draft.names), None):
        detail = "has no access yet: they are only drafted"
        remedy = f"withdraw the draft: fleet person withdraw {drafted.draft_id[:6]}"
    else:
        detail, remedy = "is not known", "list people again"
    return Conflict("person-gone", f"{person_id} {detail}", remedy)


def _administrators(people: Iterable[Person], now: datetime) -> list[str]:
    """The ids of those who can sign lists at `now`."""
    return [one.person_id for one in people if one.role == "administrator" and one.may_sign_in(now)]


async def _existing(transaction: Transaction, draft_id: str) -> StoredDraft:
    draft = await transaction.people.drafts.get(draft_id)
    if draft is None:
        raise NotFound("draft-unknown", f"there is no draft {draft_id}", "list the drafts")
    return draft


async def _in_force(transaction: Transaction) -> PeopleList:
    """The list in force; raises Conflict when units would not take it, as one from before lists were signed."""
    newest = await transaction.people.newest_list()
    if newest is None:
        raise Conflict("people-unfounded", "there is no people list", "found the fleet: fleet init")
    try:
        return read_list(newest.text)
    except InvalidPeopleList as error:
        remedy = "found the people list anew on the controller's host: fleet person refound"
        raise Conflict(f"people-{error.reason}", error.detail, remedy) from error


async def _warn_of_too_few(transaction: Transaction, person_id: str, left: list[str], now: datetime) -> None:
    if len(left) >= NEEDED_SIGNATURES:
        return
    event = ControllerEvent(
        kind="people-stuck",
        severity="alarm",
        summary=f"only {left[0]} is left of the administrators after {person_id}: nobody can change the people list; "
        "found it anew (fleet person refound)",
        repeat_key="people-stuck",
    )
    await transaction.events.add(event, now)
    transaction.changed.events = True
