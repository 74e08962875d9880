"""The page of one deployment: the chain of its steps, what stops the next one, and all that belongs to it. Pure."""

from collections.abc import Sequence
from datetime import timedelta

from protocols.api.deployments import AuthorityShown, DeploymentView, ReadinessView, VisitView
from protocols.api.kit import ItemView
from protocols.deployments import KitWanted
from tui.deployment_blocks import blocker_block, deadline_block, head, next_block, owed_block
from tui.deployment_words import CHAIN, KIND_WORDS, OVER, Look, span_words, state_span, step_view
from tui.paint import EMPTY, Line, Span, Tone, columns, fit, joined, line_width, wrap
from tui.words import UNKNOWN, plural

_WIDE = 130
_FAR = timedelta(days=7)
_GAP = 2


def deployment_page(view: DeploymentView, width: int, look: Look) -> list[Line]:
    """All of a deployment; in two columns where there is room."""
    top = [*title_lines(view, width), *strip(view, width), ()]
    if width < _WIDE:
        blocks = [*_what_next(view, width, look), *_what_there_is(view, width, look), request_block(view, width, look)]
        return [*top, *_stacked(blocks)]
    half = width // 2
    left = _stacked([*_what_next(view, half - _GAP, look), request_block(view, half - _GAP, look)])
    right = _stacked(_what_there_is(view, width - half, look))
    return [*top, *columns(left, right, half)]


def _what_next(view: DeploymentView, width: int, look: Look) -> list[list[Line]]:
    return [next_block(view, width), owed_block(view, width, look), deadline_block(view, width, look)]


def _what_there_is(view: DeploymentView, width: int, look: Look) -> list[list[Line]]:
    return [
        kit_block(view, width),
        visit_block(view.visits, width, look),
        authority_block(view.authorities, look),
        certificate_block(view.certificates, look),
    ]


def _stacked(blocks: Sequence[list[Line]]) -> list[Line]:
    """Blocks with a line between them."""
    return [line for block in blocks if block for line in (*block, EMPTY)]


def title_lines(view: DeploymentView, width: int) -> list[Line]:
    """Which it is and where it stands, then what kind, where and whose: in one line where that has room."""
    row = view.row
    alarms: Line = (Span(f" {plural(row.alarms, 'alarm').upper()} ", "loud"),) if row.alarms else EMPTY
    first = joined(
        [
            (Span(f" {row.deployment}", "title"), Span(f"  {row.title}", "strong")),
            (state_span(row.state),),
            alarms,
        ]
    )
    second = joined(
        [
            (Span(f" {KIND_WORDS[row.kind]}"), *((Span(", urgent", "fair"),) if view.urgent else EMPTY)),
            (Span("site ", "muted"), Span(row.site or UNKNOWN)),
            (Span("lead ", "muted"), Span(row.lead or UNKNOWN)),
            (Span("units ", "muted"), Span(", ".join(row.units) or UNKNOWN)),
        ]
    )
    both = joined([first, second], "  ")
    return [both] if line_width(both) <= width else [first, second]


def strip(view: DeploymentView, width: int) -> list[Line]:
    """The chain of its states, in as many lines as it takes: `✓` done, `◌` gone past with a paper owed, `●` where it
    is, the others to come."""
    lines: list[Line] = []
    row: Line = (Span(" "),)
    for part in _chain(view):
        longer = (*row, Span("  "), *part) if line_width(row) > 1 else (*row, *part)
        if line_width(longer) > width:
            lines.append(row)
            longer = (Span(" "), *part)
        row = longer
    return [*lines, row]


def _chain(view: DeploymentView) -> list[Line]:
    state = view.row.state
    if state == "cancelled":
        return [(Span("requested ✓", "good"),), (Span("● cancelled", "muted"),)]
    here = "live" if state == "maintenance" else state
    names = [name for name, _step in CHAIN]
    parts: list[Line] = []
    for index, (name, step) in enumerate(CHAIN):
        told = step_view(view, step) if step is not None else None
        owed = told is not None and told.owed_until is not None
        if name == here:
            word = "maintenance" if state == "maintenance" else name
            parts.append((Span(f"● {word}", "title"), Span(" ◌" if owed else "", "fair")))
        elif index < names.index(here):
            parts.append((Span(f"{name} ◌", "fair"),) if owed else (Span(f"{name} ✓", "good"),))
        else:
            parts.append((Span(name, "muted"),))
    return parts


def wanted_words(wants: Sequence[KitWanted]) -> str:
    """`1 unit, 2 battery (lion-100)`."""
    return ", ".join(f"{one.count} {one.kind}" + (f" ({one.model})" if one.model else "") for one in wants)


def missing_of(view: DeploymentView) -> list[KitWanted]:
    """What it wants and has not: each item fulfils one wish, those for a model first."""
    left = list(view.items)
    missing: list[KitWanted] = []
    for want in sorted(view.wants, key=lambda one: one.model is None):
        fitting = [one for one in left if one.kind == want.kind and want.model in {None, one.model}][: want.count]
        left = [one for one in left if one not in fitting]
        if len(fitting) < want.count:
            missing.append(KitWanted(kind=want.kind, count=want.count - len(fitting), model=want.model))
    return missing


def kit_block(view: DeploymentView, width: int) -> list[Line]:
    """What is kept for it or out for it, and what is missing."""
    missing = missing_of(view)
    lacks: Line = (Span(f"missing {wanted_words(missing)}", "fair"), Span("  k", "accent")) if missing else EMPTY
    if view.row.state in OVER:
        lacks = EMPTY
    count: Line = (Span(str(len(view.items)), "strong"),) if view.items else (Span("none", "muted"),)
    return [head("KIT", count, lacks), *[item_line(one, width) for one in view.items]]


def item_line(item: ItemView, width: int) -> Line:
    """One item: code, what it is, who has it, and why it can not go out."""
    standing: Tone = "good" if item.standing in {"available", "reserved"} else "plain"
    where = f"with {item.custodian}" if item.out_since is not None else f"in {item.place or UNKNOWN}"
    tone: Tone = "bad" if item.standing in {"overdue", "failed", "quarantined", "unserviced", "gone"} else standing
    name = f"{item.model_name} {item.unit_label or item.unit or ''}".rstrip()
    why = f"  {item.why}" if item.why and tone == "bad" else ""
    return (
        Span(f"  {item.item:<8}", "strong"),
        Span(fit(item.kind, 10), "muted"),
        Span(fit(name, max(12, min(34, width - 50)))),
        Span(" " + fit(item.standing, 12), tone),
        Span(f"{where}{why}", "muted"),
    )


def visit_block(visits: Sequence[VisitView], width: int, look: Look) -> list[Line]:
    """Who goes there when, and whether they are right for it."""
    if not visits:
        return [head("VISITS", (Span("none planned", "muted"),), (Span("v", "accent"),))]
    lines: list[Line] = [head("VISITS", (Span(str(len(visits)), "strong"),))]
    for one in sorted(visits, key=lambda visit: visit.starts_at):
        lines += [visit_line(one, look), *blocker_block(one.findings, width)]
    return lines


def visit_line(visit: VisitView, look: Look) -> Line:
    """`fit  22 Nov 21:00 for 2 h  TO-12 lead, TO-15 driver`."""
    lead_first = sorted(visit.people, key=lambda one: one.role != "lead")
    people = ", ".join(f"{one.person} {one.role}" for one in lead_first)
    refused = any(one.answer == "refused" for one in visit.findings)
    mark = Span("✗ ", "bad") if refused else Span("! ", "fair") if visit.findings else Span("✓ ", "good")
    away = "  away over night" if visit.away else ""
    lasts = span_words(visit.ends_at - visit.starts_at)
    return (
        Span("  "),
        mark,
        Span(fit(visit.kind, 9), "strong" if visit.ends_at > look.now else "muted"),
        Span(f"{look.moment(visit.starts_at)} for {lasts}  "),
        Span(people),
        Span(f"{away}  {', '.join(visit.works)}", "muted"),
    )


def authority_block(authorities: Sequence[AuthorityShown], look: Look) -> list[Line]:
    """What it rests on."""
    if not authorities:
        return [head("AUTHORITIES", (Span("none: nothing is fitted without one", "fair"),), (Span("u", "accent"),))]
    return [
        head("AUTHORITIES", (Span(str(len(authorities)), "strong"),)),
        *[authority_line(one, look) for one in authorities],
    ]


def authority_line(shown: AuthorityShown, look: Look) -> Line:
    """One authority: reference, what for, how it stands, until when."""
    tone: Tone = "good" if shown.state == "in-force" else "bad" if shown.state in {"ended", "cancelled"} else "fair"
    oral: Line = (Span("  oral", "fair"),) if shown.urgent_oral else EMPTY
    is_far = shown.ends_at - look.now > _FAR
    until = look.day(shown.ends_at) if is_far else look.moment(shown.ends_at)
    return (
        Span(f"  {shown.reference}  ", "strong"),
        Span(" ".join(shown.kinds)),
        Span(f"  {' '.join(shown.modalities)}  ", "muted"),
        Span(shown.state.replace("-", " "), tone),
        Span(f" until {until}", "muted"),
        *oral,
    )


def newest_certificates(certificates: Sequence[ReadinessView]) -> list[ReadinessView]:
    """The latest certificate of each unit, by unit."""
    newest: dict[str, ReadinessView] = {}
    for one in sorted(certificates, key=lambda view: view.issued_at):
        newest[one.unit] = one
    return [newest[unit] for unit in sorted(newest)]


def certificate_block(certificates: Sequence[ReadinessView], look: Look) -> list[Line]:
    """The latest readiness certificate of each unit."""
    newest = newest_certificates(certificates)
    if not newest:
        return [head("READINESS", (Span("never judged", "muted"),), (Span("r", "accent"),))]
    lines: list[Line] = [head("READINESS")]
    for one in newest:
        failing = [line.name for line in one.lines if line.result == "fail"]
        why = f"  {', '.join(failing)}" if failing else ""
        lines.append((Span("  "), *certificate_line(one, look), Span(why, "bad")))
    return lines


def certificate_line(certificate: ReadinessView, look: Look) -> Line:
    """Whether a unit passed, when, and how long that holds."""
    at = look.moment(certificate.issued_at)
    holds = certificate.valid_until > look.now
    if not certificate.passed:
        word = Span("failed", "bad")
    else:
        word = Span("passed", "good") if holds else Span("passed, too old", "fair")
    left = f", holds {span_words(certificate.valid_until - look.now)} more" if certificate.passed and holds else ""
    return (
        Span(f"{certificate.unit}  ", "strong"),
        Span(f"{certificate.item}  ", "muted"),
        word,
        Span(f"  {at} by {certificate.issued_by}{left}", "muted"),
    )


def request_block(view: DeploymentView, width: int, look: Look) -> list[Line]:
    """What was asked for, by whom, and who leads it."""
    row = view.row
    span = f"{look.moment(row.starts_at)} until back {look.moment(row.expected_back_at)}"
    facts = [
        ("when", span),
        ("wants", wanted_words(view.wants) or UNKNOWN),
        ("work", ", ".join(view.works) or "none that takes a competence"),
        ("modalities", ", ".join(view.modalities) or UNKNOWN),
        ("rota", f"{view.rota or UNKNOWN}   supervisor {view.supervisor or UNKNOWN}"),
        ("asked by", f"{view.requested_by}  {look.moment(view.requested_at)}"),
        ("note", view.note or UNKNOWN),
    ]
    lines: list[Line] = [head("REQUEST", (Span("p", "accent"), Span(" changes it", "muted")))]
    for name, value in facts:
        first, *others = wrap(value, max(20, width - 13)) or [EMPTY]
        lines.append((Span(f"  {name:<11}", "muted"), *first))
        lines += [(Span(" " * 13), *line) for line in others]
    return lines
