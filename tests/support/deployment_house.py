"""A house with all that a deployment takes: kit with units that report, a rota, people who may, authorities.

It is noon on 4 February 2026 until a test puts the clock on. Checklists ask for nothing unless a test lays some down.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

from fleet.entries.deployment_papers import ReadinessJudged
from fleet.settings import MandateSettings
from fleet.store.checklists import StoredTemplate
from fleet.store.deployments import StoredCertificate
from fleet.store.store import Store
from protocols.api.authorities import AuthorityView, DocumentHash, NewAuthority
from protocols.api.deployments import (
    Attending,
    DeploymentView,
    NamedAuthorities,
    NewDeployment,
    NewVisit,
    SetKit,
    SetVisits,
    StepAsked,
)
from protocols.api.kit import NewItem, Scan
from protocols.api.rota_people import SetTerms
from protocols.deployments import TEMPLATES, Step
from protocols.kit import KitModel
from protocols.rota.member import Competence, WorkingTerms
from tests.support.fleet_rows import add_units
from tests.support.kit_house import DAY, HOUR
from tests.support.rota_house import NOW, RotaHouse, rota_house

UNITS = ("unit-abcd2345", "unit-efgh6789")
MODELS = (
    KitModel(model="van-kit", kind="unit", name="Van kit 3", training="unit:van-kit"),
    KitModel(model="pack-12", kind="battery", name="Battery 12 V 40 Ah"),
    KitModel(model="whip-lte", kind="antenna", name="LTE whip"),
)
SKILLS = [Competence(subject="driving-licence"), Competence(subject="unit:van-kit")]


@asynccontextmanager
async def deployment_house(
    store: Store, dsn: str, home: Path, *, mandates: MandateSettings | None = None
) -> AsyncIterator[RotaHouse]:
    """The house: STORE-1, kept by SU-01, has two units (K-0001, K-0002), three batteries and two antennas; TO-11 and
    TO-12 drive and know the van kit; the rota is `technical`; the site NORTH is there."""
    async with rota_house(store, dsn, home, mandates=mandates) as house:
        await house["SU-01"].put_kit_place("STORE-1", "main store", "SU-01")
        for model in MODELS:
            await house["SU-01"].put_kit_model(model, 0)
        await add_units(store, "TO-11", dict(zip(UNITS, ("mast north", "van kit"), strict=True)), house.clock.now)
        for unit in UNITS:
            await house["TO-11"].add_kit(NewItem(model="van-kit", place="STORE-1", unit=unit))
        for model_id in ("pack-12", "pack-12", "pack-12", "whip-lte", "whip-lte"):
            await house["TO-11"].add_kit(NewItem(model=model_id, place="STORE-1"))
        for person in ("TO-11", "TO-12"):
            await house["SU-01"].set_terms(person, SetTerms(version=0, terms=WorkingTerms(competences=SKILLS)))
        await house["SU-01"].put_site("NORTH", 0)
        await _no_checklists(house)
        yield house


async def requested(house: RotaHouse, **changes: Any) -> DeploymentView:
    """An audio/visual deployment of TO-12 for the three days from tomorrow noon on, led by TO-12."""
    fields: dict[str, Any] = {
        "kind": "av-capture",
        "title": "north yard",
        "site": "NORTH",
        "starts_at": NOW + DAY,
        "expected_back_at": NOW + 4 * DAY,
        "lead": "TO-12",
        "rota": "technical",
        "supervisor": "SU-01",
    }
    return await house["TO-12"].request_deployment(NewDeployment(**{**fields, **changes}))


async def go(
    house: RotaHouse, view: DeploymentView, step: Step, person: str = "TO-12", reason: str = "a test"
) -> DeploymentView:
    """Let somebody go a step."""
    asked = StepAsked(based_on=view.version, reason=reason)
    return await house[person].go_step(view.row.deployment, step, asked)


def visit(kind: str = "fit", person: str = "TO-12", day: int = 1, **changes: Any) -> NewVisit:
    """A visit from 13:00 to 17:00 some days after NOW's."""
    starts_at = NOW + day * DAY + HOUR
    fields: dict[str, Any] = {
        "kind": kind,
        "starts_at": starts_at,
        "ends_at": starts_at + 4 * HOUR,
        "people": [Attending(person=person, role="lead")],
    }
    return NewVisit(**{**fields, **changes})


async def authority(house: RotaHouse, **changes: Any) -> AuthorityView:
    """A written authority to install, use and retrieve, in force since yesterday, recorded by AP-01."""
    fields: dict[str, Any] = {
        "reference": "URN-26/114",
        "kinds": ["install", "use", "retrieve"],
        "modalities": ["video", "audio"],
        "authorised_by_rank": "Superintendent",
        "starts_at": NOW - DAY,
        "ends_at": NOW + 30 * DAY,
        "document": DocumentHash(salt="5a" * 16, sha256=sha256(b"a document").hexdigest()),
    }
    return await house["AP-01"].record_authority(NewAuthority(**{**fields, **changes}))


async def planned(house: RotaHouse, **changes: Any) -> DeploymentView:
    """One that was requested, assessed, and has visits, kit and authorities, and that SU-02 has planned."""
    view = await go(house, await requested(house, **changes), "assess")
    which = view.row.deployment
    visits = [visit("fit"), visit("recover", day=3)]
    view = await house["TO-12"].set_visits(which, SetVisits(based_on=view.version, visits=visits))
    view = await house["TO-12"].set_kit(which, SetKit(based_on=view.version, pick=True))
    return await go(house, view, "plan", "SU-02")


async def named(house: RotaHouse, view: DeploymentView, **changes: Any) -> DeploymentView:
    """The same with an authority that was recorded for it."""
    recorded = (await authority(house, **changes)).authority_id
    asked = NamedAuthorities(based_on=view.version, authorities=[recorded])
    return await house["TO-12"].name_authorities(view.row.deployment, asked)


async def scanned_out(house: RotaHouse, view: DeploymentView, person: str = "TO-12") -> None:
    """Let somebody take out all that is kept for it."""
    for one in view.items:
        await house[person].scan_kit(Scan(item=one.item, way="out", deployment=view.row.deployment))


async def certify(house: RotaHouse, view: DeploymentView, *, passed: bool = True) -> None:
    """Keep a readiness certificate of each of its units, as if they had been judged now."""
    now = house.clock.now
    async with house.api.services.store.transaction() as transaction:
        for number, one in enumerate(row for row in view.items if row.unit is not None):
            new = StoredCertificate(
                certificate_id=f"RC-{now:%H%M%S}{number:06x}",
                deployment_id=view.row.deployment,
                item=one.item,
                unit_id=one.unit or "",
                issued_at=now,
                issued_by="TO-12",
                valid_until=now + timedelta(hours=12),
                passed=passed,
                document='{"lines": []}',
            )
            await transaction.readiness.add(new)
            await transaction.log.append(
                ReadinessJudged(
                    at=now,
                    actor="TO-12",
                    unit=one.unit,
                    deployment=view.row.deployment,
                    certificate=new.certificate_id,
                    item=one.item,
                    passed=passed,
                    valid_until=new.valid_until,
                    sha256="0" * 64,
                )
            )


async def _no_checklists(house: RotaHouse) -> None:
    async with house.api.services.store.transaction() as transaction:
        for kind in TEMPLATES:
            for step in get_args(Step):
                template = StoredTemplate(
                    kind=kind, step=step, version=1, items=[], changed_by="SU-01", changed_at=house.clock.now
                )
                await transaction.checklists.add_template(template)


def rules_of(view: DeploymentView, step: Step) -> list[str]:
    """The rules that refuse a step."""
    found = next(one for one in view.steps if one.step == step)
    return [one.rule for one in found.blockers if one.answer == "refused"]
