"""The wiring of a deployment in its file as PDF: as designed, and as fitted. Pure."""

from collections.abc import Sequence

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer

from fleet.openings.report_form import utc
from fleet.pdf import BAD, DOUBT, INK, cell, facts_table, heading, remark, rows_table
from protocols.api.wiring import DeploymentWiring, Fitting
from protocols.wiring.findings import Judgement
from protocols.wiring.fitted import Compared

_GAP = 4 * mm
_VERDICT_COLOURS = {"pass": INK, "fail": BAD, "unjudged": DOUBT}


def wiring_part(wiring: Sequence[DeploymentWiring]) -> list[Flowable]:
    """Each harness: what it is, what of it does not pass, and what was measured at each visit."""
    story: list[Flowable] = []
    for one in wiring:
        story += [Spacer(0, _GAP), heading(f"Wiring: {one.name}", 11), Spacer(0, 1 * mm)]
        story += [facts_table(_about(one), (32, 150)), *_failed(one.failed)]
        for fitting in one.fittings:
            story += _fitting(fitting)
        if not one.fittings:
            story += [Spacer(0, 1 * mm), remark("Nothing was measured.")]
    return story or [Spacer(0, _GAP), heading("Wiring", 11), Spacer(0, 1 * mm), remark("No harness.")]


def _about(one: DeploymentWiring) -> list[tuple[str, str]]:
    withdrawn = "" if one.withdrawn_at is None else f", withdrawn {utc(one.withdrawn_at)}"
    return [
        ("Harness", f"{one.harness} revision {one.revision} for {one.deployment}"),
        ("Title", one.title),
        ("For", ", unit ".join(part for part in (one.item, one.unit) if part) or "no item named"),
        ("Given", f"{utc(one.given_at)} by {one.given_by}{withdrawn}"),
        ("sha256", one.sha256),
    ]


def _failed(failed: Sequence[Judgement]) -> list[Flowable]:
    if not failed:
        return [Spacer(0, 1 * mm), remark("Every rule passed when it was given.")]
    rows = [
        [
            cell(one.rule, one.subject),
            cell(one.severity),
            cell(one.verdict, colour=_VERDICT_COLOURS[one.verdict]),
            cell(one.sentence, _figures(one), one.formula),
            cell(
                one.remedy, "unverified: " + "; ".join(one.unverified) if one.unverified else "", ", ".join(one.needs)
            ),
        ]
        for one in failed
    ]
    return [rows_table(("rule", "severity", "verdict", "as designed", "remedy"), rows, (38, 18, 18, 62, 46))]


def _figures(one: Judgement) -> str:
    return ", ".join(f"{name} {value:.6g}" for name, value in one.figures.items())


def _fitting(one: Fitting) -> list[Flowable]:
    outcome = "passed" if one.passed else "did not pass"
    facts = [
        ("As fitted", f"{one.fitting} of revision {one.revision}: {outcome}"),
        ("Measured", f"{utc(one.made_at)} by {one.made_by}"),
        *([("Note", one.note)] if one.note else []),
    ]
    columns = ("what", "measured", "predicted", "limits", "verdict", "why")
    rows = [_line(line) for line in one.compared]
    return [Spacer(0, 2 * mm), facts_table(facts, (32, 150)), rows_table(columns, rows, (36, 34, 18, 26, 16, 52))]


def _line(line: Compared) -> list[Paragraph]:
    by = "by the unit" if line.by_unit else ""
    at = "" if line.measured_at is None else utc(line.measured_at)
    return [
        cell(line.quantity, line.subject),
        cell(_figure(line.value), by, at),
        cell(_figure(line.predicted)),
        cell(_limits(line)),
        cell(line.verdict, colour=_VERDICT_COLOURS[line.verdict]),
        cell(line.sentence),
    ]


def _limits(line: Compared) -> str:
    if line.low is not None and line.high is not None:
        return f"{_figure(line.low)} to {_figure(line.high)}"
    if line.low is not None:
        return f"at least {_figure(line.low)}"
    return "" if line.high is None else f"at most {_figure(line.high)}"


def _figure(value: float | None) -> str:
    """As it was measured; what was worked out, to six digits."""
    return "" if value is None else f"{value:.6g}"
