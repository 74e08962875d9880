"""Alarm rules, maintenance windows and contacts as lines. Pure."""

from collections.abc import Sequence
from datetime import datetime

from protocols.alarms import EventRule, FigureRule, Pages, PagingPolicy, PresenceRule, Rule
from protocols.api.alarms import AlarmRulesView, ContactView, WindowView
from protocols.health import QUANTITIES
from tui.alarm_words import SEVERITY_TONES
from tui.on_call_line import coming
from tui.paint import Line, Span, Tone, fit, joined, wrap
from tui.words import UNKNOWN, age, duration, fact, moment

PAGES_WORDS: dict[Pages, str] = {"deployed": "pages if deployed", "always": "pages always", "never": "pages nobody"}


def rule_line(rule: Rule, width: int) -> Line:
    """One line: its name, how bad, whom it pages, and when it raises."""
    return (
        Span(fit(rule.rule, 20), "strong"),
        Span(fit(rule.severity, 8), SEVERITY_TONES[rule.severity]),
        Span(fit(PAGES_WORDS[rule.pages], 19), "muted"),
        Span(fit(when_words(rule), max(0, width - 47)).rstrip()),
    )


def when_words(rule: Rule) -> str:
    """When it raises, and when that is over."""
    match rule:
        case FigureRule():
            return _figure_words(rule)
        case PresenceRule():
            told = f"{rule.presence} for {duration(rule.raise_after_s)}" if rule.raise_after_s else rule.presence
            return f"{told}, over after {duration(rule.clear_after_s)} of reports"
        case EventRule():
            source = {"unit": "of units", "controller": "of the controller", "any": "of any source"}[rule.source]
            kinds = ", ".join(rule.kinds) if rule.kinds else "that no other rule names"
            return f"alarm events {source}: {kinds}"


def _figure_words(rule: FigureRule) -> str:
    quantity = QUANTITIES[rule.figure]
    if rule.comparison == "is":
        word = {True: "yes", False: "no"}.get(rule.word, rule.word) if isinstance(rule.word, bool) else rule.word
        return (
            f"{quantity.label} is {word} for {duration(rule.raise_after_s)}, over after {duration(rule.clear_after_s)}"
        )
    signs = ("≥", "≤") if rule.comparison == "above" else ("≤", "≥")
    unit = f" {quantity.unit}" if quantity.unit else ""
    return (
        f"{quantity.label} {signs[0]} {rule.raise_at:g}{unit} for {duration(rule.raise_after_s)}, "
        f"over {signs[1]} {rule.clear_at:g} for {duration(rule.clear_after_s)}"
    )


def rules_title(view: AlarmRulesView | None, now: datetime, *, utc: bool) -> Line:
    """How many rules, which version, who laid them down."""
    if view is None:
        return (Span(" ALARM RULES  ", "muted"), Span("…", "strong"))
    by = "the defaults"
    if view.changed_by is not None and view.changed_at is not None:
        by = f"version {view.version} by {view.changed_by}, {moment(view.changed_at, now, utc=utc)}"
    return joined([(Span(" ALARM RULES  ", "muted"), Span(str(len(view.rules.rules)), "strong")), (Span(by, "muted"),)])


def policy_words(policy: PagingPolicy) -> str:
    """Whom an alarm pages when."""
    rota = f"; alarms of no deployment go to {policy.rota}" if policy.rota else ""
    return (
        f"primary at once, secondary after {duration(policy.secondary_after_s)}, supervisors after "
        f"{duration(policy.supervisor_after_s)}, all again every {duration(policy.repeat_every_s)}{rota}"
    )


def rule_detail(rule: Rule, policy: PagingPolicy, width: int) -> list[Line]:
    """The rule under the cursor, and the policy of all."""
    lines = wrap(f"{rule.rule}: {when_words(rule)}", width - 2, "strong")[:2]
    lines += [(Span("paging  ", "muted"), *line) for line in wrap(policy_words(policy), width - 10)[:1]]
    return [(Span(" "), *line) for line in lines]


def window_line(view: WindowView, width: int, now: datetime, *, utc: bool) -> Line:
    """One line: what is worked on, whether now, until when, who said so and why."""
    word, tone = _window_stands(view, now)
    about = view.unit or view.deployment or UNKNOWN
    return (
        Span(fit(about, 18), "strong"),
        Span(fit(word, 9), tone),
        Span(fit(f"{coming(view.starts_at, now, utc=utc)} – {coming(view.ends_at, now, utc=utc)}", 22)),
        Span(fit(view.made_by, 8), "muted"),
        Span(fit(view.reason, max(0, width - 57)).rstrip(), "muted"),
    )


def _window_stands(view: WindowView, now: datetime) -> tuple[str, Tone]:
    if view.ended_at is not None or view.ends_at <= now:
        return "over", "muted"
    return ("now", "loud") if view.starts_at <= now else ("to come", "accent")


def window_detail(view: WindowView, now: datetime) -> list[Line]:
    """What a window means, and for how long yet."""
    left = (view.ends_at - now).total_seconds()
    told = f"for {duration(left)} yet" if left > 0 else "over"
    words = "no alarm of health or presence is raised, and a tamper alarm pages nobody"
    return [(Span(f" {told}: {words}", "muted"),)]


def contact_line(view: ContactView, width: int, now: datetime) -> Line:
    """One line: whose, how, where to, whether it works, with the age of that."""
    word, tone = _contact_stands(view)
    return (
        Span(fit(view.person, 9), "strong"),
        Span(fit(view.channel, 9)),
        Span(fit(view.address, max(10, width - 44))),
        Span(" "),
        Span(fit(fact(word, view.tested_at, now), 24), tone),
    )


def _contact_stands(view: ContactView) -> tuple[str | None, Tone]:
    if view.withdrawn_at is not None:
        return "withdrawn", "muted"
    if view.works is None:
        return None, "fair"
    return ("works", "good") if view.works else ("FAILED", "bad")


def contact_detail(view: ContactView, me: str, now: datetime) -> list[Line]:
    """What can be done about it."""
    added = f" added {age(view.added_at, now)} ago"
    if view.person != me:
        return [(Span(f"{added}; another's address is masked", "muted"),)]
    return [(Span(f"{added}; t sends a test page there now", "muted"),)]


def contacts_title(views: Sequence[ContactView] | None, me: str) -> Line:
    """How many of one's own there are; that there is none, loudly: no page can come."""
    if views is None:
        return (Span(" CONTACTS  ", "muted"), Span("…", "strong"))
    mine = [view for view in views if view.person == me and view.withdrawn_at is None]
    told: Line = (Span(f"{len(mine)} of yours", "strong"),)
    if not mine:
        told = (Span(" NO PAGE CAN REACH YOU ", "loud"), Span(" n adds a contact", "muted"))
    return (Span(" CONTACTS  ", "muted"), *told)
