"""The people of the fleet in memory: two administrators, an anchor, drafts."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from fleet.client import FleetClient, PeopleChain, ReadDraft, Refused
from fleet.client.people import begin_chain
from protocols.api.people import (
    AccessEnded,
    DraftLine,
    DraftView,
    LeaveOut,
    NewKey,
    NewPerson,
    PeopleChange,
    PersonView,
)
from protocols.api.problems import Problem
from protocols.people import ListedPerson, PeopleList, Role, SignedPeopleList, people_hash
from protocols.people_changes import differences
from protocols.sshsig import read_key
from tests.support.people import Keyholder

_PEOPLE: tuple[tuple[str, str, Role], ...] = (
    ("TO-12", "Jane Archer", "engineer"),
    ("TO-07", "Idris Cole", "supervisor"),
    ("AD-01", "Noor Haddad", "administrator"),
    ("AD-02", "Bo Lindqvist", "administrator"),
)
KEYHOLDERS = {person_id: Keyholder.make(person_id) for person_id, _, _ in _PEOPLE}
_KEYS = {person_id: holder.line for person_id, holder in KEYHOLDERS.items()}


class StubPeople(FleetClient):
    """The client's methods for people, over an anchor that is not a day old."""

    now: datetime
    asked: list[tuple[Any, ...]]

    def found_people(self) -> None:
        """Begin with four people and no draft."""
        listed = [self._listed(person_id, role, _KEYS[person_id]) for person_id, _, role in _PEOPLE]
        self.people_list = [self._view(person_id, name, role, _KEYS[person_id]) for person_id, name, role in _PEOPLE]
        self.anchor = PeopleList(version=1, people=listed, made_at=self.now - timedelta(hours=20))
        self.draft_list: list[DraftView] = []

    async def people(self) -> list[PersonView]:
        return list(self.people_list)

    async def people_chain(self) -> PeopleChain:
        text = self.anchor.text()
        return begin_chain(people_hash(text).hex(), SignedPeopleList(text=text))

    async def people_drafts(self) -> list[DraftView]:
        return list(self.draft_list)

    async def draft_people(self, change: PeopleChange) -> DraftView:
        self.asked.append(("draft_people", change))
        people = {person.person_id: person for person in self.anchor.people}
        match change:
            case LeaveOut():
                del people[change.person_id]
            case NewPerson():
                people[change.person_id] = self._listed(change.person_id, change.role, change.key)
            case NewKey():
                role = change.role or people[change.person_id].role
                people[change.person_id] = self._listed(change.person_id, role, change.key)
        names = {change.person_id: change.name} if isinstance(change, NewPerson) else {}
        self.draft_list.insert(0, self._draft(list(people.values()), names))
        return self.draft_list[0]

    async def sign_draft(self, draft: ReadDraft) -> DraftView:
        self.asked.append(("sign_draft", draft))
        view = next(view for view in self.draft_list if view.draft_id == draft.draft_id)
        signed_by = [*view.signed_by, "TO-12"]
        state = "in-force" if len(signed_by) >= view.needed else "open"
        signed = msgspec.structs.replace(view, signed_by=signed_by, state=state)
        self.draft_list = [signed if known.draft_id == view.draft_id else known for known in self.draft_list]
        return signed

    async def withdraw_draft(self, draft_id: str) -> None:
        self.asked.append(("withdraw_draft", draft_id))
        self.draft_list = [draft for draft in self.draft_list if draft.draft_id != draft_id]

    async def end_person(self, person_id: str) -> AccessEnded:
        self.asked.append(("end_person", person_id))
        if person_id == "AD-01":
            raise Refused(
                409,
                Problem(
                    code="last-administrator",
                    message="AD-01 is the last administrator",
                    remedy="found the people list anew on the controller's host: fleet person refound",
                ),
            )
        if person_id == "AD-02":
            return AccessEnded(person_id=person_id, draft=None, administrators_left=1)
        draft = await self.draft_people(LeaveOut(person_id=person_id))
        return AccessEnded(person_id=person_id, draft=draft, administrators_left=2)

    def _draft(self, listed: list[ListedPerson], names: dict[str, str]) -> DraftView:
        following = PeopleList(version=2, people=listed, made_at=self.now)
        names = {person.person_id: person.name for person in self.people_list} | names
        return DraftView(
            draft_id=f"{len(self.draft_list):024x}",
            version=2,
            text=following.text(),
            sha256=people_hash(following.text()).hex(),
            lines=[
                DraftLine(
                    what=change.what,
                    person_id=change.person.person_id,
                    name=names[change.person.person_id],
                    role=change.person.role,
                    key_fingerprint=read_key(change.person.key).fingerprint,
                    hardware_key=False,
                    valid_until=change.person.valid_until,
                )
                for change in differences(self.anchor, following)
            ],
            made_by="AD-01",
            made_at=self.now,
            signed_by=[],
            needed=2,
            state="open",
        )

    def _listed(self, person_id: str, role: Role, key: str) -> ListedPerson:
        return ListedPerson(
            person_id=person_id,
            role=role,
            key=key,
            valid_from=self.now - timedelta(hours=20),
            valid_until=self.now + timedelta(days=300),
        )

    def _view(self, person_id: str, name: str, role: Role, key: str) -> PersonView:
        return PersonView(
            person_id=person_id,
            name=name,
            role=role,
            key_fingerprint=read_key(key).fingerprint,
            hardware_key=False,
            valid_until=self.now + timedelta(days=300),
            ended_at=None,
        )
