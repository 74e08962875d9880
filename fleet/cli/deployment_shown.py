"""How commands show a deployment: its facts, and tables of its steps, kit, visits, authorities and deadlines."""

from collections.abc import Sequence

from fleet.cli.output import moment, print_facts, print_line, print_table
from protocols.api.deployments import AuthorityShown, DeploymentView, ReadinessView, StepView, VisitView
from protocols.api.kit import ItemView
from protocols.deployments import Blocker, Deadline, KitWanted


def print_deployment(one: DeploymentView) -> None:
    """All of it, part by part."""
    print_facts(_facts(one))
    print_line("\nsteps")
    print_steps(one.steps)
    print_line("\nwhat stops the next step")
    print_blockers(next_blockers(one))
    print_line("\nkit")
    print_kit(one.items, one.row.deployment)
    print_line("\nvisits")
    print_visits(one.visits)
    print_line("\nauthorities")
    print_authorities(one.authorities)
    print_line("\ndeadlines")
    print_deadlines(one.deadlines)


def next_blockers(one: DeploymentView) -> list[Blocker]:
    """What is the matter with the step that comes next."""
    return [blocker for step in one.steps if step.step == one.row.next_step for blocker in step.blockers]


def print_blockers(found: Sequence[Blocker]) -> None:
    """What stops a step or is to be minded: by which rule, whose it is, and what would make it possible."""
    rows = [(one.answer, one.rule, one.sentence, one.whose, one.remedy) for one in found]
    free = ["what is the matter", "whose it is", "what would make it possible"]
    print_table(("answer", "rule", *free), rows, empty="nothing stops it", free=free)


def print_steps(steps: Sequence[StepView]) -> None:
    """The way so far and to come."""
    rows = [(one.step, one.done_at, one.done_by, _papers(one), _stopped(one)) for one in steps]
    print_table(("step", "done", "by", "papers", "stopped by"), rows, empty="it has no steps")


def print_kit(items: Sequence[ItemView], deployment: str) -> None:
    """What is kept for a deployment, or out. That it is kept or out for this one is no fault of an item."""
    own = {("reserved", deployment), ("out", deployment)}
    rows = [
        (
            one.item,
            one.model_name,
            one.unit_label,
            one.standing,
            one.custodian,
            one.out_since,
            "" if (one.standing, one.deployment or one.reserved_for) in own else one.why,
        )
        for one in items
    ]
    columns = ("item", "what", "unit", "standing", "with", "out since", "why it can not go out")
    print_table(columns, rows, empty="no kit is kept for it", free=["what", "why it can not go out"])


def print_visits(visits: Sequence[VisitView]) -> None:
    """Who goes when."""
    rows = [
        (
            one.visit,
            one.kind,
            one.starts_at,
            one.ends_at,
            [f"{who.person} {who.role}" for who in one.people],
            ", ".join(one.works),
            "yes" if one.away else "",
            [f"{found.answer}: {found.sentence}" for found in one.findings],
        )
        for one in visits
    ]
    columns = ("visit", "kind", "from", "until", "who", "work", "away", "remarks")
    print_table(columns, rows, empty="nobody is to go there", free=["remarks"])


def print_authorities(authorities: Sequence[AuthorityShown]) -> None:
    """What it rests on."""
    rows = [
        (
            one.authority_id,
            one.reference,
            ", ".join(one.kinds),
            ", ".join(one.modalities),
            one.starts_at,
            one.ends_at,
            one.state,
            "yes" if one.urgent_oral else "",
        )
        for one in authorities
    ]
    columns = ("authority", "reference", "for", "modalities", "from", "until", "state", "urgent oral")
    print_table(columns, rows, empty="it rests on no authority")


def print_deadlines(deadlines: Sequence[Deadline]) -> None:
    """What is due, by when, and whose it is."""
    rows = [(one.kind, one.about, one.due_at, one.stage, one.owner, one.sentence) for one in deadlines]
    columns = ("deadline", "about", "due", "stage", "owner", "what")
    print_table(columns, rows, empty="nothing is due", free=["what"])


def print_readiness(certificates: Sequence[ReadinessView]) -> None:
    """Certificates, a line for each figure."""
    rows = [
        (
            one.item,
            line.name,
            line.result,
            _figure(line.value, line.unit_of_measure),
            _figure(line.limit, line.unit_of_measure),
            line.age_s,
            line.reason,
        )
        for one in certificates
        for line in one.lines
    ]
    columns = ("item", "line", "result", "value", "limit", "age s", "why")
    print_table(columns, rows, empty="it has no unit to judge", free=["why"])
    for one in certificates:
        outcome = f"is ready until {moment(one.valid_until)}" if one.passed else "is NOT READY"
        print_line(f"{one.item} ({one.unit}) {outcome}; certificate {one.certificate}, sha256 {one.sha256}")


def wanted_words(wanted: KitWanted) -> str:
    """As one types it: `unit:van-kit=1`."""
    return f"{wanted.kind}" + (f":{wanted.model}" if wanted.model else "") + f"={wanted.count}"


def deadline_words(deadline: Deadline | None) -> str | None:
    """The nearest deadline in a word."""
    return None if deadline is None else f"{deadline.kind} {deadline.stage}"


def _facts(one: DeploymentView) -> list[tuple[str, object]]:
    row = one.row
    return [
        ("deployment", row.deployment),
        ("title", row.title),
        ("kind", row.kind + (", by the fast path" if one.urgent else "")),
        ("state", row.state),
        ("next step", row.next_step),
        ("site", row.site),
        ("lead", row.lead),
        ("supervisor", one.supervisor),
        ("rota", one.rota),
        ("kit kept from", row.starts_at),
        ("expected back", row.expected_back_at),
        ("wants", ", ".join(map(wanted_words, one.wants))),
        ("work", ", ".join(one.works)),
        ("modalities", ", ".join(one.modalities)),
        ("papers owed", row.owed),
        ("open alarms", row.alarms),
        ("requested by", one.requested_by),
        ("requested", one.requested_at),
        ("note", one.note),
        ("version", one.version),
    ]


def _papers(one: StepView) -> str:
    if one.owed_until is not None:
        return f"OWED until {moment(one.owed_until)}"
    return "made up for" if one.skipped else ""


def _stopped(one: StepView) -> str:
    refused = [found.rule for found in one.blockers if found.answer == "refused"]
    return ", ".join(refused) or ("may be done" if one.is_next else "")


def _figure(value: float | str | None, unit_of_measure: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return f"{value:.10g} {unit_of_measure}".strip()
