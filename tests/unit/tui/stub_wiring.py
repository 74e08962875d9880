"""Harnesses of a fleet in memory: what is kept, given and measured is judged by the real rules."""

from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from fleet.client import FleetClient, Refused
from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.fitting import compare_measured
from fleet.wiring.rules.library import template_text
from fleet.wiring.rules.reading import read_plan
from protocols.api.problems import Problem
from protocols.api.wiring import DeploymentWiring, Fitting, HarnessPage, HarnessRow, HarnessView, RevisionRow
from protocols.wiring.fitted import NewFitting
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy

VAN = "H-000000000001"
UNSAFE = (
    template_text("van-12v").replace("F1: {rating_a: 5,", "F1: {rating_a: 20,").replace("name: van-12v", "name: hot")
)


def plan_of(text: str) -> Plan:
    """The plan that a text without faults is."""
    plan = read_plan(text).plan
    assert plan is not None
    return plan


class StubWiring(FleetClient):
    """The client's methods for wiring. It begins without a harness."""

    now: datetime
    asked: list[tuple[Any, ...]]

    def found_wiring(self) -> None:
        """Begin with none."""
        self.harness_texts: dict[str, list[tuple[str, str]]] = {}
        self.wiring_given: list[DeploymentWiring] = []

    def keeps(self, text: str, by: str = "TO-07") -> str:
        """A harness is kept with this text; its id."""
        harness = f"H-{len(self.harness_texts) + 1:012x}"
        self.harness_texts[harness] = [(text, by)]
        return harness

    def gives(self, deployment: str, harness: str, **changed: Any) -> DeploymentWiring:
        """A deployment has the newest revision of a harness."""
        row, text = self._harness_row(harness), self.harness_texts[harness][-1][0]
        given = DeploymentWiring(
            deployment=deployment,
            harness=harness,
            name=row.name,
            title=row.title,
            revision=row.revision,
            sha256=sha256(text.encode()).hexdigest(),
            item=None,
            unit=None,
            given_at=self.now,
            given_by="TO-07",
            withdrawn_at=None,
            failed=[],
            fittings=[],
        )
        self.wiring_given.append(msgspec.structs.replace(given, **changed))
        return self.wiring_given[-1]

    def _harness_row(self, harness: str) -> HarnessRow:
        text, by = self.harness_texts[harness][-1]
        plan = plan_of(text)
        found = assess(plan)
        return HarnessRow(
            harness=harness,
            name=plan.name,
            title=plan.title,
            revision=len(self.harness_texts[harness]),
            kept_at=self.now,
            kept_by=by,
            system_v=None if plan.vehicle is None else plan.vehicle.system_v,
            loads=len(plan.loads),
            conductors=len(plan.conductors),
            failed=len(found.of("fail")),
            unjudged=len(found.of("unjudged")),
            may_be_fitted=found.may_be_fitted,
            deployments=sum(one.harness == harness and one.withdrawn_at is None for one in self.wiring_given),
        )

    def _harness_view(self, harness: str, revision: int = 0) -> HarnessView:
        texts = self.harness_texts[harness]
        revisions = [
            RevisionRow(revision=number, kept_at=self.now, kept_by=by, sha256=sha256(text.encode()).hexdigest())
            for number, (text, by) in enumerate(texts, start=1)
        ]
        chosen = (revision or len(texts)) - 1
        return HarnessView(
            row=self._harness_row(harness), revision=revisions[chosen], text=texts[chosen][0], revisions=revisions[::-1]
        )

    async def wiring_policy(self) -> WiringPolicy:
        return WiringPolicy()

    async def harnesses(
        self,
        filter: str = "",  # noqa: A002  the client's own name
        *,
        offset: int = 0,
        limit: int = 100,
    ) -> HarnessPage:
        self.asked.append(("harnesses", filter, offset, limit))
        rows = sorted((self._harness_row(harness) for harness in self.harness_texts), key=lambda row: row.name)
        return HarnessPage(total=len(rows), offset=offset, rows=rows[offset : offset + limit])

    async def harness(self, harness_id: str, revision: int = 0) -> HarnessView:
        return self._harness_view(harness_id, revision)

    async def keep_harness(self, text: str) -> HarnessView:
        self.asked.append(("keep_harness", text))
        return self._harness_view(self.keeps(text, "TO-12"))

    async def revise_harness(self, harness_id: str, revision: int, text: str) -> HarnessView:
        self.asked.append(("revise_harness", harness_id, revision, text))
        if revision != len(self.harness_texts[harness_id]):
            raise Refused(409, Problem(code="revision-changed", message=f"{harness_id} is at another revision"))
        self.harness_texts[harness_id].append((text, "TO-12"))
        return self._harness_view(harness_id)

    async def deployment_wiring(self, deployment_id: str) -> list[DeploymentWiring]:
        self.asked.append(("deployment_wiring", deployment_id))
        return [one for one in self.wiring_given if one.deployment == deployment_id]

    async def give_harness(
        self, deployment_id: str, harness_id: str, revision: int = 0, item: str | None = None
    ) -> DeploymentWiring:
        self.asked.append(("give_harness", deployment_id, harness_id, revision, item))
        if any((one.deployment, one.harness) == (deployment_id, harness_id) for one in self.wiring_given):
            raise Refused(409, Problem(code="given-already", message=f"{deployment_id} has {harness_id} already"))
        return self.gives(deployment_id, harness_id, item=item)

    async def fit_harness(self, deployment_id: str, harness_id: str, new: NewFitting) -> DeploymentWiring:
        self.asked.append(("fit_harness", deployment_id, harness_id, new))
        given = self._given(deployment_id, harness_id)
        plan = plan_of(self.harness_texts[harness_id][given.revision - 1][0])
        compared = compare_measured(plan, WiringPolicy(), new.measured)
        fitting = Fitting(
            fitting=f"HF-{len(given.fittings) + 1:012x}",
            revision=given.revision,
            made_at=self.now,
            made_by="TO-12",
            note=new.note,
            compared=compared,
            passed=all(one.verdict == "pass" for one in compared),
        )
        return self._wiring_is(given, fittings=[fitting, *given.fittings])

    async def withdraw_harness(self, deployment_id: str, harness_id: str) -> DeploymentWiring:
        self.asked.append(("withdraw_harness", deployment_id, harness_id))
        return self._wiring_is(self._given(deployment_id, harness_id), withdrawn_at=self.now)

    def _given(self, deployment: str, harness: str) -> DeploymentWiring:
        return next(one for one in self.wiring_given if (one.deployment, one.harness) == (deployment, harness))

    def _wiring_is(self, before: DeploymentWiring, **changed: Any) -> DeploymentWiring:
        after = msgspec.structs.replace(before, **changed)
        self.wiring_given[self.wiring_given.index(before)] = after
        return after
