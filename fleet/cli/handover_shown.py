"""How a handover sheet is printed: part by part, each with what is most urgent first."""

from collections.abc import Sequence

from fleet.cli.output import print_line, print_table
from fleet.cli.rota_times import said
from protocols.api.handovers import HandoverRow, HandoverSheet, Part


def print_sheet(sheet: HandoverSheet) -> None:
    """Every part of a sheet; times are in the rota's zone."""
    zone = sheet.zone
    print_line(
        f"{sheet.name}: {sheet.outgoing} hands over to {sheet.incoming} at {said(sheet.change_at, zone)} ({zone})\n"
        f"as it was at {said(sheet.made_at, zone)}, made by {sheet.made_by}"
    )
    _part(
        sheet,
        "welfare",
        "WELFARE TIMERS",
        ("person", "stage", "answer due", "for"),
        [(one.person, one.stage, said(one.due_at, zone), one.deployment) for one in sheet.welfare],
    )
    _part(
        sheet,
        "alarms",
        "OPEN ALARMS",
        ("alarm", "about", "severity", "state", "since", "what"),
        [
            (one.alarm, one.label, one.severity, one.state, said(one.raised_at, zone), one.summary)
            for one in sheet.alarms
        ],
    )
    _part(
        sheet,
        "deployments",
        "OPEN DEPLOYMENTS",
        ("deployment", "state", "lead", "next deadline", "what", "title"),
        [
            (
                one.deployment,
                one.state,
                one.lead,
                None if one.deadline is None else said(one.deadline.due_at, zone),
                "" if one.deadline is None else one.deadline.sentence,
                one.title,
            )
            for one in sheet.deployments
        ],
    )
    _part(
        sheet,
        "papers",
        "PAPERWORK OWED",
        ("deployment", "step", "owner", "until"),
        [(one.deployment, one.step, one.owner, said(one.owed_until, zone)) for one in sheet.papers],
    )
    _part(
        sheet,
        "authorities",
        "AUTHORITIES THAT END WITHIN 14 DAYS",
        ("authority", "reference", "ends", "deployments"),
        [
            (one.authority_id, one.reference, said(one.ends_at, zone), ", ".join(one.deployments))
            for one in sheet.authorities
        ],
    )
    _part(
        sheet,
        "kit",
        "KIT OUT",
        ("item", "model", "who has it", "deployment", "expected back", "standing"),
        [
            (one.item, one.model, one.custodian, one.deployment, said(one.expected_back_at, zone), one.standing)
            for one in sheet.kit
        ],
    )
    _part(
        sheet,
        "rest_owed",
        "REST OWED",
        ("person", "hours"),
        [(one.person, f"{one.owed_min / 60:.1f}") for one in sheet.rest_owed],
    )
    if sheet.rest_unknown:
        print_line("rest owed could not be worked out: too much lies in its time")
    _part(
        sheet,
        "gaps",
        "GAPS IN COVER AHEAD",
        ("from", "until", "what"),
        [(said(one.starts_at, zone), said(one.ends_at, zone), one.sentence) for one in sheet.gaps],
    )


def print_row(row: HandoverRow, zone: str) -> None:
    """Who has acknowledged it."""
    told = [f"{one.person} ({one.part}) {said(one.at, zone)}" for one in row.acknowledged]
    waits = f"superseded by {row.superseded_by}" if row.superseded_by else f"waits for {', '.join(row.waits_for)}"
    done = row.superseded_by is None and not row.waits_for
    print_line(f"{row.handover}  sha256 {row.sha256}")
    print_line(f"acknowledged by {', '.join(told) or 'nobody yet'}" + ("" if done else f"; {waits}"))


def _part(
    sheet: HandoverSheet, part: Part, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    count = sheet.counts[part]
    more = f", the first {len(rows)} of them" if count > len(rows) else ""
    print_line(f"\n{title}  {count}{more}")
    if rows:
        print_table(columns, rows, empty="")
