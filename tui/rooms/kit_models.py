"""Models of kit and their stock: what runs low, and what has to be done to each item of a model."""

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.kit import ModelView, SetModel, StockMoved
from tui.dialogs.kit_books import ModelDialog, StockDialog
from tui.kit_model_lines import model_detail, model_heads, model_line, models_in_order, models_title
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.filtered import FilteredRoom
from tui.rooms.following import FollowingRoom


class KitModelsRoom(FilteredRoom[ModelView], FollowingRoom):
    """The models; what runs low stands first."""

    ROOM = "kit"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,e", "change_model", "change", tooltip="name, low mark, training, maintenance"),
        Binding("plus", "stock", "stock", tooltip="stock came, or was used"),
        Binding("n", "new_model", "new model"),
        Binding("slash", "filter", "filter"),
        Binding("escape", "back", "back"),
    ]
    HINT = "words in name, id or kind; low"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "change_model": Reserved("changing a model", "manage-kit"),
        "new_model": Reserved("laying down a model", "manage-kit"),
        "stock": Reserved("moving stock", "keep-kit"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._all: list[ModelView] = []

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        self.ask("models", self.desk.door.kit_models, self._arrived, background=background)

    def _arrived(self, views: list[ModelView]) -> None:
        self._all, self._is_known = models_in_order(views), True
        self.show_filtered()

    @override
    def show_filtered(self) -> None:
        """See FilteredRoom."""
        words = self.words.lower().split()
        if self._is_known:
            self.show_items([view for view in self._all if all(word in _known(view) for word in words)])

    @override
    def key_of(self, item: ModelView) -> str:
        """See ListingRoom."""
        return item.model.model

    @override
    def heads_line(self, width: int) -> Line:
        """See FilteredRoom."""
        return model_heads(width)

    @override
    def item_line(self, item: ModelView, width: int) -> Line:
        """See ListingRoom."""
        return model_line(item, width)

    @override
    def detail_lines(self, item: ModelView) -> list[Line]:
        """See ListingRoom."""
        return model_detail(item, max(20, self.size.width))

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        return models_title(self._all if self._is_known else None)

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("No model is laid down; n lays one down, for a supervisor.", "muted"),)]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the model under the cursor."""
        view = self.chosen
        match action:
            case "change_model":
                return view is not None and self.allows(action)
            case "stock":
                return view is not None and view.model.counted and self.allows(action)
        return self.allows(action)

    def action_change_model(self) -> None:
        """Change the model under the cursor."""
        if self.chosen is not None:
            self.app.push_screen(ModelDialog(self.me, self.chosen), self._set)

    def action_new_model(self) -> None:
        """Lay down a model."""
        self.app.push_screen(ModelDialog(self.me), self._set)

    def _set(self, change: SetModel | None) -> None:
        if change is not None:
            put, model, version = self.desk.door.put_kit_model, change.model, change.version
            self.do(
                f"laying down {model.model}",
                lambda: put(model, version),
                lambda _view: self._done(f"{model.model} is laid down"),
            )

    def action_stock(self) -> None:
        """Stock came, or was used."""
        view = self.chosen
        if view is not None:
            model = view.model.model
            self.app.push_screen(StockDialog(self.me, view), lambda moved: self._move(model, moved))

    def _move(self, model: str, moved: StockMoved | None) -> None:
        if moved is not None:
            door = self.desk.door
            self.do(
                f"recording stock of {model}",
                lambda: door.move_kit_stock(model, moved.change, deployment=moved.deployment, note=moved.note),
                lambda view: self._done(f"{view.available} {model} now"),
            )

    def _done(self, said: str) -> None:
        self.desk.say(said, "good")
        self.refetch()


def _known(view: ModelView) -> str:
    model = view.model
    return f"{model.model} {model.name} {model.kind} {'low' if view.low else ''}".lower()
