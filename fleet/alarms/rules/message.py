"""What a page says. It leaves the house, so it holds no address, no name of a place and nothing about a subject, and
nothing that a unit wrote. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from protocols.alarms import LEVEL_WORDS, AlarmSeverity, PageLevel
from protocols.text import one_line
from protocols.words import duration

MOST_SAID = 10
"""How many alarms one page tells of in words."""


class Said(NamedTuple):
    """One alarm of a page. `summary` is empty where it may not leave."""

    alarm_id: str
    label: str
    kind: str
    severity: AlarmSeverity
    deployment: str | None
    summary: str
    raised_at: datetime
    times: int
    level: PageLevel
    again: bool
    link: str


class Message(NamedTuple):
    """A page: a subject line and its text."""

    title: str
    body: str


def page_message(alarms: Sequence[Said], link_hours: int, now: datetime) -> Message:
    """One page for one or more alarms that wait for the same person, the worst first."""
    ordered = sorted(alarms, key=lambda one: (one.severity != "alarm", one.raised_at))
    first = ordered[0]
    title = f"{first.severity.upper()} {_named(first)}"
    if len(ordered) > 1:
        title += f" and {len(ordered) - 1} more"
    parts = [_said(one, now) for one in ordered[:MOST_SAID]]
    if len(ordered) > MOST_SAID:
        parts.append(f"… and {len(ordered) - MOST_SAID} more: see the console.")
    todo = (
        "What to do: look (`fleet alarm list`), acknowledge, and go or ask somebody to. "
        f"A link acknowledges once, in your name, within {link_hours} h."
    )
    return Message(one_line(title, 150), "\n\n".join([*parts, todo]))


def trial_message(person_id: str) -> Message:
    """What a test page says."""
    return Message("TEST page from Muster", f"A test page for {person_id}: nothing is wrong, nothing is to be done.")


def dead_message(age: str) -> Message:
    """What supervisors are told when alarming itself is dead."""
    return Message(
        "ALARM alarming is dead",
        f"Muster's alarming has not worked for {age}: nobody is paged of anything.\n\n"
        "What to do: see the controller's host and its log, then `fleet alarm heartbeat`. Look after the units by "
        "yourself until it beats again.",
    )


def _named(one: Said) -> str:
    about = f"{one_line(one.label, 60)}: {one.kind.replace('-', ' ')}"
    return f"{about} ({one.deployment})" if one.deployment else about


def _said(one: Said, now: datetime) -> str:
    age = duration((now - one.raised_at).total_seconds())
    lines = [
        f"{_named(one)}, {one.severity}",
        f"raised {age} ago ({one.raised_at.astimezone(UTC):%d %b %H:%M} UTC)"
        + (f", {one.times} times so far" if one.times > 1 else ""),
    ]
    if one.summary:
        lines.append(one_line(one.summary, 200))
    lines.append(f"{one.alarm_id}, paged as {LEVEL_WORDS[one.level]}" + (", again" if one.again else ""))
    lines.append(f"acknowledge: {one.link}")
    return "\n".join(lines)
