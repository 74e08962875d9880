"""Harnesses of deployments: given, measured once they are fitted, withdrawn; each with its entry in one transaction."""

import secrets
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from fleet.clock import Clock
from fleet.deployments.lookup import found_deployment, locked_going_on
from fleet.entries.entry import HashedText
from fleet.entries.wiring import HarnessFitted, HarnessGiven, HarnessWithdrawn
from fleet.errors import Conflict, NotFound
from fleet.kit.lookup import known_stored
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from fleet.store.wiring import StoredFitting, StoredGiven
from fleet.wiring.desk import found_revision
from fleet.wiring.judging import PlanJudging
from fleet.wiring.measuring import check_entered, values
from fleet.wiring.unit_reading import reading_of
from protocols.api.wiring import DeploymentWiring, GiveHarness
from protocols.wiring.findings import Assessment, Judgement
from protocols.wiring.fitted import NewFitting

MAX_GIVEN = 20
"""How many harnesses one deployment can be given †, withdrawn ones too: all are shown with it."""
MAX_FITTINGS = 50
"""How often one deployment can be measured †: all of it is shown with it."""
MAX_FAILED = 200
"""How many judgements are kept with a harness that is given, the gravest first."""
_NAMED = 8


class GivingDesk:
    """Every method raises StoreUnavailable and NotFound; those that change something Conflict and RequestRefused."""

    def __init__(self, store: Store, clock: Clock, judging: PlanJudging) -> None:
        self._store = store
        self._clock = clock
        self._judging = judging

    async def of(self, deployment_id: str) -> list[DeploymentWiring]:
        """All that a deployment was given, in order."""
        async with self._store.transaction() as transaction:
            await found_deployment(transaction, deployment_id)
            return await transaction.wiring.shown(deployment_id)

    async def give(self, deployment_id: str, asked: GiveHarness, caller: Person) -> DeploymentWiring:
        """Give a deployment a revision of a harness that may be fitted."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await found_deployment(transaction, deployment_id)
            revision = await found_revision(transaction, asked.harness, asked.revision)
        assessment = (await self._judging.judge(revision.text, caller.person_id)).assessment
        _check_fit(f"{asked.harness} revision {revision.revision}", assessment)
        amiss = assessment.of("fail") + assessment.of("unjudged")
        async with self._store.transaction() as transaction:
            stored = await locked_going_on(transaction, deployment_id)
            _check_room(stored.deployment_id, asked.harness, await transaction.wiring.given(deployment_id))
            unit = None if asked.item is None else await _unit_of(transaction, deployment_id, asked.item)
            failed = msgspec.json.encode(amiss[:MAX_FAILED]).decode()
            await transaction.wiring.give(deployment_id, revision, asked.item, failed, caller.person_id, now)
            await transaction.log.append(
                HarnessGiven(
                    at=now,
                    actor=caller.person_id,
                    unit=unit,
                    deployment=deployment_id,
                    harness=asked.harness,
                    revision=revision.revision,
                    sha256=revision.sha256,
                    item=asked.item,
                    failing=len(assessment.of("fail")),
                    unjudged=len(assessment.of("unjudged")),
                )
            )
            transaction.changed.deployments = True
            return await _shown(transaction, await _given(transaction, deployment_id, asked.harness))

    async def fit(self, deployment_id: str, harness_id: str, new: NewFitting, caller: Person) -> DeploymentWiring:
        """Keep what was measured at one visit, and how it compares with the revision that the deployment has."""
        now = self._clock()
        check_entered(new, now)
        async with self._store.transaction() as transaction:
            await found_deployment(transaction, deployment_id)
            given = await _given(transaction, deployment_id, harness_id)
            text = (await found_revision(transaction, harness_id, given.revision)).text
            reading = await reading_of(transaction, given, now) if new.from_unit else None
        policy = self._judging.policy
        measured, compared = await self._judging.work_out(
            lambda: values(text, policy, new, reading, now), caller.person_id
        )
        texts = [msgspec.json.encode(one).decode() for one in (measured, compared)]
        kept = StoredFitting(
            fitting_id=f"HF-{secrets.token_hex(6)}",
            given_id=given.given_id,
            measured=texts[0],
            compared=texts[1],
            sha256=sha256("".join(texts).encode()).hexdigest(),
            passed=all(one.verdict == "pass" for one in compared),
            note=new.note,
            made_by=caller.person_id,
            made_at=now,
        )
        entry = HarnessFitted(
            at=now,
            actor=caller.person_id,
            unit=given.unit_id,
            deployment=deployment_id,
            harness=harness_id,
            revision=given.revision,
            fitting=kept.fitting_id,
            measured=len(measured),
            by_unit=sum(one.by_unit for one in measured),
            passed=kept.passed,
            sha256=kept.sha256,
            note=HashedText(new.note) if new.note else None,
        )
        return await self._keep(given, kept, entry)

    async def _keep(self, given: StoredGiven, kept: StoredFitting, entry: HarnessFitted) -> DeploymentWiring:
        async with self._store.transaction() as transaction:
            await locked_going_on(transaction, given.deployment_id)
            now_given = await _given(transaction, given.deployment_id, given.harness_id)
            if now_given.given_id != given.given_id:
                raise Conflict(
                    "changed-meanwhile", "somebody else gave it another revision just now", "look at it again"
                )
            if await transaction.wiring.count_fittings(given.deployment_id) >= MAX_FITTINGS:
                raise Conflict(
                    "too-many-fittings",
                    f"{given.deployment_id} was measured {MAX_FITTINGS} times",
                    "look at why it is measured so often",
                )
            await transaction.wiring.add_fitting(kept)
            await transaction.log.append(entry)
            transaction.changed.deployments = True
            return await _shown(transaction, given)

    async def withdraw(self, deployment_id: str, harness_id: str, caller: Person) -> DeploymentWiring:
        """The harness is not this deployment's any more; what was measured stays."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await locked_going_on(transaction, deployment_id)
            given = await _given(transaction, deployment_id, harness_id)
            await transaction.wiring.withdraw(given.given_id, caller.person_id, now)
            await transaction.log.append(
                HarnessWithdrawn(
                    at=now,
                    actor=caller.person_id,
                    unit=given.unit_id,
                    deployment=deployment_id,
                    harness=harness_id,
                    revision=given.revision,
                )
            )
            transaction.changed.deployments = True
            return await _shown(transaction, given)


async def _given(transaction: Transaction, deployment_id: str, harness_id: str) -> StoredGiven:
    """The harness that a deployment has; raises NotFound where it never had it, Conflict where it was withdrawn."""
    those = [one for one in await transaction.wiring.given(deployment_id) if one.harness_id == harness_id]
    if not those:
        raise NotFound(
            "harness-not-given",
            f"{deployment_id} has no harness {harness_id}",
            f"see what it has: fleet deployment show {deployment_id}",
        )
    if those[-1].withdrawn_at is not None:
        raise Conflict(
            "harness-withdrawn", f"{harness_id} was withdrawn from {deployment_id}", "give it the harness again"
        )
    return those[-1]


async def _shown(transaction: Transaction, given: StoredGiven) -> DeploymentWiring:
    those = await transaction.wiring.shown(given.deployment_id)
    return [one for one in those if one.harness == given.harness_id][-1]


async def _unit_of(transaction: Transaction, deployment_id: str, item: str) -> str | None:
    """The unit that an item is, if any; raises NotFound, and Conflict where the deployment does not have the item."""
    stored = await known_stored(transaction, item)
    kept = (await transaction.reservations.of([deployment_id])).get(deployment_id, [])
    if stored.deployment_id != deployment_id and all(one.item != item for one in kept):
        raise Conflict(
            "item-elsewhere",
            f"{item} is neither kept nor out for {deployment_id}",
            "name kit that the deployment has, or none",
        )
    return stored.unit_id


def _check_room(deployment_id: str, harness_id: str, given: Sequence[StoredGiven]) -> None:
    if any(one.harness_id == harness_id and one.withdrawn_at is None for one in given):
        raise Conflict(
            "given-already",
            f"{deployment_id} has {harness_id} already",
            "withdraw that one to give it another revision: fleet wiring withdraw",
        )
    if len(given) >= MAX_GIVEN:
        raise Conflict(
            "too-many-given", f"{deployment_id} was given {MAX_GIVEN} harnesses", "put what it needs into one plan"
        )


def _check_fit(what: str, assessment: Assessment) -> None:
    """Raise Conflict for a plan that may not be fitted."""
    if not assessment.judgements:
        raise Conflict(
            "wiring-unjudged",
            f"there is nothing to judge in {what}: no fuse, load or conductor is in it",
            "write the circuit that feeds the kit, and keep it as the next revision",
        )
    grave = [one for one in assessment.judgements if one.severity == "safety"]
    failed = [one for one in grave if one.verdict == "fail"]
    if failed:
        raise Conflict(
            "wiring-unsafe",
            f"{what} may not be fitted: {_said(failed)}",
            "mend the plan, as fleet wiring check FILE says, and keep it as the next revision",
        )
    unjudged = [one for one in grave if one.verdict == "unjudged"]
    if unjudged:
        needs = list(dict.fromkeys(need for one in unjudged for need in one.needs))
        raise Conflict(
            "wiring-unjudged",
            f"whether {what} is safe is not known: {_said(unjudged)}",
            f"say {', '.join(needs[:_NAMED])}{_more(needs)}, and keep it as the next revision",
        )


def _said(judgements: Sequence[Judgement]) -> str:
    """Every rule, with the first of what it is about."""
    found: dict[str, list[str]] = {}
    for one in judgements:
        found.setdefault(one.rule, []).append(one.subject)
    return "; ".join(f"{rule} ({', '.join(those[:_NAMED])}{_more(those)})" for rule, those in found.items())


def _more(those: Sequence[object]) -> str:
    return f" and {len(those) - _NAMED} more" if len(those) > _NAMED else ""
