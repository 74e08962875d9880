"""The deployment file, as JSON and as PDF from the same struct, for a deployment's team and those who see reports."""

import asyncio
from datetime import datetime
from hashlib import sha256
from typing import Literal, NamedTuple

import msgspec

from fleet.clock import Clock
from fleet.deployments.checklist_desk import checklists_of
from fleet.deployments.facts_reading import Known, known_deployment
from fleet.deployments.file_pdf import as_pdf
from fleet.deployments.lookup import found_deployment
from fleet.deployments.views import deployment_view
from fleet.entries.deployment_papers import DeploymentFileRead
from fleet.errors import Forbidden
from fleet.log.disagreements import telling_damage
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.reports import DeploymentFile, FileEntry
from protocols.people import may

MAX_ENTRIES = 1000
"""How many entries of the log a file has at most, the newest."""

FileForm = Literal["json", "pdf"]


class MadeFile(NamedTuple):
    """A file, and what it is called."""

    name: str
    content: bytes


class DeploymentFiles:
    """Raises StoreUnavailable, NotFound, Forbidden, and LogDamaged, after the alarm, when an entry that it shows is not
    what was entered."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._printing = asyncio.Lock()

    async def file(self, deployment_id: str, form: FileForm, caller: Person) -> MadeFile:
        """The file. Its reading is an entry, with the SHA-256 of the JSON, whichever form it has."""
        now = self._clock()
        async with telling_damage(self._store, self._clock), self._store.transaction() as transaction:
            found = await _found(transaction, deployment_id, caller, now)
            content = msgspec.json.encode(found)
            digest = sha256(content).hexdigest()
            await transaction.log.append(
                DeploymentFileRead(at=now, actor=caller.person_id, deployment=deployment_id, form=form, sha256=digest)
            )
        if form == "pdf":
            async with self._printing:  # one at a time: a long one takes a processor for seconds
                content = await asyncio.to_thread(as_pdf, found, caller.name, digest)
        return MadeFile(f"{deployment_id}-{now:%Y%m%dT%H%M%SZ}.{form}", content)


async def _found(transaction: Transaction, deployment_id: str, caller: Person, now: datetime) -> DeploymentFile:
    stored = await found_deployment(transaction, deployment_id)
    known = await known_deployment(transaction, stored, now, caller)
    if caller.person_id not in team(known) and not may(caller.role, "see-reports"):
        raise Forbidden(
            caller.role,
            "see-reports",
            f"the file of {deployment_id} is for its team, and {caller.person_id} is not of it",
            "ask its lead or a supervisor",
        )
    over_at = [one.at for one in known.steps if stored.is_over]
    entries, total = await transaction.deployment_reports.entries_about(
        deployment_id,
        [one.reference for one in known.authorities],
        stored.requested_at,
        max(over_at, default=now),
        MAX_ENTRIES,
    )
    return DeploymentFile(
        made_at=now,
        made_by=caller.person_id,
        deployment=deployment_view(known),
        checklists=[one.view() for one in await checklists_of(transaction, stored)],
        wiring=await transaction.wiring.shown(deployment_id),
        entries=[
            FileEntry(index=one.leaf, kind=one.said.kind, at=one.said.at, actor=one.said.actor) for one in entries
        ],
        entries_left_out=total - len(entries),
    )


def team(known: Known) -> set[str]:
    """Who is of a deployment: who asked for it, leads or supervises it, goes there, or has kit of it."""
    stored = known.stored
    named = {stored.requested_by, stored.lead_id, stored.supervisor_id}
    going = {one.person_id for visit in known.visits for one in visit.people}
    having = {one.stored.custodian for one in known.items if one.stored.deployment_id == stored.deployment_id}
    return {one for one in named | going | having if one is not None}
