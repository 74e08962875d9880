"""People: roles, what each role may do, and the people list that units carry."""

from datetime import datetime
from hashlib import sha256
from typing import Literal

import msgspec

Role = Literal["engineer", "supervisor", "approver", "inspector", "administrator"]

Permission = Literal[
    "see-fleet",
    "invite-unit",
    "decide-join",
    "command-unit",
    "change-settings",
    "acknowledge-event",
    "see-people",
    "manage-people",
    "read-log",
]

_SEE: frozenset[Permission] = frozenset({"see-fleet", "see-people"})
_KEEP_KIT: frozenset[Permission] = _SEE | {
    "invite-unit",
    "decide-join",
    "command-unit",
    "change-settings",
    "acknowledge-event",
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "engineer": _KEEP_KIT,
    "supervisor": _KEEP_KIT | {"read-log"},
    "approver": _SEE,
    "inspector": _SEE | {"read-log"},
    "administrator": _SEE | {"manage-people"},
}
"""The one table of who may do what; anything not in it is denied."""

SIGNING_ROLES: frozenset[Role] = frozenset({"engineer", "supervisor", "approver"})
"""Roles whose holders may sign a mandate; an administrator may not."""


def may(role: Role, permission: Permission) -> bool:
    """Whether `role` grants `permission`."""
    return permission in PERMISSIONS[role]


def roles_with(permission: Permission) -> list[Role]:
    """The roles that grant `permission`, in the order of the role list."""
    return [role for role, granted in PERMISSIONS.items() if permission in granted]


class ListedPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One key of one person. `key` is an OpenSSH public key line without comment."""

    person_id: str
    role: Role
    key: str
    valid_from: datetime
    valid_until: datetime


class PeopleList(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may sign, as units know it. Version 1 is anchored by the hash in the voucher."""

    version: int
    people: list[ListedPerson]

    def text(self) -> str:
        """The canonical text: JSON with fields in order, people sorted by id, key, then their own JSON."""
        ordered = sorted(self.people, key=lambda person: (person.person_id, person.key, msgspec.json.encode(person)))
        return msgspec.json.encode(PeopleList(version=self.version, people=ordered)).decode()


def people_hash(text: str) -> bytes:
    """SHA-256 of a people list's text, 32 bytes."""
    return sha256(text.encode()).digest()
