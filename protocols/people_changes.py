"""What changes from one people list to the next: for the controller to show, and for each person to work out anew."""

from typing import Literal

import msgspec

from protocols.people import ListedPerson, PeopleList

Change = Literal["added", "left-out", "new-key", "new-role", "new-term"]


class PersonChange(msgspec.Struct, frozen=True):
    """One difference. `person` is as in the later list, and as in the earlier one where they are left out; `before`
    is how a person who stays was listed."""

    what: Change
    person: ListedPerson
    before: ListedPerson | None = None


def differences(before: PeopleList, after: PeopleList) -> list[PersonChange]:
    """All that differs between the people of two lists, by person id; empty only when they are the same.

    A new key brings its own term, so that is no line of its own.
    """
    old = {person.person_id: person for person in before.people}
    new = {person.person_id: person for person in after.people}
    found: list[PersonChange] = []
    for person_id in sorted(old.keys() | new.keys()):
        if person_id not in new:
            found.append(PersonChange("left-out", old[person_id]))
        elif person_id not in old:
            found.append(PersonChange("added", new[person_id]))
        else:
            one, other = old[person_id], new[person_id]
            found += [PersonChange(what, other, one) for what in _changed(one, other)]
    return found


def _changed(old: ListedPerson, new: ListedPerson) -> list[Change]:
    changed: list[Change] = []
    if old.key != new.key:
        changed.append("new-key")
    if old.role != new.role:
        changed.append("new-role")
    if old.key == new.key and (old.valid_from, old.valid_until) != (new.valid_from, new.valid_until):
        changed.append("new-term")
    return changed
