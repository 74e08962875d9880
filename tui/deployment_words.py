"""Deployments in words: kinds, states, steps, deadlines, and the sentence a step leaves in the log. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from protocols.api.deployments import DeploymentView, StepView
from protocols.deployments import Deadline, DeadlineKind, DeadlineStage, DeploymentKind, DeploymentState, Step
from protocols.people import Permission
from tui.paint import Span, Tone
from tui.role_words import Reserved
from tui.words import duration, moment, short_moment


class Look(NamedTuple):
    """Who looks, when, and whether they want times in UTC."""

    me: str
    now: datetime
    utc: bool

    def moment(self, at: datetime) -> str:
        """A time for a list."""
        return moment(at, self.now, utc=self.utc)

    def day(self, at: datetime) -> str:
        """The same in at most nine columns: of far times the day, or the month."""
        return short_moment(at, self.now, utc=self.utc)


KIND_WORDS: dict[DeploymentKind, str] = {
    "av-capture": "audio/visual",
    "camera-alarm": "camera and alarm",
    "property-tracking": "property tracking",
    "vehicle-tracking": "vehicle tracking",
    "delivery-support": "delivery support",
    "critical-incident": "critical incident",
}
KIND_SIGNS: dict[DeploymentKind, str] = {
    "av-capture": "AV",
    "camera-alarm": "CAM",
    "property-tracking": "PROP",
    "vehicle-tracking": "VEH",
    "delivery-support": "DEL",
    "critical-incident": "CRIT",
}
"""What a narrow board has room for; its legend says what they stand for."""

STATE_TONES: dict[DeploymentState, Tone] = {
    "requested": "plain",
    "feasible": "plain",
    "planned": "plain",
    "authorised": "accent",
    "checked-out": "accent",
    "fitted": "accent",
    "commissioned": "good",
    "live": "good",
    "maintenance": "fair",
    "recovered": "accent",
    "closed": "muted",
    "cancelled": "muted",
}
OVER: tuple[DeploymentState, ...] = ("closed", "cancelled")

CHAIN: tuple[tuple[DeploymentState, Step | None], ...] = (
    ("requested", None),
    ("feasible", "assess"),
    ("planned", "plan"),
    ("authorised", "authorise"),
    ("checked-out", "check-out"),
    ("fitted", "fit"),
    ("commissioned", "commission"),
    ("live", "go-live"),
    ("recovered", "recover"),
    ("closed", "close"),
)
"""The states of the whole way, and the step that leads to each."""

_STEP_PERMISSIONS: dict[Step, Permission] = {
    "plan": "manage-deployments",
    "authorise": "authorise-deployment",
    "close": "manage-deployments",
}

STEP_DOES: dict[Step, str] = {
    "assess": "says that {} is feasible",
    "plan": "says that {} is planned",
    "authorise": "authorises {}",
    "check-out": "checks {} out: all its kit has gone out",
    "fit": "says that {} is fitted",
    "commission": "commissions {}",
    "go-live": "takes {} live",
    "maintain": "takes {} out of service for work",
    "resume": "puts {} back into service",
    "recover": "says that {} is recovered",
    "close": "closes {}",
    "cancel": "cancels {}",
}
STEP_DOING: dict[Step, str] = {
    "assess": "saying that it is feasible",
    "plan": "saying that it is planned",
    "authorise": "authorising it",
    "check-out": "checking it out",
    "fit": "saying that it is fitted",
    "commission": "commissioning it",
    "go-live": "taking it live",
    "maintain": "taking it out of service",
    "resume": "putting it back into service",
    "recover": "saying that it is recovered",
    "close": "closing it",
    "cancel": "cancelling it",
}
STEP_WORDS: dict[Step, str] = {
    "check-out": "check out",
    "go-live": "go live",
}
"""Steps that are written otherwise than they are called."""

DEADLINE_WORDS: dict[DeadlineKind, str] = {
    "authority-ends": "authority",
    "authority-review": "review",
    "statement": "statement",
    "kit-return": "return",
    "paper": "paper",
    "maintenance-due": "service",
    "visit": "visit",
    "ends": "end",
}
STAGE_TONES: dict[DeadlineStage, Tone] = {
    "far": "muted",
    "14-days": "plain",
    "72-hours": "fair",
    "12-hours": "loud",
    "overdue": "bad",
}
_STAGES: tuple[tuple[timedelta, DeadlineStage], ...] = (
    (timedelta(0), "overdue"),
    (timedelta(hours=12), "12-hours"),
    (timedelta(hours=72), "72-hours"),
    (timedelta(days=14), "14-days"),
)
_COUNTED_IN_HOURS = timedelta(hours=100)
_MINUTES = timedelta(hours=2)


def step_word(step: Step) -> str:
    """`check out`, `commission`: a step as it is said."""
    return STEP_WORDS.get(step, step)


_IN_KEYS: tuple[tuple[str, str], ...] = (
    (r"fleet mandate cancel (M-\w+)", r"x on \1 under 0"),
    (r"fleet authority (?:statement|review)\b.*", "its page under 0, a"),
    (r"fleet kit list\b[^;]*", "6"),
    (r"--reason", "it is asked for here"),
)


def in_keys(remedy: str) -> str:
    """What the controller says is to be done, with the console's keys in place of its commands."""
    for command, key in _IN_KEYS:
        remedy = re.sub(command, key, remedy)
    return remedy


_KEYS: dict[str, str] = {
    "lead-missing": "p",
    "site-missing": "p",
    "nothing-wanted": "p",
    "no-one-alarmed": "p",
    "time-past": "p",
    "nothing-kept": "k",
    "kit-missing": "k",
    "kit-not-free": "k",
    "kit-not-ready": "k",
    "kit-cannot-go": "k",
    "kit-not-out": "k, then s",
    "kit-out": "k, then s",
    "no-fit-visit": "v",
    "double-booked": "v",
    "fit-before-authority": "v",
    "work-competence": "v",
    "unit-training": "v",
    "no-install-authority": "u",
    "no-use-authority": "u",
    "no-retrieve-authority": "u",
    "modalities-missing": "u",
    "certificate-missing": "r",
    "certificate-failed": "r",
    "certificate-old": "r",
    "certificate-early": "r",
    "not-judged-since": "r",
    "checklist-open": "c",
    "papers-owed": "w",
    "alarms-open": "A",
    "alarms-untaken": "A",
}
"""By which key of a deployment's page what a rule asks for is done."""


def key_of(rule: str) -> str:
    """The key of a deployment's page that leads to what the rule asks for; empty where no one key does."""
    return _KEYS.get(rule, "")


def step_deed(step: Step) -> Reserved:
    """Whose a step is, as `protocols.api.deployments` says."""
    return Reserved(STEP_DOING[step], _STEP_PERMISSIONS.get(step, "work-deployment"))


def stage_of(due_at: datetime, now: datetime) -> DeadlineStage:
    """The narrowest stage that a deadline is in; its boundaries count as the narrower one."""
    return next((stage for within, stage in _STAGES if due_at - now <= within), "far")


def span_words(length: timedelta) -> str:
    """`58 h`, `40 min`, `9 d`: in hours up to a hundred of them, so that a deadline of 72 hours is counted in hours."""
    if length >= _COUNTED_IN_HOURS:
        return f"{length.days} d"
    if length >= _MINUTES:
        return f"{length // timedelta(hours=1)} h"
    return duration(max(0.0, length.total_seconds()))


def deadline_words(deadline: Deadline, now: datetime) -> Span:
    """`statement in 58 h`, `return late 2 d`: which, and how long there is or has been, in the colour of its stage."""
    stage, name = stage_of(deadline.due_at, now), DEADLINE_WORDS[deadline.kind]
    if stage == "overdue":
        return Span(f"{name} late {span_words(now - deadline.due_at)}", STAGE_TONES[stage])
    return Span(f"{name} in {span_words(deadline.due_at - now)}", STAGE_TONES[stage])


def state_span(state: DeploymentState) -> Span:
    """Its state, in a word."""
    return Span(state, STATE_TONES[state])


def step_view(view: DeploymentView, step: Step) -> StepView | None:
    """What the controller says of a step, None where it says nothing."""
    return next((one for one in view.steps if one.step == step), None)


def offered(view: DeploymentView, *steps: Step) -> Step | None:
    """The first of `steps` that could be next."""
    return next((step for step in steps if (told := step_view(view, step)) is not None and told.is_next), None)


def owed_steps(view: DeploymentView) -> list[StepView]:
    """Steps whose paperwork is owed, the most pressing first."""
    return sorted(
        (one for one in view.steps if one.owed_until is not None), key=lambda one: one.owed_until or view.requested_at
    )


def step_sentence(me: str, view: DeploymentView, step: Step, warnings: Sequence[str] = (), reason: str = "") -> str:
    """What a step leaves in the log."""
    said = f"deployment.changed: {me} {STEP_DOES[step].format(view.row.deployment)}"
    if warnings:
        said += f", despite {', '.join(warnings)}"
    return f"{said}, because {reason}" if reason else said
