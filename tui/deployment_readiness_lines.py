"""Readiness certificates as lines. Pure."""

from collections.abc import Sequence

from protocols.api.deployments import ReadinessLine, ReadinessView
from tui.deployment_page import certificate_line
from tui.deployment_words import Look
from tui.paint import EMPTY, Line, Span, Tone, fit, wrap
from tui.words import UNKNOWN, duration

_RESULTS: dict[str, tuple[str, Tone]] = {
    "pass": ("✓ pass", "good"),
    "fail": ("✗ fail", "bad"),
    "not-measured": ("— not measured", "fair"),
}


def certificate_lines(certificate: ReadinessView, width: int, look: Look) -> list[Line]:
    """A certificate with every line it was judged by."""
    lines: list[Line] = [(Span(" "), *certificate_line(certificate, look))]
    for one in certificate.lines:
        lines += reading_lines(one, width)
    lines.append((Span(f"  {certificate.certificate}  sha256 {certificate.sha256}", "muted"),))
    return lines


def reading_lines(line: ReadinessLine, width: int) -> list[Line]:
    """One line of a certificate: the result, the figure with its age, the limit; and why where it did not pass."""
    word, tone = _RESULTS[line.result]
    unit = f" {line.unit_of_measure}" if line.unit_of_measure else ""
    value = UNKNOWN if line.value is None else f"{_said(line.value)}{unit}"
    age = "" if line.age_s is None else f" · {duration(line.age_s)}"
    limit = "" if line.limit is None else f"limit {_said(line.limit)}{unit}"
    first: Line = (
        Span("  "),
        Span(fit(word, 15), tone),
        Span(fit(line.name, 24)),
        Span(fit(f"{value}{age}", 20), "strong"),
        Span(limit, "muted"),
    )
    if line.result == "pass" or not line.reason:
        return [first]
    return [first, *[(Span(" " * 17), *told) for told in wrap(line.reason, max(20, width - 17), "muted")]]


def _said(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float | int) else value


def readiness_page(certificates: Sequence[ReadinessView], deployment: str, width: int, look: Look) -> list[Line]:
    """All certificates as they were just judged."""
    failed = sum(not one.passed for one in certificates)
    told = Span(f"{failed} failed", "bad") if failed else Span("all passed", "good")
    lines: list[Line] = [
        (Span(f" READINESS  {deployment}  ", "title"), told if certificates else Span("no unit", "fair"))
    ]
    for one in certificates:
        lines += [EMPTY, *certificate_lines(one, width, look)]
    if not certificates:
        lines.append((Span(" There is no unit to judge: k keeps kit for it.", "muted"),))
    return lines
