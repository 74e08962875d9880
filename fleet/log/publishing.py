"""Publishing the log: a signed checkpoint of each size that is seen, cosigned by witnesses, and stored.

A root is signed only after its tree is committed, and computed from what is committed, so no two checkpoints of one
size can differ, whoever signs. Sequencing never waits for what happens here.
"""

import asyncio
from datetime import timedelta
from typing import NamedTuple

import structlog

from fleet.clock import Clock
from fleet.errors import LogDamaged, StoreUnavailable
from fleet.log.cosigning import Cosigned, Cosigner
from fleet.log.disagreements import Disagreements
from fleet.log.key import LogKey
from fleet.log.news import LogNews, rung
from fleet.log.policies import policy_in_force
from fleet.log.sequencer import DAMAGED_AGAIN_S
from fleet.log.tree import consistency_proof, root_at, tiles_needed_for_consistency, tiles_needed_for_root
from fleet.store.log_tree import StoredCheckpoint, TilePlace
from fleet.store.store import Store
from protocols.api.log import WitnessStatus
from protocols.backoff import Backoff
from protocols.errors import InvalidCheckpoint
from protocols.tlog.note import Note
from protocols.tlog.policy import LogPolicy

_GAP_S = 0.1
"""At the least between two checkpoints, so that a busy log is not published for its own sake."""
_AGAIN_CAP_S = 5.0
_FRESH, _LOOK = 0.7, 0.25
"""Parts of the greatest age of a checkpoint: when it is made anew, and how often that is looked at."""
_MAX_RESTS = 32

_log = structlog.get_logger(__name__)


class _Due(NamedTuple):
    """A checkpoint that is to be published."""

    note: Note
    size: int
    policy: LogPolicy


class Publisher:
    """Runs in the controller that sequences. `witnesses` has what each witness answered last, by name."""

    def __init__(
        self,
        store: Store,
        key: LogKey,
        cosigner: Cosigner,
        clock: Clock,
        news: LogNews,
        disagreements: Disagreements,
        *,
        every_s: float,
    ) -> None:
        """A checkpoint is at most `every_s` old."""
        self._store = store
        self._key = key
        self._cosigner = cosigner
        self._clock = clock
        self._news = news
        self._every_s = every_s
        self._disagreements = disagreements
        self._rests: set[asyncio.Task[None]] = set()
        self.witnesses: dict[str, WitnessStatus] = {}

    async def run(self) -> None:
        """Publish until cancelled; a lost database, and witnesses that are away, only delay."""
        backoff = Backoff(base_s=0.2, cap_s=_AGAIN_CAP_S)
        try:
            while True:
                ring = self._news.grown.next
                try:
                    complete = await self.publish()
                except StoreUnavailable as error:
                    _log.warning("publishing the log waits for the database", detail=error.detail)
                    complete = False
                except LogDamaged as error:
                    _log.exception("nothing of the log can be signed")
                    await self._disagreements.tell_damage(error)
                    await asyncio.sleep(DAMAGED_AGAIN_S)
                    continue
                if not complete:
                    await asyncio.sleep(max(_GAP_S, backoff.next_s()))
                    continue
                backoff.reset()
                await asyncio.sleep(_GAP_S)
                await rung(ring, self._every_s * _LOOK)
        finally:
            for rest in list(self._rests):
                rest.cancel()
            await asyncio.gather(*self._rests, return_exceptions=True)

    async def publish(self) -> bool:
        """Publish the tree as it is, if that is due; False when too few witnesses cosigned.

        Raises StoreUnavailable, LogDamaged.
        """
        due = await self._due()
        if due is None:
            return True
        cosigned = await self._cosigner.cosign(due.note.text, due.size, self._consistency, due.policy)
        accepted = await self._keep(due, cosigned)
        if cosigned.rest is not None and len(self._rests) < _MAX_RESTS:
            rest = asyncio.create_task(self._keep_rest(due, cosigned.rest), name="log cosigning: the rest")
            self._rests.add(rest)
            rest.add_done_callback(self._rests.discard)
        return accepted

    async def _due(self) -> _Due | None:
        async with self._store.transaction() as transaction:
            size = await transaction.log_tree.size()
            before = await transaction.log_tree.checkpoint(size)
            policy = await policy_in_force(transaction, self._key)
            tiles = await transaction.log_tree.tiles(tiles_needed_for_root(size))
        if size == 0:
            return None
        note = self._key.sign(size, _root(size, tiles))
        if before is not None and _contradicts(before, note):
            await self._disagreements.tell_own(size)
            return None
        if before is not None and self._is_fresh(before, note, policy):
            return None
        return _Due(note, size, policy)

    def _is_fresh(self, before: StoredCheckpoint, note: Note, policy: LogPolicy) -> bool:
        age = self._clock() - before.made_at
        fresh = timedelta(0) <= age < timedelta(seconds=self._every_s * _FRESH)
        return before.cosigned and fresh and before.note.startswith(note.body) and _accepted(policy, before.note)

    async def _keep(self, due: _Due, cosigned: Cosigned) -> bool:
        now = self._clock()
        accepted = cosigned.reaches_quorum and _accepted(due.policy, cosigned.text)
        async with self._store.transaction() as transaction:
            await transaction.log_tree.put_checkpoint(StoredCheckpoint(due.size, cosigned.text, now, accepted))
        if accepted:
            self._news.published.ring()
        await self._remember(due, cosigned)
        return accepted

    async def _keep_rest(self, due: _Due, rest: "asyncio.Task[Cosigned]") -> None:
        """Store what the slower witnesses have said too; the quorum has been stored before."""
        await asyncio.wait({rest})
        if rest.cancelled() or rest.exception() is not None:
            return
        try:
            await self._keep(due, rest.result())
        except StoreUnavailable as error:
            _log.warning("cosignatures beyond the quorum were not stored", detail=error.detail)

    async def _remember(self, due: _Due, cosigned: Cosigned) -> None:
        now = self._clock()
        for name in cosigned.answered:
            self.witnesses[name] = WitnessStatus(name=name, answer="cosigned", at=now, size=due.size)
            self._disagreements.forget(name)
        for refusal in cosigned.refusals:
            known = self.witnesses.get(refusal.witness)
            size = known.size if known is not None else None
            status = WitnessStatus(name=refusal.witness, answer=refusal.kind, at=now, size=refusal.witness_size or size)
            if known is None or known.answer != refusal.kind:
                _log.warning(
                    "a witness does not cosign", witness=refusal.witness, why=refusal.kind, detail=refusal.detail
                )
            self.witnesses[refusal.witness] = status
            await self._disagreements.tell(refusal, due.size)

    async def _consistency(self, old_size: int, new_size: int) -> list[bytes]:
        async with self._store.transaction() as transaction:
            tiles = await transaction.log_tree.tiles(tiles_needed_for_consistency(old_size, new_size))
        try:
            return consistency_proof(old_size, new_size, lambda level, index: tiles.get((level, index), b""))
        except ValueError as error:
            raise LogDamaged(str(error)) from error


def _root(size: int, tiles: dict[TilePlace, bytes]) -> bytes:
    try:
        return root_at(size, lambda level, index: tiles.get((level, index), b""))
    except ValueError as error:
        raise LogDamaged(str(error)) from error


def _contradicts(before: StoredCheckpoint, note: Note) -> bool:
    """Whether this log has signed another root for the size before: then it must not sign this one."""
    origin = note.body.partition("\n")[0]
    return before.note.startswith(f"{origin}\n") and not before.note.startswith(note.body)


def _accepted(policy: LogPolicy, note: str) -> bool:
    try:
        policy.check(note)
    except InvalidCheckpoint as error:
        if error.reason != "quorum-missing":
            _log.error("the log policy in force does not accept this log's checkpoint", reason=error.reason)
        return False
    return True
