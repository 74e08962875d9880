"""Forms about deployments: a request, its plan, a visit, how long maintenance takes."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.deployments import DeploymentView, NewDeployment, NewVisit, SetDeployment, VisitView
from protocols.deployments import DeploymentKind
from tui.deployment_forms import (
    KINDS,
    ROLES,
    VISIT_KINDS,
    WORKS,
    changed_words,
    new_of,
    people_text,
    set_of,
    typed_time,
    visit_of,
)
from tui.deployment_page import wanted_words
from tui.deployment_words import KIND_WORDS, Look
from tui.dialogs.rota_form import RotaForm, Row
from tui.paint import Line, Span
from tui.rota_forms import Unclear

_TIME = "now, +4h, +7d, 22:00, or 2026-11-21 14:00"
_SITE = "its code, as K7; never an address"
_TITLE = "a few words, not whom it concerns"


class NewDeploymentDialog(RotaForm[NewDeployment]):
    """Returns the request, None when closed. Kit, work and modalities are those of its kind until they are planned."""

    TITLE = "Request a deployment"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "request")]
    DOES = "request"

    def __init__(self, look: Look, kind: DeploymentKind | None = None) -> None:
        kinds = ", ".join(KIND_WORDS[one] for one in KINDS)
        rows = (
            Row("kind", "kind", kinds, KIND_WORDS[kind] if kind is not None else "", 40),
            Row("title", "title", _TITLE, "", 60),
            Row("site", "site", _SITE, "", 12),
            Row("from", "from", _TIME, "", 30),
            Row("back", "kit back by", "+7d from then, or a date", "", 30),
            Row("lead", "lead", "who leads it, as TO-12; may stay empty", look.me, 9),
            Row("rota", "rota", "whose on-call engineer its alarms page", "", 40),
            Row("supervisor", "supervisor", "an id; may stay empty", "", 9),
            Row("note", "note", "never whom it concerns; can be erased", "", 200),
        )
        super().__init__(rows)
        self._look = look

    @override
    def read(self, values: Mapping[str, str]) -> NewDeployment:
        """See RotaForm."""
        return new_of(values, self._look)

    @override
    def sentence_of(self, result: NewDeployment) -> str:
        """See RotaForm."""
        look = self._look
        site = f" at {result.site}" if result.site else ""
        span = f"{look.moment(result.starts_at)} to {look.moment(result.expected_back_at)}"
        return f"deployment.requested: {look.me} requests {KIND_WORDS[result.kind]}{site}, {span}"


class PlanDialog(RotaForm[SetDeployment]):
    """Returns what changes of a deployment, None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "plan it so")]
    DOES = "plan it so"

    def __init__(self, view: DeploymentView, look: Look) -> None:
        row = view.row
        rows = (
            Row("title", "title", _TITLE, row.title, 60),
            Row("site", "site", _SITE, row.site or "", 12),
            Row("from", "from", _TIME, typed_time(row.starts_at, look), 30),
            Row("back", "kit back by", "+7d from then, or a date", typed_time(row.expected_back_at, look), 30),
            Row("lead", "lead", "who leads it, as TO-12", row.lead or "", 9),
            Row("rota", "rota", "whose on-call engineer its alarms page", view.rota or "", 40),
            Row("supervisor", "supervisor", "an id", view.supervisor or "", 9),
            Row("wants", "wants", "1 unit, 2 battery, 1 loom (loom-a)", wanted_words(view.wants)),
            Row("works", "work", f"{', '.join(WORKS)}", ", ".join(view.works)),
            Row("modalities", "modalities", "video, audio, position", ", ".join(view.modalities)),
            Row("note", "note", "never whom it concerns; can be erased", view.note, 200),
        )
        super().__init__(rows, f"Plan {row.deployment}")
        self._view = view
        self._look = look

    @override
    def read(self, values: Mapping[str, str]) -> SetDeployment:
        """See RotaForm."""
        change = set_of(values, self._view, self._look)
        if not changed_words(change):
            raise Unclear("", "nothing is changed yet")
        return change

    @override
    def sentence_of(self, result: SetDeployment) -> str:
        """See RotaForm."""
        return f"deployment.set: {self._look.me} sets {changed_words(result)} of {self._view.row.deployment}"


class VisitDialog(RotaForm[NewVisit]):
    """Returns a visit, None when closed; `before` is the one that it takes the place of."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "plan it")]
    DOES = "plan it"

    def __init__(self, view: DeploymentView, look: Look, before: VisitView | None = None) -> None:
        starts = typed_time(before.starts_at if before is not None else max(view.row.starts_at, look.now), look)
        ends = typed_time(before.ends_at, look) if before is not None else "+2h"
        people = people_text(before.people) if before is not None else f"{view.row.lead or look.me} lead"
        works = ", ".join(before.works) if before is not None else ""
        rows = (
            Row("kind", "to do what", ", ".join(VISIT_KINDS), before.kind if before is not None else "fit", 10),
            Row("from", "from", _TIME, starts, 30),
            Row("until", "until", "+2h from then, or a time", ends, 30),
            Row("people", "people", f"TO-12 lead, TO-15 driver; roles {', '.join(ROLES)}", people),
            Row("works", "work", f"empty: as planned; {', '.join(WORKS)}", works),
            Row("away", "over night", "away over night or longer? no", "yes" if before and before.away else "no", 3),
        )
        super().__init__(rows, f"A visit of {view.row.deployment}")
        self._deployment = view.row.deployment
        self._look = look

    @override
    def read(self, values: Mapping[str, str]) -> NewVisit:
        """See RotaForm."""
        return visit_of(values, self._look)

    @override
    def sentence_of(self, result: NewVisit) -> str:
        """See RotaForm."""
        look = self._look
        people = ", ".join(one.person for one in result.people)
        return (
            f"deployment.visits-set: {look.me} plans for {self._deployment} that {people} {result.kind}s "
            f"{look.moment(result.starts_at)} to {look.moment(result.ends_at)}"
        )

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        try:
            away = self.read(self._values).away
        except Unclear:
            return ()
        return [(Span(" the rota will know that they are away on a deployment", "muted"),)] if away else ()
