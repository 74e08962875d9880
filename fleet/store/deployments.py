"""Deployments, the steps they went, and the authorities they rest on."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.access_record import Modality
from protocols.deployments import DeploymentKind, DeploymentState, KitWanted, Step, Work

_SQL = load("deployments")
_wants = msgspec.json.Decoder(list[KitWanted])
_OVER: frozenset[DeploymentState] = frozenset({"closed", "cancelled"})


class StoredDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment. `urgent`: it takes the fast path."""

    deployment_id: str
    version: int
    kind: DeploymentKind
    state: DeploymentState
    title: str
    site: str | None
    starts_at: datetime
    expected_back_at: datetime
    wants: list[KitWanted]
    works: list[Work]
    modalities: list[Modality]
    lead_id: str | None
    rota_id: str | None
    supervisor_id: str | None
    note: str
    urgent: bool
    requested_by: str
    requested_at: datetime

    @property
    def is_over(self) -> bool:
        """Whether nothing of it goes on any more."""
        return self.state in _OVER


class StoredStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step that a deployment went, or that the fast path went past (`skipped`). Its papers are owed until
    `owed_until` by `owner_id`, where there are any and they were not made up for."""

    deployment_id: str
    step: Step
    from_state: DeploymentState
    to_state: DeploymentState
    at: datetime
    by: str
    skipped: bool = False
    owed_until: datetime | None = None
    owner_id: str | None = None
    step_id: int = 0
    made_up_at: datetime | None = None
    made_up_by: str | None = None

    @property
    def is_owed(self) -> bool:
        """Whether its papers are still to come."""
        return self.owed_until is not None and self.made_up_at is None


class StoredCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A readiness certificate; `document` is its exact text."""

    certificate_id: str
    deployment_id: str
    item: str
    unit_id: str
    issued_at: datetime
    issued_by: str
    valid_until: datetime
    passed: bool
    document: str


class DeploymentStore:
    """Deployments within one transaction. Whoever changes one, or anything that is kept for it, locks it first, and
    items and people after it: so nobody waits for each other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def new_number(self) -> str:
        """The next deployment's number; one that is not used is missing."""
        return f"DEP-{await self._connection.fetchval(_SQL['new_number'])}"

    async def one(self, deployment_id: str) -> StoredDeployment | None:
        """One deployment."""
        found = await self.of([deployment_id])
        return found[0] if found else None

    async def of(self, deployment_ids: Iterable[str]) -> list[StoredDeployment]:
        """Those of these that there are, by their numbers' text."""
        return [_stored(record) for record in await self._connection.fetch(_SQL["of"], list(deployment_ids))]

    async def locked(self, deployment_id: str) -> StoredDeployment | None:
        """One deployment, which nobody else changes until the transaction ends."""
        if await self._connection.fetchval(_SQL["lock_one"], deployment_id) is None:
            return None
        return await self.one(deployment_id)

    async def add(self, new: StoredDeployment) -> None:
        """Keep a deployment that was asked for."""
        fields = {**msgspec.structs.asdict(new), "wants": _text(new.wants)}
        await self._connection.execute(_SQL["add"], *fields.values())

    async def put(self, changed: StoredDeployment) -> None:
        """Keep a locked deployment as it is now. Its kind, who asked for it, and whether it is urgent, stay."""
        await self._connection.execute(
            _SQL["put"],
            changed.deployment_id,
            changed.version,
            changed.state,
            changed.title,
            changed.site,
            changed.starts_at,
            changed.expected_back_at,
            _text(changed.wants),
            changed.works,
            changed.modalities,
            changed.lead_id,
            changed.rota_id,
            changed.supervisor_id,
            changed.note,
        )

    async def add_step(self, step: StoredStep) -> None:
        """Keep a step; the database takes it only with its entry."""
        await self._connection.execute(
            _SQL["add_step"],
            step.deployment_id,
            step.step,
            step.from_state,
            step.to_state,
            step.at,
            step.by,
            step.skipped,
            step.owed_until,
            step.owner_id,
        )

    async def make_up(self, step_id: int, by: str, now: datetime) -> None:
        """What was owed is there."""
        await self._connection.execute(_SQL["make_up"], step_id, by, now)

    async def steps_of(self, deployment_ids: Iterable[str]) -> dict[str, list[StoredStep]]:
        """The steps of each, in order."""
        found: dict[str, list[StoredStep]] = defaultdict(list)
        for record in await self._connection.fetch(_SQL["steps"], list(deployment_ids)):
            found[record["deployment_id"]].append(StoredStep(**record))
        return found

    async def authorities_of(self, deployment_ids: Iterable[str]) -> dict[str, list[str]]:
        """The ids of the authorities that each rests on, in the order in which they were named."""
        found: dict[str, list[str]] = defaultdict(list)
        for record in await self._connection.fetch(_SQL["authorities"], list(deployment_ids)):
            found[record["deployment_id"]].append(record["authority_id"])
        return found

    async def name_authority(self, deployment_id: str, authority_id: str, by: str, now: datetime) -> None:
        """It rests on this recorded authority too."""
        await self._connection.execute(_SQL["name_authority"], deployment_id, authority_id, by, now)

    async def drop_authority(self, deployment_id: str, authority_id: str, now: datetime) -> None:
        """It does not rest on it any more."""
        await self._connection.execute(_SQL["drop_authority"], deployment_id, authority_id, now)

    async def find(
        self, *, words: str, kind: str, open_only: bool, person_id: str, limit: int
    ) -> list[StoredDeployment]:
        """At most `limit` deployments with `words` in number, title or site, of a kind, not over, with which a person
        has to do, each where it is asked for: by their end, then those that are over, newest first."""
        records = await self._connection.fetch(_SQL["find"], words, kind, open_only, person_id, limit)
        return [_stored(record) for record in records]

    async def open_after(self, deployment_id: str, limit: int) -> list[StoredDeployment]:
        """Those that are not over, by their number as text, from after this one (empty: the first)."""
        return [_stored(record) for record in await self._connection.fetch(_SQL["open_after"], deployment_id, limit)]

    async def of_unit(self, unit_id: str) -> tuple[str, DeploymentState] | None:
        """The deployment for which a unit is out, and its state."""
        record = await self._connection.fetchrow(_SQL["open_of_unit"], unit_id)
        return None if record is None else (record["deployment_id"], record["state"])

    async def certificates_of(self, deployment_ids: Iterable[str]) -> dict[str, list[StoredCertificate]]:
        """The readiness certificates of each, newest first."""
        found: dict[str, list[StoredCertificate]] = defaultdict(list)
        for record in await self._connection.fetch(_SQL["certificates"], list(deployment_ids)):
            found[record["deployment_id"]].append(StoredCertificate(**record))
        return found


def _text(wants: list[KitWanted]) -> str:
    return msgspec.json.encode(wants).decode()


def _stored(record: asyncpg.Record) -> StoredDeployment:
    fields: dict[str, Any] = dict(record)
    return StoredDeployment(**{**fields, "wants": _wants.decode(fields["wants"])})
