"""Deployments that something is due of, kept behind the API's back: for tests of deadlines, duties and handovers."""

from datetime import timedelta
from typing import Any

from fleet.entries.deployments import DeploymentRequested
from fleet.entries.entry import HashedText
from fleet.store.deployments import StoredDeployment
from fleet.store.store import Store
from protocols.api.authorities import DocumentHash, NewAuthority
from tests.support.rota_house import NOW, RotaHouse

DAY = timedelta(days=1)


async def deployment(store: Store, *authorities: str, **changes: Any) -> str:
    """One that was asked for by TO-13, rests on these authorities and is led by TO-12, until in 60 days."""
    async with store.transaction() as transaction:
        number = await transaction.deployments.new_number()
        fields: dict[str, Any] = {
            "deployment_id": number,
            "version": 1,
            "kind": "av-capture",
            "state": "requested",
            "title": "roof",
            "site": None,
            "starts_at": NOW + DAY,
            "expected_back_at": NOW + 60 * DAY,
            "wants": [],
            "works": [],
            "modalities": ["video"],
            "lead_id": "TO-12",
            "rota_id": None,
            "supervisor_id": None,
            "note": "",
            "urgent": False,
            "requested_by": "TO-13",
            "requested_at": NOW,
        }
        new = StoredDeployment(**{**fields, **changes})
        await transaction.deployments.add(new)
        await transaction.log.append(
            DeploymentRequested(
                at=new.requested_at,
                actor=new.requested_by,
                deployment=number,
                deployment_kind=new.kind,
                site_code=new.site,
                starts_at=new.starts_at,
                expected_back_at=new.expected_back_at,
                works=new.works,
                modalities=new.modalities,
                lead=new.lead_id,
                rota=new.rota_id,
                supervisor=new.supervisor_id,
                urgent=new.urgent,
                title=HashedText(new.title),
                note=None,
            )
        )
        for one in authorities:
            await transaction.deployments.name_authority(number, one, new.requested_by, NOW)
    return number


async def authority(house: RotaHouse, reference: str, **changes: Any) -> str:
    """The id of a written one recorded by AP-01, in force for 20 days from NOW."""
    fields: dict[str, Any] = {
        "reference": reference,
        "kinds": ["install", "use", "retrieve"],
        "modalities": ["video"],
        "authorised_by_rank": "Superintendent",
        "starts_at": NOW,
        "ends_at": NOW + 20 * DAY,
        "document": DocumentHash(salt="5a" * 16, sha256="00" * 32),
    }
    return (await house["AP-01"].record_authority(NewAuthority(**{**fields, **changes}))).authority_id
