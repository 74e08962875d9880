"""Go to: type a few letters of a room, an action or a unit."""

from typing import ClassVar, Literal, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widgets import Input
from typing_extensions import override

from fleet.client import ClientError
from protocols.api.units import UnitPage
from tui.dialogs.dialog import Dialog
from tui.field import Field
from tui.key_words import key_words
from tui.listing import ItemListing
from tui.needs import name_of
from tui.paint import Line, Span, fit
from tui.rooms_map import ROOMS

TYPING_PAUSE_S = 0.15
UNITS_SHOWN = 8
_LINES = 12
_NAME, _UNIT_NAME = 42, 30
"""A unit has more to say beside its name."""

Kind = Literal["room", "joins", "action", "unit"]


class Destination(NamedTuple):
    """Somewhere to go or something to do: what kind, its value, what it says."""

    kind: Kind
    value: str
    text: str
    remark: str = ""


_ACTIONS: tuple[tuple[str, str, str], ...] = (
    ("authorities", "authorities: what mandates rest on", "key a in 0"),
    ("incident", "critical incident: go now, papers follow", "key !"),
    ("alarms", "alarms, their rules, contacts, maintenance", "key A"),
    ("handovers", "handover sheets", "key H"),
    ("firmware", "firmware: rollouts of releases", "key F"),
    ("releases", "releases: drafts to sign, what is in force", "key t in F"),
    ("bench", "bench: devices on this machine's ports", "key b in F"),
    ("well", "I am well: welfare timer", "key W"),
    ("utc", "UTC or local times", "key z"),
    ("keys", "keys that work here", "key ?"),
    ("quit", "quit", "key q"),
)


def destinations() -> list[Destination]:
    """Every room, and what can be done from everywhere."""
    rooms = [Destination("room", room.name, room.title, f"key {room.key}") for room in ROOMS]
    joins = Destination("joins", "", "join: the joining queue", "key j")
    return [*rooms, joins, *(Destination("action", *one) for one in _ACTIONS)]


def matching(destinations: list[Destination], typed: str) -> list[Destination]:
    """Those in whose words every typed word begins something."""
    words = typed.lower().split()
    return [
        one
        for one in destinations
        if all(any(part.startswith(word) for part in f"{one.text} {one.remark}".lower().split()) for word in words)
    ]


class GotoDialog(Dialog[Destination]):
    """Returns the destination chosen, None when closed. Units are asked of the controller as one types.

    What was `typed` already is looked for at once, and returned when it is all of the name or id of one unit, or fits
    no other."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go", "go"),
        Binding("down", "move(1)", "next"),
        Binding("up", "move(-1)", "before", show=False),
    ]

    def __init__(self, destinations: list[Destination], title: str = "Go to", typed: str = "") -> None:
        super().__init__(title)
        self._destinations = destinations
        self._units: list[Destination] = []
        self._listing: ItemListing[Destination] = ItemListing(self._draw, lambda one: (one.kind, one.value))
        hint = "a room, an action, or a unit's label or id" if destinations else "a unit's label or id"
        self._field = Field(typed, hint=hint, most=80, enter="go" if destinations else "choose")
        self._timer: Timer | None = None
        self._typed_before = typed
        self._goes_at: str | None = typed or None
        """With which text in the field the unit that it means is to be returned as soon as it is known."""
        self._known_of: str | None = None
        """For which text `_units` is the answer."""

    @override
    def content(self) -> ComposeResult:
        """The field, then what fits."""
        yield self._field
        self._listing.styles.height = _LINES
        self._listing.can_focus = False
        yield self._listing

    def on_mount(self) -> None:
        """Everything, before anything is typed."""
        super().on_mount()
        self.set_focus(self._field)
        self._fill()
        self._ask_units()

    def _fill(self) -> None:
        self._listing.show([*matching(self._destinations, self._field.value), *self._units])

    def _draw(self, one: Destination, width: int) -> Line:
        kind = "" if one.kind == "action" else one.kind
        name = _UNIT_NAME if one.kind == "unit" else _NAME
        return (
            Span(fit(one.text, name), "strong" if one.kind == "unit" else "plain"),
            Span(" " + fit(one.remark, max(0, width - name - 8)), "muted"),
            Span(fit(kind, 6, right=True), "muted"),
        )

    def on_input_changed(self, message: Input.Changed) -> None:
        """Narrow what is here at once, and ask for units when the typing pauses."""
        message.stop()
        if message.value == self._typed_before:
            return
        self._typed_before = message.value
        self._units, self._known_of, self._goes_at = [], None, None
        self._fill()
        self._listing.move_to(0)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(TYPING_PAUSE_S, self._ask_units)

    def _ask_units(self) -> None:
        typed = self._field.value.strip()
        if typed or not self._destinations:
            door = self.desk.door
            self.ask(
                "units",
                lambda: door.list_units(typed, limit=UNITS_SHOWN),
                lambda page: self._units_arrived(typed, page),
                failed=self._no_units,
            )

    def _units_arrived(self, typed: str, page: UnitPage) -> None:
        if typed != self._field.value.strip():
            return
        self._known_of = self._field.value
        self._units = [
            Destination(
                "unit",
                row.unit_id,
                name_of(row.label, row.unit_id),
                f"{row.unit_id}  {row.presence}  {key_words(row.key_protection).text}",
            )
            for row in page.rows
        ]
        self._fill()
        if self._goes_at == self._known_of:
            self._goes_at = None
            meant = self._listing.items
            if len(meant) != 1:
                meant = [one for one in meant if typed in {one.value, one.text}]
            if len(meant) == 1:
                self.dismiss(meant[0])
            elif not self._listing.items:
                self.desk.say("nothing is called that", "fair")

    def _no_units(self, error: ClientError) -> None:
        self.desk.say(str(error), "fair")

    def on_listing_opened(self) -> None:
        """A click goes."""
        self.action_go()

    def action_move(self, by: int) -> None:
        """Another line."""
        self._listing.action_move(by)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in a field."""
        message.stop()
        self.action_go()

    def action_go(self) -> None:
        """Go there; before it is known what fits, as soon as it is, if that is one."""
        if self._listing.item is not None:
            self.dismiss(self._listing.item)
        elif self._known_of == self._field.value:
            self.desk.say("nothing is called that", "fair")
        else:
            self._goes_at = self._field.value
