"""Asking for a deployment and changing what was asked for, within one transaction: what may be, and its entries."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from fleet.deployments.lookup import check_person
from fleet.entries.deployments import Changed, DeploymentRequested, DeploymentSet
from fleet.entries.entry import HashedText
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.mandates.rules import whole_utc
from fleet.rota.books import known_rota
from fleet.store.deployments import StoredDeployment
from fleet.store.people import Person
from fleet.store.store import Transaction
from protocols.api.deployments import SetDeployment
from protocols.deployments import DeploymentState

_BEFORE_AUTHORISED: frozenset[DeploymentState] = frozenset({"requested", "feasible", "planned"})
_BEFORE_OUT: frozenset[DeploymentState] = _BEFORE_AUTHORISED | {"authorised"}
_BEFORE_FITTED: frozenset[DeploymentState] = _BEFORE_OUT | {"checked-out"}
_SETTLED = ("works", "modalities")
_RENAMED = {"lead": "lead_id", "rota": "rota_id", "supervisor": "supervisor_id"}


async def add_deployment(transaction: Transaction, new: StoredDeployment) -> None:
    """Keep a deployment that was asked for, with its entry."""
    await transaction.deployments.add(new)
    await transaction.log.append(
        DeploymentRequested(
            at=new.requested_at,
            actor=new.requested_by,
            deployment=new.deployment_id,
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
            note=HashedText(new.note) if new.note else None,
        )
    )
    transaction.changed.deployments = True


def check_times(new: StoredDeployment) -> None:
    """Raise RequestRefused where it is over before it begins."""
    if new.expected_back_at <= new.starts_at:
        raise RequestRefused(
            "ends-before-start", "its kit would be back before it begins", "let expected_back_at be later"
        )


async def check_named(
    transaction: Transaction, new: StoredDeployment, before: StoredDeployment | None, now: datetime
) -> None:
    """Raise NotFound or Conflict where it names a site, a rota or a person that can not be, other than `before`."""

    def is_new(name: str) -> bool:
        return getattr(new, name) is not None and (before is None or getattr(before, name) != getattr(new, name))

    if new.lead_id is not None and is_new("lead_id"):
        await check_person(transaction, new.lead_id, "work-deployment", now)
    if new.supervisor_id is not None and is_new("supervisor_id"):
        await check_person(transaction, new.supervisor_id, "manage-deployments", now)
    if new.rota_id is not None and is_new("rota_id"):
        rota = await known_rota(transaction, new.rota_id)
        if rota.ended_at is not None:
            raise Conflict("rota-ended", f"the rota {new.rota_id} has ended", "name another rota")
    if new.site is not None and is_new("site") and await transaction.sites.one(new.site) is None:
        raise NotFound("site-unknown", f"there is no site {new.site}", "make it first: fleet site set")


def changed_by(stored: StoredDeployment, asked: SetDeployment, now: datetime) -> tuple[list[Changed], StoredDeployment]:
    """Which fields differ from what is there, and the deployment as it is then."""
    given = {name: value for name, value in msgspec.structs.asdict(asked).items() if value is not None}
    del given["based_on"]
    fields: dict[str, Any] = {_RENAMED.get(name, name): value for name, value in given.items()}
    for name in ("starts_at", "expected_back_at"):
        if name in fields:
            fields[name] = whole_utc(fields[name], now)
    for name in _SETTLED:
        if name in fields:
            fields[name] = sorted(set(fields[name]))
    different = {name: value for name, value in fields.items() if getattr(stored, name) != value}
    if not different:
        return [], stored
    names: list[Changed] = msgspec.convert(sorted(different), list[Changed])
    return names, msgspec.structs.replace(stored, version=stored.version + 1, **different)


def check_may_change(stored: StoredDeployment, changed: Collection[str], *, authorisation_owed: bool) -> None:
    """Raise Conflict for what stays from a state on. `authorisation_owed`: the fast path went past authorising, and
    nobody has made up for that. A site that was not known then may be named later, once."""
    which = stored.deployment_id
    open_yet = stored.state in (_BEFORE_FITTED if authorisation_owed else _BEFORE_AUTHORISED)
    settled = set(changed) & {*_SETTLED, *(["site"] if stored.site is not None else [])}
    if settled and not open_yet:
        raise Conflict(
            "deployment-settled",
            f"{which} is {stored.state}: what was authorised stays ({', '.join(sorted(settled))})",
            "ask for another deployment",
        )
    if "starts_at" in changed and stored.state not in _BEFORE_OUT:
        raise Conflict("deployment-begun", f"{which} is {stored.state}: it has begun", "leave its beginning as it is")


def set_entry(new: StoredDeployment, changed: list[Changed], caller: Person, now: datetime) -> DeploymentSet:
    """The entry of a change."""
    return DeploymentSet(
        at=now,
        actor=caller.person_id,
        deployment=new.deployment_id,
        version=new.version,
        changed=changed,
        site_code=new.site,
        starts_at=new.starts_at,
        expected_back_at=new.expected_back_at,
        works=new.works,
        modalities=new.modalities,
        lead=new.lead_id,
        rota=new.rota_id,
        supervisor=new.supervisor_id,
        title=HashedText(new.title) if "title" in changed else None,
        note=HashedText(new.note) if "note" in changed else None,
    )
