"""What-if: what would be different under another book. Pure."""

from collections.abc import Iterable, Mapping

from fleet.rota.rules.spans import Span, merged
from protocols.rota.findings import Answer, Assessment, Comparison, Finding, LoadChange, PersonLoad, RuleName
from protocols.rota.load import MEASURES, Load

GRAVE: frozenset[Answer] = frozenset({"breach", "fault"})
"""What nobody publishes or approves without saying why."""

_WHOEVER: frozenset[RuleName] = frozenset({"signers", "competence"})
"""Rules whose findings are of whoever is there: somebody else who is not enough either is nothing new."""


def brought(before: Iterable[Finding], after: Iterable[Finding]) -> list[Finding]:
    """The breaches and faults of `after` that were not there: those of which, of the same kind and for the same people,
    `before` has not all the time that they take."""
    there: dict[str, list[Span]] = {}
    for one in _grave(before):
        there.setdefault(_sameness(one), []).append(Span(one.starts_at, one.ends_at))
    joined = {kind: merged(spans) for kind, spans in there.items()}
    return [one for one in _grave(after) if not _within(one, joined.get(_sameness(one), []))]


def compare(before: Assessment, after: Assessment) -> Comparison:
    """What would be different if `after` came instead of `before`, both over the same period. Findings are told apart
    by their keys; loads that stay are left out; `parts` has by how many points each part of the score would change."""
    old, new = _by_key(before.findings), _by_key(after.findings)
    points = {part.name: part.points for part in before.quality.parts}
    return Comparison(
        grave=brought(before.findings, after.findings),
        come=[one for key, one in new.items() if key not in old],
        go=[one for key, one in old.items() if key not in new],
        changed=[one for key, one in new.items() if key in old and _differs(old[key], one)],
        loads=_load_changes(before.quality.loads, after.quality.loads),
        score_before=before.quality.score,
        score_after=after.quality.score,
        parts={part.name: round(part.points - points.get(part.name, 0.0), 1) for part in after.quality.parts},
    )


def _grave(findings: Iterable[Finding]) -> list[Finding]:
    return [one for one in findings if one.answer in GRAVE]


def _sameness(finding: Finding) -> str:
    """What a finding is of, whenever it is; its key ends with its cause and an instant."""
    cause = finding.key.rpartition(":")[0].rpartition(":")[2]
    persons = [] if finding.rule in _WHOEVER else finding.persons
    return ":".join([finding.rule, *persons, cause])


def _within(finding: Finding, spans: Iterable[Span]) -> bool:
    return any(span.starts_at <= finding.starts_at and finding.ends_at <= span.ends_at for span in spans)


def _by_key(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {one.key: one for one in findings}


def _differs(one: Finding, other: Finding) -> bool:
    """Whether what is found is not the same; its remedy and shifts may be others."""
    return (one.answer, one.starts_at, one.ends_at, one.measured) != (
        other.answer,
        other.starts_at,
        other.ends_at,
        other.measured,
    )


def _load_changes(before: Iterable[PersonLoad], after: Iterable[PersonLoad]) -> list[LoadChange]:
    old, new = _loads(before), _loads(after)
    people = [*old, *(person for person in new if person not in old)]
    changes = (LoadChange(person=one, load=_less(new.get(one, Load()), old.get(one, Load()))) for one in people)
    return [change for change in changes if change.load != Load()]


def _loads(people: Iterable[PersonLoad]) -> Mapping[str, Load]:
    return {one.person: one.load for one in people}


def _less(one: Load, other: Load) -> Load:
    return Load(**{measure: getattr(one, measure) - getattr(other, measure) for measure in MEASURES})
