"""Releases: files for units in pieces, drafts with people's signatures, and metadata as it was published."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.releases import MAX_PIECE_BYTES, FileView, SignedRole

_SQL = load("releases")

MetadataRole = Literal["root", "targets", "snapshot", "timestamp"]


class StoredMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """A metadata file, exactly as it was published."""

    version: int
    content: bytes
    expires_at: datetime
    made_at: datetime


class StoredDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A draft that waits; `sha256` is its exact text's."""

    draft_id: str
    role: SignedRole
    version: int
    text: str
    sha256: str
    made_by: str
    made_at: datetime


class StoredSignature(msgspec.Struct, frozen=True, kw_only=True):
    """An armored SSHSIG under a draft, checked before it was stored."""

    key_id: str
    person_id: str
    signature: str


class ReleaseStore:
    """Releases within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self) -> None:
        """Let only one transaction at a time change drafts and metadata."""
        await self._connection.execute(_SQL["lock"])

    async def file(self, sha256: str) -> FileView | None:
        """A file, and how much of it is there."""
        record = await self._connection.fetchrow(_SQL["file"], sha256)
        return None if record is None else FileView(**record)

    async def locked_file(self, sha256: str) -> FileView | None:
        """The same, and nobody else adds to it until the transaction ends."""
        await self._connection.execute(_SQL["lock_file"], sha256)
        return await self.file(sha256)

    async def count_waiting(self) -> int:
        """How many files are not all there yet."""
        count: int = await self._connection.fetchval(_SQL["waiting"])
        return count

    async def lengths(self, files: Collection[str]) -> dict[str, int]:
        """The lengths of those of `files`, by SHA-256, that are all there."""
        records = await self._connection.fetch(_SQL["complete"], list(files))
        return {record["sha256"]: record["length_bytes"] for record in records}

    async def begin_file(self, sha256: str, length_bytes: int, by: str, now: datetime) -> None:
        """Make room for a file that is not known."""
        await self._connection.execute(_SQL["begin_file"], sha256, length_bytes, by, now)

    async def add_piece(self, sha256: str, offset: int, content: bytes) -> None:
        """Keep the next piece of a file."""
        await self._connection.execute(_SQL["add_piece"], sha256, offset // MAX_PIECE_BYTES, content)

    async def drop_pieces(self, sha256: str) -> None:
        """Forget what came of a file that is not kept."""
        await self._connection.execute(_SQL["drop_pieces"], sha256)

    async def forget_file(self, sha256: str) -> None:
        """Forget a file that is not kept, with what came of it; call under its lock."""
        await self._connection.execute(_SQL["drop_pieces"], sha256)
        await self._connection.execute(_SQL["forget_file"], sha256)

    async def forget_files(self, before: datetime) -> None:
        """Forget files that were announced earlier and are not kept, but those that somebody adds to at this moment."""
        for record in await self._connection.fetch(_SQL["stale_files"], before):
            await self.forget_file(record["sha256"])

    async def unnamed_files(self, since: datetime) -> list[FileView]:
        """The files that are kept since before `since` and that no targets metadata in force then or later names, nor
        the draft that waits; the oldest first. Call under `lock`."""
        records = await self._connection.fetch(_SQL["unnamed_files"], since)
        return [
            FileView(sha256=sha256, length_bytes=length, have_bytes=length, complete=True) for sha256, length in records
        ]

    async def remove_file(self, sha256: str) -> None:
        """Remove a file that is kept and that nothing names; its entry is written before. Call under `lock`."""
        await self._connection.execute(_SQL["forget_file"], sha256)

    async def total_bytes(self) -> int:
        """How many bytes all files have, those that are announced as if they were there."""
        total: int = await self._connection.fetchval(_SQL["total_bytes"])
        return total

    async def keep_file(self, sha256: str, by: str, now: datetime) -> None:
        """A file whose hash was checked is there from now on."""
        await self._connection.execute(_SQL["keep_file"], sha256, by, now)

    async def piece(self, sha256: str, number: int) -> bytes | None:
        """A piece, also of a file that is not all there yet; None when there is none."""
        content: bytes | None = await self._connection.fetchval(_SQL["piece"], sha256, number)
        return content

    async def part(self, sha256: str, offset: int, length: int) -> bytes | None:
        """At most `length` bytes of a file that is there from `offset`, up to the end of a piece; None beyond it."""
        number, within = divmod(offset, MAX_PIECE_BYTES)
        content: bytes | None = await self._connection.fetchval(_SQL["part"], sha256, number, within + 1, length)
        return content or None

    async def newest(self, role: MetadataRole) -> StoredMetadata | None:
        """The metadata of a role in force."""
        record = await self._connection.fetchrow(_SQL["newest"], role)
        return None if record is None else StoredMetadata(**record)

    async def metadata(self, role: MetadataRole, version: int) -> bytes | None:
        """A version of a role's metadata."""
        content: bytes | None = await self._connection.fetchval(_SQL["metadata"], role, version)
        return content

    async def publish(self, role: MetadataRole, new: StoredMetadata, draft_id: str | None) -> None:
        """Put metadata in force; call under `lock`."""
        await self._connection.execute(
            _SQL["add_metadata"], role, new.version, new.content, new.expires_at, new.made_at, draft_id
        )

    async def draft(self, role: SignedRole) -> StoredDraft | None:
        """The draft of a role that waits."""
        record = await self._connection.fetchrow(_SQL["draft"], role)
        return None if record is None else StoredDraft(**record)

    async def add_draft(self, new: StoredDraft) -> None:
        """Keep a draft, where none waits; call under `lock`."""
        await self._connection.execute(_SQL["add_draft"], *msgspec.structs.astuple(new))

    async def end_draft(
        self, draft_id: str, how: Literal["replaced", "withdrawn", "published"], by: str, now: datetime
    ) -> None:
        """A draft waits no more."""
        await self._connection.execute(_SQL["end_draft"], draft_id, how, by, now)

    async def sign(self, draft_id: str, new: StoredSignature, now: datetime) -> None:
        """Keep a signature that was checked."""
        await self._connection.execute(_SQL["sign"], draft_id, new.key_id, new.person_id, new.signature, now)

    async def signatures(self, draft_id: str) -> list[StoredSignature]:
        """The signatures under a draft, in the order they came."""
        return [StoredSignature(**record) for record in await self._connection.fetch(_SQL["signatures"], draft_id)]
