"""People with real SSH keys for tests: who founds a fleet, and signs its people lists."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncssh

from fleet.founding import Anchor, put_anchor
from fleet.people.drafting import anchor_list
from fleet.people.register import PeopleRegister
from fleet.store.store import Store
from protocols.api.people import DraftView, NewPerson, PeopleChange
from protocols.people import PEOPLE_NAMESPACE, ListSignature, Role


@dataclass(frozen=True)
class Keyholder:
    """A person with the private half of their key."""

    person_id: str
    key: asyncssh.SSHKey

    @classmethod
    def make(cls, person_id: str) -> "Keyholder":
        """A person with a fresh key."""
        return cls(person_id, asyncssh.generate_private_key("ssh-ed25519"))

    @property
    def line(self) -> str:
        """The public key line, without comment."""
        return " ".join(self.key.export_public_key().decode().split()[:2])

    def new(self, role: Role, *, valid_days: int | None = None) -> NewPerson:
        """The wish to add this person."""
        return NewPerson(
            person_id=self.person_id, name=f"Person {self.person_id}", role=role, key=self.line, valid_days=valid_days
        )

    def sign(self, text: str, namespace: str = PEOPLE_NAMESPACE) -> str:
        """An armored SSHSIG, made by another library than ours."""
        return asyncssh.create_sshsig(self.key, text.encode(), namespace=namespace).decode()

    def signed(self, text: str) -> ListSignature:
        """The signature as it stands under a list."""
        return ListSignature(person_id=self.person_id, signature=self.sign(text))


FOUNDERS = (Keyholder.make("AD-91"), Keyholder.make("AD-92"))
"""Who founds fleets in tests; their ids leave AD-01 and the like to the tests."""


async def found_people(
    store: Store, founders: tuple[Keyholder, ...] = FOUNDERS, *, now: datetime | None = None, log_policy: str = ""
) -> Anchor:
    """The first list of a fleet, of `founders`, who may sign in from the day before `now` and for ten years."""
    made_at = (now or datetime.now(UTC)) - timedelta(days=1)
    new = [founder.new("administrator", valid_days=1830) for founder in founders]
    anchor = anchor_list(1, new, [], made_at, log_policy=log_policy)
    return await put_anchor(store, anchor, {one.person_id: one.name for one in new}, made_at)


async def put_in_force(
    register: PeopleRegister, change: PeopleChange, signers: tuple[Keyholder, ...] = FOUNDERS
) -> DraftView:
    """Draft `change` and let the first two of `signers` sign it."""
    return await sign_all(register, await register.draft(change, signers[0].person_id), signers)


async def sign_all(register: PeopleRegister, draft: DraftView, signers: tuple[Keyholder, ...] = FOUNDERS) -> DraftView:
    """Let the first two of `signers` sign the draft."""
    for signer in signers[:2]:
        draft = await register.sign(draft.draft_id, signer.sign(draft.text), signer.person_id)
    assert draft.state == "in-force"
    return draft
