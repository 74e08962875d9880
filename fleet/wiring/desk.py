"""Plans that are kept as harnesses, by revision; each with its entry in the transaction that keeps it."""

import secrets
from datetime import datetime
from hashlib import sha256

from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.wiring import HarnessKept
from fleet.errors import Conflict, NotFound
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from fleet.store.wiring import StoredRevision
from fleet.wiring.judging import Judged, PlanJudging
from protocols.api.wiring import HarnessPage, HarnessView, NewHarness, NewHarnessRevision, RevisionRow
from protocols.wiring.policy import WiringPolicy

MAX_HARNESSES = 2000
MAX_REVISIONS = 200
"""Of one harness. All are listed with it."""


class WiringDesk:
    """Every method raises StoreUnavailable; those about one harness NotFound; those that keep something Conflict and
    RequestRefused."""

    def __init__(self, store: Store, clock: Clock, judging: PlanJudging) -> None:
        self._store = store
        self._clock = clock
        self._judging = judging

    @property
    def policy(self) -> WiringPolicy:
        """The thresholds of this house."""
        return self._judging.policy

    async def page(self, words: str, offset: int, limit: int) -> HarnessPage:
        """Harnesses by name, in whose id, name or title each of `words` occurs."""
        async with self._store.transaction() as transaction:
            return await transaction.wiring.page(words, offset, limit)

    async def one(self, harness_id: str, revision: int) -> HarnessView:
        """A harness with the text of a revision, 0 the newest."""
        async with self._store.transaction() as transaction:
            return await _view(transaction, await found_revision(transaction, harness_id, revision))

    async def keep(self, new: NewHarness, caller: Person) -> HarnessView:
        """Keep a plan as a new harness."""
        judged = await self._judging.judge(new.text, caller.person_id)
        kept = _revision(f"H-{secrets.token_hex(6)}", 1, new.text, judged, caller, self._clock())
        async with self._store.transaction() as transaction:
            if await transaction.wiring.count() >= MAX_HARNESSES:
                raise Conflict(
                    "too-many-harnesses", f"{MAX_HARNESSES} harnesses are kept", "keep it as a revision of one of them"
                )
            return await _keep(transaction, kept)

    async def revise(self, harness_id: str, new: NewHarnessRevision, caller: Person) -> HarnessView:
        """Keep a plan as the next revision of a harness, unless that is at another one than `new.revision`."""
        judged = await self._judging.judge(new.text, caller.person_id)
        kept = _revision(harness_id, new.revision + 1, new.text, judged, caller, self._clock())
        async with self._store.transaction() as transaction:
            newest = await transaction.wiring.locked(harness_id)
            if newest is None:
                raise _unknown(harness_id)
            await _check_follows(transaction, kept, newest)
            return await _keep(transaction, kept)


async def found_revision(transaction: Transaction, harness_id: str, revision: int) -> StoredRevision:
    """A revision of a harness, 0 the newest; raises NotFound."""
    newest = await transaction.wiring.newest(harness_id)
    if newest is None:
        raise _unknown(harness_id)
    found = await transaction.wiring.revision(harness_id, revision or newest)
    if found is None:
        raise NotFound(
            "revision-unknown", f"{harness_id} has no revision {revision}", f"its newest is {newest}; 0 asks for that"
        )
    return found


async def _check_follows(transaction: Transaction, kept: StoredRevision, newest: int) -> None:
    if kept.revision != newest + 1:
        raise Conflict(
            "revision-changed",
            f"{kept.harness_id} is at revision {newest}, and not {kept.revision - 1}",
            "look at it again, and change that",
        )
    if newest >= MAX_REVISIONS:
        raise Conflict(
            "too-many-revisions", f"{kept.harness_id} has {MAX_REVISIONS} revisions", "keep it as a new harness"
        )
    if (await found_revision(transaction, kept.harness_id, newest)).sha256 == kept.sha256:
        raise Conflict(
            "plan-unchanged", f"revision {newest} of {kept.harness_id} is the same text", "there is nothing to keep"
        )


async def _keep(transaction: Transaction, kept: StoredRevision) -> HarnessView:
    await transaction.wiring.add(kept)
    await transaction.log.append(
        HarnessKept(
            at=kept.kept_at,
            actor=kept.kept_by,
            harness=kept.harness_id,
            revision=kept.revision,
            sha256=kept.sha256,
            failing=kept.failed,
            unjudged=kept.unjudged,
            title=HashedText(kept.title) if kept.title else None,
        )
    )
    transaction.changed.deployments = True
    return await _view(transaction, kept)


async def _view(transaction: Transaction, stored: StoredRevision) -> HarnessView:
    row = await transaction.wiring.row(stored.harness_id)
    if row is None:
        raise _unknown(stored.harness_id)
    return HarnessView(
        row=row,
        revision=RevisionRow(
            revision=stored.revision, kept_at=stored.kept_at, kept_by=stored.kept_by, sha256=stored.sha256
        ),
        text=stored.text,
        revisions=await transaction.wiring.revisions(stored.harness_id),
    )


def _revision(
    harness_id: str, revision: int, text: str, judged: Judged, caller: Person, now: datetime
) -> StoredRevision:
    plan, assessment = judged
    return StoredRevision(
        harness_id=harness_id,
        revision=revision,
        name=plan.name,
        title=plan.title,
        text=text,
        sha256=sha256(text.encode()).hexdigest(),
        system_v=None if plan.vehicle is None else plan.vehicle.system_v,
        loads=len(plan.loads),
        conductors=len(plan.conductors),
        failed=len(assessment.of("fail")),
        unjudged=len(assessment.of("unjudged")),
        may_be_fitted=assessment.may_be_fitted,
        kept_by=caller.person_id,
        kept_at=now,
    )


def _unknown(harness_id: str) -> NotFound:
    return NotFound("harness-unknown", f"there is no harness {harness_id}", "list them: fleet wiring list")
