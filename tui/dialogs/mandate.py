"""Drafting a mandate: at every key, what would be asked for, or what is missing and which rule refuses."""

from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Label
from typing_extensions import override

from protocols.access_record import Modality
from protocols.api.authorities import AuthorityPage
from protocols.api.mandates import NewMandate
from protocols.api.people import PersonView
from protocols.api.units import UnitPage
from protocols.words import duration
from tui.authority_asking import authorities_of
from tui.dialogs.choice import ChoiceDialog, Option
from tui.dialogs.confirm import log_sentence
from tui.dialogs.form import Form
from tui.dialogs.goto import Destination, GotoDialog
from tui.field import Field
from tui.mandate_drafting import (
    KINDS,
    MODALITIES,
    Known,
    Typed,
    Unfinished,
    approver_of,
    approvers,
    covering,
    draft_of,
    wish_of,
)
from tui.mandate_lines import KIND_WORDS, allows_words
from tui.paint import Line, Span, cut, wrap
from tui.words import full_moment, moment, safe

_SIGNS = "123456789abcdefghi"
_MOST_OFFERED = len(_SIGNS)
_CHOSEN = {"unit", "kind", "authority", "approver"}
"""Fields whose enter key offers what there is, and does not draft."""
_FIELDS = {"from": "starts", "from and until": "starts", "until": "ends", "allows": "video"}
"""The fields that Unfinished does not call by their names."""
_LABEL_WIDTH = 20


class _Row(NamedTuple):
    name: str
    label: str
    hint: str
    most: int
    value: str = ""


_FIRST = (
    _Row("unit", "unit", "its id; enter looks for it", 40),
    _Row("kind", "kind", ", ".join(KINDS), 9, "field"),
    _Row("authority", "authority", "its reference; enter offers those that cover it", 60),
)
_ALLOWS = {"video": "15 x 4", "audio": "", "position": ""}
_LAST = (
    _Row("purpose", "purpose", "a few words, as aim and focus; not whom it concerns", 80, "aim and focus"),
    _Row("approver", "approver", "who signs besides you; enter offers who may", 9),
)
_NAMES = {row.name for row in (*_FIRST, *_LAST)} | {*_ALLOWS, "starts", "ends"}


class MandateDialog(Form[NewMandate]):
    """Returns the mandate to draft, None when closed. `unit_id` is filled in where it is known."""

    TITLE = "Draft a mandate"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "draft")]

    def __init__(self, me: str, unit_id: str = "") -> None:
        super().__init__()
        self._me = me
        self._unit_id = unit_id
        self._authorities: AuthorityPage | None = None
        self._people: list[PersonView] = []
        self._labels: dict[str, str] = {}
        self._unit_label = Label("", markup=False, classes="unit")

    @override
    def content(self) -> ComposeResult:
        """The fields, then the sentence."""
        unit, *others = _FIRST
        with Horizontal(classes="field"):
            yield Label(f" {unit.label}", markup=False, classes="label")
            yield Field(self._unit_id, hint=unit.hint, most=unit.most, id=unit.name, enter="choose", replaced=True)
            yield self._unit_label
        for row in others:
            yield from _field(row, row.value)
        with Horizontal(classes="field"):
            yield Label(" minutes x times", markup=False, classes="label")
            for modality in MODALITIES:
                yield Label(f" {modality} ", markup=False, classes="tight")
                yield Field(_ALLOWS[modality], hint="none", most=9, id=modality, enter="draft", replaced=True)
        with Horizontal(classes="field"):
            yield Label(" from", markup=False, classes="label")
            yield Field("now", hint="now, 22:00, a date", most=20, id="starts", enter="draft", replaced=True)
            yield Label(" until ", markup=False, classes="tight")
            yield Field("+8h", hint="+8h, 06:00, a date", most=20, id="ends", enter="draft", replaced=True)
        for row in _LAST:
            yield from _field(row, row.value)
        yield self.sentence

    def on_mount(self) -> None:
        """Ask what it can rest on, and who may approve it."""
        super().on_mount()
        door = self.desk.door
        self.ask("authorities", lambda: authorities_of(door), self._authorities_arrived)
        self.ask("people", door.people, self._people_arrived)
        if self._unit_id:
            self.ask("unit", lambda: door.list_units(self._unit_id, limit=1), self._unit_arrived)
            # The dialog's own first focus comes after this handler.
            self.call_next(self.set_focus, self.query_one("#authority", Field))

    def _unit_arrived(self, page: UnitPage) -> None:
        self._labels.update({row.unit_id: row.label for row in page.rows})
        self.tell()

    def _authorities_arrived(self, page: AuthorityPage) -> None:
        self._authorities = page
        self.tell()

    def _people_arrived(self, people: list[PersonView]) -> None:
        self._people = people
        self.tell()

    def _text(self, name: str) -> str:
        return self.query_one(f"#{name}", Field).value.strip()

    @property
    def _typed(self) -> Typed:
        texts: dict[Modality, str] = {modality: self._text(modality) for modality in MODALITIES}
        first = (self._text("unit"), self._text("kind"), self._text("authority"))
        return Typed(*first, texts, *(self._text(name) for name in ("purpose", "starts", "ends", "approver")))

    @property
    def _known(self) -> Known:
        clock = self.desk.server_clock
        rows = self._authorities.rows if self._authorities is not None else []
        return Known(self._me, clock.now(), clock.utc, rows, self._people)

    @override
    def tell(self) -> None:
        """See Form."""
        label = safe(self._labels.get(self._text("unit"), ""))
        self._unit_label.update(" " + "".join(span.text for span in cut((Span(label),), _LABEL_WIDTH - 1)))
        self._unit_label.display = bool(label)
        last = self.query_one("#approver", Field)
        try:
            new = draft_of(self._typed, self._known)
        except Unfinished as error:
            last.enter_does = "go on" if self._has_approver else "choose"
            waits = [] if self._authorities is not None else [(Span(" asking for authorities …", "muted"),)]
            self.sentence.say([(), *self.fault_lines(str(error)), *waits, ()])
        else:
            last.enter_does = "draft"
            self.sentence.say([(), *self._asked_for(new)])
        self.refresh_bindings()

    @property
    def _has_approver(self) -> bool:
        try:
            approver_of(self._text("approver"), self._known)
        except Unfinished:
            return False
        return True

    def _asked_for(self, new: NewMandate) -> list[Line]:
        utc = self.desk.server_clock.utc
        under = f" under {self._text('authority')}" if new.authority is not None else ""
        lasts = duration((new.not_after - new.not_before).total_seconds())
        sentence = (
            f"mandate.drafted: {self._me} asks for a {new.kind} mandate of {new.unit}{under}, {new.approver} to approve"
        )
        window = f"{full_moment(new.not_before, utc=utc)} to {full_moment(new.not_after, utc=utc)}: {lasts}"
        told = [f"{KIND_WORDS[new.kind]}; {allows_words(new.allows)} a day; {new.purpose}", window]
        return [
            *log_sentence(sentence),
            *[(Span(" "), *line) for text in told for line in wrap(text, 70)],
            (Span(" It opens nothing until both have signed it.", "muted"),),
        ]

    @override
    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in a field: what can be chosen there is offered, until one is chosen; elsewhere it drafts."""
        message.stop()
        # Textual calls the base class's handler too, and that one drafts.
        message.prevent_default()
        name = message.input.id or ""
        if isinstance(message.input, Field) and message.input.enter_does == "choose":
            self._offer(name)
        else:
            self.action_save()

    def _offer(self, name: str) -> None:
        match name:
            case "unit":
                self.app.push_screen(GotoDialog([], "Which unit?", self._text("unit")), self._unit_chosen)
            case "kind":
                kinds = [Option(kind[0], kind, "", str(kind)) for kind in KINDS]
                self._choose("Kind of mandate", kinds, name)
            case "authority":
                self._offer_authorities()
            case "approver":
                people = [
                    Option(sign, one.person_id, f"{one.role}  {one.name[:20]}", one.person_id)
                    for sign, one in zip(_SIGNS, approvers(self._known), strict=False)
                ]
                self._choose("Who approves it", people, name)

    def _offer_authorities(self) -> None:
        clock = self.desk.server_clock
        try:
            found = covering(wish_of(self._typed, self._known), self._known)
        except Unfinished as error:
            self.desk.say(str(error), "fair")
            return
        options = [
            Option(sign, one.reference, f"until {moment(one.ends_at, clock.now(), utc=clock.utc)}", one.reference)
            for sign, one in zip(_SIGNS, found[:_MOST_OFFERED], strict=False)
        ]
        self._choose("Authorities that cover it", options, "authority")

    def _choose(self, title: str, options: list[Option[str]], name: str) -> None:
        if not options:
            self.desk.say("there is none to choose", "fair")
            return
        self.app.push_screen(ChoiceDialog(title, options, self._text(name)), lambda chosen: self._chosen(name, chosen))

    def _unit_chosen(self, to: Destination | None) -> None:
        if to is not None and to.kind == "unit":
            self._labels[to.value] = to.text
            self._chosen("unit", to.value)

    def _chosen(self, name: str, value: str | None) -> None:
        if value is not None:
            field = self.query_one(f"#{name}", Field)
            field.value = value
            self.set_focus(field)
            if name != _LAST[-1].name:
                self.focus_next()
            self.tell()

    @override
    def action_save(self) -> None:
        """Return the mandate, when the fields describe one."""
        try:
            self.dismiss(draft_of(self._typed, self._known))
        except Unfinished as error:
            name = str(error).partition(":")[0]
            name = _FIELDS.get(name, name)
            self.refuse(name if name in _NAMES else "")


def _field(row: _Row, value: str) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Label(f" {row.label}", markup=False, classes="label")
        enter = "choose" if row.name in _CHOSEN else "draft"
        yield Field(value, hint=row.hint, most=row.most, id=row.name, enter=enter, replaced=True)
