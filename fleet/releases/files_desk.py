"""Files for units: taken piece by piece, kept once all of it is there and is what was announced."""

import asyncio
from datetime import datetime, timedelta
from hashlib import sha256 as new_sha256

from fleet.clock import Clock
from fleet.entries.entry import CONTROLLER
from fleet.entries.releases import ReleaseFileBegun, ReleaseFileKept, ReleaseFileRemoved
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.releases.online import targets_in_force
from fleet.settings import ReleaseSettings
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.releases import MAX_PIECE_BYTES, FileView, NewFile
from protocols.words import size

MAX_WAITING = 200
"""How many files may be on their way at once †."""
FORGOTTEN_AFTER = timedelta(days=7)
"""A file that is not all there so long after it was announced makes room for another, and so does one that nothing has
named for so long †: units that were told of it before may fetch it still."""
_NAMED = 3


class ReleaseFilesDesk:
    """Every method raises StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock, settings: ReleaseSettings) -> None:
        self._store = store
        self._clock = clock
        self._most_bytes = settings.files_mib * 1024 * 1024

    async def begin(self, new: NewFile, caller: Person) -> FileView:
        """Make room for a file, or say how much of it is there; raises Conflict (`other-length`, `too-many-files`,
        `files-full`: all files together would have more bytes than they may).

        What nobody needs any more is removed first. One that was announced with another length counts only when it is
        kept: until then nobody knows which is right.
        """
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.releases.lock()
            known = await transaction.releases.locked_file(new.sha256)
            if known is not None and not known.complete and known.length_bytes != new.length_bytes:
                await transaction.releases.forget_file(new.sha256)
                known = None
            if known is not None:
                if known.length_bytes != new.length_bytes:
                    raise Conflict(
                        "other-length",
                        f"the file with this SHA-256 was announced with {known.length_bytes} bytes",
                        "announce the file as it is",
                    )
                return known
            await transaction.releases.forget_files(now - FORGOTTEN_AFTER)
            await _remove_unnamed(transaction, now)
            if await transaction.releases.count_waiting() >= MAX_WAITING:
                raise Conflict("too-many-files", f"{MAX_WAITING} files are on their way", "send those to their end")
            if new.length_bytes + await transaction.releases.total_bytes() > self._most_bytes:
                raise await _full(transaction, new.length_bytes, self._most_bytes)
            await transaction.releases.begin_file(new.sha256, new.length_bytes, caller.person_id, now)
            await transaction.log.append(
                ReleaseFileBegun(at=now, actor=caller.person_id, sha256=new.sha256, length_bytes=new.length_bytes)
            )
            return FileView(sha256=new.sha256, length_bytes=new.length_bytes, have_bytes=0, complete=False)

    async def take(self, sha256: str, offset: int, content: bytes, caller: Person) -> FileView:
        """Keep the piece at `offset`; a piece that is there already is passed over. The last one has the whole hashed.

        Raises NotFound, Conflict (`other-offset`), RequestRefused (`piece-length`: none is empty, and every piece but
        the last has MAX_PIECE_BYTES; `hash-differs`: what came is another file, and is forgotten).
        """
        if not content:
            raise RequestRefused("piece-length", "a piece of no bytes was sent", "send those from have_bytes on")
        now = self._clock()
        async with self._store.transaction() as transaction:
            known = await transaction.releases.locked_file(sha256)
            if known is None:
                raise NotFound("file-unknown", "no such file was announced", "announce it first: fleet release add")
            if known.complete or offset < known.have_bytes:
                return known
            _check_piece(known, offset, len(content))
            await transaction.releases.add_piece(sha256, offset, content)
            have = known.have_bytes + len(content)
            if have < known.length_bytes:
                return FileView(sha256=sha256, length_bytes=known.length_bytes, have_bytes=have, complete=False)
            fits = await _hash(transaction, known) == sha256
            if fits:
                await transaction.releases.keep_file(sha256, caller.person_id, now)
                await transaction.log.append(
                    ReleaseFileKept(at=now, actor=caller.person_id, sha256=sha256, length_bytes=known.length_bytes)
                )
            else:
                await transaction.releases.drop_pieces(sha256)
        if not fits:
            raise RequestRefused("hash-differs", "what came is not the file that was announced", "send it again")
        return FileView(sha256=sha256, length_bytes=known.length_bytes, have_bytes=have, complete=True)


async def _remove_unnamed(transaction: Transaction, now: datetime) -> None:
    for one in await transaction.releases.unnamed_files(now - FORGOTTEN_AFTER):
        await transaction.log.append(
            ReleaseFileRemoved(at=now, actor=CONTROLLER, sha256=one.sha256, length_bytes=one.length_bytes)
        )
        await transaction.releases.remove_file(one.sha256)


async def _full(transaction: Transaction, wanted: int, most: int) -> Conflict:
    targets = await targets_in_force(transaction)
    files = sorted((targets.targets if targets else {}).items(), key=lambda item: (-item[1].length, item[0]))
    large = ", ".join(f"{path} of {size(one.length)}" for path, one in files[:_NAMED])
    remove = f"leave out what no unit needs any more ({large}): fleet release draft --remove PATH; " if large else ""
    return Conflict(
        "files-full",
        f"{size(wanted)} more are too many: the files for units may have {size(most)} together",
        f"{remove}a file goes {FORGOTTEN_AFTER.days} days after nothing names it; or raise files_mib in [releases]",
    )


def _check_piece(known: FileView, offset: int, length: int) -> None:
    if offset != known.have_bytes:
        raise Conflict(
            "other-offset", f"{known.have_bytes} bytes are there", "send the piece that begins with the next one"
        )
    wanted = min(MAX_PIECE_BYTES, known.length_bytes - offset)
    if length != wanted:
        raise RequestRefused("piece-length", f"the next piece has {wanted} bytes, this one {length}", "cut it so")


async def _hash(transaction: Transaction, known: FileView) -> str:
    whole = new_sha256()
    for number in range((known.length_bytes + MAX_PIECE_BYTES - 1) // MAX_PIECE_BYTES):
        piece = await transaction.releases.piece(known.sha256, number)
        assert piece is not None, "all of it came"
        await asyncio.to_thread(whole.update, piece)
    return whole.hexdigest()
