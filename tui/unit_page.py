"""What a unit's page says, as lines for a width. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from protocols.api.checks import UnitAccess
from protocols.api.events import EventView
from protocols.api.rollouts import RolloutUnitRow
from protocols.api.units import CommandView, History, PresenceFacts, UnitDetail
from protocols.commands import FINAL
from protocols.joining import display_fingerprint
from tui.access_lines import access_lines, open_sentence
from tui.alarms import grouped
from tui.figures import GROUPS, LEAST_RANGE, PLOTTED, Reading, figure_text, readings
from tui.firmware_unit_lines import firmware_lines
from tui.key_words import key_sentence, key_words
from tui.needs import name_of
from tui.paint import (
    COMMAND_TONES,
    EMPTY,
    PRESENCE_TONES,
    SEVERITY_TONES,
    STANDING_TONES,
    Line,
    Span,
    columns,
    cut,
    fit,
    joined,
    width_of,
    wrap,
)
from tui.spark import columns as spark_columns
from tui.spark import sparkline
from tui.standing_words import certificate_lines, standing_lines
from tui.words import NEVER, UNKNOWN, age, duration, full_moment, moment, number, plural, safe

WIDE = 120
SPARKED = PLOTTED[:4]
_EVENTS_SHOWN = 6
_COMMANDS_SHOWN = 4
_LABEL = 19
_VALUE = 13


class UnitPicture(NamedTuple):
    """All that is known of a unit here; parts that have not arrived yet are None."""

    detail: UnitDetail
    histories: Mapping[str, History]
    events: Sequence[EventView] | None
    commands: Sequence[CommandView] | None
    alarms: Sequence[EventView] | None = None
    access: UnitAccess | None = None
    updates: Sequence[RolloutUnitRow] | None = None


def telling_hours(known_for: timedelta) -> int:
    """How many hours of history say something about a unit that joined so long ago: 1, 6 or 24."""
    return next((hours for hours in (1, 6) if known_for <= timedelta(hours=hours)), 24)


class Moment(NamedTuple):
    """When the page is read, and how the reader wants times."""

    now: datetime
    utc: bool


def top_lines(
    detail: UnitDetail,
    when: Moment,
    alarms: Sequence[EventView] | None = None,
    access: UnitAccess | None = None,
) -> list[Line]:
    """Which unit, its state in a word, its key, what is open, why it is not active, the three freshness facts, its
    worries, and what the open alarms say."""
    row = detail.row
    name = (Span(" "), Span(safe(name_of(row.label, row.unit_id)), "title"))
    unit_id = (Span(row.unit_id, "muted"),) if row.label else EMPTY
    state = (Span(row.presence, PRESENCE_TONES[row.presence]),)
    lines = [
        joined([name, unit_id, state, (key_words(row.key_protection),)]),
        *[(Span(" "), *line) for line in [open_sentence(access, when.now)] if line],
        *[(Span(" "), *line) for line in standing_lines(row.state, detail.standing, when.now)],
        (Span(" "), *joined(freshness(row.facts, when.now))),
        (Span(" "), *worries(detail)),
    ]
    said = alarm_sentence(row.alarms, alarms, when)
    return [*lines, (Span(" "), *said)] if said else lines


def alarm_sentence(count: int, alarms: Sequence[EventView] | None, when: Moment) -> Line:
    """`3 open alarms, the newest 2 min ago: supply too low`; an alarm stays open until somebody takes note of it, also
    when its figure is good again. Nothing when none is open."""
    if not count and not alarms:
        return EMPTY
    known = max(count, len(alarms or ()))
    if not alarms:
        return (Span(plural(known, "open alarm"), "bad"),)
    newest = grouped(alarms)[0].newest
    told = f"{age(newest.at, when.now)} ago: {safe(newest.summary)}"
    return (Span(plural(known, "open alarm"), "bad"), Span(f", the newest {told}" if known > 1 else f", {told}"))


def worries(detail: UnitDetail) -> Line:
    """The figures beyond their limits, bad ones first; or that there is none."""
    found = readings(detail.health)
    bad = [reading for standing in ("bad", "fair") for reading in found if reading.standing == standing]
    if bad:
        return joined(
            [
                (Span(reading.label + " ", "muted"), Span(reading.text, STANDING_TONES[reading.standing]))
                for reading in bad
            ]
        )
    judged = sum(reading.standing == "good" for reading in found)
    return (
        (Span(f"all {judged} figures that have limits are good", "good"),)
        if judged
        else (Span("no report yet", "muted"),)
    )


def freshness(facts: PresenceFacts, now: datetime) -> list[Line]:
    """`link up 12 s`, `report 41 s`, `settings in step`, each by itself."""
    return [_link_fact(facts, now), _report_fact(facts, now), _settings_fact(facts, now)]


def _link_fact(facts: PresenceFacts, now: datetime) -> Line:
    if facts.session_up is None:
        return (Span("link ", "muted"), Span(f"{UNKNOWN} · {NEVER}", "muted"))
    word = "up" if facts.session_up else "down"
    changed = age(facts.session_changed_at, now)
    return (Span("link ", "muted"), Span(word, "plain" if facts.session_up else "fair"), Span(f" {changed}"))


def _report_fact(facts: PresenceFacts, now: datetime) -> Line:
    if facts.last_report_at is None:
        return (Span("report ", "muted"), Span(NEVER, "muted"))
    fact: Line = (Span("report ", "muted"), Span(age(facts.last_report_at, now)))
    if facts.last_sampled_at is not None:
        late_s = abs((facts.last_report_at - facts.last_sampled_at).total_seconds())
        if late_s >= 60:
            fact = (*fact, Span(f" (sampled {age(facts.last_sampled_at, now)})", "fair"))
    return fact


def _settings_fact(facts: PresenceFacts, now: datetime) -> Line:
    if facts.settings_in_step is None:
        return (Span("settings ", "muted"), Span(f"{UNKNOWN} · {NEVER}", "muted"))
    if facts.settings_in_step:
        return (Span("settings ", "muted"), Span("in step"))
    behind = f"behind: v{facts.settings_running}, wanted v{facts.settings_wanted}"
    return (Span("settings ", "muted"), Span(behind, "fair"), Span(f" {age(facts.settings_seen_at, now)}", "muted"))


def body_lines(picture: UnitPicture, when: Moment, width: int) -> list[Line]:
    """Everything below the top: one column, which begins with what can be opened, or two on a wide screen."""
    if width >= WIDE:
        half = width // 2
        side = [*_access(picture, when, width - half - 1), *_firmware(picture, when, width - half - 1)]
        side += _rest(picture, when, width - half - 1)
        lines = columns(health_lines(picture.detail, half - 2), side, half)
    else:
        rest = _rest(picture, when, width)
        firmware = _firmware(picture, when, width)
        lines = [*_access(picture, when, width), *firmware, *health_lines(picture.detail, width), *rest]
    return [cut(line, width) for line in lines]


def _access(picture: UnitPicture, when: Moment, width: int) -> list[Line]:
    return access_lines(picture.access, when.now, width, utc=when.utc)


def _firmware(picture: UnitPicture, when: Moment, width: int) -> list[Line]:
    return firmware_lines(picture.detail, picture.updates, when.now, width)


def _rest(picture: UnitPicture, when: Moment, width: int) -> list[Line]:
    parts = [
        alarm_lines(picture.alarms, when, width),
        history_lines(picture.histories, picture.detail, when, width),
        event_lines(picture.events, when, width, [alarm.event_id for alarm in picture.alarms or ()]),
        command_lines(picture.commands, when),
        settings_lines(picture.detail),
        identity_lines(picture.detail, when),
    ]
    return [line for part in parts for line in part]


def head(title: str, remark: str = "") -> Line:
    """The head of a part of the page."""
    return (Span(f" {title.upper()}", "accent"), Span(f"  {remark}", "muted"))


def health_lines(detail: UnitDetail, width: int) -> list[Line]:
    """The figures in their groups, in two columns; what was never reported is named at the end."""
    known = [reading for reading in readings(detail.health) if reading.text != UNKNOWN]
    absent = [reading.label for reading in readings(detail.health) if reading.text == UNKNOWN]
    if not known:
        return [head("health", "no report yet"), EMPTY]
    half = width // 2
    left: list[Line] = []
    right: list[Line] = []
    for group in GROUPS:
        group_readings = [reading for reading in known if reading.group == group]
        block = [line for reading in group_readings for line in _reading_lines(reading, half - 1)]
        if block:
            shorter = left if len(left) <= len(right) else right
            shorter += [(Span(f" {group}", "accent"),), *block]
    lines = columns(left, right, half)
    if absent:
        lines += [(Span(" "), *line) for line in wrap(f"not reported: {', '.join(absent)}", width - 2, "muted")]
    return [*lines, EMPTY]


def _reading_lines(reading: Reading, width: int) -> list[Line]:
    """Label, value with its age when it is older than the report, and how it stands in a word; a value that is too
    long goes on in the next line, or its age does."""
    tone = STANDING_TONES[reading.standing]
    word = "" if reading.standing == "unknown" else f" {reading.standing}"
    old = f" · {duration(reading.age_s)}" if reading.age_s is not None else ""
    room = width - _LABEL - 2 - len(word)
    value_tone = "plain" if tone in {"good", "muted"} else tone
    if word:
        room = min(room, _VALUE)
        is_long = width_of(reading.text + old) > room
        value = fit(reading.text if is_long else reading.text + old, room)
        first = (Span("  " + fit(reading.label, _LABEL), "muted"), Span(value, value_tone), Span(word, tone))
        return [first, (Span(" " * (_LABEL + 2) + old.strip(), "muted"),)] if is_long and old else [first]
    return [
        (Span("  " + fit("" if index else reading.label, _LABEL), "muted"), *line)
        for index, line in enumerate(wrap(reading.text + old, max(1, room), value_tone))
    ]


def history_lines(histories: Mapping[str, History], detail: UnitDetail, when: Moment, width: int) -> list[Line]:
    """The last hours of the figures that say most, those that were ever reported."""
    span = timedelta(hours=telling_hours(when.now - detail.joined_at))
    lines: list[Line] = [head(f"last {duration(span.total_seconds())}", "p plots any figure")]
    bars = max(12, min(48, width - 44))
    for reading in readings(detail.health):
        history = histories.get(reading.name)
        if reading.name not in SPARKED or (reading.text == UNKNOWN and not (history and history.points)):
            continue
        label = Span("  " + fit(reading.label, 17), "muted")
        if history is None:
            lines.append((label, Span("…", "muted")))
            continue
        values = spark_columns(history.points, bars, when.now, span)
        drawn = sparkline(values, LEAST_RANGE.get(reading.name, 0.0))
        lines.append((label, Span(drawn, "accent"), Span(f"  {_extent(history)}", "muted")))
    return [*lines, EMPTY] if len(lines) > 1 else []


def _extent(history: History) -> str:
    if not history.points:
        return "no report in that time"
    low, high = min(point.low for point in history.points), max(point.high for point in history.points)
    return f"{figure_text(history.figure, low)} … {figure_text(history.figure, high)}"


def alarm_lines(alarms: Sequence[EventView] | None, when: Moment, width: int) -> list[Line]:
    """The open alarms, those of a kind in one line."""
    if not alarms:
        return []
    lines = [head("open alarms", "until somebody takes note: a")]
    for group in grouped(alarms):
        at = fit(moment(group.newest.at, when.now, utc=when.utc), 13)
        lines += [
            (Span("  " + (at if not index else " " * 13), "muted"), *line)
            for index, line in enumerate(wrap(group.text, max(10, width - 17), "bad"))
        ]
    return [*lines, EMPTY]


def event_lines(
    events: Sequence[EventView] | None, when: Moment, width: int, told_above: Sequence[int] = ()
) -> list[Line]:
    """The newest events of the unit but those `told_above`."""
    if events is None:
        return [head("events"), (Span("  …", "muted"),), EMPTY]
    events = [event for event in events if event.event_id not in told_above]
    if not events:
        return [head("events"), (Span("  none", "muted"),), EMPTY]
    lines = [head("events", "v shows all")]
    for event in events[:_EVENTS_SHOWN]:
        is_open = event.acknowledged_at is None and event.severity != "info"
        at = fit(moment(event.at, when.now, utc=when.utc), 13)
        times = f" ×{event.count}" if event.count > 1 else ""
        lines.append(
            (
                Span("  " + at, "muted"),
                Span(fit(event.severity, 8), SEVERITY_TONES[event.severity] if is_open else "muted"),
                Span(fit(event.summary + times, max(10, width - 24)).rstrip(), "plain" if is_open else "muted"),
            )
        )
    return [*lines, EMPTY]


def command_lines(commands: Sequence[CommandView] | None, when: Moment) -> list[Line]:
    """The newest commands and what became of them."""
    if not commands:
        return []
    lines = [head("commands")]
    for command in commands[:_COMMANDS_SHOWN]:
        at = fit(moment(command.created_at, when.now, utc=when.utc), 13)
        lines.append((Span("  " + at, "muted"), *command_words(command, when.now)))
    return [*lines, EMPTY]


def command_words(command: CommandView, now: datetime) -> Line:
    """A command in a few words: what, how far it is, why not, and by whom."""
    state = command.state
    open_since = f" {age(command.changed_at, now)}" if state not in FINAL else ""
    return (
        Span(command.order.replace("-", " ") + "  "),
        Span(state, COMMAND_TONES[state]),
        Span(open_since, "muted"),
        Span(f"  {command.reason}" if command.reason else "", "fair"),
        Span(f"  by {command.created_by}", "muted"),
    )


def settings_lines(detail: UnitDetail) -> list[Line]:
    """What the unit should do, and which version it runs."""
    wanted, running = detail.settings, detail.row.facts.settings_running
    runs = UNKNOWN if running is None else f"v{running}"
    return [
        head("settings", "e edits"),
        _pair("wanted", f"v{wanted.version}, the unit runs {runs}"),
        _pair("report every", duration(wanted.report_every_s)),
        _pair("spool", f"at most {number(wanted.spool_max_mb)} MiB and {plural(wanted.spool_max_days, 'day')}"),
        EMPTY,
    ]


def identity_lines(detail: UnitDetail, when: Moment) -> list[Line]:
    """What the unit is and who let it in."""
    lines = [
        head("identity"),
        _pair("unit", detail.row.unit_id),
        _pair("model", detail.row.model or UNKNOWN),
        _pair("agent", detail.agent_version or UNKNOWN),
        _pair("joined", f"{full_moment(detail.joined_at, utc=when.utc)}, accepted by {detail.accepted_by}"),
        (Span("  " + fit("key", 15), "muted"), key_sentence(detail.key_protection)),
    ]
    shown = display_fingerprint(detail.fingerprint)
    lines += [(Span("  " + " " * 15), Span("  ".join(shown[i : i + 2]), "muted")) for i in range(0, len(shown), 2)]
    lines += [
        (Span("  " + fit(label, 15), "muted"), *line)
        for label, line in certificate_lines(detail.certificate, detail.row.state, when.now, utc=when.utc)
    ]
    rejected = f", {number(detail.messages_rejected)} messages rejected" if detail.messages_rejected else ""
    lines.append(_pair("reports", f"{number(detail.reports_stored)} stored{rejected}"))
    return [*lines, EMPTY]


def _pair(label: str, text: str) -> Line:
    return (Span("  " + fit(label, 15), "muted"), Span(fit(text, 400).rstrip()))
