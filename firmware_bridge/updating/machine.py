"""What to do next while a device is brought to an image: from what is known, and what has just come of it. Pure.

    judging ─→ sending ─→ booting ─→ checking ─→ confirming ─→ done
       ↑          │           │          │            │
       └──────────┘           └──────────┴────────────┴──→ reverting ─→ failed

What the device runs is asked of it after every fault, and it alone decides where to go on: so an update may be broken
off between any two acts, and begun anew.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from firmware_bridge.errors import ImageRefused, WentBack
from firmware_bridge.images.installed import Installed
from firmware_bridge.images.judging import judge_step

Stage = Literal["judging", "sending", "booting", "checking", "confirming", "reverting"]
Doing = Literal["look", "send", "try-once", "check", "confirm", "revert"]
Ending = Literal["done", "failed", "unsure"]

NEEDED_WELL = 3
"""How often in a row a device has to be well before its new image is confirmed."""

_REST_S = 1.0
_BY_ITSELF = "an image that nobody confirmed is taken back by the bootloader: switch its power off and on"


class Limits(NamedTuple):
    """`answer_s`: how long a device may be silent; `health_s`: how long it may take until it is well; `tries`: how
    often one act is tried, an upload since it last came further."""

    answer_s: float = 180.0
    health_s: float = 60.0
    tries: int = 5


class Found(NamedTuple):
    """What the device says it runs."""

    installed: Installed


class Did(NamedTuple):
    """The act was carried out."""


class Unwell(NamedTuple):
    """The device is not well, and why."""

    why: str


class Fault(NamedTuple):
    """The act was not carried out, or nobody knows. `refused`: the device said no; `sent_bytes`: how much of the image
    it had by then; `line_lost`: its port went away."""

    why: str
    refused: bool = False
    sent_bytes: int = 0
    line_lost: bool = False


Event = Found | Did | Unwell | Fault


class Act(NamedTuple):
    """What to do, `after_s` seconds from now."""

    doing: Doing
    after_s: float = 0.0


class End(NamedTuple):
    """How it ended: `done` with what runs; `failed`, the device runs what it ran before, and how it came to that;
    `unsure`, nobody knows."""

    ending: Ending
    stage: Stage
    why: str = ""
    installed: Installed | None = None
    went_back: WentBack = "no"


@dataclass(frozen=True)
class State:
    """What is known of an update.

    `before` is the digest of what ran before, empty while that is not known; `clearing` is whether somebody else's
    trial is being ended, `cleared` how often that was tried; `tried` is whether the image may have been booted;
    `silent_since_s` is since when the device has not answered.
    """

    wanted: Installed
    may_downgrade: bool
    limits: Limits
    stage: Stage = "judging"
    doing: Doing = "look"
    before: str = ""
    clearing: bool = False
    cleared: int = 0
    tries: int = 0
    sent_bytes: int = 0
    tried: bool = False
    try_was_lost: bool = False
    well: int = 0
    check_until_s: float = 0.0
    silent_since_s: float | None = None
    failed_stage: Stage = "judging"
    why: str = ""


Next = tuple[State, Act | End]


def begin(wanted: Installed, *, may_downgrade: bool, limits: Limits) -> Next:
    """The state before anything is known, and the first act. `wanted` is what the device is to say of itself."""
    return State(wanted, may_downgrade, limits), Act("look")


def step(state: State, event: Event, now_s: float) -> Next:
    """What follows when `event` came of the last act at `now_s` of a monotonic clock.

    Raises ImageRefused `downgrade` or `security-counter`, before anything was sent or booted.
    """
    if isinstance(event, Found):
        return _found(replace(state, silent_since_s=None), event.installed, now_s)
    if isinstance(event, Fault):
        return _fault(state, event, now_s)
    if state.doing == "send":
        return _go(replace(state, stage="booting", tried=True, try_was_lost=False, why=""), "try-once")
    if state.doing == "check":
        return _checked(state, event, now_s)
    return _go(state, "look")


def _go(state: State, doing: Doing, after_s: float = 0.0) -> Next:
    return replace(state, doing=doing), Act(doing, after_s)


def _end(state: State, ending: Ending, why: str) -> Next:
    return state, End(ending, state.stage, why)


def _fault(state: State, fault: Fault, now_s: float) -> Next:
    """Find out where the device is, unless it has been silent for too long or has said no."""
    if state.doing == "look":
        since = now_s if state.silent_since_s is None else state.silent_since_s
        if now_s - since >= state.limits.answer_s:
            return _given_up(state, fault.why)
        return _go(replace(state, silent_since_s=since), "look", _REST_S)
    if state.doing == "send":
        return _send_fault(state, fault)
    if state.doing == "try-once":
        state = replace(state, try_was_lost=True)
    elif state.doing == "check":
        state = replace(state, well=0)
    return _go(replace(state, why=fault.why), "look", _REST_S)


def _given_up(state: State, why: str) -> Next:
    if not state.tried and not state.clearing:
        return _end(state, "failed", why)
    return _end(state, "unsure", f"{why}; {_BY_ITSELF}")


def _send_fault(state: State, fault: Fault) -> Next:
    further = fault.sent_bytes > state.sent_bytes
    tries = 1 if further else state.tries + 1
    state = replace(state, tries=tries, sent_bytes=max(state.sent_bytes, fault.sent_bytes))
    if fault.refused or tries >= state.limits.tries:
        return _end(state, "unsure" if state.tried else "failed", fault.why)
    return _go(state, "look", _REST_S)


def _found(state: State, installed: Installed, now_s: float) -> Next:
    if state.stage in {"judging", "sending"}:
        return _found_before(state, installed, now_s)
    if installed.digest == state.wanted.digest:
        return _found_wanted(state, installed, now_s)
    return _found_other(state, installed)


def _found_before(state: State, installed: Installed, now_s: float) -> Next:
    """Nothing was booted by this update yet, as far as it knows."""
    if installed.digest == state.wanted.digest:
        if installed.confirmed:
            return state, End("done", state.stage, installed=installed)
        return _check(replace(state, clearing=False), now_s)
    refused: ImageRefused | None = judge_step(state.wanted, installed, permit=state.may_downgrade)
    if refused is not None:
        raise refused
    if not installed.confirmed:
        if state.cleared >= state.limits.tries:
            return _end(state, "failed", f"a trial of {installed.version} does not end")
        return _go(replace(state, stage="judging", clearing=True, cleared=state.cleared + 1), "revert")
    return _go(replace(state, stage="sending", clearing=False, before=installed.digest), "send")


def _check(state: State, now_s: float) -> Next:
    until_s = now_s + state.limits.health_s
    return _go(replace(state, stage="checking", tried=True, tries=0, well=0, check_until_s=until_s), "check")


def _checked(state: State, event: Did | Unwell, now_s: float) -> Next:
    """It is looked what runs before it is confirmed: a device that fell back to its old image is well, too."""
    if isinstance(event, Did):
        state = replace(state, well=state.well + 1)
        return _go(state, "look") if state.well >= NEEDED_WELL else _go(state, "check", _REST_S)
    state = replace(state, well=0, why=event.why)
    return _go(state, "check", _REST_S) if now_s < state.check_until_s else _revert(state, event.why)


def _revert(state: State, why: str) -> Next:
    return _go(replace(state, failed_stage=state.stage, stage="reverting", tries=1, why=why), "revert")


def _found_wanted(state: State, installed: Installed, now_s: float) -> Next:
    if state.stage == "booting":
        return _check(state, now_s)
    if state.stage == "checking":
        if state.well >= NEEDED_WELL:
            return _go(replace(state, stage="confirming", tries=1), "confirm")
        return _go(state, "check") if now_s < state.check_until_s else _revert(state, state.why)
    if state.stage == "confirming":
        if installed.confirmed:
            return state, End("done", state.stage, installed=installed)
        if state.tries < state.limits.tries:
            return _go(replace(state, tries=state.tries + 1), "confirm", _REST_S)
        return _revert(state, state.why or "the device does not confirm the image though it was told to")
    return _still_wanted(state, installed)


def _still_wanted(state: State, installed: Installed) -> Next:
    """Reverting, and the new image runs still."""
    if state.tries < state.limits.tries and not installed.confirmed:
        return _go(replace(state, tries=state.tries + 1), "revert", _REST_S)
    stays = "and is confirmed" if installed.confirmed else "and does not go"
    return _end(state, "unsure", f"{state.why}; the new image runs {stays}")


def _found_other(state: State, installed: Installed) -> Next:
    """The update has booted its image, or tried to, and another one runs."""
    old = state.before in {"", installed.digest}
    not_booted = state.stage == "booting" and (state.try_was_lost or not installed.confirmed)
    if old and not_booted and state.tries < state.limits.tries:
        return _go(replace(state, stage="sending", tries=state.tries + 1), "send", _REST_S)
    if not old or not installed.confirmed:
        return _end(state, "unsure", f"it runs {installed.version}, which is not what it ran, or is on trial itself")
    if state.stage == "reverting":
        why = f"{state.why}; the device runs {installed.version} again"
        return state, End("failed", state.failed_stage, why, went_back="when-told")
    came = "still runs, or runs again," if not_booted else "went back by itself to"
    why = f"the device {came} {installed.version}"
    return state, End("failed", state.stage, f"{why} ({state.why})" if state.why else why, went_back="by-itself")
