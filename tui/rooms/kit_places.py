"""Stores, vans and benches: who keeps each, and how much is there."""

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.kit import PlaceView, SetPlace
from tui.dialogs.kit_books import PlaceDialog
from tui.kit_model_lines import place_line
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.following import FollowingRoom
from tui.rooms.listing_room import ListingRoom
from tui.words import number


class KitPlacesRoom(ListingRoom[PlaceView], FollowingRoom):
    """The places; a code is the unit's own, and no address."""

    ROOM = "kit"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,e", "change_place", "change", tooltip="its name and keeper"),
        Binding("n", "new_place", "new place"),
        Binding("escape", "back", "back"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "change_place": Reserved("changing a place", "manage-kit"),
        "new_place": Reserved("laying down a place", "manage-kit"),
    }

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        self.ask("places", self.desk.door.kit_places, self.show_items, background=background)

    @override
    def key_of(self, item: PlaceView) -> str:
        """See ListingRoom."""
        return item.place

    @override
    def item_line(self, item: PlaceView, width: int) -> Line:
        """See ListingRoom."""
        return place_line(item, width)

    @override
    def detail_lines(self, item: PlaceView) -> list[Line]:
        """See ListingRoom."""
        told = f" What is put back to {item.place} is in the custody of {item.keeper}."
        return [(Span(told, "muted"),)]

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        count = number(len(self._list.items)) if self._is_known else "…"
        return (Span(" STORES, VANS AND BENCHES  ", "muted"), Span(count, "strong"))

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("No place is laid down; n lays one down, for a supervisor.", "muted"),)]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the place under the cursor."""
        return self.allows(action) and (action != "change_place" or self.chosen is not None)

    def action_change_place(self) -> None:
        """Its name and keeper."""
        if self.chosen is not None:
            self.app.push_screen(PlaceDialog(self.me, self.chosen), self._set)

    def action_new_place(self) -> None:
        """Lay down a place."""
        self.app.push_screen(PlaceDialog(self.me), self._set)

    def _set(self, answer: tuple[str, SetPlace] | None) -> None:
        if answer is not None:
            code, place = answer
            put = self.desk.door.put_kit_place
            self.do(f"laying down {code}", lambda: put(code, place.name, place.keeper), self._done)

    def _done(self, view: PlaceView) -> None:
        self.desk.say(f"{view.keeper} keeps {view.place}", "good")
        self.refetch()
