"""Alarms in words: how one stands, whom it has paged and what comes next. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from protocols.alarms import LEVEL_WORDS, AcknowledgedHow, AlarmSeverity, AlarmState, PageLevel, PageState
from protocols.api.alarms import AlarmDetail, AlarmingStanding, AlarmView, PageView
from tui.paint import Span, Tone
from tui.words import age, duration, moment, number, plural

STATE_TONES: dict[AlarmState, Tone] = {
    "raised": "loud",
    "acknowledged": "fair",
    "cleared": "fair",
    "closed": "muted",
}
SEVERITY_TONES: dict[AlarmSeverity, Tone] = {"alarm": "bad", "warning": "fair"}
PAGE_TONES: dict[PageState, Tone] = {"queued": "fair", "sent": "good", "failed": "bad", "dropped": "muted"}
HOW_WORDS: dict[AcknowledgedHow, str] = {
    "console": "in the console",
    "command": "by command",
    "link": "by the link in a page",
    "event": "with an event of it",
    "controller": "by the controller: it was put right",
}
_NAMES_TOLD = 2

DEADLINES = "deadline"
"""The rule of alarms about deadlines of deployments."""
_STAGE_WORDS = {"-14-days": "in 14 d", "-72-hours": "in 72 h", "-12-hours": "in 12 h", "-overdue": "overdue"}


class ShownAlarm(NamedTuple):
    """An alarm, with its pages and what comes next where they were asked for; `pages` None: they were not."""

    view: AlarmView
    pages: tuple[PageView, ...] | None = None
    next_page_at: datetime | None = None
    next_level: PageLevel | None = None
    events: tuple[int, ...] = ()

    @classmethod
    def of(cls, detail: AlarmDetail) -> "ShownAlarm":
        """With all that its page tells."""
        events = tuple(event.event_id for event in detail.events)
        return cls(detail.alarm, tuple(detail.pages), detail.next_page_at, detail.next_level, events)


def waits(view: AlarmView) -> bool:
    """Whether nobody has acknowledged it: raised, or over before anybody did."""
    return view.acknowledged_at is None and view.closed_at is None


def about(view: AlarmView) -> str:
    """What people call its subject; of a deployment's deadline the deployment."""
    return view.deployment or view.subject if view.rule == DEADLINES else view.label or view.subject


def kind_words(view: AlarmView) -> str:
    """Of which kind it is; a deadline in words: `paper authorise overdue`, `kit return in 72 h`."""
    if view.rule != DEADLINES:
        return view.kind
    what, stage = view.kind.removeprefix("deadline-"), ""
    for ending, words in _STAGE_WORDS.items():
        if what.endswith(ending):
            what, stage = what.removesuffix(ending), words
    step = view.subject.partition(":")[2] if what == "paper" else ""
    return " ".join(part for part in (what.replace("-", " "), step.replace("-", " "), stage) if part)


def times(view: AlarmView) -> str:
    """`×3`, nothing for once."""
    return f"×{number(view.count)}" if view.count > 1 else ""


def paging_words(shown: ShownAlarm, now: datetime, *, utc: bool, short: bool = False) -> str:
    """`paged TO-07 02:51, secondary in 3 min`: whom it has paged, and what comes next; `short` without times past."""
    view = shown.view
    if not waits(view):
        return taken_words(view, now, utc=utc)
    if view.in_maintenance:
        return "in maintenance: nobody is paged"
    if not view.pages:
        return "pages nobody"
    if shown.pages is None:
        return "nobody paged yet" if view.level is None else f"paged as far as {LEVEL_WORDS[view.level]}"
    told = [_paged(shown.pages, now, utc=utc, short=short)]
    if view.state == "cleared":
        told.append("over, nobody else is paged")
    elif shown.next_page_at is not None:
        who = "all again" if shown.next_level is None else LEVEL_WORDS[shown.next_level]
        told.append(f"{who} {_in(shown.next_page_at, now)}")
    return ", ".join(part for part in told if part)


def _paged(pages: Sequence[PageView], now: datetime, *, utc: bool, short: bool) -> str:
    """The newest of whom it reached, then those whom it did not."""
    if not pages:
        return "nobody paged yet"
    sent = _latest([page for page in pages if page.state == "sent"])
    names = [
        person if short or page.sent_at is None else f"{person} {moment(page.sent_at, now, utc=utc)}"
        for person, page in sent[:_NAMES_TOLD]
    ]
    told = [f"paged {', '.join(names)}"] if names else []
    if not names and any(page.state == "failed" for page in pages):
        told.append("NOBODY PAGED")
    missed = [page.person for _name, page in _latest(pages) if page.state == "failed" and page.person is not None]
    told += [f"{', '.join(missed[:_NAMES_TOLD])} not reached"] if missed else []
    waiting = [person for person, page in _latest(pages) if page.state == "queued"]
    told += [f"paging {', '.join(waiting[:_NAMES_TOLD])}"] if waiting else []
    return ", ".join(told)


def _latest(pages: Sequence[PageView]) -> list[tuple[str, PageView]]:
    """The last page of each person, newest first; where nobody was there to be paged, the level."""
    found: dict[str, PageView] = {}
    for page in sorted(pages, key=lambda page: page.queued_at):
        name = page.person or f"nobody is {LEVEL_WORDS[page.level]}"
        found.pop(name, None)
        found[name] = page
    return list(reversed(found.items()))


def _in(at: datetime, now: datetime) -> str:
    left = (at - now).total_seconds()
    return f"in {duration(left)}" if left > 0 else "now"


def taken_words(view: AlarmView, now: datetime, *, utc: bool) -> str:
    """Who took it and when; that it is over."""
    over = "" if view.cleared_at is None else f", over {moment(view.cleared_at, now, utc=utc)}"
    if view.acknowledged_by is None or view.acknowledged_at is None:
        return f"closed{over}"
    still = "" if view.closed_at is not None or view.cleared_at is not None else ", still lasts"
    return f"taken by {view.acknowledged_by} {moment(view.acknowledged_at, now, utc=utc)}{over}{still}"


def state_span(view: AlarmView) -> Span:
    """The word for how it stands."""
    word = "cleared, not taken" if view.state == "cleared" else view.state
    return Span(word, STATE_TONES[view.state])


def alarming_words(standing: AlarmingStanding, now: datetime, *, utc: bool) -> str:
    """What is wrong with alarming itself; empty when nothing is."""
    since = "" if standing.at is None else f" since {moment(standing.at, now, utc=utc)}"
    if standing.standing == "dead":
        never = " : it has never run" if standing.at is None else ""
        return f"ALARMING DEAD{since}{never}: alarms page nobody".replace(" :", ":")
    if standing.standing == "late":
        return f"ALARMING LATE: no round for {age(standing.at, now)}"
    if standing.contacts_failing:
        why = f": {standing.last_error}" if standing.last_error else ""
        return f"PAGES FAIL: none of the last was delivered{why}"
    if standing.unreachable:
        people = plural(standing.unreachable, "person on call has", "people on call have")
        return f"{people} no contact that works"
    return ""


def is_grave(standing: AlarmingStanding) -> bool:
    """Whether alarms do not reach anybody, or may not."""
    return standing.standing != "alive" or standing.contacts_failing


def alarming_line(standing: AlarmingStanding | None, now: datetime, *, utc: bool) -> Span:
    """Alarming itself, in a few words, for a title."""
    if standing is None:
        return Span("alarming …", "muted")
    trouble = alarming_words(standing, now, utc=utc)
    if trouble:
        return Span(f" {trouble} ", "loud" if is_grave(standing) else "fair")
    return Span(f"alarming alive · {age(standing.at, now)}", "good")
