"""Which alarms of deadlines are open, and which deployments rest on an authority."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from fleet.store.connection import Connection
from fleet.store.queries import load

_SQL = load("deadlines")


class OpenDeadline(NamedTuple):
    """An alarm of a deadline that is not closed."""

    deployment_id: str
    subject: str
    kind: str


class DeadlineStore:
    """Deadlines within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self, deployment_id: str) -> None:
        """Let only one controller at a time tell of a deployment's deadlines."""
        await self._connection.execute(_SQL["lock"], deployment_id)

    async def open(self, rule: str, deployment_id: str | None = None) -> list[OpenDeadline]:
        """Open alarms of deadlines (`rule` is their rule), of all deployments or of one."""
        return [OpenDeadline(*record) for record in await self._connection.fetch(_SQL["open"], rule, deployment_id)]

    async def resting_on(self, authority_ids: Collection[str]) -> dict[str, list[str]]:
        """The open deployments that rest on each of these authorities."""
        found: dict[str, list[str]] = defaultdict(list)
        for record in await self._connection.fetch(_SQL["resting_on"], list(authority_ids)):
            found[record["authority_id"]].append(record["deployment_id"])
        return found
