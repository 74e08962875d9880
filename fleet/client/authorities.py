"""Authorities at the controller."""

import secrets
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from fleet.client.session import Session
from protocols.api.authorities import (
    AuthorityPage,
    AuthorityState,
    AuthorityView,
    Cancelling,
    DocumentHash,
    NewAuthority,
    ReviewDone,
    StatementRecorded,
)

_PIECE = 1024 * 1024


class AuthorityRequests:
    """What can be asked and done about authorities; part of `FleetClient`."""

    _session: Session

    async def authorities(
        self, words: str = "", *, state: AuthorityState | None = None, offset: int = 0, limit: int = 100
    ) -> AuthorityPage:
        """Authorities, newest first, with `words` in reference or id; at most `limit` (200)."""
        query = {"filter": words or None, "state": state, "offset": offset, "limit": limit}
        return await self._session.request("GET", "/api/authorities", AuthorityPage, query=query)

    async def authority(self, authority_id: str) -> AuthorityView:
        """One authority."""
        return await self._session.request("GET", f"/api/authorities/{authority_id}", AuthorityView)

    async def record_authority(self, new: NewAuthority) -> AuthorityView:
        """Record an authority that was given elsewhere."""
        return await self._session.request("POST", "/api/authorities", AuthorityView, body=new)

    async def review_authority(self, authority_id: str, done: ReviewDone) -> AuthorityView:
        """The review that was due has been held."""
        return await self._session.request("POST", f"/api/authorities/{authority_id}/review", AuthorityView, body=done)

    async def record_statement(self, authority_id: str, document: DocumentHash) -> AuthorityView:
        """The written statement of an urgent oral authority was made."""
        body = StatementRecorded(document=document)
        path = f"/api/authorities/{authority_id}/statement"
        return await self._session.request("POST", path, AuthorityView, body=body)

    async def cancel_authority(self, authority_id: str, reason: str) -> AuthorityView:
        """End an authority and all mandates under it before its time."""
        body = Cancelling(reason=reason)
        return await self._session.request("POST", f"/api/authorities/{authority_id}/cancel", AuthorityView, body=body)


def hash_document(path: Path) -> DocumentHash:
    """The salted hash of a document of any length, under a fresh salt: of it, nothing else leaves this machine.

    Raises OSError.
    """
    with path.open("rb") as document:
        return _hashed(document)


def _hashed(document: BinaryIO) -> DocumentHash:
    salt = secrets.token_bytes(16)
    digest = sha256(salt)
    while piece := document.read(_PIECE):
        digest.update(piece)
    return DocumentHash(salt=salt.hex(), sha256=digest.hexdigest())
