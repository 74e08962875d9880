"""Releases: the TUF repository that units trust, as people see and sign it.

`GET /api/releases` → ReleasesView [see-releases];
`POST /api/release-files` with NewFile → FileView, `PUT /api/release-files/{sha256}/{offset}` with the bytes of the
next piece (application/octet-stream, at most 1 MiB) → FileView: a file is there once all of it came and its hash fits
[manage-releases];
`POST /api/release-drafts` with NewDraft → DraftView: the next root or targets metadata, which replaces the draft there
was [sign-release for root, manage-releases for targets]; `GET /api/release-drafts/{role}` → DraftView [see-releases];
`POST /api/release-drafts/{role}/signatures` with DraftSignature → ReleasesView: it is published by itself once enough
people have signed [sign-release]; `POST /api/release-drafts/{role}/withdraw` → ReleasesView [manage-releases];
`GET /api/release-key` → ReleaseKey, the controller's own for snapshot and timestamp [see-releases].

Units: `GET /unit/releases/metadata/{name}` and `GET /unit/releases/targets/{path}` (with Range), over mutual TLS.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.health import Digest
from protocols.ids import PersonId
from protocols.releases.manifest import MAX_TARGET_BYTES, Manifest, TargetPath
from protocols.sshsig import MAX_ARMORED

SignedRole = Literal["root", "targets"]
"""The roles that people sign."""

MAX_PIECE_BYTES = 1024 * 1024
MAX_METADATA_CHARS = 512 * 1024


class NewFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file that is to be sent."""

    sha256: Digest
    length_bytes: Annotated[int, Meta(ge=1, le=MAX_TARGET_BYTES)]


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """A file of which `have_bytes` are there: send the piece that begins with them."""

    sha256: str
    length_bytes: int
    have_bytes: int
    complete: bool


class NewDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The exact text of the `signed` part of metadata, in TUF's canonical JSON, whose version follows the one in force.
    Every target that it names has to be there as a file."""

    role: SignedRole
    text: Annotated[str, Meta(min_length=1, max_length=MAX_METADATA_CHARS)]


class DraftSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The signer's armored SSHSIG over the draft's text, in namespace `release@muster`; `sha256` is that text's."""

    sha256: Digest
    signature: Annotated[str, Meta(max_length=MAX_ARMORED)]


class DraftView(msgspec.Struct, frozen=True, kw_only=True):
    """A draft that waits. `signed_by` of those in `may_sign`; `needed` signatures in all (a new root wants the
    old one's and its own). `manifests` are the exact texts of the manifests that it names, by path: whoever signs holds
    them against the draft's hashes."""

    role: SignedRole
    version: int
    text: str
    sha256: str
    made_by: PersonId
    made_at: datetime
    may_sign: list[PersonId]
    signed_by: list[PersonId]
    needed: int
    manifests: dict[TargetPath, str] = {}


class TargetView(msgspec.Struct, frozen=True, kw_only=True):
    """A target in force."""

    path: TargetPath
    sha256: str
    length_bytes: int


class RoleView(msgspec.Struct, frozen=True, kw_only=True):
    """A role of the repository: the version in force, when it ends, and who may sign it."""

    role: Literal["root", "targets", "snapshot", "timestamp"]
    version: int
    expires_at: datetime
    threshold: int
    signers: list[str]


class ReleasesView(msgspec.Struct, frozen=True, kw_only=True):
    """The repository. Without a root nothing can be released: `roles` is empty then."""

    roles: list[RoleView]
    targets: list[TargetView]
    manifests: dict[TargetPath, Manifest]
    drafts: list[DraftView]


class ReleaseKey(msgspec.Struct, frozen=True, kw_only=True):
    """The controller's own key: raw Ed25519, hexadecimal."""

    public_hex: str
