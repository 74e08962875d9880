"""What deployment files and reports are made of. Nothing here is written."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from fleet.entries.columns import Columns, columns_of
from fleet.store.connection import Connection
from fleet.store.log_checked import believed
from fleet.store.queries import load
from protocols.deployments import DeploymentKind
from protocols.kit import Condition, ServiceState

_SQL = load("deployment_reports")
MAX_ROWS = 50_000
"""At most so many rows of a kind are read for a report."""
_OF_KIT = (
    "kit.added",
    "kit.moved",
    "kit.changed",
    "kit.condition-seen",
    "kit.service-changed",
    "kit.maintained",
    "kit.read",
)


class EntryAbout(NamedTuple):
    """An entry of the log, with what its body says; `leaf` None: it is none yet."""

    entry_id: int
    leaf: int | None
    said: Columns


class KitMove(NamedTuple):
    """Custody of an item passed. `is_out`: it is in no store from then on. `counts`: in the time that is asked for."""

    item: str
    at: datetime
    is_out: bool
    condition: Condition
    counts: bool


class SaidOfKit(msgspec.Struct, frozen=True):
    """What the log says of an item's service state, or its condition, from `at` on."""

    item: str
    at: datetime
    state: ServiceState | None = None
    condition: Condition | None = None


class StoredWay(msgspec.Struct, frozen=True, kw_only=True):
    """When a deployment came where, None where it did not; `planned_at` is the end of the last visit to recover it."""

    deployment_id: str
    kind: DeploymentKind
    requested_at: datetime
    commissioned_at: datetime | None
    fitted_at: datetime | None
    recovered_at: datetime | None
    cancelled_at: datetime | None
    planned_at: datetime | None
    expected_back_at: datetime


class AlarmAnswered(NamedTuple):
    """An alarm, and when a person or the controller took it; `level` is the highest that was paged."""

    kind: str
    raised_at: datetime
    acknowledged_at: datetime | None
    level: int | None


_said = msgspec.json.Decoder(SaidOfKit)


class DeploymentReportStore:
    """Reading within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def entries_about(
        self, deployment_id: str, references: Sequence[str], since: datetime, until: datetime, limit: int
    ) -> tuple[list[EntryAbout], int]:
        """The newest `limit` entries about a deployment, the oldest of them first, and how many there are: those that
        name it, those of its items and units while they were out for it, and those of authorities with these
        `references` in the time, but for what names another deployment or another's unit. Raises LogDamaged."""
        records = await self._connection.fetch(
            _SQL["entries_about"], deployment_id, list(_OF_KIT), list(references), since, until, limit
        )
        indexes = [one["leaf_index"] for one in records if one["leaf_index"] is not None]
        checked = {leaf.index: leaf.columns for leaf in await believed(self._connection, indexes)}
        found = [
            EntryAbout(one["entry_id"], one["leaf_index"], checked.get(one["leaf_index"]) or columns_of(one["body"]))
            for one in reversed(records)
        ]
        return found, records[0]["total"] if records else 0

    async def items(self, until: datetime) -> list[tuple[str, str]]:
        """Code and model of each item that was on the books before `until`."""
        records = await self._connection.fetch(_SQL["items"], until, MAX_ROWS)
        return [(one["item"], one["model"]) for one in records]

    async def moves(self, since: datetime, until: datetime) -> list[KitMove]:
        """Movements in a time, and of each item the last before it, in order."""
        return [KitMove(*one) for one in await self._connection.fetch(_SQL["moves"], since, until, MAX_ROWS)]

    async def said_of_kit(self, until: datetime) -> list[SaidOfKit]:
        """Changes of service state and condition before `until`, as the log says them, in order."""
        records = await self._connection.fetch(_SQL["said_of_kit"], until, MAX_ROWS)
        return [_said.decode(one["body"]) for one in records]

    async def ways(self, since: datetime, until: datetime) -> list[StoredWay]:
        """Deployments that were requested before `until`, and not over or recovered before `since`."""
        return [StoredWay(**one) for one in await self._connection.fetch(_SQL["ways"], since, until, MAX_ROWS)]

    async def alarms(self, since: datetime, until: datetime) -> list[AlarmAnswered]:
        """Alarms that were raised in a time."""
        return [AlarmAnswered(*one) for one in await self._connection.fetch(_SQL["alarms"], since, until, MAX_ROWS)]
