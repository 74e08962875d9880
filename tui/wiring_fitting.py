"""What was measured on a fitted harness: as typed, as compared, and as it is kept. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from fleet.wiring.rules.fitting import compare_measured, expected
from fleet.wiring.rules.marks import number as figure
from protocols.api.wiring import DeploymentWiring, Fitting
from protocols.wiring.fitted import Compared, Measured, MeasuredQuantity, NewFitting
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from tui.paint import EMPTY, Line, Span, Tone, fit, joined, wrap
from tui.wiring_marks import VERDICT_SIGNS, VERDICT_TONES
from tui.words import UNKNOWN, age, full_moment, moment, plural

QUANTITY_WORDS: Mapping[MeasuredQuantity, tuple[str, str]] = {
    "battery-v": ("at the posts of", "V"),
    "voltage-at-load-v": ("at the plug of", "V"),
    "kit-drain-ma": ("kit asleep, from", "mA"),
    "sense-off-v": ("sense, key off, at", "V"),
    "sense-on-v": ("sense, key on, at", "V"),
    "termination-ohm": ("between H and L of", "Ω"),
}
_MOST = 1e6


class Unclear(Exception):
    """What was typed is no measurement: in which field, and what it says."""

    def __init__(self, field: str, says: str) -> None:
        super().__init__(says)
        self.field = field
        self.says = says


class Wanted(NamedTuple):
    """Something that can be measured; `field` names it in a form."""

    field: str
    quantity: MeasuredQuantity
    subject: str

    @property
    def label(self) -> str:
        """What is measured where, with its unit: `at the posts of main, V`."""
        words, unit = QUANTITY_WORDS[self.quantity]
        return f"{words} {self.subject}, {unit}"


def wanted(plan: Plan) -> list[Wanted]:
    """What can be measured on a harness, in the order in which it is."""
    return [Wanted(f"m{at}", *one) for at, one in enumerate(expected(plan))]


def measured_of(asked: Sequence[Wanted], texts: Mapping[str, str]) -> list[Measured]:
    """The values that were typed, of those asked for; empty fields were not measured. Raises Unclear."""
    found: list[Measured] = []
    for one in asked:
        typed = texts.get(one.field, "").strip()
        if typed:
            found.append(Measured(quantity=one.quantity, subject=one.subject, value=_value(one, typed)))
    return found


def _value(one: Wanted, typed: str) -> float:
    try:
        value = float(typed.replace(",", ".").replace("−", "-"))
    except ValueError:
        value = _MOST + 1
    if not -_MOST / 10 <= value <= _MOST:
        raise Unclear(one.field, f"{one.label}: a number, as 12.4; empty: not measured")
    return value


def compared_by_field(
    plan: Plan, policy: WiringPolicy, asked: Sequence[Wanted], texts: Mapping[str, str]
) -> dict[str, Compared | str]:
    """By field: what was typed beside what the plan predicts, or what is wrong with it; nothing for an empty field."""
    clear: dict[str, Measured] = {}
    found: dict[str, Compared | str] = {}
    for one in asked:
        try:
            clear.update((one.field, value) for value in measured_of([one], texts))
        except Unclear as error:
            found[one.field] = error.says
    return found | dict(zip(clear, compare_measured(plan, policy, list(clear.values())), strict=True))


def beside_line(found: Compared | str | None) -> Line:
    """What stands beside a field: the verdict, and from where to where it passes."""
    if found is None:
        return (Span(" not measured", "muted"),)
    if isinstance(found, str):
        return (Span(" ✗ no number", "bad"),)
    return (Span(" "), *verdict_span(found), Span(f"  {limits_words(found)}", "muted"))


def verdict_span(one: Compared) -> Line:
    """`✓ pass`, `✗ fail`, `? unjudged`."""
    return (Span(f"{VERDICT_SIGNS[one.verdict]} {one.verdict}", VERDICT_TONES[one.verdict]),)


def limits_words(one: Compared) -> str:
    """From where to where it passes: `11.9…12.8 V`, `at most 1 V`; empty where nothing is known."""
    unit = QUANTITY_WORDS[one.quantity][1]
    match one.low, one.high:
        case None, None:
            return ""
        case None, high:
            return f"at most {_number(high)} {unit}"
        case low, None:
            return f"at least {_number(low)} {unit}"
        case low, high:
            return f"{_number(low)}…{_number(high)} {unit}"


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{round(value, 2):g}"


def new_fitting(asked: Sequence[Wanted], texts: Mapping[str, str], loads: Sequence[str]) -> NewFitting:
    """The fitting that the fields describe; `loads` may be named as the one that the unit is. Raises Unclear."""
    measured = measured_of(asked, texts)
    load = texts.get("load", "").strip()
    if load and load not in loads:
        raise Unclear("load", f"which load is the unit? One of {', '.join(loads)}; empty: nothing from the unit")
    if not measured and not load:
        first = asked[0].field if asked else "load"
        raise Unclear(first, "nothing is measured yet: type what the meter shows")
    return NewFitting(
        measured=measured, note=" ".join(texts.get("note", "").split()), from_unit=bool(load), load=load or None
    )


def fitted_sentence(me: str, given: DeploymentWiring, new: NewFitting, compared: Sequence[Compared]) -> str:
    """What goes into the log."""
    failed = sum(one.verdict != "pass" for one in compared)
    passing = "all pass" if not failed else f"{failed} of them {'does' if failed == 1 else 'do'} not pass"
    unit = ", and one from its unit" if new.from_unit else ""
    count = plural(len(new.measured), "value")
    words = f"{count} measured{unit}" + (f", {passing}" if compared else "")
    return f"deployment.harness-fitted: {me} at {given.deployment}, {given.harness} revision {given.revision}: {words}"


def given_line(one: DeploymentWiring, width: int, now: datetime) -> Line:
    """A harness of a deployment in one line: which, what for, how it stands as designed and as fitted."""
    gone = one.withdrawn_at is not None
    tone: Tone = "muted" if gone else "strong"
    return (
        Span(fit(one.deployment, 10), tone),
        Span(fit(one.name, 21 if width < 110 else 26), tone),
        Span(fit(f"rev {one.revision}", 8)),
        Span(fit(one.item or UNKNOWN, 9)),
        *_stands(one, now),
    )


def _stands(one: DeploymentWiring, now: datetime) -> Line:
    if one.withdrawn_at is not None:
        return (Span(f"withdrawn · {age(one.withdrawn_at, now)}", "muted"),)
    if not one.fittings:
        return (Span("not measured yet", "fair"),)
    newest = one.fittings[0]
    word: Line = (Span("as planned", "good"),) if newest.passed else (Span("not as planned", "bad"),)
    return (*word, Span(f" · {age(newest.made_at, now)}", "muted"))


def given_page(one: DeploymentWiring, width: int, now: datetime, *, utc: bool) -> list[Line]:
    """A harness of a deployment at length: as designed, and as fitted at each visit, the newest first."""
    by = f"given {moment(one.given_at, now, utc=utc)} by {one.given_by}"
    feeds = f"feeds {one.item}" + (f", {one.unit}" if one.unit else "") if one.item else "what it feeds was not said"
    lines: list[Line] = [
        (
            Span(" "),
            Span(one.name, "title"),
            Span(f"  revision {one.revision}", "strong"),
            Span(f"   {one.deployment}"),
        ),
        (Span(f" {one.title}", "muted"),),
        (Span(f" {by}; {feeds}"),),
    ]
    if one.withdrawn_at is not None:
        lines.append((Span(f" withdrawn {moment(one.withdrawn_at, now, utc=utc)}", "fair"),))
    lines += [EMPTY, (Span(" AS DESIGNED", "accent"),)]
    if not one.failed:
        lines.append((Span(" ✓ every rule passed when it was given", "good"),))
    for failed in one.failed:
        tone = VERDICT_TONES[failed.verdict]
        said = f"{VERDICT_SIGNS[failed.verdict]} {failed.rule}, {failed.subject}: {failed.sentence}"
        lines += [(Span(" "), *line) for line in wrap(said, width - 2, tone)]
    lines += [EMPTY, (Span(" AS FITTED", "accent"),)]
    if not one.fittings:
        lines.append((Span(" nothing has been measured yet", "muted"),))
    for fitting in one.fittings:
        lines += fitting_lines(fitting, width, utc=utc)
    return lines


def fitting_lines(one: Fitting, width: int, *, utc: bool) -> list[Line]:
    """What was measured at one visit: each value beside what was predicted, and from where to where it passes."""
    word: Line = (Span("passed", "good"),) if one.passed else (Span("NOT PASSED", "bad"),)
    when = f" {full_moment(one.made_at, utc=utc)} by {one.made_by}, revision {one.revision}"
    lines: list[Line] = [
        joined([(Span(when, "strong"),), word]),
        *[(Span(" "), *line) for line in wrap(one.note, width - 2, "muted") if one.note],
        (Span(f" {fit('', 28)}{fit('measured', 12)}{fit('predicted', 12)}{fit('passes', 18)}", "muted"),),
    ]
    for value in one.compared:
        words, unit = QUANTITY_WORDS[value.quantity]
        predicted = UNKNOWN if value.predicted is None else f"{figure(value.predicted)} {unit}"
        lines.append(
            (
                Span(f" {fit(f'{words} {value.subject}', 28)}"),
                Span(fit(f"{figure(value.value)} {unit}", 12), "strong"),
                Span(fit(predicted, 12)),
                Span(fit(limits_words(value) or UNKNOWN, 18), "muted"),
                *verdict_span(value),
                Span("  by the unit" if value.by_unit else "", "muted"),
            )
        )
        if value.verdict != "pass":
            lines += [(Span("   "), *line) for line in wrap(value.sentence, width - 4, VERDICT_TONES[value.verdict])]
    return [*lines, EMPTY]
