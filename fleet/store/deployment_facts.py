"""What the rules of deployments know, read for many deployments at once. Nothing here is written."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from fleet.store.connection import Connection
from fleet.store.deployments import StoredDeployment
from fleet.store.queries import load
from fleet.store.stored_authority import Authority
from protocols.api.sites import SignalSeen, Supply
from protocols.api.units import Presence
from protocols.errors import InvalidMandate
from protocols.kit import ItemKind
from protocols.mandate import Mandate, MandateKind, read_mandate

_SQL = load("deployment_facts")
_MAX = 20_000
_signals = msgspec.json.Decoder(list[SignalSeen])


class FoundItem(NamedTuple):
    """An item that is kept for a deployment, is out for it now, or was taken out for it at some time."""

    deployment_id: str
    item: str
    kind: ItemKind
    model: str
    unit_id: str | None
    training: str
    is_kept: bool
    is_out: bool
    was_out: bool


class FoundMandate(NamedTuple):
    """A mandate that two people have signed, and that is neither cancelled nor over. Its line is None where somebody
    changed it: such a mandate opens nothing."""

    mandate_id: str
    kind: MandateKind
    unit_id: str
    line: Mandate | None
    not_before: datetime
    not_after: datetime


class OpenAlarms(NamedTuple):
    """How many alarms are open, and how many of these nobody has acknowledged."""

    open: int = 0
    untaken: int = 0


class FoundSurvey(NamedTuple):
    """The latest survey of a site."""

    site: str
    surveyed_at: datetime
    supply: Supply
    signals: list[SignalSeen]


class FoundVisit(NamedTuple):
    """Somebody takes part in a visit that is not over."""

    person_id: str
    visit_id: str
    deployment_id: str
    starts_at: datetime
    ends_at: datetime


class Charge(NamedTuple):
    """How a unit stands, and how full its battery was by its latest report."""

    unit_id: str
    presence: Presence
    battery_percent: float | None


class DeploymentFactStore:
    """Reading within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def items(self, deployment_ids: Iterable[str]) -> dict[str, list[FoundItem]]:
        """The items that have to do with each, by code."""
        found: dict[str, list[FoundItem]] = defaultdict(list)
        for record in await self._connection.fetch(_SQL["items"], list(deployment_ids)):
            found[record["deployment_id"]].append(FoundItem(*record))
        return found

    async def wanted(self, deployments: Sequence[StoredDeployment]) -> dict[str, list[tuple[int, int]]]:
        """Of each of what a deployment wants, in its order, how many items the house has, and how many of them are free
        for it: see `fleet.deployments.rules.facts.WantedFacts`."""
        asked = [(one, wanted) for one in deployments for wanted in one.wants]
        records = await self._connection.fetch(
            _SQL["wanted"],
            [one.deployment_id for one, _ in asked],
            [wanted.kind for _, wanted in asked],
            [wanted.model or "" for _, wanted in asked],
            [one.starts_at for one, _ in asked],
            [one.expected_back_at for one, _ in asked],
        )
        found: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for (one, _), record in zip(asked, records, strict=True):
            found[one.deployment_id].append((record["owned"], record["free"]))
        return found

    async def mandates(self, unit_ids: Iterable[str], now: datetime) -> list[FoundMandate]:
        """The mandates of these units that are live or to come."""
        records = await self._connection.fetch(_SQL["mandates"], list(unit_ids), now, _MAX)
        return [
            FoundMandate(
                mandate_id=one["mandate_id"],
                kind=one["kind"],
                unit_id=one["unit_id"],
                line=_line(one["text"]),
                not_before=one["not_before"],
                not_after=one["not_after"],
            )
            for one in records
        ]

    async def authorities(self, authority_ids: Iterable[str]) -> dict[str, Authority]:
        """These authorities, by id."""
        records = await self._connection.fetch(_SQL["authorities"], list(authority_ids))
        names = Authority.__struct_fields__
        found = [Authority(**{name: value for name, value in one.items() if name in names}) for one in records]
        return {one.authority_id: one for one in found}

    async def surveys(self, sites: Iterable[str]) -> dict[str, FoundSurvey]:
        """The latest survey of each of these sites that has one."""
        records = await self._connection.fetch(_SQL["surveys"], list(sites))
        return {
            one["site"]: FoundSurvey(one["site"], one["surveyed_at"], one["supply"], _signals.decode(one["signals"]))
            for one in records
        }

    async def open_alarms(self, deployment_ids: Iterable[str]) -> dict[str, OpenAlarms]:
        """The open alarms of each and of its units that are out, but those of its deadlines, which it has anyway; none
        for those left out."""
        records = await self._connection.fetch(_SQL["alarms"], list(deployment_ids))
        return {one["deployment_id"]: OpenAlarms(one["open"], one["untaken"]) for one in records}

    async def visits_of(self, person_ids: Iterable[str], now: datetime) -> list[FoundVisit]:
        """The visits of these people, for any deployment, that end after `now`."""
        records = await self._connection.fetch(_SQL["visits_of_people"], list(person_ids), now, _MAX)
        return [FoundVisit(*one) for one in records]

    async def charge(self, unit_ids: Iterable[str]) -> dict[str, Charge]:
        """How these units stand."""
        records = await self._connection.fetch(_SQL["charge"], list(unit_ids))
        return {one["unit_id"]: Charge(*one) for one in records}


def _line(text: str) -> Mandate | None:
    try:
        return read_mandate(text)
    except InvalidMandate:
        return None
