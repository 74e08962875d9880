"""Drafts as the API shows them."""

from fleet.store.people_drafts import StoredDraft
from fleet.store.store import Transaction
from protocols.api.people import DraftLine, DraftView
from protocols.people import NEEDED_SIGNATURES, people_hash, read_list
from protocols.people_changes import PersonChange, differences
from protocols.sshsig import read_key


async def draft_view(transaction: Transaction, draft: StoredDraft) -> DraftView:
    """The draft with its differences to the list before it, and who has signed."""
    names = {person.person_id: person.name for person in await transaction.people.every()} | draft.names
    signatures = await transaction.people.drafts.signatures(draft.draft_id)
    stored = await transaction.people.list_of_version(draft.version - 1)
    assert stored is not None, "drafts are made from a list"
    before, after = read_list(stored.text), read_list(draft.text)
    return DraftView(
        draft_id=draft.draft_id,
        version=draft.version,
        text=draft.text,
        sha256=people_hash(draft.text).hex(),
        lines=[_line(change, names) for change in differences(before, after)],
        made_by=draft.made_by,
        made_at=draft.made_at,
        signed_by=[signature.person_id for signature in signatures],
        needed=NEEDED_SIGNATURES,
        state=draft.state,
        new_policy=before.log_policy != after.log_policy,
    )


def _line(change: PersonChange, names: dict[str, str]) -> DraftLine:
    key = read_key(change.person.key)
    return DraftLine(
        what=change.what,
        person_id=change.person.person_id,
        name=names.get(change.person.person_id, ""),
        role=change.person.role,
        key_fingerprint=key.fingerprint,
        hardware_key=key.hardware,
        valid_until=change.person.valid_until,
    )
