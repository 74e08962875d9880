"""A witness under a log that lies: split views, restored backups, replays and races, and kill -9 as it writes.

A real `fleet witness` over HTTPS, checkpoints by the log's own key. Whatever is asked, and whenever the witness dies,
all that it ever cosigned must be one growing tree.
"""

import asyncio
import itertools
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec

from fleet.log.cosigning import Cosigner
from fleet.witness.place import origin_hash
from protocols.errors import InvalidNote
from protocols.tlog.checkpoint import read_checkpoint
from protocols.tlog.cosignature import cosigned_at
from protocols.tlog.note import read_note, read_signature
from protocols.tlog.policy import build_policy
from tests.support.tlog import TestLog, request
from tests.support.witness import RunningWitness

_MOST_GROWTH = 60
_RIVALS = 4
_REPLAYS = 12
_WATCH_LIMIT_S = 3.0
_ANSWER_LIMIT_S = 20.0


class Tally(msgspec.Struct, kw_only=True):
    """What is counted. `unanswered_writes` are kills between writing and answering."""

    rounds: int = 0
    split_views_refused: int = 0
    restored_backups_refused: int = 0
    kills: int = 0
    unanswered_writes: int = 0
    requests: int = 0
    cosignatures: int = 0
    inconsistent_cosignatures: int = 0


class Tree(NamedTuple):
    """A tree that was asked for: the first `size` leaves of `log`."""

    log: TestLog
    size: int

    def continues(self, other: "Tree") -> bool:
        """Whether `other` is a prefix of this one, by the leaves and not by a proof."""
        return other.size <= self.size and self.log.root(other.size) == other.log.root(other.size)


class Campaign:
    """Rounds against one witness; `tally` holds the counts."""

    def __init__(self, witness: RunningWitness, log: TestLog, seed: int) -> None:
        self.tally = Tally()
        self._witness = witness
        self._log = log
        self._chance = random.Random(seed)
        self._policy = build_policy(log.vkey.line, [("north", witness.vkey.line)], 1)
        self._sent: list[bytes] = []
        self._cosigned: list[Tree] = []
        self._latest_file = witness.directory / "logs" / origin_hash(log.origin) / "latest"

    async def round(self) -> None:
        """One honest checkpoint, then every lie, then a race that the witness does not survive."""
        self.tally.rounds += 1
        self._log.grow(self._chance.randint(2, _MOST_GROWTH))
        async with self._asking() as client, self._cosigner() as cosigner:
            if await self._cosign(cosigner, self._log) is not None:
                raise AssertionError("an honest checkpoint was refused")
            splits = [await self._split_view(client, cosigner) for _ in range(2)]
            self.tally.split_views_refused += all(splits)
            self.tally.restored_backups_refused += await self._restored_backup(client)
        await self._race_and_kill()

    def judge(self) -> None:
        """Hold all that was cosigned against each other."""
        trees = sorted(self._cosigned, key=lambda tree: tree.size)
        pairs = itertools.pairwise(trees)
        self.tally.cosignatures = len(trees)
        self.tally.inconsistent_cosignatures += sum(not later.continues(earlier) for earlier, later in pairs)

    async def _split_view(self, client: httpx.AsyncClient, cosigner: Cosigner) -> bool:
        """Another tree of the same size, and larger ones, none of which continues what was cosigned."""
        size = self._log.size
        fork = self._log.fork(self._chance.randrange(size))
        fork.grow(size - fork.size)
        told = [await self._cosign(cosigner, fork)]
        answers = [await self._post(client, Tree(fork, size), body) for body in self._lies(fork)]
        fork.grow(self._chance.randint(1, _MOST_GROWTH))
        told.append(await self._cosign(cosigner, fork))
        answers += [await self._post(client, Tree(fork, fork.size), body) for body in self._lies(fork)]
        return told == ["split-view"] * 2 and set(answers) <= {409, 422}

    async def _restored_backup(self, client: httpx.AsyncClient) -> bool:
        """An old copy of the log, by a controller that knows nothing of the witness; then it grows another way."""
        size = self._log.size
        backup = self._log.fork(self._chance.randrange(size))
        async with self._cosigner() as cosigner:
            told = [await self._cosign(cosigner, backup)]
            answers = [await self._post(client, Tree(backup, backup.size), body) for body in self._lies(backup)]
            backup.grow(size - backup.size + self._chance.randint(1, _MOST_GROWTH))
            told.append(await self._cosign(cosigner, backup))
        answers += [await self._post(client, Tree(backup, backup.size), body) for body in self._lies(backup)]
        return told == ["rolled-back", "split-view"] and set(answers) <= {400, 409, 422}

    def _lies(self, other: TestLog) -> Iterator[bytes]:
        """Requests for the whole of `other`, with whatever could be taken for a proof."""
        latest, size = self._log.size, other.size
        note = other.checkpoint()
        noise = [self._chance.randbytes(32) for _ in range(self._chance.randint(1, 8))]
        proofs = [[], noise, [self._log.root()], [other.root()], [self._log.root(), other.root()]]
        if size > latest:
            proofs += [other.proof(latest), other.proof(latest)[1:], other.proof(latest) + noise]
        yield from (request(latest, proof, note) for proof in proofs)
        yield from (other.request(old) for old in {0, size, self._chance.randint(0, size)} - {latest})

    async def _race_and_kill(self) -> None:
        """Rivals that each continue the latest checkpoint, at once with old requests; the witness dies meanwhile."""
        base = self._log
        rivals = [base.fork(base.size).grow(self._chance.randint(1, _MOST_GROWTH)) for _ in range(_RIVALS)]
        asked: list[tuple[Tree | None, bytes]] = [
            (Tree(rival, rival.size), rival.request(base.size)) for rival in rivals
        ]
        asked += [(None, body) for body in self._chance.choices(self._sent, k=_REPLAYS)]
        self._chance.shuffle(asked)
        before = len(self._cosigned)
        async with self._asking() as client:
            dying = asyncio.create_task(asyncio.to_thread(self._strike, self._latest_file.stat().st_ino))
            posts = [asyncio.create_task(self._post(client, tree, body)) for tree, body in asked]
            await dying
            await self._witness.process.kill()
            await asyncio.gather(*posts)
        self.tally.kills += 1
        await self._witness.process.start()
        self._adopt([base, *rivals], answered=self._cosigned[before:])

    def _strike(self, inode: int) -> None:
        """Kill the witness as soon as it has written, or, one time in four, at any moment."""
        limit_s = self._chance.uniform(0, 0.02) if self._chance.random() < 0.25 else _WATCH_LIMIT_S
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline and self._latest_file.stat().st_ino == inode:
            pass
        os.kill(self._witness.process.pid, signal.SIGKILL)

    def _adopt(self, trees: list[TestLog], answered: list[Tree]) -> None:
        """Go on with the tree that the witness remembers: the one it chose, and must not leave again."""
        kept = read_checkpoint(read_note(self._latest_file.read_text()).body)
        chosen = next((log for log in trees if log.size == kept.size and log.root() == kept.root), None)
        if chosen is None:
            self.tally.inconsistent_cosignatures += 1
            return
        remembered = Tree(chosen, chosen.size)
        if chosen is not self._log and all(tree.log is not chosen for tree in answered):
            self.tally.unanswered_writes += 1
        self._cosigned.append(remembered)
        self._log = chosen

    async def _post(self, client: httpx.AsyncClient, tree: Tree | None, body: bytes) -> int:
        """Ask; the status, 0 without an answer. A replay has no tree: it is known from when it was sent first."""
        self.tally.requests += 1
        if tree is not None:
            self._sent.append(body)
        try:
            answer = await client.post("/add-checkpoint", content=body)
        except httpx.TransportError:
            return 0
        if answer.status_code == 200:
            self._record(tree, body, answer.text)
        return answer.status_code

    def _record(self, tree: Tree | None, body: bytes, signature_line: str) -> None:
        note = read_note(body.decode().partition("\n\n")[2])
        try:
            cosigned_at(note.body, read_signature(signature_line.removesuffix("\n")), self._witness.vkey)
        except InvalidNote:
            self.tally.inconsistent_cosignatures += 1
            return
        if tree is None:
            wanted = read_checkpoint(note.body)
            same = (
                each for each in self._cosigned if each.size == wanted.size and each.log.root(each.size) == wanted.root
            )
            tree = next(same, None)
        if tree is None:
            # A replay of what was refused, or never answered, before.
            self.tally.inconsistent_cosignatures += 1
        else:
            self._cosigned.append(tree)

    async def _cosign(self, cosigner: Cosigner, log: TestLog) -> str | None:
        """Ask as the controller does: why it was refused, None when it was cosigned."""
        given = await cosigner.cosign(log.checkpoint(), log.size, log.consistency, self._policy)
        self.tally.requests += 1
        if given.reaches_quorum:
            self._policy.check(given.text)
            self._cosigned.append(Tree(log, log.size))
            return None
        return given.refusals[0].kind

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[httpx.AsyncClient]:
        base, tls = self._witness.url, self._witness.tls()
        async with httpx.AsyncClient(base_url=base, verify=tls, trust_env=False, timeout=_ANSWER_LIMIT_S) as client:
            yield client

    @asynccontextmanager
    async def _cosigner(self) -> AsyncIterator[Cosigner]:
        cosigner = Cosigner([self._witness.address()], _ANSWER_LIMIT_S)
        try:
            yield cosigner
        finally:
            await cosigner.close()


async def campaign(rounds: int, seed: int, directory: Path) -> Tally:
    """`rounds` rounds in `directory`, against one witness and one log; the counts."""
    log = TestLog().grow(5)
    witness = RunningWitness(directory / "witness", [log.vkey])
    against = Campaign(witness, log, seed)
    await witness.process.start()
    try:
        for _ in range(rounds):
            await against.round()
    finally:
        await witness.process.kill()
    against.judge()
    return against.tally


def passed(tally: Tally) -> bool:
    """Whether every lie was refused and all that was cosigned is one tree."""
    refused = (tally.split_views_refused, tally.restored_backups_refused)
    return refused == (tally.rounds,) * 2 and tally.inconsistent_cosignatures == 0 < tally.cosignatures
