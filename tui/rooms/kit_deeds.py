"""What can be done with an item, from the list and from its page alike."""

from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, TypeVar

from protocols.api.kit import ItemDetail, ItemView
from tui.dialogs.dialog import Dialog
from tui.dialogs.kit_item import ConditionDialog, ItemChangeDialog, MaintainedDialog, ReadingDialog, ServiceDialog
from tui.role_words import Reserved
from tui.rooms.deployment_following import FollowsDeployments
from tui.rooms.kit_label import KitLabelScreen

T = TypeVar("T")

ITEM_ACTIONS = frozenset({"condition", "service", "maintained", "reading", "change_item", "label", "unit"})


class KitDeeds(FollowsDeployments):
    """A room with an item to act on. Subclasses know `item`, and fill `show_detail`."""

    ROOM = "kit"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "scan": Reserved("scanning kit", "keep-kit"),
        "new_item": Reserved("adding kit", "keep-kit"),
        "condition": Reserved("saying what condition kit is in", "keep-kit"),
        "service": Reserved("changing its service state", "keep-kit"),
        "maintained": Reserved("recording maintenance", "keep-kit"),
        "reading": Reserved("reading a counter", "keep-kit"),
        "change_item": Reserved("changing an item", "keep-kit"),
    }

    @property
    def item(self) -> ItemView | None:
        """What to act on, None when there is nothing."""
        raise NotImplementedError

    def show_detail(self, detail: ItemDetail) -> None:
        """Something was done with an item: show how it stands."""
        raise NotImplementedError

    def can(self, action: str) -> bool:
        """Whether `action` can be done now."""
        if not self.allows(action):
            return False
        if action == "unit":
            return self.item is not None and self.item.unit is not None
        return action not in ITEM_ACTIONS or self.item is not None

    def change_after(
        self, dialog: Dialog[T], doing: str, deed: Callable[[T], Awaitable[ItemDetail]], done: Callable[[T], str]
    ) -> None:
        """Show `dialog`; do what it returns while `doing` stands on the note line, then say what is `done`."""

        def returned(answer: T | None) -> None:
            if answer is not None:
                given = answer
                self.do(doing, lambda: deed(given), lambda detail: self._done(detail, done(given)))

        self.app.push_screen(dialog, returned)

    def _done(self, detail: ItemDetail, said: str) -> None:
        self.desk.say(said, "good")
        self.show_detail(detail)

    def action_condition(self) -> None:
        """Say what condition it is in."""
        item = self.item
        if item is not None:
            door, code = self.desk.door, item.item
            self.change_after(
                ConditionDialog(self.me, item),
                f"saying how {code} is",
                lambda seen: door.see_kit_condition(code, seen),
                lambda seen: f"{code} is {seen.condition}",
            )

    def action_service(self) -> None:
        """Quarantine it, send it to repair, release it, or write it off."""
        item = self.item
        if item is not None:
            door, code = self.desk.door, item.item
            self.change_after(
                ServiceDialog(self.me, item, manages=self.desk.may("manage-kit")),
                f"changing the service state of {code}",
                lambda change: door.change_kit_service(code, change.state, change.reason),
                lambda change: f"{code} is {change.state}",
            )

    def action_change_item(self) -> None:
        """Its serial number, and which unit it is."""
        item = self.item
        if item is not None:
            door, code = self.desk.door, item.item
            self.change_after(
                ItemChangeDialog(self.me, item),
                f"changing {code}",
                lambda change: door.change_kit(code, change),
                lambda _change: f"{code} is changed",
            )

    def action_maintained(self) -> None:
        """Record maintenance; what is due is asked for first."""
        self._with_detail(self._maintained)

    def _maintained(self, detail: ItemDetail) -> None:
        clock, door, code = self.desk.server_clock, self.desk.door, detail.row.item
        self.change_after(
            MaintainedDialog(self.me, detail, clock.now(), utc=clock.utc),
            f"recording maintenance of {code}",
            lambda done: door.kit_maintained(code, done),
            lambda done: f"{done.rule} of {code} is done",
        )

    def action_reading(self) -> None:
        """Record a counter as it reads."""
        self._with_detail(self._reading)

    def _reading(self, detail: ItemDetail) -> None:
        door, code = self.desk.door, detail.row.item
        self.change_after(
            ReadingDialog(self.me, detail),
            f"recording a counter of {code}",
            lambda reading: door.read_kit(code, reading),
            lambda reading: f"{code} reads {reading.value} {reading.counter}",
        )

    def _with_detail(self, then: Callable[[ItemDetail], None]) -> None:
        item = self.item
        if item is not None:
            door, code = self.desk.door, item.item
            self.ask("item for a form", lambda: door.kit_item(code), then)

    async def action_label(self) -> None:
        """The label's code on the screen."""
        if self.item is not None:
            await self.app.push_screen(KitLabelScreen(self.item))

    async def action_unit(self) -> None:
        """The page of the unit that it is."""
        if self.item is not None and self.item.unit is not None:
            await self.desk.open_unit(self.item.unit)
