"""What stands in the way of a deployment, in words: refusals, warnings, papers owed, deadlines. Pure."""

from collections.abc import Sequence
from datetime import datetime

from protocols.api.deployments import DeploymentView, StepView
from protocols.deployments import Blocker, Deadline, Step
from tui.deployment_words import (
    Look,
    deadline_words,
    in_keys,
    key_of,
    owed_steps,
    span_words,
    stage_of,
    step_view,
    step_word,
)
from tui.paint import EMPTY, Line, Span, Tone, fit, joined, wrap
from tui.words import plural

_SIGNS: dict[str, tuple[str, Tone]] = {"refused": ("✗", "bad"), "warning": ("!", "fair"), "owed": ("◌", "fair")}
_ANSWERS = ("refused", "warning", "owed")


def refusals(blockers: Sequence[Blocker]) -> list[Blocker]:
    """Those that stop a step."""
    return [one for one in blockers if one.answer == "refused"]


def warnings(blockers: Sequence[Blocker]) -> list[Blocker]:
    """Those that a reason has to be given for."""
    return [one for one in blockers if one.answer == "warning"]


def worst_first(blockers: Sequence[Blocker]) -> list[Blocker]:
    """What stops, then what warns, then what will be owed."""
    return sorted(blockers, key=lambda one: _ANSWERS.index(one.answer))


def blocker_lines(blocker: Blocker, width: int, *, keys: bool = False) -> list[Line]:
    """One blocker: what is the matter; then who decides, what would make it possible, the rule's name, and with `keys`
    the key of the deployment's page that leads there."""
    sign, tone = _SIGNS[blocker.answer]
    first, *others = wrap(blocker.sentence, max(20, width - 4), "strong" if tone == "bad" else "plain") or [EMPTY]
    remedy = f"{blocker.whose}: {in_keys(blocker.remedy)} (rule {blocker.rule})"
    if blocker.answer == "owed":
        remedy = f"becomes paperwork; {remedy}"
    lines: list[Line] = [(Span(f"  {sign} ", tone), *first), *[(Span("    "), *line) for line in others]]
    key = key_of(blocker.rule) if keys else ""
    told = wrap(remedy, max(20, width - 4 - (len(key) + 2 if key else 0)), "muted")
    told = [*told[:-1], (*told[-1], Span(f"  {key}", "accent"))] if key and told else told
    return lines + [(Span("    "), *line) for line in told]


def blocker_block(blockers: Sequence[Blocker], width: int, *, keys: bool = False) -> list[Line]:
    """All blockers of a step, the gravest first."""
    return [line for one in worst_first(blockers) for line in blocker_lines(one, width, keys=keys)]


def head(name: str, *told: Line) -> Line:
    """The head of a block, and what is said beside it."""
    return joined([(Span(f" {name}", "accent"),), *told])


def next_block(view: DeploymentView, width: int) -> list[Line]:
    """The next step, and all that stops it."""
    step = view.row.next_step
    if step is None:
        return [head("NEXT", (Span(f"nothing: it is {view.row.state}", "muted"),))]
    told = step_view(view, step)
    blockers = told.blockers if told is not None else []
    stopping = len(refusals(blockers))
    name = (Span(step_word(step), "strong"),)
    if stopping:
        return [
            head("NEXT", name, (Span(f"blocked by {stopping}", "bad"),)),
            *blocker_block(blockers, width, keys=True),
        ]
    go: Line = (Span("s", "accent"), Span(" takes it", "muted"))
    if not blockers:
        return [head("NEXT", name, (Span("nothing stops it", "good"),), go)]
    return [head("NEXT", name, _mild_words(blockers), go), *blocker_block(blockers, width, keys=True)]


def _mild_words(blockers: Sequence[Blocker]) -> Line:
    many, owed = len(warnings(blockers)), sum(one.answer == "owed" for one in blockers)
    said = [plural(many, "warning") if many else "", f"{plural(owed, 'paper')} to follow" if owed else ""]
    return (Span(", ".join(filter(None, said)), "fair"),)


def owed_block(view: DeploymentView, width: int, look: Look) -> list[Line]:
    """The papers that the fast path went past; nothing where none is owed."""
    owed = owed_steps(view)
    if not owed:
        return []
    key: Line = (Span("   "), Span("w", "accent"), Span(" says that it is there", "muted"))
    lines: list[Line] = [(Span(" "), Span(f" PAPERWORK OWED {len(owed)} ", "loud"), *key)]
    for one in owed:
        lines += _owed_lines(one, _owner_of(view, one.step), width, look)
    return lines


def _owed_lines(told: StepView, owner: str | None, width: int, look: Look) -> list[Line]:
    when = due_span(told.owed_until, look.now) if told.owed_until is not None else Span("")
    whose = f"  owner {owner}" if owner else ""
    at = look.moment(told.owed_until) if told.owed_until is not None else ""
    lines: list[Line] = [
        (Span("  ◌ ", "fair"), Span(fit(step_word(told.step), 12), "strong"), when, Span(f"  {at}{whose}", "muted"))
    ]
    for blocker in told.blockers:
        said = f"{blocker.sentence}; {blocker.whose}: {in_keys(blocker.remedy)} (rule {blocker.rule})"
        lines += [(Span("      "), *line) for line in wrap(said, max(20, width - 6), "muted")]
    return lines


def due_span(due_at: datetime, now: datetime) -> Span:
    """`due in 58 h`, `late 2 d`."""
    match stage_of(due_at, now):
        case "overdue":
            return Span(f"late {span_words(now - due_at)}", "bad")
        case "12-hours":
            return Span(f"due in {span_words(due_at - now)}", "loud")
        case "72-hours":
            return Span(f"due in {span_words(due_at - now)}", "fair")
        case _:
            return Span(f"due in {span_words(due_at - now)}", "plain")


def _owner_of(view: DeploymentView, step: Step) -> str | None:
    return next((one.owner for one in view.deadlines if one.kind == "paper" and one.about == step), None)


def deadline_block(view: DeploymentView, width: int, look: Look) -> list[Line]:
    """What is due when, and whose it is; papers stand in their own block."""
    shown = sorted((one for one in view.deadlines if one.kind != "paper"), key=lambda one: one.due_at)
    if not shown:
        return [head("DEADLINES", (Span("none", "muted"),))]
    lines: list[Line] = [head("DEADLINES", (Span(str(len(shown)), "strong"),))]
    for one in shown:
        lines += _deadline_lines(one, width, look)
    return lines


def _deadline_lines(deadline: Deadline, width: int, look: Look) -> list[Line]:
    words = deadline_words(deadline, look.now)
    at = look.moment(deadline.due_at)
    lines: list[Line] = [
        (
            Span("  "),
            words,
            Span(" " * max(1, 22 - len(words.text))),
            Span(fit(at, 18)),
            Span(f"owner {deadline.owner or 'nobody'}", "muted" if deadline.owner else "bad"),
        )
    ]
    return lines + [(Span("    "), *line) for line in wrap(deadline.sentence, max(20, width - 4), "muted")]
