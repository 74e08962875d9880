"""People, and the people list that units carry.

`GET /api/people` → list[PersonView]; `GET /api/people/lists` (query: `after`, default: from the anchor) →
list[SignedPeopleList], at most 16, each the next of the one before; `POST /api/people/drafts` with PeopleChange →
DraftView; `GET /api/people/drafts` → list[DraftView]; `POST /api/people/drafts/{draft_id}/sign` with DraftSignature →
DraftView; `DELETE /api/people/drafts/{draft_id}` withdraws one; `POST /api/people/{person_id}/end` ends a person's
access at once and drafts the list without them → AccessEnded.

A person may sign in when a list with them is in force: one that two administrators have signed.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.ids import PersonId
from protocols.people import Role
from protocols.sshsig import MAX_ARMORED
from protocols.text import ONE_LINE
from protocols.tlog.policy import MAX_POLICY_CHARS

KeyLine = Annotated[str, Meta(max_length=2048)]
ValidDays = Annotated[int, Meta(ge=1, le=1830)]


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """A person; `key_fingerprint` as `ssh-keygen -l` shows it; `hardware_key` is a FIDO token's; `ended_at` None while
    active."""

    person_id: str
    name: str
    role: Role
    key_fingerprint: str
    hardware_key: bool
    valid_until: datetime
    ended_at: datetime | None


class NewPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="add", tag_field="change"):
    """A person to be added. `key` is an OpenSSH public key line (ssh-ed25519 or sk-ssh-ed25519@openssh.com);
    `valid_days` None: 365, an inspector's 14, which can be 31 at the most."""

    person_id: PersonId
    name: Annotated[str, Meta(min_length=1, max_length=80, pattern=ONE_LINE)]
    role: Role
    key: KeyLine
    valid_days: ValidDays | None = None


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="rekey", tag_field="change"):
    """Another key for a person who has one, or who lost it; the role stays unless `role` is given.

    With the key the person has, it is another term. A person whose access has ended gets it back.
    """

    person_id: PersonId
    key: KeyLine
    role: Role | None = None
    valid_days: ValidDays | None = None


class LeaveOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="end", tag_field="change"):
    """A person to be left out of the list."""

    person_id: PersonId


class NewLogPolicy(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="log-policy", tag_field="change"
):
    """Another log policy (C2SP tlog-policy, see `protocols.tlog.policy`): whose log units believe, and which witnesses
    must have seen it."""

    policy: Annotated[str, Meta(min_length=1, max_length=MAX_POLICY_CHARS)]


PeopleChange = NewPerson | NewKey | LeaveOut | NewLogPolicy


class DraftSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The caller's armored SSHSIG over the draft's exact text, in PEOPLE_NAMESPACE."""

    signature: Annotated[str, Meta(max_length=MAX_ARMORED)]


class DraftLine(msgspec.Struct, frozen=True, kw_only=True):
    """One difference to the list in force, for a person to read before signing."""

    what: Literal["added", "left-out", "new-key", "new-role", "new-term"]
    person_id: str
    name: str
    role: Role
    key_fingerprint: str
    hardware_key: bool
    valid_until: datetime


class DraftView(msgspec.Struct, frozen=True, kw_only=True):
    """A next people list that waits for signatures. What is signed is `text`; whoever signs works the differences out
    from it and the list in force, and does not take `lines` and `new_policy` for granted."""

    draft_id: str
    version: int
    text: str
    sha256: str
    lines: list[DraftLine]
    made_by: str
    made_at: datetime
    signed_by: list[str]
    needed: int
    state: Literal["open", "in-force", "withdrawn", "outdated"]
    new_policy: bool = False


class AccessEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A person can no longer sign in. Units trust their key until `draft`, the list without them, is in force.

    `draft` is None when they are not on the list in force, or when there can be no list without them: with fewer than
    two `administrators_left` nobody could sign it, and the list has to be founded anew.
    """

    person_id: str
    draft: DraftView | None
    administrators_left: int
