"""Everything that the rules of deployments need, read in one transaction, for one or for many at once."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from fleet.deployments.checklist_reading import Checklist, checklists_in_force
from fleet.deployments.people_reading import (
    HOUSE_ZONE,
    KnownPeople,
    known_people,
    rota_without_name,
    rotas_manned,
    zones_of,
)
from fleet.deployments.rules.facts import CallerFacts, Facts, WantedFacts
from fleet.deployments.stored_facts import (
    authority_facts,
    item_facts,
    latest_certificates,
    mandate_facts,
    paper_facts,
    row_facts,
    site_facts,
    unit_facts,
    visit_facts,
)
from fleet.kit.known import KnownItem, known_items
from fleet.store.checklists import Begun, StoredEvidence, StoredTemplate
from fleet.store.deployment_facts import FoundItem, FoundMandate, FoundSurvey, OpenAlarms
from fleet.store.deployments import StoredCertificate, StoredDeployment, StoredStep
from fleet.store.people import Person
from fleet.store.store import Transaction
from fleet.store.stored_authority import Authority
from fleet.store.visits import StoredVisit
from protocols.api.units import UnitRow


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment with all that was read of it: the rows, and the facts that the rules go by."""

    stored: StoredDeployment
    steps: list[StoredStep]
    visits: list[StoredVisit]
    items: list[KnownItem]
    authorities: list[Authority]
    certificates: list[StoredCertificate]
    facts: Facts

    @property
    def units(self) -> list[str]:
        """The units among what is kept or out for it."""
        held = (one.unit for one in self.facts.items if one.is_kept or one.is_out)
        return [unit for unit in held if unit is not None]


async def known_deployment(
    transaction: Transaction, stored: StoredDeployment, now: datetime, caller: Person | None
) -> Known:
    """One deployment, closely: with who is on call during its visits and who is owed rest."""
    return (await known_deployments(transaction, [stored], now, caller, closely=True))[0]


async def known_deployments(
    transaction: Transaction,
    deployments: Sequence[StoredDeployment],
    now: datetime,
    caller: Person | None,
    *,
    closely: bool = False,
) -> list[Known]:
    """All of these, in their order."""
    return await _Reading(transaction, deployments, now, caller).all(closely=closely)


async def outlined_deployments(
    transaction: Transaction, deployments: Sequence[StoredDeployment], now: datetime
) -> list[Known]:
    """All of these, in their order, as far as their deadlines go: steps, visits, kit and authorities, and nothing that
    only steps ask for. For many at once."""
    return await _Reading(transaction, deployments, now, None).outlines()


class _Reading:
    """What is read for all of them at once."""

    def __init__(
        self, transaction: Transaction, deployments: Sequence[StoredDeployment], now: datetime, caller: Person | None
    ) -> None:
        self._transaction = transaction
        self._deployments = deployments
        self._ids = [one.deployment_id for one in deployments]
        self._now = now
        self._caller = caller
        self._units: dict[str, UnitRow] = {}
        self._wanted: dict[str, list[tuple[int, int]]] = {}
        self._mandates: dict[str, list[FoundMandate]] = {}
        self._certificates: dict[str, list[StoredCertificate]] = {}
        self._begun: dict[str, list[Begun]] = {}
        self._evidence: dict[str, list[StoredEvidence]] = {}
        self._templates: list[StoredTemplate] = []
        self._surveys: dict[str, FoundSurvey] = {}
        self._alarms: dict[str, OpenAlarms] = {}
        self._manned: dict[str, bool] = {}
        self._unnamed: str | None = None
        self._zones: dict[str, str] = {}
        self._people = KnownPeople(now)

    async def outlines(self) -> list[Known]:
        """Read what deadlines follow from, and put it together."""
        await self._read_outlines()
        return [self._known(one) for one in self._deployments]

    async def _read_outlines(self) -> None:
        transaction, ids = self._transaction, self._ids
        self._steps = await transaction.deployments.steps_of(ids)
        self._visits = await transaction.visits.of(ids)
        self._items = await transaction.deployment_facts.items(ids)
        self._kit = await self._known_kit()
        self._named = await transaction.deployments.authorities_of(ids)
        every_authority = {one for named in self._named.values() for one in named}
        self._authorities = await transaction.deployment_facts.authorities(every_authority)

    async def all(self, *, closely: bool) -> list[Known]:
        """Read everything, and put it together."""
        await self._read_outlines()
        transaction, ids, now = self._transaction, self._ids, self._now
        self._units = await self._known_units()
        # Only assessing asks for it, and it is dear.
        asked = [one for one in self._deployments if one.state == "requested"]
        self._wanted = await transaction.deployment_facts.wanted(asked)
        self._mandates = await self._known_mandates()
        self._certificates = await transaction.deployments.certificates_of(ids)
        self._begun = await transaction.checklists.begun(ids)
        self._evidence = await transaction.checklists.latest(ids)
        self._templates = await transaction.checklists.templates()
        sites = {one.site for one in self._deployments if one.site is not None}
        self._surveys = await transaction.deployment_facts.surveys(sites)
        self._alarms = await transaction.deployment_facts.open_alarms(ids)
        rotas = {one.rota_id for one in self._deployments if one.rota_id is not None}
        if any(one.rota_id is None for one in self._deployments):
            self._unnamed = await rota_without_name(transaction)
        paged = rotas if self._unnamed is None else {*rotas, self._unnamed}
        self._manned = await rotas_manned(transaction, paged, now)
        self._zones = await zones_of(transaction, rotas)
        self._people = await self._known_people(closely=closely)
        return [self._known(one) for one in self._deployments]

    async def _known_kit(self) -> dict[str, KnownItem]:
        codes = sorted({one.item for found in self._items.values() for one in found})
        stored = await self._transaction.kit.find(items=codes)
        return {one.stored.item: one for one in await known_items(self._transaction, stored, self._now)}

    async def _known_units(self) -> dict[str, UnitRow]:
        units = sorted({one.unit_id for found in self._items.values() for one in found if one.unit_id is not None})
        return {one.unit_id: one for one in await self._transaction.units.rows(units)}

    async def _known_mandates(self) -> dict[str, list[FoundMandate]]:
        units = {one.unit_id for found in self._items.values() for one in found if one.unit_id is not None}
        found: dict[str, list[FoundMandate]] = {}
        for one in await self._transaction.deployment_facts.mandates(units, self._now):
            found.setdefault(one.unit_id, []).append(one)
        return found

    async def _known_people(self, *, closely: bool) -> KnownPeople:
        going = {person.person_id for of in self._visits.values() for visit in of for person in visit.people}
        callers = set() if self._caller is None else {self._caller.person_id}
        until = max((visit.ends_at for of in self._visits.values() for visit in of), default=self._now)
        return await known_people(self._transaction, going | callers, self._now, until, closely=closely)

    def _known(self, stored: StoredDeployment) -> Known:
        number = stored.deployment_id
        items = self._items.get(number, [])
        authorities = [self._authorities[one] for one in self._named.get(number, []) if one in self._authorities]
        return Known(
            stored=stored,
            steps=self._steps.get(number, []),
            visits=self._visits.get(number, []),
            items=[self._kit[one.item] for one in items if one.item in self._kit],
            authorities=authorities,
            certificates=self._certificates.get(number, []),
            facts=self._facts(stored, items, authorities),
        )

    def _facts(self, stored: StoredDeployment, items: list[FoundItem], authorities: list[Authority]) -> Facts:
        number, now, visits = stored.deployment_id, self._now, self._visits.get(stored.deployment_id, [])
        held = [one for one in items if one.is_kept or one.is_out]
        trainings = sorted({one.training for one in held if one.training})
        zone = self._zones.get(stored.rota_id or "", HOUSE_ZONE)
        away = {going.absence_id for visit in visits for going in visit.people if going.absence_id is not None}
        callers = [] if self._caller is None else [self._caller.person_id]
        everybody = sorted({*callers, *(going.person_id for visit in visits for going in visit.people)})
        people = {one: self._people.facts(one, zone, away) for one in everybody}
        steps = self._steps.get(number, [])
        alarms = self._alarms.get(number, OpenAlarms())
        return Facts(
            deployment=row_facts(stored, steps),
            wanted=[WantedFacts(owned=owned, free=free) for owned, free in self._wanted.get(number, [])],
            items=[item_facts(stored, one, self._kit[one.item], now) for one in items],
            units=[
                unit_facts(one.item, self._units[one.unit_id])
                for one in held
                if one.unit_id is not None and one.unit_id in self._units
            ],
            visits=[visit_facts(one, trainings) for one in visits],
            people={person_id: one for person_id, one in people.items() if one is not None},
            authorities=[authority_facts(one, now) for one in authorities],
            mandates=[
                mandate_facts(mandate, now)
                for one in items
                if one.unit_id is not None
                for mandate in self._mandates.get(one.unit_id, [])
            ],
            checklists={one.step: one.facts for one in self._checklists(stored)},
            certificates=latest_certificates(self._certificates.get(number, [])),
            site=None if stored.site is None else site_facts(stored.site, self._surveys.get(stored.site)),
            papers=paper_facts(steps),
            alarms_open=alarms.open,
            alarms_untaken=alarms.untaken,
            has_on_call=self._manned.get(stored.rota_id or self._unnamed or "", False),
            now=now,
            caller=None if self._caller is None else CallerFacts(person=self._caller.person_id, role=self._caller.role),
        )

    def _checklists(self, stored: StoredDeployment) -> list[Checklist]:
        number = stored.deployment_id
        return checklists_in_force(
            stored.kind, self._templates, self._begun.get(number, []), self._evidence.get(number, [])
        )
