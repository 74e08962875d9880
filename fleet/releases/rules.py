"""Whether a draft may be made, who may sign it, and when it is signed enough. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from securesystemslib.signer import Key
from tuf.api.metadata import SPECIFICATION_VERSION, Root, Targets

from fleet.errors import Conflict, RequestRefused
from fleet.releases.drafting import THRESHOLD
from fleet.releases.metadata import person_keys
from protocols.people import REQUESTING_ROLES, ListedPerson, PeopleList, Role
from protocols.releases.manifest import MAX_TARGET_BYTES, TargetPath
from protocols.releases.ssh_key import SshKey

_ROLES = frozenset({"root", "targets", "snapshot", "timestamp"})
_SPECIFICATION = ".".join(SPECIFICATION_VERSION)
_DRAFT_AGAIN = "draft it again"
ADMINISTRATORS: frozenset[Role] = frozenset({"administrator"})


def people_by_line(people: PeopleList, at: datetime) -> dict[str, ListedPerson]:
    """Everybody whose access is in force at `at`, by their key's line."""
    return {one.key: one for one in people.people if one.in_force(at)}


def check_root(
    new: Root,
    before: Root | None,
    people: PeopleList,
    controller: Key,
    now: datetime,
    longest: timedelta,
    *,
    plain_keys_may_sign: bool,
) -> None:
    """Raise RequestRefused or Conflict unless `new` may follow `before` (None: it is the first).

    Root is signed by administrators and targets by supervisors and engineers, all of them of the people list and in
    force, two of each at the least, with keys in tokens unless `plain_keys_may_sign`; snapshot and timestamp by this
    controller's own key alone.
    """
    _check_place(new.version, 1 if before is None else before.version + 1, "root")
    _check_term(new.expires, now, longest)
    _check_plain(new.spec_version, new.unrecognized_fields)
    if not new.consistent_snapshot:
        raise _unfit("consistent_snapshot has to be true")
    if set(new.roles) != _ROLES:
        raise _unfit("it has the roles root, targets, snapshot and timestamp")
    if {key_id for role in new.roles.values() for key_id in role.keyids} != set(new.keys):
        raise _unfit("every key belongs to a role, and every role's keys are there")
    known = people_by_line(people, now)
    _check_people(new, "root", known, ADMINISTRATORS)
    _check_people(new, "targets", known, REQUESTING_ROLES)
    for key in () if plain_keys_may_sign else new.keys.values():
        if isinstance(key, SshKey) and not key.person_key.hardware:
            who = known[key.line].person_id
            raise _unfit(f"{who}'s key is on disk, and units take those in tokens: name others with --root, --targets")
    for name in ("snapshot", "timestamp"):
        role = new.roles[name]
        if role.keyids != [controller.keyid] or role.threshold != 1 or new.keys[controller.keyid] != controller:
            raise _unfit(f"{name} is signed by this controller's own key alone: see fleet release show --key")


def check_targets(
    new: Targets, root: Root | None, before: Targets | None, now: datetime, longest: timedelta
) -> dict[str, tuple[str, int]]:
    """The SHA-256 and length of every file, by path; raises RequestRefused or Conflict unless `new` may follow
    `before` (None: it is the first)."""
    if root is None:
        raise Conflict("no-root", "there is no root yet", "draft and sign one: fleet release root draft")
    _check_place(new.version, 1 if before is None else before.version + 1, "targets")
    _check_term(new.expires, now, longest)
    _check_plain(new.spec_version, new.unrecognized_fields)
    if new.delegations is not None:
        raise _unfit("nothing is delegated here")
    found: dict[str, tuple[str, int]] = {}
    for path, one in new.targets.items():
        _check_path(path)
        if set(one.hashes) != {"sha256"} or one.unrecognized_fields:
            raise _unfit(f"{path}: a file has its length and SHA-256, and nothing else")
        if not 1 <= one.length <= MAX_TARGET_BYTES:
            raise _unfit(f"{path}: a file has 1 to {MAX_TARGET_BYTES} bytes")
        found[path] = (one.hashes["sha256"], one.length)
    return found


def signers_of(draft: Root | Targets, root: Root | None) -> dict[str, SshKey]:
    """The keys that count under a draft, by key id; `root` is the one in force. A new root's are its own and those of
    the one before."""
    if isinstance(draft, Targets):
        return {} if root is None else person_keys(root, "targets")
    own = person_keys(draft, "root")
    return own if root is None else {**own, **person_keys(root, "root")}


def needed(draft: Root | Targets, root: Root | None) -> int:
    """How many people have to sign at the least: both thresholds of a root, each who is in both counting for both."""
    if isinstance(draft, Targets):
        return THRESHOLD if root is None else root.roles["targets"].threshold
    own = draft.roles["root"]
    if root is None:
        return own.threshold
    old = root.roles["root"]
    both = len(set(own.keyids) & set(old.keyids))
    return own.threshold + old.threshold - min(both, own.threshold, old.threshold)


def enough(draft: Root | Targets, root: Root | None, signed: set[str]) -> bool:
    """Whether signatures that fit, by these key ids, are enough to publish the draft."""
    roles = []
    if isinstance(draft, Root):
        roles.append(draft.roles["root"])
        if root is not None:
            roles.append(root.roles["root"])
    elif root is not None:
        roles.append(root.roles["targets"])
    return bool(roles) and all(len(signed & set(role.keyids)) >= role.threshold for role in roles)


def _check_place(version: int, wanted: int, role: str) -> None:
    if version != wanted:
        raise Conflict("draft-out-of-turn", f"the next {role} is version {wanted}, not {version}", _DRAFT_AGAIN)


def _check_term(expires: datetime, now: datetime, longest: timedelta) -> None:
    if not now < expires <= now + longest:
        raise _unfit(f"it ends in the future, {longest.days} days from now at the most")


def _check_plain(spec_version: str, unrecognised: Mapping[str, object]) -> None:
    if unrecognised:
        raise _unfit(f"unknown fields: {', '.join(sorted(unrecognised))[:100]}")
    if spec_version != _SPECIFICATION:
        raise _unfit(f"it is of TUF {spec_version[:20]}, here of {_SPECIFICATION}")


def _check_people(root: Root, name: str, known: Mapping[str, ListedPerson], roles: frozenset[Role]) -> None:
    role = root.roles[name]
    if role.threshold < THRESHOLD or role.unrecognized_fields:
        raise _unfit(f"{name} needs the signatures of {THRESHOLD} people or more")
    if len(role.keyids) < role.threshold:
        raise _unfit(f"{name} has fewer keys than signatures it needs")
    for key_id in role.keyids:
        key = root.keys[key_id]
        person = known.get(key.line) if isinstance(key, SshKey) else None
        if person is None or person.role not in roles:
            who = f"{person.person_id} ({person.role})" if person else f"the key {key_id[:16]}…"
            able = " or ".join(sorted(roles))
            raise _unfit(f"{name}: {who} is no {able} of the people list in force")


def _check_path(path: str) -> None:
    try:
        msgspec.convert(path, TargetPath)
    except msgspec.ValidationError as error:
        raise _unfit(f"{path[:80]!a} is no path of a target: small letters, digits, . _ - in up to 4 parts") from error


def _unfit(why: str) -> RequestRefused:
    return RequestRefused("draft-unfit", f"the draft can not be published: {why}", _DRAFT_AGAIN)


def ids_of(keys: Sequence[SshKey], people: PeopleList) -> list[str]:
    """The person ids of keys, by id; of a key that nobody in the list has, nothing."""
    lines = {key.line for key in keys}
    return sorted(one.person_id for one in people.people if one.key in lines)
