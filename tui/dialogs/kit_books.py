"""Models, stock and places: a form for each."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from typing_extensions import override

from protocols.api.kit import ModelView, PlaceView, SetModel, SetPlace, StockMoved
from tui.dialogs.rota_form import RotaForm, Row
from tui.kit_forms import KINDS, model_of, rules_text, set_place_of, stock_of
from tui.paint import Line, Span
from tui.words import plural


class ModelDialog(RotaForm[SetModel]):
    """Returns a model as it is to be, None when closed. Kind and `counted` of one there is stay."""

    DOES: ClassVar[str] = "lay down"

    def __init__(self, actor: str, before: ModelView | None = None) -> None:
        model = before.model if before is not None else None
        new = (
            Row("model", "model", "small letters, as battery-12v", "", 40),
            Row("kind", "kind", ", ".join(KINDS), "", 10),
            Row("counted", "counted", "yes: no labels, only a quantity", "no", 3),
        )
        rows = (
            Row("name", "name", "what people call it", model.name if model else "", 60),
            Row("low", "low at", "so few or fewer are low; 0 never", str(model.low_at) if model else "0", 6),
            Row("training", "training", "a competence, as unit:van-kit, or empty", model.training if model else "", 40),
            Row(
                "maintenance",
                "maintenance",
                "service 180 d OP014 clean the seals; cells 300 battery_cycles replace",
                rules_text(model.maintenance) if model else "",
                2000,
            ),
        )
        title = f"Change {model.model}, version {before.version}" if model and before else "New model"
        super().__init__(rows if model else (*new, *rows), title)
        self._actor, self._before = actor, before

    @override
    def read(self, values: Mapping[str, str]) -> SetModel:
        """See RotaForm."""
        return model_of(values, self._before)

    @override
    def sentence_of(self, result: SetModel) -> str:
        """See RotaForm."""
        version = result.version + 1
        return f"kit-model.set: {self._actor} lays down version {version} of model {result.model.model}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        return [(Span(" Rules stand with ; between: name, how often, procedure, what is done.", "muted"),)]


class StockDialog(RotaForm[StockMoved]):
    """Returns stock that came or was used, None when closed."""

    DOES: ClassVar[str] = "record"

    def __init__(self, actor: str, view: ModelView) -> None:
        rows = (
            Row("change", "came, or used", "+20 came, -5 used", "", 7),
            Row("deployment", "for", "a deployment, as DEP-118, or empty", "", 10),
            Row("note", "note", "if there is more to say", "", 200),
        )
        super().__init__(rows, f"Stock of {view.model.name}: {view.available}")
        self._actor, self._view = actor, view

    @override
    def read(self, values: Mapping[str, str]) -> StockMoved:
        """See RotaForm."""
        return stock_of(values)

    @override
    def sentence_of(self, result: StockMoved) -> str:
        """See RotaForm."""
        deed = "puts in" if result.change > 0 else "uses"
        purpose = f" for {result.deployment}" if result.deployment else ""
        return f"kit-stock.moved: {self._actor} {deed} {abs(result.change)} {self._view.model.model}{purpose}"


class PlaceDialog(RotaForm[tuple[str, SetPlace]]):
    """Returns a place's code and what it is to be, None when closed."""

    DOES: ClassVar[str] = "lay down"

    def __init__(self, actor: str, before: PlaceView | None = None) -> None:
        rows = (
            Row("place", "code", "as VAN-2, STORE, BENCH-1", before.place if before else "", 12),
            Row("name", "name", "what people call it; no address", before.name if before else "", 40),
            Row("keeper", "kept by", "an id, as TO-12", before.keeper if before else actor, 9),
        )
        super().__init__(rows, f"Change {before.place}" if before else "New place")
        self._actor, self._before = actor, before

    @override
    def read(self, values: Mapping[str, str]) -> tuple[str, SetPlace]:
        """See RotaForm."""
        return set_place_of(values)

    @override
    def sentence_of(self, result: tuple[str, SetPlace]) -> str:
        """See RotaForm."""
        return f"kit-place.set: {self._actor} lays down that {result[1].keeper} keeps {result[0]}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        before = self._before
        if before is None or not before.items:
            return ()
        told = f" With another keeper {plural(before.items, 'item')} there pass into their custody."
        return [(Span(told, "fair"),)]
