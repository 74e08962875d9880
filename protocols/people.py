"""People: roles, what each role may do, and the people list that units carry."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.errors import InvalidPeopleList, InvalidPolicy, InvalidSshSignature
from protocols.sshsig import MAX_ARMORED, read_key, verify
from protocols.text import ONE_LINE
from protocols.tlog.policy import MAX_POLICY_CHARS, read_policy

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
    "revoke-unit",
    "release-unit",
    "see-error-reports",
    "answer-error-report",
    "close-error-report",
    "see-holds",
    "manage-retention",
    "see-mandates",
    "record-authority",
    "draft-mandate",
    "cancel-mandate",
    "check-unit",
    "see-rota",
    "serve-rota",
    "manage-rota",
    "see-working-time",
    "see-deployments",
    "work-deployment",
    "authorise-deployment",
    "manage-deployments",
    "keep-kit",
    "manage-kit",
    "manage-alarms",
    "see-reports",
    "see-releases",
    "sign-release",
    "manage-releases",
]

_SEE: frozenset[Permission] = frozenset({"see-fleet", "see-people", "see-rota"})
_KEEP_KIT: frozenset[Permission] = _SEE | {
    "see-mandates",
    "draft-mandate",
    "cancel-mandate",
    "check-unit",
    "invite-unit",
    "decide-join",
    "command-unit",
    "change-settings",
    "acknowledge-event",
    "revoke-unit",
    "serve-rota",
    "see-deployments",
    "work-deployment",
    "keep-kit",
    "see-releases",
    "sign-release",
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "engineer": _KEEP_KIT,
    "supervisor": _KEEP_KIT
    | {
        "read-log",
        "release-unit",
        "see-error-reports",
        "answer-error-report",
        "see-holds",
        "manage-rota",
        "see-working-time",
        "authorise-deployment",
        "manage-deployments",
        "manage-kit",
        "manage-alarms",
        "see-reports",
        "manage-releases",
    },
    "approver": _SEE
    | {
        "see-error-reports",
        "close-error-report",
        "see-mandates",
        "record-authority",
        "cancel-mandate",
        "serve-rota",
        "see-deployments",
        "authorise-deployment",
    },
    "inspector": _SEE
    | {
        "read-log",
        "see-error-reports",
        "see-holds",
        "see-mandates",
        "see-working-time",
        "see-deployments",
        "see-reports",
        "see-releases",
    },
    "administrator": _SEE | {"manage-people", "manage-retention", "see-holds", "see-releases", "sign-release"},
}
"""The one table of who may do what; anything not in it is denied."""

REQUESTING_ROLES: frozenset[Role] = frozenset({"engineer", "supervisor"})
APPROVING_ROLES: frozenset[Role] = frozenset({"supervisor", "approver"})
SIGNING_ROLES = REQUESTING_ROLES | APPROVING_ROLES
"""Roles whose holders may sign a mandate; an administrator may not."""


def may(role: Role, permission: Permission) -> bool:
    """Whether `role` grants `permission`."""
    return permission in PERMISSIONS[role]


def roles_with(permission: Permission) -> list[Role]:
    """The roles that grant `permission`, in the order of the role list."""
    return [role for role, granted in PERMISSIONS.items() if permission in granted]


PEOPLE_NAMESPACE = "people@muster"
"""SSHSIG namespace of signatures under a people list."""

NEEDED_SIGNATURES = 2
MAX_LIST_CHARS = 64 * 1024
MAX_LIST_SIGNATURES = 8
MAX_VERSION = 2**31 - 1
DRAFT_DAYS = 7
"""How long a draft may wait for its signatures."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Moment = Annotated[datetime, Meta(tz=True)]
"""A time with its zone: one without could not be compared."""


class ListedPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One person and their one key. `key` is an OpenSSH public key line in the form of `PersonKey.line`."""

    person_id: Annotated[str, Meta(pattern=r"^[A-Z]{2}-[0-9]{2,6}$(?!\n)")]
    role: Role
    key: str
    valid_from: Moment
    valid_until: Moment

    def in_force(self, at: datetime) -> bool:
        """Whether `at` falls in the person's term."""
        return self.valid_from <= at < self.valid_until


class PeopleList(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Who may sign, as units know it. A list is either an anchor, whose hash travels in vouchers, or signed by two
    administrators of the list before it. `made_at` is the time by which the signers' validity is judged. `log_policy`
    is the text of the log policy that units go by, in its one form; empty where there is none."""

    version: Annotated[int, Meta(ge=1, le=MAX_VERSION)]
    people: list[ListedPerson]
    made_at: Moment = _EPOCH
    log_policy: Annotated[str, Meta(max_length=MAX_POLICY_CHARS)] = ""

    def text(self) -> str:
        """The canonical text: JSON with fields in order, people sorted by id, key, then their own JSON."""
        ordered = sorted(self.people, key=lambda person: (person.person_id, person.key, msgspec.json.encode(person)))
        return msgspec.json.encode(msgspec.structs.replace(self, people=ordered)).decode()


class ListSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An administrator's armored SSHSIG over the exact text of a list, in PEOPLE_NAMESPACE."""

    person_id: Annotated[str, Meta(max_length=20, pattern=ONE_LINE)]
    signature: Annotated[str, Meta(max_length=MAX_ARMORED)]


class SignedPeopleList(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A list as it travels: the exact text that was signed, and the signatures (none under an anchor)."""

    text: Annotated[str, Meta(max_length=MAX_LIST_CHARS)]
    signatures: Annotated[list[ListSignature], Meta(max_length=MAX_LIST_SIGNATURES)] = []


_list_decoder = msgspec.json.Decoder(PeopleList)


def people_hash(text: str) -> bytes:
    """SHA-256 of a people list's text, 32 bytes."""
    return sha256(text.encode()).digest()


def read_list(text: str) -> PeopleList:
    """The list in `text`; raises InvalidPeopleList.

    Reasons: `unreadable` (not JSON of the form, too long, or not canonical), `key-unusable`, `person-twice`,
    `key-twice` (a person has one key, and a key one person), `too-few-administrators` (fewer than two whose term
    goes on after the list was made: nobody could ever change it), `log-policy-unusable`.
    """
    try:
        people_list = _list_decoder.decode(text) if len(text) <= MAX_LIST_CHARS else None
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise InvalidPeopleList("unreadable", f"the people list can not be read ({error})"[:300]) from error
    if people_list is None or people_list.text() != text:
        raise InvalidPeopleList("unreadable", "the people list is too long, or not in its canonical form")
    _check_keys(people_list)
    if len({person.person_id for person in people_list.people}) != len(people_list.people):
        raise InvalidPeopleList("person-twice", "a person is in the people list twice")
    administrators = [person for person in people_list.people if person.role == "administrator"]
    lasting = [one for one in administrators if max(one.valid_from, people_list.made_at) < one.valid_until]
    if len(lasting) < NEEDED_SIGNATURES:
        raise InvalidPeopleList("too-few-administrators", "a people list needs two administrators to sign the next one")
    _check_policy(people_list)
    return people_list


def _check_policy(people_list: PeopleList) -> None:
    if not people_list.log_policy:
        return
    try:
        read_policy(people_list.log_policy)
    except InvalidPolicy as error:
        raise InvalidPeopleList("log-policy-unusable", f"the list's log policy: {error.detail}") from error


def _check_keys(people_list: PeopleList) -> None:
    try:
        keys = [read_key(person.key) for person in people_list.people]
    except InvalidSshSignature as error:
        raise InvalidPeopleList("key-unusable", f"a key in the people list can not be used: {error.detail}") from error
    if any(key.line != person.key for key, person in zip(keys, people_list.people, strict=True)):
        raise InvalidPeopleList("key-unusable", "a key in the people list is not written in its one form")
    if len({key.raw for key in keys}) != len(keys):
        raise InvalidPeopleList("key-twice", "two people in the people list have the same key")


def check_next(current: PeopleList, candidate: SignedPeopleList) -> PeopleList:
    """The list in `candidate` if it may follow `current`, which was checked itself; raises InvalidPeopleList.

    Reasons: those of `read_list`, `wrong-version` (not the next one), `made-earlier` (than the current one),
    `too-few-signatures` (fewer than two administrators of `current`, in force at the candidate's `made_at`, have
    signed), `bad-signature` (one under it proves nothing, or is by nobody who may sign: such a list was tampered with).
    """
    following = read_list(candidate.text)
    check_follows(current, following)
    signers = {check_signature(current, following, candidate.text, signature) for signature in candidate.signatures}
    if len(signers) < NEEDED_SIGNATURES:
        raise InvalidPeopleList("too-few-signatures", f"{len(signers)} of 2 administrators have signed")
    return following


def check_follows(current: PeopleList, following: PeopleList) -> None:
    """Whether `following` is in its place after `current`; raises InvalidPeopleList `wrong-version`, `made-earlier`."""
    if following.version != current.version + 1:
        raise InvalidPeopleList("wrong-version", f"version {following.version} does not follow {current.version}")
    if following.made_at < current.made_at:
        raise InvalidPeopleList("made-earlier", "the people list says it was made before the one in force")


def check_signature(current: PeopleList, following: PeopleList, text: str, signature: ListSignature) -> str:
    """The id of the administrator of `current` who signed `text`, which is `following`'s.

    Raises InvalidPeopleList `bad-signature`.
    """
    signer = next((person for person in current.people if person.person_id == signature.person_id), None)
    if signer is None or signer.role != "administrator":
        raise InvalidPeopleList("bad-signature", f"{signature.person_id[:20]!r} is no administrator of the list before")
    if not signer.in_force(following.made_at):
        raise InvalidPeopleList("bad-signature", f"the access of {signer.person_id} is not in force")
    try:
        verify(signer.key, PEOPLE_NAMESPACE, text.encode(), signature.signature)
    except InvalidSshSignature as error:
        raise InvalidPeopleList("bad-signature", f"the signature of {signer.person_id}: {error.detail}") from error
    return signer.person_id
