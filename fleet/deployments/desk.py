"""Deployments for those who ask for them and look at them; each change with its entry in one transaction."""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime

from fleet.clock import Clock
from fleet.deployments.changing import (
    add_deployment,
    changed_by,
    check_may_change,
    check_named,
    check_times,
    set_entry,
)
from fleet.deployments.facts_reading import known_deployment, known_deployments, outlined_deployments
from fleet.deployments.kitting import enter_kept, move_kept
from fleet.deployments.lookup import found_deployment, locked_deployment
from fleet.deployments.papers import make_up
from fleet.deployments.rules.deadlines import deadlines
from fleet.deployments.views import board_row, deployment_view
from fleet.mandates.rules import whole_utc
from fleet.store.deployments import StoredDeployment
from fleet.store.people import Person
from fleet.store.store import Store
from protocols.api.deployments import DeploymentPage, DeploymentView, NewDeployment, SetDeployment
from protocols.deployments import TEMPLATES, DeploymentState

MAX_FOUND = 5000
"""How many deployments a list looks through at most."""

_LAST = datetime.max.replace(tzinfo=UTC)


class DeploymentDesk:
    """Every method raises StoreUnavailable; those about one deployment NotFound; those that change something Conflict
    or RequestRefused."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def page(
        self,
        *,
        words: str,
        states: Collection[DeploymentState],
        kind: str,
        open_only: bool,
        person_id: str,
        offset: int,
        limit: int,
    ) -> DeploymentPage:
        """The board: `limit` rows from the `offset`-th, the nearest deadline first, those without one and those that
        are over last."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            found = await transaction.deployments.find(
                words=words, kind=kind, open_only=open_only, person_id=person_id, limit=MAX_FOUND
            )
            wanted = [one for one in found if not states or one.state in states]
            outlined = await outlined_deployments(transaction, [one for one in wanted if not one.is_over], now)
            outlined.sort(key=lambda one: [due.due_at for due in deadlines(one.facts)[:1]] or [_LAST])
            in_order = [*(one.stored for one in outlined), *(one for one in wanted if one.is_over)]
            shown = await known_deployments(transaction, in_order[offset : offset + limit], now, None)
        return DeploymentPage(
            total=len(wanted),
            offset=offset,
            rows=[board_row(one) for one in shown],
            states=dict(Counter(one.state for one in found)),
        )

    async def one(self, deployment_id: str, caller: Person) -> DeploymentView:
        """All of one, with what blocks each step that the caller could go next."""
        async with self._store.transaction() as transaction:
            stored = await found_deployment(transaction, deployment_id)
            return deployment_view(await known_deployment(transaction, stored, self._clock(), caller))

    async def request(self, asked: NewDeployment, caller: Person) -> DeploymentView:
        """Ask for a deployment."""
        now = self._clock()
        template = TEMPLATES[asked.kind]
        async with self._store.transaction() as transaction:
            new = StoredDeployment(
                deployment_id=await transaction.deployments.new_number(),
                version=1,
                kind=asked.kind,
                state="requested",
                title=asked.title,
                site=asked.site,
                starts_at=whole_utc(asked.starts_at, now),
                expected_back_at=whole_utc(asked.expected_back_at, now),
                wants=template.wants if asked.wants is None else asked.wants,
                works=sorted(set(template.works if asked.works is None else asked.works)),
                modalities=sorted(set(template.modalities if asked.modalities is None else asked.modalities)),
                lead_id=asked.lead,
                rota_id=asked.rota,
                supervisor_id=asked.supervisor,
                note=asked.note,
                urgent=False,
                requested_by=caller.person_id,
                requested_at=now,
            )
            check_times(new)
            await check_named(transaction, new, None, now)
            await add_deployment(transaction, new)
            return deployment_view(await known_deployment(transaction, new, now, caller))

    async def change(self, deployment_id: str, asked: SetDeployment, caller: Person) -> DeploymentView:
        """Change what was asked for or planned; what is kept for it moves with its times, or nothing changes."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            stored = await locked_deployment(transaction, deployment_id, asked.based_on)
            changed, new = changed_by(stored, asked, now)
            if changed:
                gone = (await transaction.deployments.steps_of([deployment_id])).get(deployment_id, [])
                owed = any(one.step == "authorise" and one.is_owed for one in gone)
                check_may_change(stored, changed, authorisation_owed=owed)
                check_times(new)
                await check_named(transaction, new, stored, now)
                await transaction.deployments.put(new)
                await transaction.log.append(set_entry(new, changed, caller, now))
                if {"starts_at", "expected_back_at"} & set(changed):
                    kept = await move_kept(transaction, new, now)
                    if kept:
                        await enter_kept(transaction, new, kept, [], caller.person_id, now)
                transaction.changed.deployments = True
            known = await make_up(transaction, await known_deployment(transaction, new, now, caller), caller, now)
            return deployment_view(known)
