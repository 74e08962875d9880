"""Alarm rules, whom they page when, maintenance windows and contacts: a form for each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from typing_extensions import override

from protocols.alarms import EventRule, FigureRule, PagingPolicy, PresenceRule, Rule
from protocols.api.alarms import NewContact, NewWindow
from tui.alarm_forms import (
    contact_of,
    event_rule_of,
    figure_rule_of,
    policy_of,
    presence_rule_of,
    seconds_text,
    window_of,
)
from tui.alarm_rule_lines import policy_words, when_words
from tui.dialogs.rota_form import RotaForm, Row
from tui.on_call_line import coming
from tui.paint import Line, Span, wrap

_MUTED_WIDTH = 70


class RuleDialog(RotaForm[Rule]):
    """Returns a rule as it is to be, None when closed. `rule` is the one there is, or a sample of its kind."""

    DOES: ClassVar[str] = "lay down"

    def __init__(self, actor: str, rule: Rule, version: int, *, is_new: bool) -> None:
        rows = (
            Row("rule", "name", "as battery-low", "" if is_new else rule.rule, 40),
            *_rows_of(rule),
            Row("severity", "severity", "warning or alarm", rule.severity, 7),
            Row("pages", "pages", "deployed, always or never", rule.pages, 8),
        )
        super().__init__(rows, "New alarm rule" if is_new else f"Change rule {rule.rule}")
        self._actor, self._kind, self._version = actor, type(rule), version

    @override
    def read(self, values: Mapping[str, str]) -> Rule:
        """See RotaForm."""
        if self._kind is FigureRule:
            return figure_rule_of(values)
        return presence_rule_of(values) if self._kind is PresenceRule else event_rule_of(values)

    @override
    def sentence_of(self, result: Rule) -> str:
        """See RotaForm."""
        return rules_sentence(self._actor, self._version, f"with {result.rule}")

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        try:
            rule = self.read(self._values)
        except ValueError:
            return ()
        return [(Span(" "), *line) for line in wrap(f"raised: {when_words(rule)}", _MUTED_WIDTH, "muted")]


def rules_sentence(actor: str, version: int, what: str) -> str:
    """What another version of the rules enters."""
    return f"alarm-rules.set: {actor} lays down version {version + 1} of the alarm rules, {what}"


def _rows_of(rule: Rule) -> tuple[Row, ...]:
    match rule:
        case FigureRule():
            word = {True: "yes", False: "no"}[rule.word] if isinstance(rule.word, bool) else rule.word
            limit = f"is {word}" if rule.comparison == "is" else f"{rule.comparison} {rule.raise_at:g}"
            clear = "" if rule.clear_at is None else f"{rule.clear_at:g}"
            return (
                Row("figure", "figure", "as soc_temp_c, battery_percent", rule.figure, 40),
                Row("raise", "raised", "above 80, below 15, or is yes", limit, 30),
                Row("clear", "over at", "a number; empty with is", clear, 12),
                *_span_rows(rule),
            )
        case PresenceRule():
            return (Row("presence", "a unit is", "stale or quiet", rule.presence, 5), *_span_rows(rule))
        case EventRule():
            return (
                Row("source", "events of", "unit, controller or any", rule.source, 10),
                Row("kinds", "kinds", "as tamper; empty: what no other names", " ".join(rule.kinds), 1000),
            )


def _span_rows(rule: FigureRule | PresenceRule) -> tuple[Row, Row]:
    return (
        Row("for", "for at least", "as 2 min: shorter raises nothing", seconds_text(rule.raise_after_s), 8),
        Row("over", "over after", "as 5 min: shorter clears nothing", seconds_text(rule.clear_after_s), 8),
    )


class PolicyDialog(RotaForm[PagingPolicy]):
    """Returns whom alarms page when, None when closed."""

    TITLE = "Whom an alarm pages when"
    DOES: ClassVar[str] = "lay down"

    def __init__(self, actor: str, policy: PagingPolicy, version: int) -> None:
        rows = (
            Row("secondary", "secondary after", "as 5 min", seconds_text(policy.secondary_after_s), 8),
            Row("supervisor", "supervisors after", "as 10 min", seconds_text(policy.supervisor_after_s), 8),
            Row("repeat", "all again every", "as 15 min", seconds_text(policy.repeat_every_s), 8),
            Row("rota", "rota", "for alarms of no deployment; empty: the only one", policy.rota or "", 40),
        )
        super().__init__(rows)
        self._actor, self._version = actor, version

    @override
    def read(self, values: Mapping[str, str]) -> PagingPolicy:
        """See RotaForm."""
        return policy_of(values)

    @override
    def sentence_of(self, result: PagingPolicy) -> str:
        """See RotaForm."""
        return rules_sentence(self._actor, self._version, policy_words(result))


class WindowDialog(RotaForm[NewWindow]):
    """Returns a maintenance window, None when closed."""

    TITLE = "Somebody works on it"
    DOES: ClassVar[str] = "begin"

    def __init__(self, actor: str, about: str, now: datetime, *, utc: bool) -> None:
        rows = (
            Row("about", "of", "a unit's id, or a deployment as DEP-118", about, 40),
            Row("from", "from", "now, 22:00", "now", 30),
            Row("until", "until", "2h, 23:30; at most 24 h", "2h", 30),
            Row("reason", "why", "what is done", "", 200),
        )
        super().__init__(rows)
        self._actor, self._now, self._utc = actor, now, utc

    @override
    def read(self, values: Mapping[str, str]) -> NewWindow:
        """See RotaForm."""
        return window_of(values, self._now, utc=self._utc)

    @override
    def sentence_of(self, result: NewWindow) -> str:
        """See RotaForm."""
        ends = coming(result.ends_at, self._now, utc=self._utc)
        return f"alarm-window.made: {self._actor} works on {result.unit or result.deployment} until {ends}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        return [
            (Span(" Until then no alarm of its health or presence is raised, and tamper pages", "fair"),),
            (Span(" nobody. What still holds then raises.", "fair"),),
        ]


class ContactDialog(RotaForm[NewContact]):
    """Returns how this person is to be reached, None when closed."""

    TITLE = "Where pages reach you"
    DOES: ClassVar[str] = "add"

    def __init__(self, actor: str) -> None:
        row = Row("address", "address", "an e-mail address, or a webhook's https:// URL", "", 300)
        super().__init__((row,))
        self._actor = actor

    @override
    def read(self, values: Mapping[str, str]) -> NewContact:
        """See RotaForm."""
        return contact_of(values)

    @override
    def sentence_of(self, result: NewContact) -> str:
        """See RotaForm."""
        return f"contact.added: {self._actor} adds a contact by {result.channel}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        return [(Span(" The address is in no log, and others see it masked. t sends a test page.", "muted"),)]
