"""Checklists: what kinds and steps ask for, version by version, and the evidence of deployments."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.checklists import EvidenceView
from protocols.deployments import ChecklistItem, DeploymentKind, Step

_SQL = load("checklists")
_items = msgspec.json.Decoder(list[ChecklistItem])


class StoredTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the checklist of a kind and step, from 1 on."""

    kind: DeploymentKind
    step: Step
    version: int
    items: list[ChecklistItem]
    changed_by: str | None
    changed_at: datetime


class StoredEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was found at one item of a step's checklist; `text` empty and `number` None where there is none."""

    step: Step
    key: str
    ticked: bool
    text: str
    number: float | None
    met: bool
    by: str
    at: datetime

    def view(self) -> EvidenceView:
        """As the API shows it."""
        return EvidenceView(
            key=self.key,
            ticked=self.ticked,
            text=self.text,
            number=self.number,
            met=self.met,
            by=self.by,
            at=self.at,
        )


class Begun(NamedTuple):
    """The version that a step goes by; `items` None: the program's own, version 0."""

    step: Step
    version: int
    items: list[ChecklistItem] | None


class ChecklistStore:
    """Checklists within one transaction. Versions and evidence are only added."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def templates(self) -> list[StoredTemplate]:
        """The newest version of every checklist that was laid down."""
        return [_template(record) for record in await self._connection.fetch(_SQL["templates"])]

    async def template(self, kind: DeploymentKind, step: Step) -> StoredTemplate | None:
        """The newest version of one checklist."""
        record = await self._connection.fetchrow(_SQL["template"], kind, step)
        return None if record is None else _template(record)

    async def add_template(self, new: StoredTemplate) -> str | None:
        """Lay down the next version of a checklist; returns the exact text of its items, None where `version` is not
        the one that follows."""
        items = msgspec.json.encode(new.items).decode()
        added = await self._connection.fetchval(
            _SQL["add_template"], new.kind, new.step, new.version, items, new.changed_by, new.changed_at
        )
        return None if added is None else items

    async def begun(self, deployment_ids: Iterable[str]) -> dict[str, list[Begun]]:
        """The steps of each deployment for which evidence was given."""
        found: dict[str, list[Begun]] = defaultdict(list)
        for deployment_id, step, version, items in await self._connection.fetch(_SQL["begun"], list(deployment_ids)):
            found[deployment_id].append(Begun(step, version, None if items is None else _items.decode(items)))
        return found

    async def begin(self, deployment_id: str, step: Step, version: int, now: datetime) -> None:
        """Let a step go by a version from now on, unless it has one. The deployment is locked."""
        await self._connection.execute(_SQL["begin"], deployment_id, step, version, now)

    async def latest(self, deployment_ids: Iterable[str]) -> dict[str, list[StoredEvidence]]:
        """The latest evidence of each item of each step, by deployment."""
        found: dict[str, list[StoredEvidence]] = defaultdict(list)
        for record in await self._connection.fetch(_SQL["latest"], list(deployment_ids)):
            fields = dict(record)
            found[fields.pop("deployment_id")].append(StoredEvidence(**fields))
        return found

    async def count_evidence(self, deployment_id: str) -> int:
        """How much evidence was given for a deployment."""
        count: int = await self._connection.fetchval(_SQL["count_evidence"], deployment_id)
        return count

    async def add_evidence(self, deployment_id: str, new: StoredEvidence) -> None:
        """Keep evidence for a step that has begun."""
        await self._connection.execute(_SQL["add_evidence"], deployment_id, *msgspec.structs.astuple(new))


def _template(record: asyncpg.Record) -> StoredTemplate:
    fields = dict(record)
    return StoredTemplate(**{**fields, "items": _items.decode(fields["items"])})
