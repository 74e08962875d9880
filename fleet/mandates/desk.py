"""Mandates for those who draft, sign, cancel and look at them; each change with its entry in one transaction."""

import secrets
from datetime import datetime

from fleet.clock import Clock
from fleet.entries.access import KitRecovered, MandateDrafted
from fleet.entries.entry import HashedText
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.mandates import rules
from fleet.mandates.cancelling import cancel_mandate, discard_draft, end_alarm, tell_of_mandate
from fleet.mandates.rules import Wanted, whole_utc
from fleet.mandates.signing import sign_draft
from fleet.settings import MandateSettings
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from fleet.store.stored_authority import Authority
from fleet.store.stored_mandate import StoredMandate
from protocols.api.mandates import MandatePage, MandateState, MandateView, NewMandate
from protocols.errors import InvalidMandate
from protocols.ids import new_mandate_id
from protocols.mandate import Mandate, mandate_hash, read_mandate


class MandateDesk:
    """Every method raises StoreUnavailable; those about one mandate NotFound; those that change something Conflict or
    RequestRefused, with the rule that refuses, whose it is, and what would make it possible."""

    def __init__(self, store: Store, clock: Clock, settings: MandateSettings) -> None:
        self._store = store
        self._clock = clock
        self._plain = settings.plain_keys_may_sign

    async def page(
        self, *, unit_id: str, state: MandateState | None, waits_for: str, offset: int, limit: int
    ) -> MandatePage:
        """`limit` mandates from the `offset`-th newest; of a unit, in a state, waiting for a person, where named."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            total, found = await transaction.mandates.page(
                now, unit_id=unit_id, state=state or "", waits_for=waits_for, offset=offset, limit=limit
            )
        return MandatePage(total=total, offset=offset, rows=[one.view(now) for one in found])

    async def one(self, mandate_id: str) -> MandateView:
        """One mandate."""
        async with self._store.transaction() as transaction:
            return _known(await transaction.mandates.one(mandate_id), mandate_id).view(self._clock())

    async def draft(self, new: NewMandate, requester: Person) -> MandateView:
        """Draft a mandate, which `requester` asks for and nobody has signed."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            if await transaction.mandates.open_drafts(requester.person_id, now) >= rules.MAX_OPEN_DRAFTS:
                raise Conflict(
                    "drafts-full",
                    f"{rules.MAX_OPEN_DRAFTS} drafts of yours wait already",
                    "let them be signed, or discard some",
                )
            rules.check_people(requester, await transaction.people.get(new.approver), now)
            authority = None if new.authority is None else await transaction.authorities.kept(new.authority)
            line = _line(new, authority, requester.person_id, now)
            wanted = Wanted(line.kind, line.unit, line.modalities, line.not_before, line.not_after)
            await _check_facts(transaction, wanted, authority, now)
            try:
                read_mandate(line.text())
            except InvalidMandate as error:
                raise RequestRefused(error.reason, error.detail, "change what is asked for") from error
            await transaction.mandates.add(line, new.authority, now)
            await transaction.log.append(
                MandateDrafted(
                    at=now,
                    actor=requester.person_id,
                    unit=line.unit,
                    authority=line.authority,
                    mandate=line.mandate,
                    mandate_kind=line.kind,
                    approver=line.approver,
                    sha256=mandate_hash(line.text()),
                )
            )
            drafted = _known(await transaction.mandates.one(line.mandate), line.mandate)
            summary = f"{line.requester} asks for mandate {line.mandate}: it waits for {line.approver} to sign"
            await tell_of_mandate(transaction, drafted, summary, now)
            return drafted.view(now)

    async def sign(self, mandate_id: str, armored: str, actor: str) -> MandateView:
        """Add the signature of the requester or of the approver, which `actor` hands in; with the second, the mandate
        is recorded. The rules of drafting have to hold still."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            before = _known(await transaction.mandates.one(mandate_id), mandate_id)
            kept = transaction.authorities.kept
            # The authority before the mandate: see `fleet.mandates.standing`.
            authority = None if before.authority_id is None else await kept(before.authority_id)
            mandate = await _locked(transaction, mandate_id)
            rules.check_draft_open(mandate, now)
            await _check_facts(transaction, _wanted(mandate), authority, now)
            await sign_draft(transaction, mandate, armored, actor, now, plain=self._plain)
            return _known(await transaction.mandates.one(mandate_id), mandate_id).view(now)

    async def discard(self, mandate_id: str, person: Person) -> MandateView:
        """Give up a draft; its line is erased."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            mandate = await _locked(transaction, mandate_id)
            rules.check_draft_open(mandate, now)
            rules.check_discard(mandate, person)
            await discard_draft(transaction, mandate, person.person_id, now)
            return _known(await transaction.mandates.one(mandate_id), mandate_id).view(now)

    async def cancel(self, mandate_id: str, reason: str, actor: str) -> MandateView:
        """End a mandate before its time: what is open under it closes."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            mandate = await _locked(transaction, mandate_id)
            rules.check_cancel(mandate, now)
            await cancel_mandate(transaction, mandate, reason, actor, self._clock)
            return _known(await transaction.mandates.one(mandate_id), mandate_id).view(now)

    async def recovered(self, mandate_id: str, note: str, actor: str) -> MandateView:
        """The unit of a cancelled mandate is back."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            mandate = await _locked(transaction, mandate_id)
            rules.check_recovered(mandate)
            await transaction.mandates.recover(mandate_id, actor, now)
            await transaction.log.append(
                KitRecovered(
                    at=now,
                    actor=actor,
                    unit=mandate.unit_id,
                    authority=mandate.authority,
                    mandate=mandate_id,
                    note=HashedText(note),
                )
            )
            await end_alarm(transaction, mandate, actor, now)
            summary = f"{actor} says that the unit of mandate {mandate_id} is back"
            await tell_of_mandate(transaction, mandate, summary, now)
            return _known(await transaction.mandates.one(mandate_id), mandate_id).view(now)


def _line(new: NewMandate, authority: Authority | None, requester: str, now: datetime) -> Mandate:
    return Mandate(
        v=1,
        mandate=new_mandate_id(),
        kind=new.kind,
        unit=new.unit,
        authority=None if authority is None else authority.reference,
        allows=new.allows,
        purpose=new.purpose,
        not_before=whole_utc(new.not_before, now),
        not_after=whole_utc(new.not_after, now),
        requester=requester,
        approver=new.approver,
        salt=secrets.token_hex(16),
    )


def _wanted(mandate: StoredMandate) -> Wanted:
    line = mandate.line
    assert line is not None, "drafts that wait have their line"
    return Wanted(mandate.kind, mandate.unit_id, line.modalities, mandate.not_before, mandate.not_after)


async def _check_facts(transaction: Transaction, wanted: Wanted, authority: Authority | None, now: datetime) -> None:
    """Raise Conflict, NotFound or RequestRefused unless unit, window and authority allow the mandate now."""
    unit = await transaction.revocation.lock_unit(wanted.unit_id)
    rules.check_unit(wanted.unit_id, None if unit is None else unit.state)
    rules.check_on_bench(wanted, await transaction.deployments.of_unit(wanted.unit_id))
    rules.check_authority(wanted, authority, now)
    rules.check_window(wanted, now)
    rules.check_retrieval(wanted, await transaction.mandates.not_over_of(wanted.unit_id, now), now)


def _known(mandate: StoredMandate | None, mandate_id: str) -> StoredMandate:
    if mandate is None:
        raise NotFound("mandate-unknown", f"there is no mandate {mandate_id}", "list mandates: fleet mandate list")
    return mandate


async def _locked(transaction: Transaction, mandate_id: str) -> StoredMandate:
    return _known(await transaction.mandates.locked(mandate_id), mandate_id)
