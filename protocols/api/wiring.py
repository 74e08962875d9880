"""Harnesses: plans that are kept by revision, given to deployments, and compared with what was fitted.

`GET /api/wiring-policy` → WiringPolicy, the thresholds of this house;
`GET /api/wiring` (query: `filter`, `offset`, `limit` ≤ 200) → HarnessPage;
`POST /api/wiring` with NewHarness → HarnessView;
`GET /api/wiring/{harness}` (query: `revision`, 0 the newest) → HarnessView, with the plan's exact text;
`POST /api/wiring/{harness}/revisions` with NewHarnessRevision → HarnessView;
`GET /api/deployments/{deployment}/wiring` → list[DeploymentWiring];
`POST /api/deployments/{deployment}/wiring` with GiveHarness → DeploymentWiring: a plan that fails, or leaves unjudged,
anything of severity `safety` is refused (409 `wiring-unsafe`, `wiring-unjudged`), and so is a deployment that is over;
`POST /api/deployments/{deployment}/wiring/{harness}/fittings` with NewFitting → DeploymentWiring; a value is of a
battery, load or bus of the plan, and there once; what a unit has measured only the controller enters (409 where it
can not);
`POST /api/deployments/{deployment}/wiring/{harness}/withdraw` → DeploymentWiring: the harness is not this deployment's
any more; what was measured stays. Reading takes `see-deployments`, changing `work-deployment`.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from protocols.text import ShortText
from protocols.wiring.findings import Judgement
from protocols.wiring.fitted import Compared
from protocols.wiring.plan import MAX_TEXT_CHARS

HarnessId = Annotated[str, Meta(pattern=r"^H-[0-9a-f]{12}$(?!\n)")]
PlanText = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)]


class NewHarness(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A plan to keep: the text of its file. A text with faults is refused (400) with line and column of the first."""

    text: PlanText


class NewHarnessRevision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The plan as it is from now on. `revision` is the newest that was seen."""

    revision: Annotated[int, Meta(ge=1)]
    text: PlanText


class GiveHarness(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A harness for a deployment. `revision` 0 is the newest. `item` is the kit it feeds, which the deployment has;
    None: not said."""

    harness: HarnessId
    revision: Annotated[int, Meta(ge=0)] = 0
    item: ShortText | None = None


class RevisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A revision; `sha256` is of its exact text in UTF-8."""

    revision: int
    kept_at: datetime
    kept_by: str
    sha256: str


class HarnessRow(msgspec.Struct, frozen=True, kw_only=True):
    """A harness in a list, as its newest revision is; counts are of its judgements under the policy when it was kept.
    `deployments` counts those that have it and are not over."""

    harness: str
    name: str
    title: str
    revision: int
    kept_at: datetime
    kept_by: str
    system_v: int | None
    loads: int
    conductors: int
    failed: int
    unjudged: int
    may_be_fitted: bool
    deployments: int


class HarnessPage(msgspec.Struct, frozen=True, kw_only=True):
    """Rows `offset` … of `total`, by name."""

    total: int
    offset: int
    rows: list[HarnessRow]


class HarnessView(msgspec.Struct, frozen=True, kw_only=True):
    """A harness: its newest state, the revision asked for with its text, and all revisions, newest first."""

    row: HarnessRow
    revision: RevisionRow
    text: str
    revisions: list[RevisionRow]


class Fitting(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured at one visit, and how it compares with `revision` of the plan."""

    fitting: str
    revision: int
    made_at: datetime
    made_by: str
    note: str
    compared: list[Compared]
    passed: bool


class DeploymentWiring(msgspec.Struct, frozen=True, kw_only=True):
    """A harness of a deployment: as designed and as fitted, the newest fitting first. `failed` are the judgements of
    the given revision that do not pass, under the policy when it was given: at most 200, the gravest first."""

    deployment: str
    harness: str
    name: str
    title: str
    revision: int
    sha256: str
    item: str | None
    unit: str | None
    given_at: datetime
    given_by: str
    withdrawn_at: datetime | None
    failed: list[Judgement]
    fittings: list[Fitting]
