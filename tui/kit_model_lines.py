"""Models with their stock, and places with their keepers, as lines. Pure."""

from protocols.api.kit import ModelView, PlaceView
from tui.kit_forms import rules_text
from tui.paint import Line, Span, fit, joined, wrap
from tui.words import number, plural


def models_in_order(views: list[ModelView]) -> list[ModelView]:
    """What runs low first, then by kind and name."""
    return sorted(views, key=lambda view: (not view.low, view.model.kind, view.model.name.lower()))


def model_heads(width: int) -> Line:
    """The names of the columns."""
    name = _name_width(width)
    heads = (("model", name), ("kind", 10), ("there is", 12), ("", 5), ("low at", 8), ("maintenance", 20))
    return tuple(Span(fit(text, columns), "muted") for text, columns in heads)


def _name_width(width: int) -> int:
    return 40 if width > 110 else 24


def model_line(view: ModelView, width: int) -> Line:
    """One line: what, of which kind, how much there is, whether that is low, what has to be done to it."""
    model = view.model
    much = number(view.available) if model.counted else f"{number(view.available)} of {number(view.total)}"
    rules = ", ".join(one.rule for one in model.maintenance)
    return (
        Span(fit(model.name, _name_width(width) - 1), "strong"),
        Span(" "),
        Span(fit(model.kind, 10), "muted"),
        Span(fit(much, 12), "bad" if view.low else "plain"),
        Span("LOW", "loud") if view.low else Span("   "),
        Span("  "),
        Span(fit(number(model.low_at) if model.low_at else "—", 8), "muted"),
        Span(rules, "muted"),
    )


def model_detail(view: ModelView, width: int) -> list[Line]:
    """The model under the cursor."""
    model = view.model
    facts: list[Line] = [
        (Span(f"{model.model}", "strong"), Span(f"  version {view.version}", "muted")),
        (Span("a quantity, without labels" if model.counted else "each with its label", "muted"),),
    ]
    if model.training:
        facts.append((Span("fitted by who has ", "muted"), Span(model.training)))
    rules = wrap(rules_text(model.maintenance) or "no maintenance", width - 2, "plain")[:2]
    return [(Span(" "), *line) for line in [joined(facts), *rules]]


def models_title(views: list[ModelView] | None) -> Line:
    """How many models, and how many run low."""
    if views is None:
        return (Span(" MODELS AND STOCK  ", "muted"), Span("…", "strong"))
    low = sum(view.low for view in views)
    told: Line = (Span(f" {number(low)} LOW ", "loud"),) if low else (Span("nothing runs low", "muted"),)
    return joined([(Span(" MODELS AND STOCK  ", "muted"), Span(number(len(views)), "strong")), told])


def place_line(view: PlaceView, width: int) -> Line:
    """One line: code, name, who keeps it, how much is there."""
    return (
        Span(fit(view.place, 13), "strong"),
        Span(fit(view.name, 40 if width > 110 else 30)),
        Span(fit(f"kept by {view.keeper}", 18)),
        Span(plural(view.items, "item"), "muted"),
    )
