"""A room with one thing to act on, which the controller gives back as it stands after each deed."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from textual.widget import AwaitMount

from tui.dialogs.dialog import Dialog
from tui.rooms.following import FollowingRoom

T = TypeVar("T")
U = TypeVar("U")


class DeedsRoom(FollowingRoom, Generic[T]):
    """What the deeds of a list and of a page have in common. Subclasses know `chosen` and fill `show_changed`."""

    @property
    def chosen(self) -> T | None:
        """What to act on, None when there is nothing."""
        raise NotImplementedError

    def can(self, action: str) -> bool:
        """Whether `action` can be done now with what is chosen."""
        raise NotImplementedError

    def show_changed(self, view: T) -> None:
        """Something was done with `view`: show how it stands."""
        raise NotImplementedError

    def change(self, doing: str, deed: Callable[[], Awaitable[T]], done: Callable[[T], str]) -> None:
        """Do `deed` while `doing` stands on the note line; then say what is `done`, and show what came of it."""

        def changed(view: T) -> None:
            self.desk.say(done(view), "good")
            self.show_changed(view)

        self.do(doing, deed, changed)

    def change_after(
        self, dialog: Dialog[U], doing: str, deed: Callable[[U], Awaitable[T]], done: Callable[[T], str]
    ) -> AwaitMount:
        """Show `dialog`, and `change` with what it returns; nothing when it is closed."""

        def returned(answer: U | None) -> None:
            if answer:
                given = answer
                self.change(doing, lambda: deed(given), done)

        return self.app.push_screen(dialog, returned)
