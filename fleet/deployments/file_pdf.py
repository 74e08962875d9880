"""The deployment file as PDF, A4 upright, for reading. Pure.

It is made from the struct that is the JSON too, and every page has that JSON's SHA-256, so that either can be held
against the other and against the log.
"""

from collections.abc import Sequence
from datetime import datetime

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer

from fleet.deployments.file_wiring_pdf import wiring_part
from fleet.openings.report_form import utc
from fleet.pdf import BAD, DOUBT, GREY, INK, Edges, build, cell, facts_table, heading, remark, rows_table
from protocols.api.checklists import ChecklistView, EvidenceView
from protocols.api.deployments import DeploymentView, ReadinessLine, ReadinessView, StepView, VisitView
from protocols.api.reports import DeploymentFile
from protocols.deployments import ChecklistItem, KitWanted

_GAP = 4 * mm
_RESULT_COLOURS = {"pass": INK, "fail": BAD, "not-measured": DOUBT}
_Rows = Sequence[Sequence[Paragraph]]


def as_pdf(file: DeploymentFile, maker: str, sha256: str) -> bytes:
    """The file. `maker` is the name of whoever made it, `sha256` the hexadecimal SHA-256 of its JSON."""
    row = file.deployment.row
    made = f"made {utc(file.made_at)} by {file.made_by}, {maker}"
    story: list[Flowable] = [heading(f"{row.deployment} · deployment file", 16), Spacer(0, 2 * mm)]
    story += [facts_table(_about(file, made, sha256), (32, 150))]
    for title, part in (
        ("Steps", _steps(file.deployment)),
        ("Authorities", _authorities(file.deployment)),
        ("Kit", _kit(file.deployment)),
        ("Visits", _visits(file.deployment)),
        ("Deadlines", _deadlines(file.deployment)),
    ):
        story += [Spacer(0, _GAP), heading(title, 11), Spacer(0, 1 * mm), part]
    story += _certificates(file.deployment.certificates)
    story += _checklists(file.checklists)
    story += wiring_part(file.wiring)
    story += [Spacer(0, _GAP), heading("Entries of the log", 11), Spacer(0, 1 * mm), *_entries(file)]
    return build(
        story,
        size=A4,
        title=f"Deployment file {row.deployment}",
        author=f"{file.made_by} {maker}",
        subject=row.deployment,
        edges=Edges(f"Muster · deployment file · {row.deployment}", made, f"JSON sha256 {sha256}"),
    )


def _about(file: DeploymentFile, made: str, sha256: str) -> list[tuple[str, str]]:
    one, row = file.deployment, file.deployment.row
    return [
        ("Title", row.title),
        ("Kind", row.kind + (", by the fast path" if one.urgent else "")),
        ("State", row.state),
        ("Site", row.site or "none"),
        ("Kept", f"{utc(row.starts_at)} until {utc(row.expected_back_at)}"),
        ("Requested", f"{utc(one.requested_at)} by {one.requested_by}"),
        ("Lead", row.lead or "nobody"),
        ("Supervisor", one.supervisor or "nobody"),
        ("Rota", one.rota or "none"),
        ("Wanted", "; ".join(_wanted(want) for want in one.wants) or "nothing"),
        ("Work", ", ".join(one.works) or "none that takes a competence"),
        ("Modalities", ", ".join(one.modalities) or "none"),
        ("Papers owed", str(row.owed)),
        ("Open alarms", str(row.alarms)),
        ("Note", one.note),
        ("Version", str(one.version)),
        ("File", made),
        ("JSON sha256", sha256),
        ("Address", "of a site it is in no file"),
    ]


def _wanted(want: KitWanted) -> str:
    return f"{want.count} {want.kind}" + (f" ({want.model})" if want.model else "")


def _at(at: datetime | None, otherwise: str = "") -> str:
    return otherwise if at is None else utc(at)


def _table(columns: Sequence[str], rows: _Rows, widths_mm: Sequence[float], empty: str) -> Flowable:
    return rows_table(columns, rows, widths_mm) if rows else remark(empty)


def _steps(one: DeploymentView) -> Flowable:
    rows = [
        [cell(step.step), cell(_at(step.done_at, "to come")), cell(step.done_by or ""), _owed(step)]
        for step in one.steps
    ]
    return _table(("step", "when (UTC)", "by", "papers"), rows, (32, 40, 24, 86), "No step.")


def _owed(step: StepView) -> Paragraph:
    if step.owed_until is not None:
        return cell(f"owed until {utc(step.owed_until)}", colour=BAD)
    return cell("gone past, and made up for" if step.skipped else "")


def _authorities(one: DeploymentView) -> Flowable:
    rows = [
        [
            cell(each.reference, each.authority_id),
            cell(each.state + (", urgent oral" if each.urgent_oral else "")),
            cell(", ".join(each.kinds)),
            cell(", ".join(each.modalities)),
            cell(f"{utc(each.starts_at)} until", utc(each.ends_at)),
        ]
        for each in one.authorities
    ]
    return _table(
        ("authority", "state", "for", "modalities", "in force (UTC)"), rows, (40, 30, 34, 38, 40), "No authority."
    )


def _kit(one: DeploymentView) -> Flowable:
    rows = [
        [
            cell(item.item, item.unit_label or item.unit or ""),
            cell(item.model_name, f"serial {item.serial}" if item.serial else ""),
            cell(item.condition, item.service),
            cell(item.standing, item.why),
            cell(item.custodian),
            cell(_at(item.out_since, "not out"), f"back {utc(item.expected_back_at)}" if item.expected_back_at else ""),
        ]
        for item in one.items
    ]
    return _table(
        ("item", "what", "condition", "standing", "with", "out since (UTC)"), rows, (26, 40, 24, 38, 18, 36), "No kit."
    )


def _visits(one: DeploymentView) -> Flowable:
    rows = [
        [
            cell(visit.kind, "away" if visit.away else ""),
            cell(f"{utc(visit.starts_at)} until", utc(visit.ends_at)),
            cell(", ".join(f"{who.person} ({who.role})" for who in visit.people)),
            cell(", ".join(visit.works)),
            cell(*_findings(visit)),
        ]
        for visit in one.visits
    ]
    return _table(("visit", "when (UTC)", "who", "work", "remarks"), rows, (20, 40, 42, 30, 50), "No visit.")


def _findings(visit: VisitView) -> list[str]:
    return [f"{found.answer}: {found.sentence}" for found in visit.findings]


def _deadlines(one: DeploymentView) -> Flowable:
    rows = [
        [
            cell(due.kind, due.about),
            cell(utc(due.due_at)),
            cell(due.owner or "nobody"),
            cell(due.stage, colour=BAD if due.stage == "overdue" else INK),
            cell(due.sentence),
        ]
        for due in one.deadlines
    ]
    return _table(("deadline", "due (UTC)", "owner", "stage", "what"), rows, (38, 40, 20, 20, 64), "No deadline.")


def _certificates(certificates: Sequence[ReadinessView]) -> list[Flowable]:
    story: list[Flowable] = [Spacer(0, _GAP), heading("Readiness certificates", 11), Spacer(0, 1 * mm)]
    if not certificates:
        return [*story, remark("No certificate.")]
    for one in certificates:
        outcome = "passed" if one.passed else "did not pass"
        facts = [
            ("Certificate", f"{one.certificate} of {one.item}, unit {one.unit}: {outcome}"),
            ("Issued", f"{utc(one.issued_at)} by {one.issued_by}, valid until {utc(one.valid_until)}"),
            ("sha256", one.sha256),
        ]
        columns = ("line", "result", "value", "limit", "age s", "why")
        lines = rows_table(columns, [_line(line) for line in one.lines], (36, 24, 32, 32, 16, 42))
        story += [facts_table(facts, (32, 150)), lines, Spacer(0, 2 * mm)]
    return story


def _line(line: ReadinessLine) -> list[Paragraph]:
    return [
        cell(line.name),
        cell(line.result, colour=_RESULT_COLOURS[line.result]),
        cell(_figure(line.value, line.unit_of_measure)),
        cell(_figure(line.limit, line.unit_of_measure)),
        cell("" if line.age_s is None else str(line.age_s)),
        cell(line.reason),
    ]


def _figure(value: float | str | None, unit_of_measure: str) -> str:
    """A figure with its unit of measure; a word alone."""
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.10g} {unit_of_measure}".strip()


def _checklists(checklists: Sequence[ChecklistView]) -> list[Flowable]:
    story: list[Flowable] = []
    for one in checklists:
        found = {evidence.key: evidence for evidence in one.evidence}
        version = f"version {one.version}" if one.version else "the program's own"
        title = f"Checklist: {one.step}, {version}" + (f", {len(one.missing)} missing" if one.missing else "")
        rows = [_item(item, found.get(item.key)) for item in one.items]
        columns = ("item", "procedure", "found", "by", "when (UTC)")
        story += [Spacer(0, _GAP), heading(title, 11), Spacer(0, 1 * mm)]
        story += [_table(columns, rows, (66, 22, 40, 16, 38), "It asks for nothing.")]
    return story


def _item(item: ChecklistItem, found: EvidenceView | None) -> list[Paragraph]:
    if found is None:
        said = cell("missing" if item.required else "not asked for", colour=BAD if item.required else GREY)
        return [cell(item.text), cell(item.procedure), said, cell(""), cell("")]
    words = {
        "tick": "yes" if found.ticked else "no",
        "text": found.text,
        "number": _figure(found.number, item.unit_of_measure),
    }
    said = cell(words[item.evidence], "" if found.met else "not met", colour=INK if found.met else BAD)
    return [cell(item.text), cell(item.procedure), said, cell(found.by), cell(utc(found.at))]


def _entries(file: DeploymentFile) -> list[Flowable]:
    rows = [
        [
            cell("not yet" if entry.index is None else str(entry.index)),
            cell(entry.kind),
            cell(utc(entry.at)),
            cell(entry.actor),
        ]
        for entry in file.entries
    ]
    story = [_table(("leaf", "kind", "when (UTC)", "who"), rows, (24, 78, 44, 36), "No entry.")]
    if file.entries_left_out:
        left = f"{file.entries_left_out} older entries are left out; the log has them."
        story += [Spacer(0, 1 * mm), remark(left)]
    return story
