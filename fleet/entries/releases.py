"""Entries of releases: files, drafts, signatures and what was published. `sha256` is of exact texts or files."""

from fleet.entries.entry import Entry
from protocols.api.releases import SignedRole


class ReleaseFileBegun(Entry, frozen=True, kw_only=True, tag="release.file-begun"):
    """A file for units is to be sent; it counts for nothing until it is there."""

    sha256: str
    length_bytes: int


class ReleaseFileKept(Entry, frozen=True, kw_only=True, tag="release.file-kept"):
    """All of a file came, and its hash fits."""

    sha256: str
    length_bytes: int


class ReleaseFileRemoved(Entry, frozen=True, kw_only=True, tag="release.file-removed"):
    """A file was removed that nothing in force and no draft has named for long."""

    sha256: str
    length_bytes: int


class ReleaseDrafted(Entry, frozen=True, kw_only=True, tag="release.drafted"):
    """The next root or targets metadata waits to be signed; the draft there was counts no more."""

    draft: str
    release_role: SignedRole
    version: int
    sha256: str


class ReleaseDraftWithdrawn(Entry, frozen=True, kw_only=True, tag="release.draft-withdrawn"):
    """A draft counts no more."""

    draft: str
    release_role: SignedRole
    version: int


class ReleaseSigned(Entry, frozen=True, kw_only=True, tag="release.signed"):
    """The actor has signed a draft."""

    draft: str
    release_role: SignedRole
    version: int
    sha256: str


class ReleasePublished(Entry, frozen=True, kw_only=True, tag="release.published"):
    """A draft was signed by enough people, `signatures` of them, and units trust it from now on."""

    draft: str
    release_role: SignedRole
    version: int
    sha256: str
    signatures: int
