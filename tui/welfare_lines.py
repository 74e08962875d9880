"""Welfare timers in words: one's own above all, which one key answers. Pure."""

from collections.abc import Sequence
from datetime import datetime

from protocols.api.welfare import WelfareStage, WelfareView
from tui.paint import Line, Span, Tone
from tui.words import duration

WELL = "w I am well"
_STAGE_TONES: dict[WelfareStage, Tone] = {"waiting": "accent", "due": "loud", "missed": "loud", "ended": "muted"}


def own_timer(views: Sequence[WelfareView], me: str) -> WelfareView | None:
    """The timer of this person that runs."""
    return next((view for view in views if view.person == me and view.ended_at is None), None)


def stage_now(view: WelfareView, now: datetime) -> WelfareStage:
    """How it stands at `now`, which may be later than when it was asked for."""
    if view.ended_at is not None:
        return "ended"
    if now >= view.missed_at:
        return "missed"
    return "due" if now >= view.due_at else "waiting"


def due_words(view: WelfareView, now: datetime) -> str:
    """`due in 12 min`, `DUE 2 min ago: supervisors are paged in 8 min`, `MISSED: supervisors were paged 3 min ago`."""
    match stage_now(view, now):
        case "waiting":
            return f"due in {duration((view.due_at - now).total_seconds())}"
        case "due":
            left = duration((view.missed_at - now).total_seconds())
            return f"DUE since {duration((now - view.due_at).total_seconds())}: supervisors are paged in {left}"
        case "missed":
            return f"MISSED: supervisors are paged since {duration((now - view.missed_at).total_seconds())}"
        case "ended":
            return "ended"


def own_line(view: WelfareView, now: datetime, width: int) -> Line:
    """` WELFARE  due in 12 min · w I am well`, loudly once it is due."""
    tone = _STAGE_TONES[stage_now(view, now)]
    words = due_words(view, now)
    told = f" {words} " if tone == "loud" else words
    purpose = f" · every {view.every_min} min" if width > 70 and tone != "loud" else ""
    return (
        Span(" WELFARE  ", "muted"),
        Span(told, "loud" if tone == "loud" else "plain"),
        Span(" · ", "muted"),
        Span(WELL, "accent"),
        Span(purpose, "muted"),
    )


def header_words(view: WelfareView | None, now: datetime) -> Span | None:
    """What every header says while one's own timer runs: loudly once it is due, and which key answers."""
    if view is None or (stage := stage_now(view, now)) == "ended":
        return None
    if stage == "waiting":
        return Span(f"welfare {duration((view.due_at - now).total_seconds())}", "muted")
    return Span(f" WELFARE {stage.upper()}: W I am well ", "loud")
