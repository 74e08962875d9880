"""People.

`GET /api/people` → list[PersonView]; `POST /api/people` with NewPerson → PersonView;
`POST /api/people/{person_id}/end` ends a person's access at once.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from protocols.people import Role
from protocols.text import ONE_LINE


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """A person; `key_fingerprint` as `ssh-keygen -l` shows it; `ended_at` None while active."""

    person_id: str
    name: str
    role: Role
    key_fingerprint: str
    valid_until: datetime
    ended_at: datetime | None


class NewPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`key` is an OpenSSH public key line (ssh-ed25519 or sk-ssh-ed25519@openssh.com)."""

    person_id: Annotated[str, Meta(pattern=r"^[A-Z]{2}-[0-9]{2,6}$(?!\n)")]
    name: Annotated[str, Meta(min_length=1, max_length=80, pattern=ONE_LINE)]
    role: Role
    key: Annotated[str, Meta(max_length=2048)]
    valid_days: Annotated[int, Meta(ge=1, le=1830)] = 365
