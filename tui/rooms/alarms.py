"""Alarms: those that wait, those that somebody has, those that are over; the page of one with the pages it sent."""

from collections.abc import Awaitable
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.alarms import AlarmState
from protocols.api.alarms import AlarmAcknowledged, AlarmDetail, AlarmingStanding, AlarmPage, AlarmView, NewWindow
from tui.alarm_lines import alarm_detail, alarm_line, alarm_page, alarms_title
from tui.alarm_words import ShownAlarm, alarming_line
from tui.dialogs.alarm_forms import WindowDialog
from tui.dialogs.choice import ChoiceDialog, Option
from tui.paint import Line, Span
from tui.rooms.alarms_contacts import AlarmContactsRoom
from tui.rooms.alarms_deeds import AlarmDeeds
from tui.rooms.alarms_rules import AlarmRulesRoom
from tui.rooms.alarms_windows import AlarmWindowsRoom
from tui.rooms.listing_room import ListingRoom
from tui.rooms.page_room import ViewRoom

AT_ONCE = 200
MOST_ALARMS = 2_000
ASK_MORE_WITHIN = 30
Which = Literal["open", "raised", "acknowledged", "cleared", "all"]
_WHICH: tuple[tuple[str, Which, str], ...] = (
    ("o", "open", "not closed: they last, or nobody has taken them"),
    ("r", "raised", "they last, and nobody has taken them"),
    ("a", "acknowledged", "somebody has taken them, and they last"),
    ("c", "cleared", "over, and nobody has taken them"),
    ("*", "all", "closed ones too"),
)
_KEYS: tuple[BindingType, ...] = (
    Binding("a", "acknowledge", "ack", tooltip="take it in your name: nobody else is paged"),
    Binding("g", "going", "going", tooltip="take it and leave for it: call-out and welfare timer begin"),
    Binding("u", "unit", "unit", tooltip="the page of its unit"),
    Binding("d", "deployment", "deployment", tooltip="the page of its deployment"),
    Binding("m", "window", "maintenance", tooltip="somebody works on it: no alarms of it for a time"),
)


class WindowDeed(AlarmDeeds):
    """Beginning maintenance of what an alarm is about."""

    def action_window(self) -> None:
        """Somebody works on it."""
        view = self.alarm
        if view is not None:
            clock = self.desk.server_clock
            self.app.push_screen(WindowDialog(self.me, view.subject, clock.now(), utc=clock.utc), self._window)

    def _window(self, new: NewWindow | None) -> None:
        if new is not None:
            door = self.desk.door
            self.do(
                "beginning maintenance",
                lambda: door.make_alarm_window(new),
                lambda view: self.desk.say(f"{view.unit or view.deployment} is in maintenance", "good"),
            )


class AlarmsRoom(ListingRoom[AlarmView], WindowDeed):
    """The list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="its life, the pages it sent, its events"),
        *_KEYS,
        Binding("f", "which", "which", tooltip="open, taken, over, all"),
        Binding("r", "rules", "rules", tooltip="by which rules alarms are raised and page"),
        Binding("w", "windows", "windows", tooltip="maintenance windows"),
        Binding("c", "contacts", "contacts", tooltip="where pages reach you; send a test page"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._which: Which = "open"
        self._all: list[AlarmView] = []
        self._next_before: str | None = None
        self._alarming: AlarmingStanding | None = None

    @property
    @override
    def alarm(self) -> AlarmView | None:
        """See AlarmDeeds."""
        return self.chosen

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        door = self.desk.door
        self.ask("alarms", lambda: self._page(None), self._arrived, background=background)
        self.ask("alarming", door.alarming, self._alarming_is, background=background)

    async def _page(self, before: str | None) -> AlarmPage:
        return await self.desk.door.alarms(open_only=self._which != "all", before=before, limit=AT_ONCE)

    def _alarming_is(self, standing: AlarmingStanding) -> None:
        self._alarming = standing
        self.show_rest()

    def _arrived(self, page: AlarmPage) -> None:
        if self._which == "all" and len(self._all) > AT_ONCE:
            newest = {view.alarm: view for view in page.alarms}
            self._show([*page.alarms, *[view for view in self._all if view.alarm not in newest]])
        else:
            self._next_before = page.next_before
            self._show(page.alarms)

    def _more_arrived(self, page: AlarmPage) -> None:
        known = {view.alarm for view in self._all}
        self._next_before = page.next_before if len(self._all) < MOST_ALARMS else None
        self._show([*self._all, *[view for view in page.alarms if view.alarm not in known]])

    def _show(self, views: list[AlarmView]) -> None:
        self._all = views
        states: dict[Which, AlarmState] = {"raised": "raised", "acknowledged": "acknowledged", "cleared": "cleared"}
        wanted = states.get(self._which)
        self.show_items([view for view in views if wanted is None or view.state == wanted])

    @override
    def moved(self) -> None:
        """Near the end, older ones are asked for."""
        if self._next_before is not None and self._list.cursor >= len(self._list.items) - ASK_MORE_WITHIN:
            before, self._next_before = self._next_before, None
            self.ask("older", lambda: self._page(before), self._more_arrived)

    @override
    def show_taken(self, answer: AlarmAcknowledged) -> None:
        """See AlarmDeeds."""
        self._show([answer.alarm if view.alarm == answer.alarm.alarm else view for view in self._all])
        self.refetch()

    @override
    def key_of(self, item: AlarmView) -> str:
        """See ListingRoom."""
        return item.alarm

    @override
    def item_line(self, item: AlarmView, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return alarm_line(item, width, clock.now(), utc=clock.utc)

    @override
    def detail_lines(self, item: AlarmView) -> list[Line]:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return alarm_detail(ShownAlarm(item), max(20, self.size.width), clock.now(), utc=clock.utc)

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        alarming = alarming_line(self._alarming, clock.now(), utc=clock.utc)
        return alarms_title(self._list.items if self._is_known else None, self._which, alarming)

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("No alarm is open." if self._which == "open" else "none", "muted"),)]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the alarm under the cursor."""
        if action == "contacts":
            return self.desk.may("serve-rota")
        return self.chosen is not None if action == "open" else self.can(action)

    async def action_open(self) -> None:
        """All about it."""
        if self.chosen is not None:
            await self.app.push_screen(AlarmRoom(self.chosen.alarm))

    async def action_which(self) -> None:
        """Choose which ones."""
        options = [Option(key, which, remark, which) for key, which, remark in _WHICH]
        await self.app.push_screen(ChoiceDialog("Which alarms", options, self._which), self._chose)

    def _chose(self, which: Which | None) -> None:
        if which is not None:
            self._which, self._all, self._next_before = which, [], None
            self.forget()
            self.refetch()

    async def action_rules(self) -> None:
        """The rules in force."""
        await self.app.push_screen(AlarmRulesRoom())

    async def action_windows(self) -> None:
        """Maintenance windows."""
        await self.app.push_screen(AlarmWindowsRoom())

    async def action_contacts(self) -> None:
        """Where pages reach one."""
        await self.app.push_screen(AlarmContactsRoom())


class AlarmRoom(ViewRoom[AlarmDetail], WindowDeed):
    """The page of one alarm."""

    BINDINGS: ClassVar[list[BindingType]] = [*_KEYS, Binding("escape", "back", "back")]

    @property
    @override
    def alarm(self) -> AlarmView | None:
        """See AlarmDeeds."""
        return None if self.chosen is None else self.chosen.alarm

    @override
    def fetch(self) -> Awaitable[AlarmDetail]:
        """See ViewRoom."""
        return self.desk.door.alarm(self._about)

    @override
    def view_lines(self, view: AlarmDetail, width: int) -> list[Line]:
        """See ViewRoom."""
        clock = self.desk.server_clock
        return alarm_page(view, width, clock.now(), utc=clock.utc)

    @override
    def show_taken(self, answer: AlarmAcknowledged) -> None:
        """See AlarmDeeds."""
        self.refetch()

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        return self.can(action)
