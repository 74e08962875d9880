"""Harnesses by revision, what deployments were given of them, and what was measured."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.wiring import DeploymentWiring, Fitting, HarnessPage, HarnessRow, RevisionRow
from protocols.wiring.findings import Judgement
from protocols.wiring.fitted import Compared

_SQL = load("wiring")
_failed = msgspec.json.Decoder(list[Judgement])
_compared = msgspec.json.Decoder(list[Compared])
_MAX_TERMS = 8


class StoredRevision(msgspec.Struct, frozen=True, kw_only=True):
    """A revision of a harness; `text` is its exact text, `sha256` that text's, and the counts are of what the rules
    said when it was kept."""

    harness_id: str
    revision: int
    name: str
    title: str
    text: str
    sha256: str
    system_v: int | None
    loads: int
    conductors: int
    failed: int
    unjudged: int
    may_be_fitted: bool
    kept_by: str
    kept_at: datetime


class StoredGiven(msgspec.Struct, frozen=True, kw_only=True):
    """A revision that a deployment was given. `failed` is the exact JSON of what did not pass then; `unit_id` is the
    unit that the item is now."""

    given_id: int
    deployment_id: str
    harness_id: str
    name: str
    title: str
    revision: int
    sha256: str
    item: str | None
    unit_id: str | None
    failed: str
    given_at: datetime
    given_by: str
    withdrawn_at: datetime | None


class StoredFitting(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, and how it compared, as exact JSON; `sha256` is of the two, one after the other."""

    fitting_id: str
    given_id: int
    measured: str
    compared: str
    sha256: str
    passed: bool
    note: str
    made_by: str
    made_at: datetime


class WiringStore:
    """Harnesses within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(self, words: str, offset: int, limit: int) -> HarnessPage:
        """Rows `offset` … by name, of the harnesses in whose id, name or title each of `words` occurs in any case."""
        escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        terms = [f"%{word}%" for word in escaped.split()[:_MAX_TERMS]]
        records = await self._connection.fetch(_SQL["page"], "", terms, offset, limit)
        counted = records or (await self._connection.fetch(_SQL["page"], "", terms, 0, 1) if offset else [])
        return HarnessPage(
            total=counted[0]["total"] if counted else 0, offset=offset, rows=[_row(record) for record in records]
        )

    async def row(self, harness_id: str) -> HarnessRow | None:
        """A harness as its newest revision is."""
        records = await self._connection.fetch(_SQL["page"], harness_id, [], 0, 1)
        return _row(records[0]) if records else None

    async def count(self) -> int:
        """How many harnesses there are; none is added by another transaction until this one ends."""
        await self._connection.execute(_SQL["lock_all"])
        count: int = await self._connection.fetchval(_SQL["count"])
        return count

    async def newest(self, harness_id: str) -> int | None:
        """The number of a harness's newest revision; None: there is no such harness."""
        found: int | None = await self._connection.fetchval(_SQL["newest"], harness_id)
        return found

    async def locked(self, harness_id: str) -> int | None:
        """The same, and nobody else revises it until the transaction ends."""
        found: int | None = await self._connection.fetchval(_SQL["locked"], harness_id)
        return found

    async def revisions(self, harness_id: str) -> list[RevisionRow]:
        """All revisions of a harness, newest first."""
        return [RevisionRow(**record) for record in await self._connection.fetch(_SQL["revisions"], harness_id)]

    async def revision(self, harness_id: str, revision: int) -> StoredRevision | None:
        """A revision with its text."""
        record = await self._connection.fetchrow(_SQL["revision"], harness_id, revision)
        return None if record is None else StoredRevision(**record)

    async def add(self, new: StoredRevision) -> None:
        """Keep a revision: the first of a new harness, or the one that follows the newest of one that is locked."""
        if new.revision == 1:
            await self._connection.execute(_SQL["add_harness"], new.harness_id)
        await self._connection.execute(_SQL["add_revision"], *msgspec.structs.astuple(new))
        if new.revision > 1:
            await self._connection.execute(_SQL["set_newest"], new.harness_id, new.revision)

    async def given(self, deployment_id: str) -> list[StoredGiven]:
        """What a deployment was given, in order; what was withdrawn too."""
        return [StoredGiven(**record) for record in await self._connection.fetch(_SQL["given"], deployment_id)]

    async def shown(self, deployment_id: str) -> list[DeploymentWiring]:
        """The same as the API and the deployment file show it, with what was measured on each, the newest first."""
        given = await self.given(deployment_id)
        found: dict[int, list[StoredFitting]] = defaultdict(list)
        for record in await self._connection.fetch(_SQL["fittings"], [one.given_id for one in given]):
            found[record["given_id"]].append(StoredFitting(**record))
        return [wiring_view(one, found[one.given_id]) for one in given]

    async def give(
        self,
        deployment_id: str,
        revision: StoredRevision,
        item: str | None,
        failed: str,
        by: str,
        now: datetime,
    ) -> None:
        """Give a locked deployment, which does not have the harness, a revision of it."""
        await self._connection.execute(
            _SQL["give"], deployment_id, revision.harness_id, revision.revision, item, failed, by, now
        )

    async def withdraw(self, given_id: int, by: str, now: datetime) -> None:
        """A deployment does not have a harness any more."""
        await self._connection.execute(_SQL["withdraw"], given_id, by, now)

    async def count_fittings(self, deployment_id: str) -> int:
        """How often something of a deployment was measured."""
        count: int = await self._connection.fetchval(_SQL["count_fittings"], deployment_id)
        return count

    async def add_fitting(self, new: StoredFitting) -> None:
        """Keep what was measured."""
        await self._connection.execute(_SQL["add_fitting"], *msgspec.structs.astuple(new))


def wiring_view(given: StoredGiven, fittings: Iterable[StoredFitting]) -> DeploymentWiring:
    """A harness of a deployment, as designed and as fitted."""
    return DeploymentWiring(
        deployment=given.deployment_id,
        harness=given.harness_id,
        name=given.name,
        title=given.title,
        revision=given.revision,
        sha256=given.sha256,
        item=given.item,
        unit=given.unit_id,
        given_at=given.given_at,
        given_by=given.given_by,
        withdrawn_at=given.withdrawn_at,
        failed=_failed.decode(given.failed),
        fittings=[
            Fitting(
                fitting=one.fitting_id,
                revision=given.revision,
                made_at=one.made_at,
                made_by=one.made_by,
                note=one.note,
                compared=_compared.decode(one.compared),
                passed=one.passed,
            )
            for one in fittings
        ],
    )


def _row(record: asyncpg.Record) -> HarnessRow:
    fields: dict[str, Any] = dict(record)
    del fields["total"]
    return HarnessRow(**fields)
