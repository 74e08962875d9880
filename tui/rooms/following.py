"""A room that asks again for what it shows when an event tells that something has changed."""

from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.feed import EventsChanged, Watch
from tui.rooms.room import Room


class FollowingRoom(Room):
    """For what changes only by deeds of people, each of which is an event. Subclasses ask in `ask_anew`."""

    def ask_anew(self, *, background: bool = False) -> None:
        """Ask for everything shown; in the `background` when nobody has asked to see it."""
        raise NotImplementedError

    @override
    def refetch(self) -> None:
        """See Room."""
        self.ask_anew()

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, events=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, EventsChanged):
            self.soon("anew", lambda: self.ask_anew(background=True))
