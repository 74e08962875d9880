"""What the rooms about what alarms go by have in common: rules, maintenance windows, contacts."""

from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.feed import AlarmsChanged, Watch
from tui.rooms.following import FollowingRoom


class AlarmBooksRoom(FollowingRoom):
    """A room about what alarms go by."""

    ROOM = "events"

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, alarms=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, AlarmsChanged):
            self.soon("anew", lambda: self.ask_anew(background=True))

    def done(self, said: str) -> None:
        """Say what was done, and show how it stands."""
        self.desk.say(said, "good")
        self.refetch()
