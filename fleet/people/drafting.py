"""What the next people list says, from the one in force and a change. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.people.keys import read_person_key
from fleet.store.people import Person
from protocols.api.people import LeaveOut, NewKey, NewLogPolicy, NewPerson, PeopleChange
from protocols.errors import InvalidPeopleList
from protocols.people import ListedPerson, PeopleList, Role, check_follows, read_list

INSPECTOR_DAYS = 31
"""The longest term of an inspector, who reads everything, for the time of an inspection."""
_USUAL_DAYS = 365
_USUAL_INSPECTOR_DAYS = 14

_REMEDIES = {
    "log-policy-unusable": "name the log's key and each witness's key as they were printed when they were made",
    "too-few-administrators": "add another administrator first; when too few are left, found the list anew",
    "made-earlier": "the controller's clock is behind: set it right",
}


def next_list(current: PeopleList, people: Mapping[str, Person], change: PeopleChange, now: datetime) -> PeopleList:
    """The list that `change` leads to, made at `now`; whoever has no access any more is left out of it too.

    `people` are all who were ever added, by id. Raises NotFound, Conflict or RequestRefused when there is no such list.
    """
    now = now.replace(microsecond=0)
    log_policy = current.log_policy
    listed = {
        person.person_id: person
        for person in current.people
        if person.person_id not in people or people[person.person_id].ended_at is None
    }
    match change:
        case NewPerson():
            if change.person_id in people:
                raise Conflict(
                    "person-exists", f"{change.person_id} is already known", "choose another id, or rekey them"
                )
            _check_key_is_free(change.key, change.person_id, people)
            listed[change.person_id] = _listed(change.person_id, change.role, change.key, change.valid_days, now)
        case NewKey():
            known = people.get(change.person_id)
            if known is None:
                raise NotFound(
                    "person-unknown", f"there is no {change.person_id}", "list people; add them if they are new"
                )
            _check_key_is_free(change.key, change.person_id, people)
            role = change.role or known.role
            listed[change.person_id] = _listed(change.person_id, role, change.key, change.valid_days, now)
        case LeaveOut():
            if change.person_id not in {person.person_id for person in current.people}:
                raise NotFound("person-unknown", f"{change.person_id} is not on the list in force", "list people again")
            listed.pop(change.person_id, None)
        case NewLogPolicy():
            if change.policy == log_policy:
                raise Conflict("policy-in-force", "that is the log policy in force", "change it, or leave it")
            log_policy = change.policy
    return checked(current, list(listed.values()), log_policy, now)


def checked(current: PeopleList, listed: list[ListedPerson], log_policy: str, now: datetime) -> PeopleList:
    """The list of `listed` after `current`; raises RequestRefused when units would not take it."""
    following = PeopleList(version=current.version + 1, people=listed, made_at=now, log_policy=log_policy)
    try:
        following = read_list(following.text())
        check_follows(current, following)
    except InvalidPeopleList as error:
        remedy = _REMEDIES.get(error.reason, "change something else")
        raise RequestRefused(f"people-{error.reason}", error.detail, remedy) from error
    return following


def anchor_list(
    version: int, people: Sequence[NewPerson], kept: Sequence[ListedPerson], now: datetime, *, log_policy: str = ""
) -> PeopleList:
    """A list that stands for itself, of `people` from now on and `kept` as they are.

    Raises RequestRefused for a bad key, or when it has not two administrators with different keys.
    """
    now = now.replace(microsecond=0)
    listed = [_listed(person.person_id, person.role, person.key, person.valid_days, now) for person in people]
    anchor = PeopleList(version=version, people=[*listed, *kept], made_at=now, log_policy=log_policy)
    try:
        return read_list(anchor.text())
    except InvalidPeopleList as error:
        remedy = "name at least two administrators, each with a key of their own; three are advised"
        raise RequestRefused(f"people-{error.reason}", error.detail, remedy) from error


def _listed(person_id: str, role: Role, key: str, asked_days: int | None, now: datetime) -> ListedPerson:
    valid_days = asked_days or (_USUAL_INSPECTOR_DAYS if role == "inspector" else _USUAL_DAYS)
    if role == "inspector" and valid_days > INSPECTOR_DAYS:
        raise RequestRefused(
            "term-too-long",
            f"an inspector's access lasts at most {INSPECTOR_DAYS} days, not {valid_days}",
            f"name a shorter term (--valid-days {INSPECTOR_DAYS}); it can be renewed by another list",
        )
    return ListedPerson(
        person_id=person_id,
        role=role,
        key=read_person_key(key).line,
        valid_from=now,
        valid_until=now + timedelta(days=valid_days),
    )


def _check_key_is_free(key: str, person_id: str, people: Mapping[str, Person]) -> None:
    line = read_person_key(key).line
    holder = next((person for person in people.values() if person.public_key == line), None)
    if holder is not None and holder.person_id != person_id:
        raise Conflict("key-known", "another person has or had this key", "a key belongs to one person: make a new one")
