"""Which roots a unit trusts, beside what TUF itself asks for. Pure.

The first is judged by the people list, which the unit has from joining and follows signature by signature; each later
one by the root before it. None of them may let fewer than two people sign, or keys on disk where the unit's own
settings ask for tokens.
"""

from datetime import datetime

from tuf.api.metadata import Metadata, Root
from tuf.api.serialization import DeserializationError

from edge_agent.updating.errors import ReleaseUntrusted
from protocols.people import NEEDED_SIGNATURES, REQUESTING_ROLES, ListedPerson, PeopleList, Role
from protocols.releases.ssh_key import SshKey, register

register()

_ADMINISTRATORS: frozenset[Role] = frozenset({"administrator"})


def check_shape(content: bytes, *, plain_keys_may_sign: bool) -> Metadata[Root]:
    """The root in a file's bytes, if root and targets need two different people at the least, with keys in tokens
    unless `plain_keys_may_sign`; raises ReleaseUntrusted `root-refused`. Its signatures are not looked at."""
    try:
        found: Metadata[Root] = Metadata.from_bytes(content)
    except (DeserializationError, RecursionError) as error:
        raise ReleaseUntrusted("root-refused", f"the root can not be read: {error}"[:300]) from error
    root = found.signed
    if not isinstance(root, Root) or not root.consistent_snapshot:
        raise ReleaseUntrusted("root-refused", "it is no root, or not one of consistent snapshots")
    for name in ("root", "targets"):
        role = root.roles[name]
        keys = [root.keys[key_id] for key_id in role.keyids]
        raws = {key.person_key.raw for key in keys if isinstance(key, SshKey)}
        if role.threshold < NEEDED_SIGNATURES or len(raws) < len(keys):
            raise ReleaseUntrusted("root-refused", f"root {root.version} does not let two people sign {name}")
        if not plain_keys_may_sign and not all(key.person_key.hardware for key in keys if isinstance(key, SshKey)):
            raise ReleaseUntrusted("root-refused", f"root {root.version} lets a key on disk sign {name}")
    return found


def check_first(content: bytes, people: PeopleList, at: datetime, *, plain_keys_may_sign: bool) -> None:
    """Raise ReleaseUntrusted `first-root-refused` unless a unit that trusts no root yet may begin with this one.

    It has to be signed by two administrators of `people`; everybody who may sign the next root has to be one, and
    everybody who may sign targets a supervisor or engineer; all of them in force `at` that time.
    """
    try:
        found = check_shape(content, plain_keys_may_sign=plain_keys_may_sign)
    except ReleaseUntrusted as error:
        raise ReleaseUntrusted("first-root-refused", error.detail) from error
    root = found.signed
    known = {one.key: one for one in people.people if one.in_force(at)}
    _check_listed(root, "root", known, _ADMINISTRATORS)
    _check_listed(root, "targets", known, REQUESTING_ROLES)
    signed = root.get_verification_result("root", found.signed_bytes, found.signatures)
    if not signed.verified or len(signed.signed) < NEEDED_SIGNATURES:
        raise _refused(root, f"{len(signed.signed)} administrators have signed it, two have to")


def _check_listed(root: Root, name: str, known: dict[str, ListedPerson], roles: frozenset[Role]) -> None:
    for key_id in root.roles[name].keyids:
        key = root.keys[key_id]
        person = known.get(key.line) if isinstance(key, SshKey) else None
        if person is None or person.role not in roles:
            who = f"{person.person_id}, {person.role}," if person else f"the key {key_id[:16]}…"
            raise _refused(root, f"{who} may sign {name}, and is no {' or '.join(sorted(roles))} of the people list")


def _refused(root: Root, why: str) -> ReleaseUntrusted:
    said = f"root {root.version} is not trusted as the first: {why}; let administrators draft and sign the next root"
    return ReleaseUntrusted("first-root-refused", said)
