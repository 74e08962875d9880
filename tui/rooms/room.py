"""What every room has: header, body, note line, keys, and its part of the feed."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from fleet.client import FeedItem
from protocols.api.feed import Watch
from tui.asks import Asks
from tui.bars import HeaderBar, KeyBar, NoteBar
from tui.lines import LineView
from tui.role_words import Reserved, whose
from tui.rooms_map import RoomName

FOLLOW_PAUSE_S = 0.5
"""How long changes are gathered before a room asks again for what they touch."""


class Room(Asks):
    """A screen that fills the terminal. Subclasses compose `body`, ask in `refetch`, and repaint in `tick`."""

    ROOM: ClassVar[RoomName] = "now"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {}
    """The actions that not every role may do."""

    def __init__(self) -> None:
        super().__init__()
        self._coming: set[str] = set()

    def compose(self) -> ComposeResult:
        """Header, body and the two lines below."""
        yield HeaderBar(self.ROOM)
        yield from self.body()
        with Vertical(classes="foot"):
            yield NoteBar()
            yield KeyBar()

    def body(self) -> ComposeResult:
        """What the room shows."""
        raise NotImplementedError

    def refetch(self) -> None:
        """Ask for everything shown again: on coming in, and after the link was away."""
        raise NotImplementedError

    @property
    def legend(self) -> Sequence[tuple[str, str]]:
        """The signs that stand for words here, and what they mean."""
        return ()

    def may_leave(self) -> bool:
        """Whether nothing is lost when the console is left now; a room that says no has told the person."""
        return True

    @property
    def me(self) -> str:
        """The person's id."""
        return self.desk.me.person_id

    def allows(self, action: str) -> bool:
        """Whether the person's role may do `action`."""
        deed = self.RESERVED.get(action)
        return deed is None or self.desk.may(deed.permission)

    def say_whose(self, key: str) -> None:
        """`key` did nothing: when the person's role is why, say whose it is."""
        for binding in self._bindings.key_to_bindings.get(key, ()):
            if not self.allows(binding.action):
                self.desk.say(whose(self.RESERVED[binding.action]), "fair")

    def watching(self) -> Watch:
        """What this room wants to hear about."""
        return Watch(summary=True)

    def feed_arrived(self, item: FeedItem) -> None:
        """Something watched has changed."""

    def tick(self) -> None:
        """A second has passed: ages have grown."""
        for lines in self.query(LineView):
            lines.repaint()

    def soon(self, what: str, call: Callable[[], None]) -> None:
        """Call within FOLLOW_PAUSE_S, once for however many changes arrive until then."""
        self.soon_s(what, FOLLOW_PAUSE_S, call)

    def soon_s(self, what: str, pause_s: float, call: Callable[[], None]) -> None:
        """Call in `pause_s` seconds, once for however often it is asked for until then."""
        if what in self._coming:
            return
        self._coming.add(what)

        def now() -> None:
            self._coming.discard(what)
            call()

        self.set_timer(pause_s, now)

    def on_screen_resume(self) -> None:
        """Show what is true now; what was said in another room has been said."""
        if self.desk.room_shown not in {None, self}:
            self.desk.drop_note()
        self.desk.room_shown = self
        self.refetch()
        self.desk.update_watch()

    def leave_with(self, result: object) -> None:
        """Close with a result, if this room is the one on top; what was said of it stands on in the room below."""
        if self.is_current:
            self.desk.room_shown = None
            self.dismiss(result)

    def action_back(self) -> None:
        """Back to where it was opened, for the rooms that bind a key to it."""
        self.dismiss()
