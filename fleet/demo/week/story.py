"""What stories are made of: data only. Times are hours from the week's first midnight; who acts is a person's id.

HERO stands for whoever was on call when a critical incident began. `refused` is the code of the refusal that an act has
to meet, or, where a step is `blocked`, the rule that has to be among what stops it; empty: the act is done.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from protocols.access_record import Modality
from protocols.api.authorities import AuthorityKind
from protocols.deployments import DeploymentKind, DeploymentState, KitWanted, Step, TeamRole, VisitKind
from protocols.kit import Condition, ItemKind

HERO = "hero"


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody does at a time."""

    at_h: float
    by: str = ""
    refused: str = ""


class Ask(Act, frozen=True, kw_only=True):
    """The deployment is requested."""


class Incident(Act, frozen=True, kw_only=True):
    """Whoever is on call takes the fast path, for so many hours."""

    hours: int = 48


class Go(Act, frozen=True, kw_only=True):
    """A step is gone, or made up for, its checklist filled in before unless it is left `unchecked`."""

    step: Step
    unchecked: bool = False
    window_h: int = 4


class Check(Act, frozen=True, kw_only=True):
    """The checklist of a step is filled in."""

    step: Step


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """A visit to be planned; the first of the people leads it."""

    kind: VisitKind
    from_h: float
    to_h: float
    people: Sequence[str]
    away: bool = False
    roles: Sequence[TeamRole] = ("lead", "engineer", "driver")


class Visits(Act, frozen=True, kw_only=True):
    """The visits to come are planned."""

    trips: Sequence[Trip]


class Keep(Act, frozen=True, kw_only=True):
    """Kit is kept: picked by the controller, or that of another story."""

    of: str = ""


class Swap(Act, frozen=True, kw_only=True):
    """What is kept of a kind is given up, and another picked in its place."""

    kind: ItemKind


class Recorded(Act, frozen=True, kw_only=True):
    """An authority that was given elsewhere is recorded under a reference."""

    reference: str
    kinds: Sequence[AuthorityKind] = ("install", "use", "retrieve")
    modalities: Sequence[Modality] = ("video", "audio")
    from_h: float
    to_h: float
    oral: bool = False
    review_h: float | None = None


class Named(Act, frozen=True, kw_only=True):
    """The deployment rests on the authorities with these references."""

    references: Sequence[str]


class Statement(Act, frozen=True, kw_only=True):
    """The written statement of an urgent oral authority was made."""

    reference: str


class Out(Act, frozen=True, kw_only=True):
    """All that is kept is scanned out."""


class In(Act, frozen=True, kw_only=True):
    """All that is out is scanned in."""

    place: str = "STORE-1"


class Seen(Act, frozen=True, kw_only=True):
    """The story's first item of a kind is seen in a condition, and quarantined where it failed."""

    kind: ItemKind
    condition: Condition


class Reports(Act, frozen=True, kw_only=True):
    """The deployment's units report: as they always do, but for what is `low`."""

    low: bool = False


class Judge(Act, frozen=True, kw_only=True):
    """Readiness is judged; whether it passed."""

    passes: bool = True


class Wired(Act, frozen=True, kw_only=True):
    """A loom of the library is kept as a harness, given for the deployment's first unit, and measured: all is well."""

    template: str


class Mandated(Act, frozen=True, kw_only=True):
    """A field mandate under the authority named first is asked for, and approved, for the deployment's first unit."""

    approver: str = "AP-04"
    to_h: float


class Unmandated(Act, frozen=True, kw_only=True):
    """That mandate is cancelled."""


class KitHome(Act, frozen=True, kw_only=True):
    """The unit of that mandate is back."""


class OnCall(Act, frozen=True, kw_only=True):
    """Whoever is on call now is this story's HERO."""


class Look(Act, frozen=True, kw_only=True):
    """The controller's own rounds: alarms, pages, welfare, deadlines."""


class Take(Act, frozen=True, kw_only=True):
    """Open alarms of the deployment, its units or its people are acknowledged, of one kind or of all."""

    kind: str = ""
    going: bool = False


class Answer(Act, frozen=True, kw_only=True):
    """All is well, says whoever is out."""


class Home(Act, frozen=True, kw_only=True):
    """They are back from their call-out."""


class HandOver(Act, frozen=True, kw_only=True):
    """The sheet of the next change on the rota is made, and acknowledged by both."""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment, what is done about it, and how far it has come when the week is over."""

    key: str
    kind: DeploymentKind = "critical-incident"
    title: str
    site: str | None = None
    from_h: float = 0
    back_h: float = 0
    lead: str = ""
    wants: list[KitWanted] | None = None
    modalities: list[Modality] | None = None
    acts: Sequence[Act]
    ends: DeploymentState
    late: bool = False


_Day = Annotated[int, Meta(ge=0, le=21)]


def at(day: _Day, hour: float) -> float:
    """Hours from the week's first midnight: 0 is its first day, 7 the one after it."""
    return 24 * day + hour
