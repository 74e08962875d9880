"""A critical incident: one dialog that says what would go, with whom and on what; enter does it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import ClientError
from protocols.api.advice import Advice
from protocols.api.authorities import AuthorityPage, AuthorityView
from protocols.api.deployments import NewIncident
from protocols.deployments import DeploymentKind
from tui.authority_asking import authorities_of
from tui.authority_lines import state_words
from tui.deployment_advice_lines import picked, picked_words
from tui.deployment_forms import incident_of, named_of
from tui.deployment_words import Look
from tui.dialogs.dialog import Words, labelled
from tui.dialogs.rota_form import RotaForm, Row
from tui.field import Field
from tui.paint import Line, Span, fit, wrap
from tui.rota_forms import Unclear

_WIDTH = 70
_MOST_AUTHORITIES = 3
_HIGH, _MOST_LINES, _MOST_LINES_HIGH = 40, 5, 16
_LASTS = timedelta(hours=24)
_JUST = timedelta(hours=6)
_KIND: DeploymentKind = "critical-incident"


def usable(views: Sequence[AuthorityView]) -> list[AuthorityView]:
    """Those in force under which kit can be fitted: urgent oral ones first, the latest recorded before others."""
    fitting = [one for one in views if one.state == "in-force" and "install" in one.kinds]
    return sorted(fitting, key=lambda one: (not one.urgent_oral, -one.recorded_at.timestamp()))


def meant(views: Sequence[AuthorityView], now: datetime) -> str:
    """What is filled in: the only urgent oral authority there is, if it was just recorded. An older one was given for
    another incident, and between several the person decides."""
    oral = [one for one in views if one.urgent_oral]
    return "1" if len(oral) == 1 and oral[0].recorded_at > now - _JUST else ""


def _marked(sign: str, text: str) -> list[Line]:
    """What is to be minded, broken under its sign."""
    first, *others = wrap(text, _WIDTH - 4, "fair")
    return [(Span(f"  {sign}", "fair"), *first), *[(Span("    "), *line) for line in others]]


class IncidentDialog(RotaForm[NewIncident]):
    """Returns the incident to begin, None when closed. What would go, and the authorities in force, come into it as
    soon as the controller has told them. `typed` is what stands in its fields, as of one that was refused."""

    TITLE = "Critical incident: you go, now"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "go")]
    DOES = "go"

    def __init__(self, look: Look, typed: Mapping[str, str] | None = None) -> None:
        rows = (
            Row("authorities", "rests on", "a number of those above, as 1; nothing is fitted without", "", 40),
            Row("site", "site", "its code, as K7; may follow", "", 12),
            Row("title", "title", "a few words, not whom it concerns", "critical incident", 60),
            Row("hours", "kit back in, h", "1 to 72", "24", 2),
        )
        self.typed: Mapping[str, str] = typed or {}
        super().__init__([row._replace(value=self.typed.get(row.name, row.value)) for row in rows])
        self._look = look
        self._advice: Advice | None = None
        self._authorities: list[AuthorityView] | None = None
        self._going = Words()

    @override
    def content(self) -> ComposeResult:
        """What would go, the authorities, then the form."""
        yield self._going
        yield from super().content()

    def on_mount(self) -> None:
        """Ask what would go, and what it can rest on."""
        super().on_mount()
        self._show()
        door = self.desk.door
        until = self._look.now + _LASTS
        self.ask("advice", lambda: door.advice(_KIND, until=until), self._advised, failed=self._not_known)
        if self.desk.may("see-mandates"):
            self.ask("authorities", lambda: authorities_of(door), self._authorities_arrived, failed=self._not_known)

    def _not_known(self, error: ClientError) -> None:
        self.desk.say(f"{error}; enter goes all the same, with what the controller picks", "fair")

    def _advised(self, advice: Advice) -> None:
        self._advice = advice
        self._show()
        self.tell()

    def _authorities_arrived(self, page: AuthorityPage) -> None:
        self._authorities = usable(page.rows)
        field = self.query_one("#authorities", Field)
        if not field.value and not self._is_typing:
            field.value = meant(self._authorities, self._look.now)
            self._untouched = self._filled_in
        self._show()
        self.tell()

    @property
    def _is_typing(self) -> bool:
        return self._filled_in != self._untouched

    def _show(self) -> None:
        self._going.say([*self._kit_lines(), *self._authority_lines()])

    def _kit_lines(self) -> list[Line]:
        advice = self._advice
        if advice is None:
            return [(Span(" asking what could go …", "muted"),)]
        lines = [labelled(wanted, (Span(items, "strong"),), 24) for wanted, items in picked_words(advice.kit)]
        for lack in advice.missing:
            lines += _marked("✗ ", f"missing: {lack}")
        for why in [why for one in advice.kit if one.missing for why in one.held_back]:
            lines += _marked("  ", f"not {why}")
        mine = next((one for one in advice.people if one.person == self._look.me), None)
        for told in mine.findings if mine is not None else []:
            lines += _marked("! ", told.sentence)
        most = _MOST_LINES if self.app.size.height < _HIGH else _MOST_LINES_HIGH
        if len(lines) <= most:
            return lines
        return [*lines[: most - 1], (Span(f"    … {len(lines) - most + 1} lines more: 3, v, i", "muted"),)]

    def _authority_lines(self) -> list[Line]:
        if self._authorities is None:
            return []
        if not self._authorities:
            return [(Span(" No authority to install is in force: an approver records one, then u names it.", "fair"),)]
        return [
            self._authority_line(number, view)
            for number, view in enumerate(self._authorities[:_MOST_AUTHORITIES], start=1)
        ]

    def _authority_line(self, number: int, view: AuthorityView) -> Line:
        state = state_words(view, self._look.now)
        return (
            Span(f" {number} ", "accent"),
            Span(fit(view.reference, 22)),
            Span(fit(" ".join(view.kinds), 21), "muted"),
            Span(fit(" ".join(view.modalities), 12), "muted"),
            Span(" "),
            state,
        )

    @override
    def read(self, values: Mapping[str, str]) -> NewIncident:
        """See RotaForm."""
        self.typed = values
        items = picked(self._advice) if self._advice is not None and self._advice.possible else []
        named = named_of(values["authorities"], self._authorities or [])
        return incident_of(values, items, [one.authority_id for one in named])

    @override
    def sentence_of(self, result: NewIncident) -> str:
        """See RotaForm."""
        what = ", ".join(result.items) or "what the controller picks"
        known = {one.authority_id: one.reference for one in self._authorities or []}
        rests = f", resting on {', '.join(known[one] for one in result.authorities)}" if result.authorities else ""
        return f"deployment.requested: {self._look.me} goes to a critical incident and takes {what}{rests}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        try:
            new = self.read(self._values)
        except Unclear:
            return ()
        lines: list[Line] = [(Span(" Papers that are skipped are owed, with dates; its page shows them.", "muted"),)]
        if not new.authorities and self._authorities:
            lines.append((Span(" It rests on no authority yet: nothing can be fitted until u names one.", "fair"),))
        return lines
