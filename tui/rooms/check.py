"""A check: what the unit's camera and microphone give, in the terminal, while a lease lasts."""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import ClassVar

from PIL.Image import Image
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from typing_extensions import override

from fleet.client import ClientError, LinkUp
from fleet.client.preview import Preview
from protocols.api.checks import (
    CheckResult,
    CheckState,
    CheckView,
    NewCheck,
    PositionView,
    PreviewNews,
    Verdict,
    WatchLink,
)
from tui.check_lines import (
    ENDED,
    ended_lines,
    figure_lines,
    pace_lines,
    position_lines,
    title_line,
    viewers_words,
    waiting_lines,
)
from tui.desk import Answered
from tui.dialogs.confirm import TextDialog
from tui.dialogs.link import LinkDialog
from tui.lines import Page
from tui.paint import Line, Span, wrap
from tui.picture import decoded, picture_widget
from tui.picture_cost import BEST
from tui.role_words import Reserved
from tui.rooms.room import Room
from tui.words import safe

SIDE_COLUMNS = 30
_CHROME_ROWS = 8
_SIDE_EDGE = 2
_LEAST_COLUMNS, _MOST_COLUMNS = 10, 500
_SLOW_LINK_MS = 300.0
_SLOW_FRAMES_PER_S = 1.0
_SLOW_KBIT_S = 24


class CheckRoom(Room):
    """One check, from asking the unit to its end."""

    ROOM = "units"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "judge('passed')", "pass and close", tooltip="say that it works, and close"),
        Binding("f", "judge('failed')", "fail and close", tooltip="say that it does not, why, and close"),
        Binding("b", "browser", "browser", tooltip="a link for one browser, good once"),
        Binding("p", "position", "look at it", tooltip="see the position that was found: an entry in the log"),
        Binding("escape", "back", "leave", tooltip="close without a judgement, or leave it to those who watch too"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {"browser": Reserved("watching in a browser", "check-unit")}

    def __init__(self, unit_id: str, label: str, wish: NewCheck) -> None:
        super().__init__()
        self._unit_id = unit_id
        self._label = label
        self._wish = wish
        self._began_s = monotonic()
        self._view: CheckView | None = None
        self._news: PreviewNews | None = None
        self._has_picture = False
        self._position: PositionView | None = None
        self._note = ""
        self._newest: bytes | None = None
        self._arrived = asyncio.Event()
        self._is_text_due = False
        self._quality = BEST
        self._title = Page(id="title")
        self._frame = Container(id="frame")
        self._picture = picture_widget()
        self._instead = Page(id="instead")
        self._side = Page(id="side")
        self._sentence = Page(id="sentence")

    @override
    def body(self) -> ComposeResult:
        """Title, the picture with its numbers, the sentence in the log."""
        yield self._title
        with Horizontal(id="watching"):
            with self._frame:
                yield self._picture
            yield self._instead
            yield self._side
        yield self._sentence

    def on_mount(self) -> None:
        """Ask for the opening, once."""
        self.desk.pace.watch()
        self._paint()
        door = self.desk.door
        self.do(
            f"asking {self._label or self._unit_id} to open",
            lambda: door.begin_check(self._unit_id, self._wish),
            self._begun,
        )

    def on_unmount(self) -> None:
        """Nothing more is asked of the terminal."""
        self.desk.pace.leave()

    @override
    def refetch(self) -> None:
        """Ask how the check stands, once there is one."""
        if self._view is not None:
            door, opening = self.desk.door, self._view.opening
            self.ask("check", lambda: door.check(opening), self._stands)

    def _begun(self, view: CheckView) -> None:
        opening = view.opening[:13]
        self.desk.say(f"joined opening {opening}" if view.state == "live" else f"opening {opening} begun", "plain")
        self._stands(view)
        self.run_worker(self._watch(view.opening), group="preview", exclusive=True)

    def _stands(self, view: CheckView) -> None:
        self._view = view
        self._paint()
        self.refresh_bindings()

    async def _watch(self, opening: str) -> None:
        """Take pictures and news until the check ends; leaving the screen ends this, and the last viewer's leaving
        closes the check."""
        link = self.desk.link
        slow = isinstance(link, LinkUp) and link.latency_ms >= _SLOW_LINK_MS
        most_per_s = _SLOW_FRAMES_PER_S if slow else BEST.frames_per_s
        columns, frames_per_s = wish = self._wanted(most_per_s)
        try:
            async with self.desk.door.preview(
                opening,
                columns=columns,
                rows=max(8, self.size.height - _CHROME_ROWS),
                frames_per_s=frames_per_s,
                kbit_s=_SLOW_KBIT_S if slow else None,
            ) as preview:
                showing = self.run_worker(self._show_pictures(preview, wish, most_per_s), group="preview")
                try:
                    await self._read(preview)
                finally:
                    showing.cancel()
        except ClientError as error:
            reason = error
            self.post_message(Answered(lambda: self.desk.explain(reason)))
        self.post_message(Answered(self.refetch))

    async def _read(self, preview: Preview) -> None:
        """Hear all news; of the pictures keep the newest."""
        async for item in preview:
            if isinstance(item, PreviewNews):
                self._hear(item)
            else:
                self._newest = item
                self._arrived.set()

    def _hear(self, news: PreviewNews) -> None:
        before, self._news = self._state, news
        if self._is_seen and (self._state != before or self.desk.pace.takes_more()):
            self._paint()
        else:
            self._is_text_due = True

    async def _show_pictures(self, preview: Preview, told: tuple[int, float], most_per_s: float) -> None:
        """Paint the newest picture each time the terminal has taken the last one, and tell the controller when what it
        was `told` to send is more, or less, than is shown."""
        pace = self.desk.pace
        while True:
            await self._arrived.wait()
            await pace.free()
            self._arrived.clear()
            picture = decoded(self._newest) if self._newest is not None else None
            if picture is not None and self._is_shown:
                self._show(picture)
            wish = self._wanted(most_per_s)
            if wish != told:
                await preview.change(*wish)
                told = wish

    def _wanted(self, most_per_s: float) -> tuple[int, float]:
        """Columns and pictures a second."""
        quality = self.desk.pace.quality
        columns = round((self.size.width - SIDE_COLUMNS) * quality.side)
        return min(_MOST_COLUMNS, max(_LEAST_COLUMNS, columns)), min(quality.frames_per_s, most_per_s)

    @property
    def _is_seen(self) -> bool:
        """Whether nothing but a dialog is above: painting under a room would paint all of that room again."""
        return self.is_active or (self.is_current and self.app.screen.is_modal)

    @property
    def _is_shown(self) -> bool:
        """Whether a picture may be painted: on a slow line not under a dialog, since somebody types there."""
        return self._state not in ENDED and (self.is_active if self.desk.pace.is_slow else self._is_seen)

    def _show(self, picture: Image) -> None:
        quality = self.desk.pace.quality
        self.desk.pace.begin(is_fair=self._has_picture and quality.side == self._quality.side)
        if quality != self._quality:
            self._quality = quality
            self._picture.styles.max_width = f"{round(100 * quality.side)}%"
            self._is_text_due = True
        self._has_picture = True
        self._picture.image = picture
        self._show_right()
        if self._is_text_due:
            self._paint()
            super().tick()

    @property
    def _state(self) -> CheckState:
        if self._view is not None and self._view.state in ENDED:
            return self._view.state
        return self._news.state if self._news is not None else self._view.state if self._view is not None else "asking"

    def _show_right(self) -> None:
        shows = self._has_picture and self._state not in ENDED
        self._frame.display = shows
        self._instead.display = not shows

    def _paint(self) -> None:
        self._is_text_due = False
        width = max(40, self.size.width)
        name = self._label or self._unit_id
        if self._state in ENDED:
            self._has_picture = False
            self._picture.image = None
        self._show_right()
        clock = self.desk.server_clock
        self._title.show([title_line(name, self._wish.modalities, self._news, width, clock.now(), utc=clock.utc)])
        self._instead.show(self._instead_lines(width))
        if self._news is not None and self._state not in ENDED:
            columns = SIDE_COLUMNS - _SIDE_EDGE
            figures = figure_lines(self._news.figures, viewers_words(self._news, self.desk.me.person_id), columns)
            self._side.show([*figures, *pace_lines(self.desk.pace, columns)])
        self._side.display = self._news is not None and self._state not in ENDED
        said = self._sentence_lines(width)
        self._sentence.styles.height = len(said)
        self._sentence.show(said)

    def _instead_lines(self, width: int) -> list[Line]:
        if self._view is not None and self._view.state in ENDED:
            return [*ended_lines(self._view, width, self._note), *self._position_lines()]
        if self._state in ENDED:
            return [(), (Span("  CLOSED", "strong"),)]
        return waiting_lines(self._state, monotonic() - self._began_s, width)

    @property
    def _found(self) -> bool:
        return self._view is not None and self._view.state == "closed" and self._view.reason == "found"

    def _position_lines(self) -> list[Line]:
        if not self._found:
            return []
        if self._position is None:
            return [
                (),
                (Span("  p looks at it", "accent"), Span(": the look is an entry in the log, and counts", "muted")),
            ]
        clock = self.desk.server_clock
        return [(), *position_lines(self._position, clock.now())]

    def _sentence_lines(self, width: int) -> list[Line]:
        """What the log says, whole: it is broken where the screen ends."""
        if self._view is None:
            return [()]
        said = self._view.sentence
        entry = "log … " if self._view.entry is None else f"log {self._view.entry} "
        first, *others = wrap(f"“{safe(said)}”", max(10, width - len(entry) - 2))
        return [(Span(f" {entry}", "muted"), *first), *[(Span(" " * (len(entry) + 1)), *more) for more in others]]

    @override
    def tick(self) -> None:
        """Waiting has grown longer."""
        if self._view is not None and self._view.entry is None and self._state not in ENDED:
            self.refetch()
        if not self.desk.pace.takes_more():
            self._is_text_due = True
            return
        if self._state not in ENDED:
            self._paint()
        super().tick()

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A check that is over can only be left."""
        if not self.allows(action):
            return False
        if action == "judge":
            return self._view is not None and self._state not in ENDED
        if action == "browser":
            return self._state == "live"
        if action == "position":
            return self._found
        return True

    async def action_judge(self, result: CheckResult) -> None:
        """Close with a judgement; a failure says why."""
        if result == "passed":
            self._close(Verdict(result=result))
            return
        asked = Span(" What is wrong with it? It goes into the log, and can be erased.", "muted")
        await self.app.push_screen(TextDialog("Fail the check", [(), (asked,), ()], least=1), self._failed)

    def _failed(self, note: str | None) -> None:
        if note:
            self._note = note
            self._close(Verdict(result="failed", note=note))

    def _close(self, verdict: Verdict) -> None:
        if self._view is None:
            return
        door, opening = self.desk.door, self._view.opening
        self.do("closing", lambda: door.close_check(opening, verdict), self._over)

    def _over(self, view: CheckView) -> None:
        words = {"passed": "passed and closed", "failed": "failed and closed", "unjudged": "closed"}
        result = view.readiness.result if view.readiness is not None else "unjudged"
        self.desk.say(words[result], "good")
        if self.is_attached:
            self._stands(view)

    def action_browser(self) -> None:
        """A link for one browser."""
        if self._view is not None:
            door, opening = self.desk.door, self._view.opening
            self.do("making a link", lambda: door.watch_link(opening), self._linked)

    def _linked(self, link: WatchLink) -> None:
        self.desk.say("good for one browser, for a minute", "good")
        self.app.push_screen(LinkDialog(link))

    def action_position(self) -> None:
        """Look at what was found."""
        door, view = self.desk.door, self._view
        if view is not None:
            look = "looking at the position"
            self.do(look, lambda: door.position(view.unit, view.mandate, view.opening), self._located)

    def _located(self, position: PositionView) -> None:
        self.desk.say("looked at; the log has it", "good")
        self._position = position
        if self.is_attached:
            self._paint()

    def action_back(self) -> None:
        """Leave; what is watched nowhere else is closed at once, and not after its time to come back."""
        if self._view is not None and self._state not in ENDED and not self._others:
            self._close(Verdict())
        self.dismiss()

    @property
    def _others(self) -> list[str]:
        """Who watches elsewhere, this person's own browsers among them."""
        if self._news is None or self._state in ENDED:
            return []
        return [*(one for one in self._news.viewers if one != self.desk.me.person_id), *self._news.in_browsers]
