"""Releases at the controller: files in pieces, drafts as their own texts have them, signatures.

The controller hands out drafts; it is not asked what they mean. What a person signs is read here from the exact text.
"""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from fleet.client.errors import DraftNotTrusted
from fleet.client.session import Session
from fleet.client.signing import sign
from protocols.api.releases import (
    MAX_PIECE_BYTES,
    DraftSignature,
    DraftView,
    FileView,
    NewDraft,
    NewFile,
    ReleaseKey,
    ReleasesView,
    SignedRole,
)

if TYPE_CHECKING:
    from fleet.client.release_drafts import ReadRelease

Progress = Callable[[int, int], None]
"""Is told how many bytes are there, and of how many."""


class ReleaseRequests:
    """What can be asked and done about releases; part of `FleetClient`."""

    _session: Session

    async def releases(self) -> ReleasesView:
        """The repository."""
        return await self._session.request("GET", "/api/releases", ReleasesView)

    async def release_key(self) -> ReleaseKey:
        """The controller's own key."""
        return await self._session.request("GET", "/api/release-key", ReleaseKey)

    async def release_draft(self, role: SignedRole) -> DraftView:
        """The draft of a role that waits; raises DraftNotTrusted when its hash is not its text's."""
        found = await self._session.request("GET", f"/api/release-drafts/{role}", DraftView)
        if found.sha256 != sha256(found.text.encode()).hexdigest():
            raise DraftNotTrusted("its hash is not that of its text")
        return found

    async def draft_release(self, role: SignedRole, text: str) -> DraftView:
        """Let the next metadata of a role wait to be signed."""
        body = NewDraft(role=role, text=text)
        return await self._session.request("POST", "/api/release-drafts", DraftView, body=body)

    async def withdraw_release(self, role: SignedRole) -> ReleasesView:
        """Let a draft wait no more."""
        return await self._session.request("POST", f"/api/release-drafts/{role}/withdraw", ReleasesView)

    async def sign_release(self, read: "ReadRelease") -> ReleasesView:
        """Sign a draft that was read, with the person's SSH key; raises NoSigningKey."""
        from protocols.releases.ssh_key import RELEASE_NAMESPACE  # noqa: PLC0415 - TUF's library is large

        armored = await sign(read.text.encode(), RELEASE_NAMESPACE, self._session.settings.key_file)
        return await self.hand_in_release_signature(read.role, read.sha256, armored)

    async def hand_in_release_signature(self, role: SignedRole, digest: str, armored: str) -> ReleasesView:
        """Hand in one's own signature under the draft whose text has the SHA-256 `digest`, made elsewhere."""
        body = DraftSignature(sha256=digest, signature=armored)
        return await self._session.request("POST", f"/api/release-drafts/{role}/signatures", ReleasesView, body=body)

    async def send_release_file(self, path: Path, tell: Progress) -> FileView:
        """Send a file, from where an earlier attempt stopped; raises OSError when it can not be read, and
        DraftNotTrusted when it changed meanwhile."""
        digest, length = await asyncio.to_thread(_facts, path)
        new = NewFile(sha256=digest, length_bytes=length)
        view = await self._session.request("POST", "/api/release-files", FileView, body=new)
        while not view.complete:
            tell(view.have_bytes, length)
            content = await asyncio.to_thread(_piece, path, view.have_bytes)
            if len(content) != min(MAX_PIECE_BYTES, length - view.have_bytes):
                raise DraftNotTrusted(f"{path} changed while it was sent; send it again")
            to = f"/api/release-files/{digest}/{view.have_bytes}"
            view = await self._session.request("PUT", to, FileView, body=content)
        tell(length, length)
        return view


def _facts(path: Path) -> tuple[str, int]:
    found, length = sha256(), 0
    with path.open("rb") as file:
        while block := file.read(MAX_PIECE_BYTES):
            found.update(block)
            length += len(block)
    return found.hexdigest(), length


def _piece(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(MAX_PIECE_BYTES)
