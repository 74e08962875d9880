"""Deployments: kit and people at a place for a time. Words that contracts, rules and console share.

There is no field for whom a deployment concerns: only its authorities' references.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.access_record import Modality
from protocols.kit import ItemKind, ModelId
from protocols.rota.model import Level, Subject
from protocols.text import ONE_LINE

DeploymentId = Annotated[str, Meta(pattern=r"^DEP-[0-9]{1,6}$(?!\n)")]
SiteCode = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9-]{0,11}$(?!\n)")]

DeploymentKind = Literal[
    "av-capture", "camera-alarm", "property-tracking", "vehicle-tracking", "delivery-support", "critical-incident"
]
"""Audio/visual capture; cameras and alarms; fitting authorised property or vehicle tracking kit (no track exists here);
support of controlled delivery and test purchase; critical incident."""

DeploymentState = Literal[
    "requested",
    "feasible",
    "planned",
    "authorised",
    "checked-out",
    "fitted",
    "commissioned",
    "live",
    "maintenance",
    "recovered",
    "closed",
    "cancelled",
]

FITTED_STATES: frozenset[DeploymentState] = frozenset({"fitted", "commissioned", "live", "maintenance"})
"""Kit is at the site."""

Step = Literal[
    "assess",
    "plan",
    "authorise",
    "check-out",
    "fit",
    "commission",
    "go-live",
    "maintain",
    "resume",
    "recover",
    "close",
    "cancel",
]
"""`maintain` takes a live one out of service for work, `resume` puts it back. `cancel` ends one whose kit was not
fitted; what is fitted is recovered."""

VisitKind = Literal["survey", "fit", "maintain", "attend", "recover"]
TeamRole = Literal["lead", "engineer", "driver", "electrician"]

Work = Literal["vehicle-install", "mains", "driving", "height"]
"""Work that takes a competence: `vehicle-install` the competence `automotive`, `mains` `wiring-regulations`, `driving`
`driving-licence`, `height` `working-at-height`."""

WORK_NEEDS: dict[Work, Subject] = {
    "vehicle-install": "automotive",
    "mains": "wiring-regulations",
    "driving": "driving-licence",
    "height": "working-at-height",
}

WORK_LEVEL: dict[Work, Level] = {"vehicle-install": 3, "mains": 3, "driving": 0, "height": 0}
"""The least level of the competence, as in `protocols.rota.model.Level` †."""

URGENT_KINDS: frozenset[DeploymentKind] = frozenset({"critical-incident"})
"""Kinds that may take the fast path."""


class KitWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many items of a kind, or of a model of it, a deployment wants."""

    kind: ItemKind
    count: Annotated[int, Meta(ge=1, le=100)]
    model: ModelId | None = None


class KindTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a kind of deployment wants where its plan says nothing else: kit, work that takes competences, people,
    modalities †."""

    kind: DeploymentKind
    wants: Annotated[list[KitWanted], Meta(max_length=20)]
    works: Annotated[list[Work], Meta(max_length=4)]
    people: Annotated[int, Meta(ge=1, le=20)]
    modalities: Annotated[list[Modality], Meta(max_length=3)]


TEMPLATES: dict[DeploymentKind, KindTemplate] = {
    one.kind: one
    for one in (
        KindTemplate(
            kind="av-capture",
            wants=[
                KitWanted(kind="unit", count=1),
                KitWanted(kind="battery", count=2),
                KitWanted(kind="antenna", count=1),
            ],
            works=["driving"],
            people=2,
            modalities=["video", "audio"],
        ),
        KindTemplate(
            kind="camera-alarm",
            wants=[
                KitWanted(kind="unit", count=1),
                KitWanted(kind="camera", count=1),
                KitWanted(kind="enclosure", count=1),
            ],
            works=["driving", "mains"],
            people=2,
            modalities=["video"],
        ),
        KindTemplate(
            kind="property-tracking",
            wants=[KitWanted(kind="unit", count=1), KitWanted(kind="battery", count=1)],
            works=["driving"],
            people=2,
            modalities=["position"],
        ),
        KindTemplate(
            kind="vehicle-tracking",
            wants=[
                KitWanted(kind="unit", count=1),
                KitWanted(kind="loom", count=1),
                KitWanted(kind="antenna", count=1),
            ],
            works=["driving", "vehicle-install"],
            people=2,
            modalities=["position"],
        ),
        KindTemplate(
            kind="delivery-support",
            wants=[KitWanted(kind="unit", count=1), KitWanted(kind="battery", count=1)],
            works=["driving"],
            people=2,
            modalities=["video", "audio"],
        ),
        KindTemplate(
            kind="critical-incident",
            wants=[KitWanted(kind="unit", count=1), KitWanted(kind="battery", count=1)],
            works=["driving"],
            people=1,
            modalities=["video", "audio"],
        ),
    )
}


class Blocker(msgspec.Struct, frozen=True, kw_only=True):
    """Why a step can not be done now. `rule` is a kebab-case name; `sentence` says what is the matter, `whose` who
    decides or acts, `remedy` what would make it possible. A `warning` does not stop the step; what it says is entered
    in the log with it. `owed` (fast path only): it does not stop the step, and becomes paperwork with a date."""

    rule: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,39}$(?!\n)")]
    answer: Literal["refused", "warning", "owed"]
    sentence: str
    whose: str
    remedy: str


DeadlineKind = Literal[
    "authority-ends", "authority-review", "statement", "kit-return", "paper", "maintenance-due", "visit", "ends"
]

"""`authority-ends`, `authority-review` and `statement` (of an urgent oral one) are of the authorities that are named;
`kit-return` and `ends` the expected return, while kit is out and while none is; `visit` is the end of the last visit in
which it is to be fitted, then recovered; `paper` of the fast path."""

DeadlineStage = Literal["far", "14-days", "72-hours", "12-hours", "overdue"]
"""The narrowest of 14 days, 72 h and 12 h in which the deadline lies; at its time it is overdue."""


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """Something of a deployment that is due, and who owns it. `about` tells several of a kind apart: an authority's id,
    an item's code, a step."""

    deployment: str
    kind: DeadlineKind
    about: str
    due_at: datetime
    owner: str | None
    stage: DeadlineStage
    sentence: str


class ChecklistItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing to check or measure. `procedure` is the reference of the unit's own operating procedure, as `OP014`.
    A `number` has its unit of measure and, where there are any, limits, which include their boundary; outside of them
    the evidence is kept and the item is not met. `required` ones block the step until they are met."""

    key: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,39}$(?!\n)")]
    text: Annotated[str, Meta(min_length=1, max_length=160, pattern=ONE_LINE)]
    evidence: Literal["tick", "text", "number"] = "tick"
    procedure: Annotated[str, Meta(max_length=20, pattern=r"^[A-Z0-9./-]*$(?!\n)")] = ""
    unit_of_measure: Annotated[str, Meta(max_length=10, pattern=ONE_LINE)] = ""
    at_least: float | None = None
    at_most: float | None = None
    required: bool = True
