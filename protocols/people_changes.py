"""What changes from one people list to the next: for the controller to show, and for each person to work out anew."""

from typing import Literal

import msgspec

from protocols.people import ListedPerson, PeopleList
from protocols.tlog.policy import NONE, read_policy

_TWO_HISTORIES = "take care: two groups of witnesses could each vouch for another history; ask for more than half"
Change = Literal["added", "left-out", "new-key", "new-role", "new-term"]


class PersonChange(msgspec.Struct, frozen=True):
    """One difference. `person` is as in the later list, and as in the earlier one where they are left out; `before`
    is how a person who stays was listed."""

    what: Change
    person: ListedPerson
    before: ListedPerson | None = None


class PolicyChange(msgspec.Struct, frozen=True):
    """How the log policy differs. Logs are vkeys; witnesses the policy's name for them, a blank, and the vkey: one that
    changes its key is left out and added. The quorums are for people to read; `none` where nothing is asked for.
    `allows_two_histories`: two groups of the later witnesses have none in common, and either is enough."""

    logs_added: list[str]
    logs_left_out: list[str]
    witnesses_added: list[str]
    witnesses_left_out: list[str]
    quorum_before: str
    quorum_after: str
    allows_two_histories: bool = False


def policy_change(before: PeopleList, after: PeopleList) -> PolicyChange | None:
    """What differs between the log policies of two lists that `read_list` has read; None when nothing does."""
    if before.log_policy == after.log_policy:
        return None
    old_logs, old_witnesses, quorum_before = _policy_parts(before)
    new_logs, new_witnesses, quorum_after = _policy_parts(after)
    return PolicyChange(
        logs_added=[log for log in new_logs if log not in old_logs],
        logs_left_out=[log for log in old_logs if log not in new_logs],
        witnesses_added=[witness for witness in new_witnesses if witness not in old_witnesses],
        witnesses_left_out=[witness for witness in old_witnesses if witness not in new_witnesses],
        quorum_before=quorum_before,
        quorum_after=quorum_after,
        allows_two_histories=_allows_two_histories(after),
    )


def _policy_parts(people_list: PeopleList) -> tuple[list[str], list[str], str]:
    if not people_list.log_policy:
        return [], [], NONE
    policy = read_policy(people_list.log_policy)
    witnesses = [f"{name} {key.line}" for name, key in policy.witnesses]
    return [key.line for key in policy.log_keys], witnesses, policy.quorum_words


def _allows_two_histories(people_list: PeopleList) -> bool:
    if not people_list.log_policy:
        return False
    policy = read_policy(people_list.log_policy)
    return bool(policy.witnesses) and policy.allows_disjoint_quorums


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


def policy_lines(change: PolicyChange) -> list[str]:
    """What changes in the log policy, in sentences for whoever is to sign it."""
    lines = [f"log left out: {vkey}" for vkey in change.logs_left_out]
    lines += [f"log added: {vkey}" for vkey in change.logs_added]
    lines += [f"witness left out: {witness}" for witness in change.witnesses_left_out]
    lines += [f"witness added: {witness}" for witness in change.witnesses_added]
    lines.append(f"witnesses needed: {change.quorum_after} (before: {change.quorum_before})")
    if change.allows_two_histories:
        lines.append(_TWO_HISTORIES)
    return lines
