"""The lines around every screen: header above, note line and keys below."""

from collections.abc import Collection
from time import monotonic
from typing import ClassVar

from textual.binding import Binding
from textual.screen import Screen
from typing_extensions import override

from fleet.client import LinkDown, LinkUp
from protocols.api.units import Summary
from protocols.people import Permission
from tui.desk import Desk, Note, desk_of
from tui.duty_words import is_mine
from tui.field import Field
from tui.lines import LineView
from tui.needs import wanting
from tui.paint import EMPTY, Line, Span, Tone, cut, joined, line_width, spread
from tui.rooms_map import ROOMS, RoomKey
from tui.welfare_lines import header_words
from tui.words import clock, duration, number

_KEY_NAMES = {
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "exclamation_mark": "!",
    "escape": "esc",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}
_ALWAYS = ("esc", "q", "?")
"""Keys that keep their place at the right end however narrow the screen is."""


def key_name(key: str) -> str:
    """A key as it is written on the screen."""
    return _KEY_NAMES.get(key, key)


def link_words(link: LinkUp | LinkDown | None, seconds_down: float) -> Span:
    """The link to the controller: `link 84 ms`, `no link 12 s`, `signed out`, or `connecting`."""
    match link:
        case None:
            return Span("connecting", "muted")
        case LinkUp(latency_ms):
            return Span(f"link {latency_ms:.0f} ms", "fair" if latency_ms >= 1000 else "muted")
        case LinkDown(signed_out=True):
            return Span("signed out: any key signs in", "loud")
        case LinkDown():
            return Span(f"no link {duration(seconds_down)}", "loud")


def open_words(summary: Summary | None) -> Line:
    """How many units are open, in every header while one is; nothing while none is."""
    return (Span(f" OPEN {number(summary.units_open)} ", "loud"),) if summary and summary.units_open else EMPTY


def tabs(
    room: str, summary: Summary | None, permissions: Collection[Permission], duties: int = 0, width: int = 0
) -> Line:
    """The numbered rooms; `Now` carries how many things want a person with `permissions`, with the `duties` that want
    this one. They stand as far apart as `width` columns allow; 0: as far as they like. Where they do not fit, the last
    rooms are left to their keys, the one that is `room` excepted."""
    count = wanting(summary, permissions) + duties if summary is not None else 0
    count_tone: Tone = "bad" if summary is not None and summary.alarms else "fair"
    mark = Span(f" {number(count)}", count_tone) if count else None
    for kept in range(len(ROOMS), 0, -1):
        shown = [one for at, one in enumerate(ROOMS) if at < kept or one.name == room]
        parts = [_tab(one, is_here=one.name == room, mark=mark) for one in shown]
        taken = sum(line_width(part) for part in parts)
        for gap in (3, 2, 1):
            if not width or taken + gap * (len(parts) - 1) <= width:
                return joined(parts, " " * gap)
    return EMPTY


def _tab(room: RoomKey, *, is_here: bool, mark: Span | None) -> Line:
    part: Line = (Span(room.key, "accent"), Span(" "), Span(room.title, "title" if is_here else "muted"))
    return (*part, mark) if mark is not None and room.name == "now" else part


def note_line(note: Note | None, width: int, now: float) -> Line:
    """A rule, with what was last done or is being waited for in it."""
    if note is None:
        return (Span("─" * width, "rule"),)
    waited = now - note.since
    text = f" {note.text} " if not note.waiting else f" {note.text} … {duration(waited) + ' ' if waited >= 1 else ''}"
    body = cut((Span("─", "rule"), Span(text, note.tone)), width)
    return (*body, Span("─" * (width - line_width(body)), "rule"))


def key_line(keys: list[tuple[str, str]], width: int) -> Line:
    """The keys that work now and what they do, as many as fit; the ways out stand at the right, `?` last. A key that
    does not fit is left out whole, with a `…` at the end: `?` has them all."""
    out = dict(keys)
    right = joined((_spelled(key, out[key]) for key in _ALWAYS if key in out), "  ")
    others = [_spelled(key, does) for key, does in keys if key not in _ALWAYS]
    room = width - line_width(right) - 4
    left = joined(others, "  ")
    if line_width(left) > room:
        left = ()
        for other in others:
            longer = joined([left, other], "  ")
            left = longer if line_width(longer) <= room - 2 else left
        left = (*left, Span(" …", "muted"))
    return spread((Span(" "), *left), (*right, Span(" ")) if right else EMPTY, width)


def _spelled(key: str, does: str) -> Line:
    return (Span(key, "accent"), Span(f" {does}", "muted"))


class Bar(LineView):
    """A bar of fixed height."""

    LINES: ClassVar[int] = 1

    def on_mount(self) -> None:
        """Its lines are there from the start."""
        self.set_line_count(self.LINES)

    @property
    def desk(self) -> Desk:
        """The console's shared state."""
        return desk_of(self.screen)


class HeaderBar(Bar):
    """Name, time, link and person; the rooms; a rule."""

    LINES = 3

    def __init__(self, room: str) -> None:
        super().__init__()
        self._room = room

    @override
    def line(self, index: int, width: int) -> Line:
        """See LineView."""
        match index:
            case 0:
                return self._first(width)
            case 1:
                permissions = self.desk.me.permissions
                return (Span(" "), *tabs(self._room, self.desk.summary, permissions, self._duties, width - 1))
            case _:
                return (Span("─" * width, "rule"),)

    @property
    def _duties(self) -> int:
        mine = sum(is_mine(duty, self.desk.me.permissions) for duty in self.desk.duties)
        return max(0, mine + self.desk.things_beside)

    def _first(self, width: int) -> Line:
        desk = self.desk
        now = desk.server_clock.now()
        down = (now - desk.link.since).total_seconds() if isinstance(desk.link, LinkDown) else 0.0
        person = (Span(desk.me.person_id, "strong"), Span(f" · {desk.me.role} ", "muted"))
        well = header_words(desk.welfare, now)
        parts: list[Line] = [
            (Span(" "), Span("Muster", "strong")),
            (well,) if well is not None and well.tone == "loud" else EMPTY,
            (Span(clock(now, utc=desk.server_clock.utc)),),
            (link_words(desk.link, down),),
            open_words(desk.summary),
            (well,) if well is not None and well.tone != "loud" else EMPTY,
        ]
        left = joined(parts)
        if line_width(left) + line_width(person) >= width:
            # What can be read elsewhere gives way to what can not wait.
            left = joined([*parts[:2], *parts[3:5]])
        return spread(left, person, width)


class NoteBar(Bar):
    """What was taken and what came of it."""

    @override
    def line(self, index: int, width: int) -> Line:
        """See LineView."""
        return note_line(self.desk.note, width, monotonic())


class KeyBar(Bar):
    """The keys that work now."""

    def on_mount(self) -> None:
        """Follow the bindings of the screen."""
        super().on_mount()
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def _bindings_updated(self, _screen: Screen[object]) -> None:
        self.repaint()

    @override
    def line(self, index: int, width: int) -> Line:
        """See LineView."""
        return key_line(shown_keys(self.screen), width)


def shown_keys(screen: Screen[object], *, at_length: bool = False) -> list[tuple[str, str]]:
    """The keys of `screen` that are offered now, nearest to the cursor first, and what they do, in a word or
    `at_length`."""
    found: dict[str, str] = {}
    for active in screen.active_bindings.values():
        binding: Binding = active.binding
        if binding.show and active.enabled and binding.description:
            node = active.node
            does = node.enter_does if isinstance(node, Field) and binding.key == "enter" else binding.description
            found.setdefault(key_name(binding.key), (binding.tooltip if at_length else "") or does)
    return list(found.items())
