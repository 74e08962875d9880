"""The desk's part that keeps what is shown true: the feed, the link, and one timer that lets ages grow."""

import asyncio
from collections.abc import Sequence
from typing import Any

from textual.driver import Driver
from textual.message import Message
from textual.screen import Screen
from typing_extensions import override

from fleet.client import ChangeFeed, FeedItem, FleetClient, LinkDown, LinkUp
from protocols.api.feed import SummaryChanged, Watch
from protocols.api.problems import Problem
from protocols.api.sessions import Whoami
from tui.bars import Bar
from tui.desk import Desk
from tui.dialogs.dialog import Dialog
from tui.dialogs.problem import ProblemDialog
from tui.rooms.room import Room

TICK_S = 1.0


class FeedDesk(Desk):
    """Hands what the feed brings to the screens, and repaints them each second."""

    class FeedArrived(Message):
        """An item of the feed; `handled` is set when it is on the screen, so that no two wait at once."""

        def __init__(self, item: FeedItem) -> None:
            super().__init__()
            self.item = item
            self.handled = asyncio.Event()

    def __init__(self, door: FleetClient, me: Whoami, driver_class: type[Driver] | None = None) -> None:
        super().__init__(door, me, driver_class)
        self._feed: ChangeFeed | None = None

    def on_mount(self) -> None:
        """Begin to follow the feed and to tick."""
        self.run_worker(self._follow(), group="feed", exit_on_error=True)
        self.set_interval(TICK_S, self.tick)

    async def _follow(self) -> None:
        """Hand each item of the feed to the screens, one at a time."""
        async with self.door.feed() as feed:
            self._feed = feed
            self.update_watch()
            async for item in feed:
                message = self.FeedArrived(item)
                if not self.post_message(message):
                    return
                await message.handled.wait()

    def on_feed_desk_feed_arrived(self, message: FeedArrived) -> None:
        """Put an item of the feed on the screen."""
        try:
            self._take(message.item)
        finally:
            message.handled.set()

    def _take(self, item: FeedItem) -> None:
        if isinstance(item, LinkUp | LinkDown):
            self._link_is(item)
            return
        if isinstance(item, SummaryChanged):
            self.summary = item.summary
            self.repaint_bars()
        for screen in self.screen_stack:
            if isinstance(screen, Room):
                screen.feed_arrived(item)

    def _link_is(self, link: LinkUp | LinkDown) -> None:
        before, self.link = self.link, link
        if isinstance(link, LinkDown) and not isinstance(before, LinkDown):
            self.say(f"{link.detail}; trying again", "bad")
        if isinstance(link, LinkUp) and isinstance(before, LinkDown):
            self.say("the link is back", "good")
            self._renew()
        self.screen.refresh_bindings()
        self.repaint_bars()

    def _renew(self) -> None:
        """Ask again for all that is shown, and what time it is."""
        room = self.room_on_top
        if room is not None:
            room.ask("whoami", self.door.whoami, self.take_me)
            room.refetch()

    def take_me(self, me: Whoami) -> None:
        """What the controller says of the person and of the time, as was just asked for."""
        self.me = me
        self.server_clock.set(me.server_time)
        self.screen.refresh_bindings()

    @property
    def room_on_top(self) -> Room | None:
        """The room on top, under any dialog."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Room):
                return screen
        return None

    @property
    def _seen(self) -> Sequence[Screen[Any]]:
        """The screens that are seen. What is under a room is not: painting there would paint the whole room again."""
        stack = self.screen_stack
        return stack[-2 if stack and stack[-1].is_modal else -1 :]

    def tick(self) -> None:
        """A second has passed: ages have grown."""
        self.forget_old_note()
        for screen in self._seen:
            if isinstance(screen, Room | Dialog):
                screen.tick()

    @override
    def repaint_bars(self) -> None:
        """See Desk."""
        for screen in self._seen:
            for bar in screen.query(Bar):
                bar.repaint()

    @override
    def show_problem(self, problem: Problem, title: str = "Refused") -> None:
        """See Desk."""
        self.push_screen(ProblemDialog(problem, title))

    @override
    def update_watch(self) -> None:
        """See Desk."""
        room = self.room_on_top
        if self._feed is not None:
            self._feed.watch(room.watching() if room is not None else Watch(summary=True))
