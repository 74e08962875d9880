"""Which rule an event goes by. Pure."""

from collections.abc import Sequence

from protocols.alarms import EventRule

_GAP = "cover-gap"


def event_rule(rules: Sequence[EventRule], source: str, kind: str) -> EventRule | None:
    """The first rule that names the event's kind, else the first for any kind."""
    fitting = [rule for rule in rules if rule.source in ("any", source)]
    named = next((rule for rule in fitting if kind in rule.kinds), None)
    return named or next((rule for rule in fitting if not rule.kinds), None)


def rota_of_gap(kind: str, repeat_key: str | None) -> str | None:
    """The rota that a gap in cover is of."""
    parts = (repeat_key or "").split(":")
    return parts[1] if kind == _GAP and parts[0] == _GAP and len(parts) > 2 else None
