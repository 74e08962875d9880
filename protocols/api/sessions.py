"""Signing in: the person signs a text of the client's making that holds the server's nonce.

`POST /api/challenge` → Challenge; `POST /api/session` with SignIn → SignedIn; `GET /api/session` → Whoami;
`DELETE /api/session` signs out. The token goes in `Authorization: Bearer`.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from protocols.people import Permission, Role

LOGIN_NAMESPACE = "login@muster"

PersonId = Annotated[str, Meta(pattern=r"^[A-Z]{2}-[0-9]{2,6}$(?!\n)")]


class ChallengeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants to sign in. Answered alike for people who exist and who do not."""

    person_id: PersonId


class Challenge(msgspec.Struct, frozen=True):
    """`nonce` is 112 hexadecimal digits, good for one sign-in of this person until `expires_at`."""

    nonce: str
    expires_at: datetime


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`signature` is an armored SSHSIG over `login_text(...)` in namespace `login@muster`."""

    person_id: PersonId
    nonce: Annotated[str, Meta(pattern=r"^[0-9a-f]{112}$(?!\n)")]
    signature: Annotated[str, Meta(max_length=4096)]


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A session: a bearer `token`, and the minutes without a request after which it ends."""

    token: str
    person_id: str
    role: Role
    idle_minutes: int

    def __repr__(self) -> str:
        return f"SignedIn(person_id={self.person_id!r}, role={self.role!r})"


class Whoami(msgspec.Struct, frozen=True, kw_only=True):
    """Who this session is, and what its role allows; `server_time` lets a client show ages by the server's clock."""

    person_id: str
    name: str
    role: Role
    permissions: list[Permission]
    server_time: datetime


def login_text(person_id: str, nonce: str, ca_sha256_hex: str) -> bytes:
    """The text to sign. The hash of the root certificate the client has pinned stops a false server passing
    the signature on to the real one."""
    return f"muster login v1\n{person_id}\n{nonce}\n{ca_sha256_hex}\n".encode()
