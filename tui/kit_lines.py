"""Kit as lines of a list, and the item under the cursor. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from protocols.api.kit import ItemView, KitStanding
from tui.kit_words import CONDITION_TONES, STANDING_TONES, STANDINGS, back_span, due_span, standing_span, where_words
from tui.paint import Line, Span, fit, joined, wrap
from tui.words import UNKNOWN, number

_WIDE = 110
_CODE, _STANDING = 9, 12


def _widths(width: int) -> tuple[int, int, int, int]:
    """Columns of the model, of who has it, of where it is, and of when it is back."""
    return (28, 12, 24, 16) if width > _WIDE else (12, 7, 16, 12)


def heads_line(width: int) -> Line:
    """The names of the columns."""
    model, who, where, back = _widths(width)
    heads = (
        ("code", _CODE),
        ("model", model),
        ("standing", _STANDING),
        ("with", who),
        ("where, for", where),
    )
    spans = [Span(fit(name, columns), "muted") for name, columns in heads]
    return (*spans, Span(fit("back", back), "muted"), Span("maintenance" if width > _WIDE else "service", "muted"))


def item_line(item: ItemView, width: int, now: datetime, *, utc: bool) -> Line:
    """One line: code, model, how it stands, who has it, where or for what, when it is back, what is due on it."""
    model, who, where, back = _widths(width)
    gone = item.standing == "gone"
    standing, back_at = standing_span(item.standing), back_span(item, now, utc=utc)
    return (
        Span(fit(item.item, _CODE), "muted" if gone else "strong"),
        Span(fit(item.unit_label or item.model_name, model - 1), "muted" if gone else "plain"),
        Span(" "),
        Span(fit(standing.text, _STANDING), standing.tone),
        Span(fit(item.custodian, who - 1) + " ", "plain"),
        Span(fit(where_words(item), where - 1), "plain"),
        Span(" "),
        Span(fit(back_at.text, back), back_at.tone),
        due_span(item.next_maintenance, now, named=width > _WIDE),
    )


def standings_line(standings: Mapping[str, int]) -> Line:
    """`198 available   4 overdue`: how many stand how, those that there are."""
    counted: list[Line] = [
        (Span(f"{number(standings[word])} ", "plain"), Span(word, STANDING_TONES[word]))
        for word in STANDINGS
        if standings.get(word)
    ]
    return joined(counted, "  ")


def title_line(
    shown: int | None, total: int, standings: Mapping[str, int], standing: KitStanding | None, words: str
) -> Line:
    """How many items there are, and how they stand; how many pass where a standing or words narrow them."""
    if shown is None:
        return (Span(" KIT  ", "muted"), Span("…", "strong"))
    if standing is None and not words:
        return joined([(Span(" KIT  ", "muted"), Span(number(shown), "strong")), standings_line(standings)])
    parts: list[Line] = [
        (Span(" KIT  ", "muted"), Span(number(shown), "strong"), Span(f" of {number(total)}", "muted"))
    ]
    if standing is not None:
        parts.append((Span("only "), standing_span(standing)))
    if words:
        parts.append((Span(f"with “{words}”", "muted"),))
    return joined(parts)


def item_detail(item: ItemView, width: int, now: datetime, *, utc: bool) -> list[Line]:
    """The item under the cursor in three lines: what it is, why it can not go out, its condition."""
    known = [item.item, item.model_name, item.kind]
    known += [f"serial {item.serial}"] if item.serial else []
    known += [item.unit] if item.unit else []
    why = wrap(item.why, width - 2, "fair")[:1] if item.why else []
    if not why:
        why = [(Span("it can go out now", "good"),)] if item.standing == "available" else [()]
    back = back_span(item, now, utc=utc)
    facts: list[Line] = [
        (Span("condition ", "muted"), Span(item.condition, CONDITION_TONES[item.condition])),
        (Span("service ", "muted"), Span(item.service)),
        (Span("with ", "muted"), Span(item.custodian, "strong"), Span(f", {where_words(item)}", "muted")),
    ]
    if item.place is None:
        facts.append((Span("back ", "muted"), back))
    return [(Span(" "), *line) for line in [(Span("  ".join(known), "strong"),), *why, joined(facts)]]


def passes(item: ItemView, words: Sequence[str]) -> bool:
    """Whether all `words`, in small letters, are somewhere in what is known of the item; `|` means or."""
    known = [item.item, item.model, item.model_name, item.kind, item.serial, item.unit or "", item.unit_label or ""]
    known += [item.standing, item.condition, item.service, item.custodian, where_words(item)]
    text = " ".join(known).lower()
    return all(any(one in text for one in word.split("|") if one) for word in words)


def narrowed(items: Sequence[ItemView], typed: str, standing: KitStanding | None) -> list[ItemView]:
    """Those that stand so and have the words, in their order."""
    words = typed.lower().split()
    return [one for one in items if (standing is None or one.standing == standing) and passes(one, words)]


def serial_words(item: ItemView) -> str:
    """Its serial number, `—` where it has none."""
    return item.serial or UNKNOWN
