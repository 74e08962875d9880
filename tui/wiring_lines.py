"""Harnesses as lines of a list, and the one under the cursor. Pure."""

from collections.abc import Sequence
from datetime import datetime

from protocols.api.wiring import HarnessRow
from tui.paint import Line, Span, fit, joined
from tui.words import UNKNOWN, age, moment, number, plural

_WIDE = 110
_REVISION, _SYSTEM, _LOADS, _VERDICT, _HAVE = 4, 6, 6, 26, 11


def _name_columns(width: int) -> int:
    return 26 if width > _WIDE else 18


def heads_line(width: int) -> Line:
    """The names of the columns."""
    heads = [("name", _name_columns(width)), ("rev", _REVISION), ("system", _SYSTEM + 1), ("loads", _LOADS)]
    heads += [("checks", _VERDICT), ("deployments", _HAVE + 1)]
    spans = [Span(fit(name, columns), "muted") for name, columns in heads]
    return (*spans, Span("title" if width > _WIDE else "", "muted"))


def verdict_spans(row: HarnessRow) -> Line:
    """How the newest revision stands, in words: `may be fitted`, `NOT to be fitted  2 fail`."""
    parts = [f"{row.failed} fail" if row.failed else "", f"{row.unjudged} unjudged" if row.unjudged else ""]
    counts = ", ".join(part for part in parts if part)
    if not row.may_be_fitted:
        return (Span("not safe", "bad"), Span(f"  {counts}", "bad"))
    if counts:
        return (Span("may be fitted", "good"), Span(f"  {counts}", "fair"))
    return (Span("may be fitted", "good"),)


def harness_line(row: HarnessRow, width: int) -> Line:
    """One line: name, revision, system, loads, what the rules say, how many deployments have it."""
    verdict = verdict_spans(row)
    taken = sum(len(span.text) for span in verdict)
    system = UNKNOWN if row.system_v is None else f"{row.system_v} V"
    have = number(row.deployments) if row.deployments else UNKNOWN
    name = _name_columns(width)
    return (
        Span(fit(row.name, name - 1) + " ", "strong"),
        Span(fit(str(row.revision), _REVISION)),
        Span(fit(system, _SYSTEM + 1)),
        Span(fit(str(row.loads), _LOADS)),
        *verdict,
        Span(" " * max(1, _VERDICT - taken)),
        Span(fit(have, _HAVE + 1)),
        Span(row.title if width > _WIDE else "", "muted"),
    )


def title_line(shown: int | None, total: int, words: str) -> Line:
    """How many harnesses are kept; how many pass where words narrow them."""
    if shown is None:
        return (Span(" WIRING  ", "muted"), Span("…", "strong"))
    if not words:
        return (Span(" WIRING  ", "muted"), Span(plural(total, "harness", "harnesses"), "strong"))
    of: Line = (Span(" WIRING  ", "muted"), Span(number(shown), "strong"), Span(f" of {number(total)}", "muted"))
    return joined([of, (Span(f"with “{words}”", "muted"),)])


def harness_detail(row: HarnessRow, now: datetime, *, utc: bool) -> list[Line]:
    """The one under the cursor in three lines: its title, how it stands, who kept it when."""
    have = plural(row.deployments, "deployment has it", "deployments have it") if row.deployments else "nobody has it"
    facts = f"{plural(row.loads, 'load')}  {plural(row.conductors, 'conductor')}  {have}"
    kept = f"revision {row.revision} kept by {row.kept_by} {moment(row.kept_at, now, utc=utc)}"
    return [
        (Span(f" {row.title or row.name}", "strong"), Span(f"   {row.harness}", "muted")),
        joined([(Span(" "), *verdict_spans(row)), (Span(facts),)]),
        (Span(f" {kept} · {age(row.kept_at, now)} ago", "muted"),),
    ]


def narrowed(rows: Sequence[HarnessRow], typed: str) -> list[HarnessRow]:
    """Those with all the words in name, title, id, system or verdict, in their order; `|` means or."""
    words = typed.lower().split()
    return [row for row in rows if all(any(one in _known(row) for one in word.split("|") if one) for word in words)]


def _known(row: HarnessRow) -> str:
    verdict = "".join(span.text for span in verdict_spans(row))
    return f"{row.name} {row.title} {row.harness} {row.system_v} v {verdict} {row.kept_by}".lower()
