"""Plans of a rota's turns, and how far a solver is, as lines. Pure."""

from collections.abc import Sequence
from datetime import datetime

from protocols.api.rotas import PlanState, PlanView, Solving
from tui.paint import Line, Span, Tone, fit, joined, wrap
from tui.rota_words import answer_counts, counts_words, period_words
from tui.spark import sparkline
from tui.words import UNKNOWN, duration, moment, number

STATE_TONES: dict[PlanState, Tone] = {
    "solving": "accent",
    "draft": "fair",
    "failed": "bad",
    "published": "good",
    "discarded": "muted",
}
_ENDED: dict[str, str] = {
    "optimal": "nothing better exists",
    "limit": "its work limit is reached: there may be better",
    "stopped": "there may be better",
    "infeasible": "not every rule can be kept",
    "failed": "it failed",
}


def plan_line(plan: PlanView, width: int, now: datetime, zone: str, *, utc: bool) -> Line:
    """A plan in one line: its state, its period, score and findings, who made it when."""
    score = f"{plan.quality.score:.0f}" if plan.quality is not None else UNKNOWN
    over = plan.state in {"published", "discarded"}
    return (
        Span(fit(plan.state, 10), STATE_TONES[plan.state]),
        Span(fit(period_words(plan.starts_at, plan.ends_at, zone), 27), "muted" if over else "strong"),
        Span(fit(f"score {score}", 10), "muted" if over else "plain"),
        Span(fit(f"{plan.made_by} {moment(plan.made_at, now, utc=utc)}", max(8, width - 48)), "muted"),
    )


def plan_lines(plan: PlanView, now: datetime, width: int, *, utc: bool) -> list[Line]:
    """A plan at length."""
    counts = counts_words(answer_counts(plan.counts)) if plan.counts is not None else (Span("not judged yet", "muted"),)
    lines: list[Line] = [
        joined([(Span(f" {plan.plan}", "strong"),), (Span(f"for version {plan.based_on}", "muted"),), counts]),
        (Span(f" made by {plan.made_by} {moment(plan.made_at, now, utc=utc)}", "muted"),),
    ]
    if plan.published_by is not None and plan.published_at is not None:
        lines.append((Span(f" published by {plan.published_by} {moment(plan.published_at, now, utc=utc)}", "good"),))
    if plan.solving is not None:
        lines.append((Span(f" solver: {ended_words(plan.solving)}", "muted"),))
        lines += conflict_lines(plan.solving.conflicts, width)
    return lines


def ended_words(solving: Solving) -> str:
    """How it ended, in words."""
    return "at work" if solving.ended is None else f"{solving.ended}: {_ENDED[solving.ended]}"


def conflict_lines(conflicts: Sequence[str], width: int) -> list[Line]:
    """Why not everything could be kept."""
    return [(Span(" ! ", "bad"), *line) for one in conflicts for line in wrap(one, max(20, width - 4))]


def gap_words(solving: Solving) -> str:
    """By how much the best so far could still be bettered at most, in percent; unknown before there is one."""
    if solving.objective is None or solving.bound is None:
        return UNKNOWN
    return f"{100 * (solving.objective - solving.bound) / max(1.0, abs(solving.objective)):.1f} %"


def step_values(trace: Sequence[tuple[float, float]], until_s: float, width: int) -> list[float | None]:
    """The best objective at each of `width` equal steps from 0 to `until_s` seconds, None before the first."""
    found: list[float | None] = []
    for step in range(width):
        at = until_s * (step + 1) / width
        known = [objective for seconds, objective in trace if seconds <= at]
        found.append(known[-1] if known else None)
    return found


def progress_lines(plan: PlanView, zone: str, width: int) -> list[Line]:
    """How far a solver is: figures, the best so far over time, what it could not keep."""
    solving = plan.solving
    title = joined(
        [
            (
                Span(" "),
                Span(f"SOLVING {plan.rota}", "title"),
            ),
            (Span(period_words(plan.starts_at, plan.ends_at, zone)),),
            (Span(plan.state, STATE_TONES[plan.state]),),
        ]
    )
    if solving is None:
        return [title, (Span(" no solver made this plan", "muted"),)]
    figures: list[tuple[str, str]] = [
        ("for", duration(solving.elapsed_s)),
        ("found", number(solving.found) + (" rota" if solving.found == 1 else " rotas, each better than the last")),
        ("cost", UNKNOWN if solving.objective is None else number(round(solving.objective))),
        ("at least", UNKNOWN if solving.bound is None else f"{number(round(solving.bound))}: no rota costs less"),
        ("gap", gap_words(solving)),
        ("seed", str(solving.seed)),
    ]
    lines: list[Line] = [title, ()]
    lines += [(Span(f" {name:<10}", "muted"), Span(value, "strong")) for name, value in figures]
    values = step_values(solving.trace, max(solving.elapsed_s, 0.001), max(10, min(120, width - 14)))
    lines += [(), (Span(f" {'best so far':<12}", "muted"), Span(sparkline(values), "accent"))]
    lines.append((Span(f"{'':<13}lower is better; 0 s on the left, now on the right", "muted"),))
    if solving.ended is not None:
        tone: Tone = "good" if solving.ended == "optimal" else "bad" if solving.ended == "failed" else "fair"
        lines += [(), (Span(f" {ended_words(solving)}", tone),)]
    return [*lines, *conflict_lines(solving.conflicts, width)]
