"""Taking up a signature under a mandate: it proves by itself whose it is, whoever hands it in."""

from datetime import datetime

from fleet.entries.access import MandateRecorded, MandateSigned
from fleet.entries.entry import HashedText
from fleet.errors import Conflict, RequestRefused
from fleet.mandates.cancelling import tell_of_mandate
from fleet.store.store import Transaction
from fleet.store.stored_mandate import StoredMandate
from protocols.errors import InvalidMandate, InvalidPeopleList
from protocols.mandate import SignedMandate, check_mandate, signer_of
from protocols.people import PeopleList, read_list

_REMEDIES = {
    "bad-signature": "sign the one line with its line end, in namespace mandate@muster: fleet mandate line",
    "unknown-person": "two administrators have to sign a people list with them, then sign again",
    "not-in-force": "draft it again with somebody whose access is in force",
    "role-may-not-sign": "draft it again with somebody whose role may sign",
    "key-not-hardware": "sign with a FIDO token (sk-ssh-ed25519); a key on disk signs bench mandates only",
    "user-absent": "touch the token when it blinks, and sign again",
    "same-key": "each of the two needs a key of their own: administrators have to change the people list",
}


async def people_in_force(transaction: Transaction) -> PeopleList:
    """The newest people list, by which signatures are checked; raises Conflict when units would not take it."""
    newest = await transaction.people.newest_list()
    if newest is None:
        raise Conflict("people-unfounded", "there is no people list", "found the fleet: fleet init")
    try:
        return read_list(newest.text)
    except InvalidPeopleList as error:
        remedy = "found the people list anew on the controller's host: fleet person refound"
        raise Conflict(f"people-{error.reason}", error.detail, remedy) from error


async def sign_draft(
    transaction: Transaction, mandate: StoredMandate, armored: str, actor: str, now: datetime, *, plain: bool
) -> None:
    """Add a signature to a draft, which is locked; with the second, the mandate is recorded.

    Raises RequestRefused when the signature proves nothing, Conflict when its person may not sign any more.
    """
    people = await people_in_force(transaction)
    line = mandate.line
    assert line is not None, "drafts that wait have their line"
    try:
        signer = signer_of(line, armored, people, now, plain_keys_may_sign=plain)
    except InvalidMandate as error:
        raise RequestRefused(error.reason, error.detail, _remedy(error)) from error
    person = await transaction.people.get(signer.person_id)
    if person is None or not person.may_sign_in(now):
        raise Conflict("not-in-force", f"the access of {signer.person_id} has ended", _REMEDIES["not-in-force"])
    if not await transaction.mandates.sign(mandate.mandate_id, signer.person_id, armored, now):
        raise Conflict(
            "mandate-signed",
            f"{signer.person_id} has signed mandate {mandate.mandate_id} already",
            "it waits for the other signature",
        )
    await transaction.log.append(
        MandateSigned(
            at=now,
            actor=actor,
            unit=mandate.unit_id,
            authority=mandate.authority,
            mandate=mandate.mandate_id,
            person=signer.person_id,
            sha256=mandate.sha256,
        )
    )
    signatures = {**mandate.signatures, signer.person_id: armored}
    if len(signatures) < 2:
        other = line.approver if signer.person_id == line.requester else line.requester
        await tell_of_mandate(transaction, mandate, f"mandate {mandate.mandate_id} waits for {other} to sign", now)
        return
    signed = SignedMandate(text=mandate.text, requester=signatures[line.requester], approver=signatures[line.approver])
    await _record(transaction, mandate, signed, people, actor, now, plain=plain)


async def _record(
    transaction: Transaction,
    mandate: StoredMandate,
    signed: SignedMandate,
    people: PeopleList,
    actor: str,
    now: datetime,
    *,
    plain: bool,
) -> None:
    try:
        line = check_mandate(signed, people, now, plain_keys_may_sign=plain)
    except InvalidMandate as error:
        raise Conflict(error.reason, f"the mandate can not be in force: {error.detail}", _remedy(error)) from error
    await transaction.mandates.record(mandate.mandate_id, now)
    await transaction.log.append(
        MandateRecorded(
            at=now,
            actor=actor,
            unit=mandate.unit_id,
            authority=mandate.authority,
            mandate=mandate.mandate_id,
            mandate_kind=line.kind,
            authority_id=mandate.authority_id,
            allows=line.allows,
            starts_at=line.not_before,
            ends_at=line.not_after,
            requester=line.requester,
            approver=line.approver,
            purpose=HashedText(line.purpose),
            sha256=mandate.sha256,
        )
    )
    summary = f"mandate {mandate.mandate_id} is in force, signed by {line.requester} and {line.approver}"
    await tell_of_mandate(transaction, mandate, summary, now)


def _remedy(error: InvalidMandate) -> str:
    return _REMEDIES.get(error.reason, "let one of the two sign the draft's exact line with their own key")
