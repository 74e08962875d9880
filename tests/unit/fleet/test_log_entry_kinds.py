"""Kinds of entries: each is in docs/log-entries.md, has a name of its own, and holds no free text and no place."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from fleet.entries import (
    access,
    alarms,
    deployment_papers,
    deployments,
    handovers,
    kit,
    log,
    people_and_units,
    releases,
    rollouts,
    rota_people,
    rotas,
    sites,
    welfare,
    wiring,
)
from fleet.entries.entry import Entry, HashedText
from fleet.entries.log import LogScope
from protocols.mandate import Allowance

DOCUMENT = Path(__file__).parents[3] / "docs" / "log-entries.md"
KINDS: list[type[Entry]] = [
    found
    for module in (
        people_and_units,
        access,
        alarms,
        log,
        rota_people,
        rotas,
        deployments,
        deployment_papers,
        welfare,
        handovers,
        kit,
        sites,
        wiring,
        releases,
        rollouts,
    )
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, Entry) and found is not Entry
]
PLAIN = {int, bool, datetime, date, type(None), HashedText}
NEVER = re.compile(
    "lat|lon|latitude|longitude|coordinates?|position|place|location|site|address|subject|target|suspect|name|names|"
    "phone|email|plate|text|note|comment|summary|description|message",
)
"""Fields that may not be, unless they hold a salted hash of free text."""

OF_EVERY_ENTRY = {"actor", "unit", "authority", "deployment"}
IDS = {
    "person.added person",
    "person.ended person",
    "modality.opened person",
    "modality.closed person",
    "opening.refused person",
    "session.refused claimed",
    "voucher.made voucher",
    "voucher.withdrawn voucher",
    "voucher.used voucher",
    "join.presented voucher",
    "join.presented join",
    "join.refused voucher",
    "unit.joined join",
    "unit.joined certificate",
    "certificate.renewed certificate",
    "certificate.renewed predecessor",
    "certificate.used certificate",
    "certificate.used known_by",
    "certificate.revoked certificate",
    "unit.rejoined join",
    "unit.rejoined certificate",
    "unit.revoked certificates",
    "unit.cut-off takeover",
    "unit.quarantined certificates",
    "join.turned-away join",
    "people.drafted draft",
    "people.signed draft",
    "people.withdrawn draft",
    "people.in-force signed_by",
    "command.issued command",
    "command.finished command",
    "authority.recorded authority_id",
    "authority.recorded renews",
    "authority.reviewed authority_id",
    "authority.statement authority_id",
    "authority.cancelled authority_id",
    "mandate.drafted mandate",
    "mandate.drafted approver",
    "mandate.signed mandate",
    "mandate.signed person",
    "mandate.discarded mandate",
    "mandate.recorded mandate",
    "mandate.recorded authority_id",
    "mandate.recorded requester",
    "mandate.recorded approver",
    "mandate.cancelled mandate",
    "mandate.recovered mandate",
    "viewer.joined opening",
    "check.judged opening",
    "lease.granted opening",
    "lease.granted mandate",
    "lease.refused mandate",
    "media.began opening",
    "modality.opened opening",
    "modality.opened mandate",
    "modality.closed opening",
    "opening.refused opening",
    "opening.refused mandate",
    "position.read opening",
    "position.read mandate",
    "record.differs opening",
    "record.differs report",
    "kit.added item",
    "kit.added model",
    "kit.added person",
    "kit.moved item",
    "kit.moved from_person",
    "kit.moved person",
    "kit.changed item",
    "kit.condition-seen item",
    "kit.service-changed item",
    "kit.maintained item",
    "kit.read item",
    "kit-model.set model",
    "kit-stock.moved model",
    "kit-place.set person",
    "log.exported export",
    "hold.placed hold",
    "hold.released hold",
    "error-report.drafted report",
    "error-report.drafted evidence",
    "error-report.advanced report",
    "witness.disagreed witness",
    "rota.defined rota",
    "rota.ended rota",
    "rota.solve-asked rota",
    "rota.solve-asked plan",
    "rota.solve-stopped rota",
    "rota.solve-stopped plan",
    "rota.plan-made rota",
    "rota.plan-made plan",
    "rota.plan-failed rota",
    "rota.plan-failed plan",
    "rota.plan-discarded rota",
    "rota.plan-discarded plan",
    "rota.published rota",
    "rota.published plan",
    "terms.set person",
    "absence.recorded absence",
    "absence.recorded person",
    "absence.withdrawn absence",
    "absence.withdrawn person",
    "wish.made wish",
    "wish.withdrawn wish",
    "call-out.recorded call_out",
    "call-out.recorded rota",
    "call-out.recorded person",
    "call-out.ended call_out",
    "call-out.ended rota",
    "call-out.ended person",
    "call-out.withdrawn call_out",
    "call-out.withdrawn rota",
    "call-out.withdrawn person",
    "work.recorded work",
    "work.recorded person",
    "work.withdrawn work",
    "work.withdrawn person",
    "rest.recorded rest",
    "rest.recorded person",
    "rest.withdrawn rest",
    "rest.withdrawn person",
    "hours.read rota",
    "calendar.made calendar",
    "calendar.made rota",
    "calendar.withdrawn calendar",
    "rota.change-asked rota",
    "rota.change-asked change",
    "rota.change-asked person",
    "rota.change-asked gives",
    "rota.change-agreed rota",
    "rota.change-agreed change",
    "rota.change-agreed person",
    "rota.change-approved rota",
    "rota.change-approved change",
    "rota.change-approved person",
    "rota.change-approved gives",
    "rota.change-refused rota",
    "rota.change-refused change",
    "rota.change-undone rota",
    "rota.change-undone change",
    "rota.change-lapsed rota",
    "rota.change-lapsed change",
    "alarm.raised alarm",
    "alarm.raised person",
    "alarm.raised rota",
    "alarm.cleared alarm",
    "alarm.acknowledged alarm",
    "alarm.paged alarm",
    "alarm.paged person",
    "alarming.dead told",
    "alarm-window.made window",
    "alarm-window.ended window",
    "contact.added contact",
    "contact.test-asked contact",
    "contact.tested contact",
    "contact.withdrawn contact",
    "welfare.started welfare",
    "welfare.started person",
    "welfare.started call_out",
    "welfare.started visit",
    "welfare.answered welfare",
    "welfare.answered person",
    "welfare.missed welfare",
    "welfare.missed person",
    "welfare.ended welfare",
    "welfare.ended person",
    "handover.made handover",
    "handover.made rota",
    "handover.made outgoing",
    "handover.made incoming",
    "handover.made supersedes",
    "handover.acknowledged handover",
    "handover.acknowledged rota",
    "deployment.requested lead",
    "deployment.requested rota",
    "deployment.requested site_code",
    "deployment.requested supervisor",
    "deployment.set lead",
    "deployment.set rota",
    "deployment.set site_code",
    "deployment.set supervisor",
    "deployment.visits-set planned",
    "deployment.visits-set dropped",
    "deployment.visits-set people",
    "deployment.kit-kept items",
    "deployment.kit-kept released",
    "deployment.authorities-named authority_ids",
    "deployment.authorities-named dropped",
    "deployment.step-owed person",
    "readiness.judged certificate",
    "readiness.judged item",
    "harness.kept harness",
    "deployment.harness-given harness",
    "deployment.harness-given item",
    "deployment.harness-withdrawn harness",
    "deployment.harness-fitted harness",
    "deployment.harness-fitted fitting",
    "release.drafted draft",
    "release.draft-withdrawn draft",
    "release.signed draft",
    "release.published draft",
    "rollout.started rollout",
    "rollout.paused rollout",
    "rollout.stopped rollout",
    "rollout.resumed rollout",
    "rollout.cancelled rollout",
    "rollout.done rollout",
    "unit.update-told rollout",
    "unit.update-ended rollout",
    "unit.update-told update",
    "unit.update-told command",
    "unit.update-ended update",
}
"""Ids that the controller or a unit makes, person ids, codes of sites and kit, and the key name of a witness."""
DIGESTS_AND_NONCES = {
    "kit-model.set sha256",
    "person.added key_fingerprint",
    "join.presented fingerprint",
    "join.refused fingerprint",
    "join.turned-away fingerprint",
    "unit.joined fingerprint",
    "unit.rejoined fingerprint",
    "certificate.renewed fingerprint",
    "ca.changed sha256",
    "people.drafted sha256",
    "people.signed sha256",
    "people.in-force sha256",
    "authority.recorded document_sha256",
    "authority.statement document_sha256",
    "mandate.drafted sha256",
    "mandate.signed sha256",
    "mandate.recorded sha256",
    "lease.granted lease_sha256",
    "lease.granted nonce",
    "unit.started boot",
    "log.exported indexes_sha256",
    "report.made sha256",
    "rota.defined sha256",
    "rota.plan-made sha256",
    "rota.published sha256",
    "terms.set sha256",
    "alarm-rules.set sha256",
    "handover.made sha256",
    "handover.acknowledged sha256",
    "deployment.visits-set sha256",
    "readiness.judged sha256",
    "checklist-template.set sha256",
    "deployment.file-read sha256",
    "harness.kept sha256",
    "deployment.harness-given sha256",
    "deployment.harness-fitted sha256",
    "release.file-begun sha256",
    "release.file-kept sha256",
    "release.file-removed sha256",
    "release.drafted sha256",
    "release.signed sha256",
    "release.published sha256",
    "rollout.started sha256",
    "rollout.started plan_sha256",
}
CODES = {
    "session.refused reason",
    "request.refused permission",
    "request.refused request",
    "join.refused code",
    "unit.joined key_protection",
    "certificate.renewed key_protection",
    "unit.quarantined cause",
    "command.issued order",
    "command.finished state",
    "event.acknowledged event_kind",
    "alarm.raised alarm_kind",
    "alarm.raised rule",
    "alarm.cleared alarm_kind",
    "alarm.acknowledged alarm_kind",
    "retention.set log_text_years_of",
    "telemetry.erased partitions",
    "text.erased kinds",
    "lease.refused rule",
    "unit.started reason",
    "modality.closed reason",
    "opening.refused rule",
    "record.differs cause",
    "error-report.drafted cause",
    "deployment.changed warnings",
    "checklist.evidence-given key",
    "kit.added to_store",
    "kit.moved from_store",
    "kit.moved to_store",
    "kit.maintained rule",
    "kit-place.set store",
    "site.set site_code",
    "site.surveyed site_code",
    "site.consulted site_code",
    "site.erased site_code",
    "rollout.started manifest",
}
"""Words and fixed sentences of the program's own."""
NETWORK_ADDRESSES = {
    "session.opened came_from",
    "session.refused came_from",
    "join.presented came_from",
    "join.refused came_from",
}
ALLOWED = IDS | DIGESTS_AND_NONCES | CODES | NETWORK_ADDRESSES
IN_ALLOWANCE: set[str] = set()
"""An allowance of a mandate has a modality and two counts, and no plain text."""
SCOPE = {"unit", "person", "authority", "deployment", "kind"}


def kind_name(kind: type[Entry]) -> str:
    return str(kind.__struct_config__.tag)


def own_fields(kind: type[Entry]) -> list[str]:
    return [field for field in kind.__struct_fields__ if field not in Entry.__struct_fields__]


def parts_of(annotation: Any) -> Iterator[Any]:
    """The plain types that an annotation is made of; a Literal counts as nothing."""
    origin = get_origin(annotation)
    if origin is Literal:
        return
    if origin is None:
        yield annotation
        return
    for inner in get_args(annotation):
        yield from parts_of(inner)


def fields_of_text() -> set[str]:
    """Every field of every kind that holds a plain str."""
    found = set()
    for kind in KINDS:
        hints = get_type_hints(kind)
        for field in own_fields(kind):
            parts = set(parts_of(hints[field]))
            assert parts <= PLAIN | {str, LogScope, Allowance}, f"{kind_name(kind)} {field} holds {parts}"
            if str in parts:
                found.add(f"{kind_name(kind)} {field}")
    return found


def documented() -> dict[str, str]:
    """The dpa kind by kind, from the document's table; a kind that is there twice fails."""
    rows = re.findall(r"^\| `([^`]*)` \|[^|]*\|[^|]*\| (\w+) \|", DOCUMENT.read_text(), re.MULTILINE)
    assert len(rows) == len(dict(rows))
    return dict(rows)


def test_the_document_lists_every_kind_with_its_kind_of_processing_and_no_other() -> None:
    assert documented() == {kind_name(kind): kind.dpa for kind in KINDS}


def test_every_kind_has_a_name_of_its_own_that_can_be_asked_for() -> None:
    names = [kind_name(kind) for kind in KINDS]
    assert len(names) == len(set(names)) > 40
    assert [name for name in names if not re.fullmatch("[a-z.-]{1,40}", name)] == []


def test_what_is_no_id_no_code_and_no_digest_is_a_salted_hash() -> None:
    """A new field of plain text fails here until somebody says which of those it is."""
    assert fields_of_text() == ALLOWED
    assert {name for name, hint in get_type_hints(Entry).items() if str in set(parts_of(hint))} - {"dpa"} == (
        OF_EVERY_ENTRY
    )
    hints = get_type_hints(Allowance)
    assert {name for name in Allowance.__struct_fields__ if str in set(parts_of(hints[name]))} == IN_ALLOWANCE
    hints = get_type_hints(LogScope)
    assert {name for name in LogScope.__struct_fields__ if str in set(parts_of(hints[name]))} == SCOPE


@pytest.mark.parametrize("kind", KINDS, ids=kind_name)
def test_no_field_is_for_a_place_a_name_or_a_subject(kind: type[Entry]) -> None:
    hints = get_type_hints(kind)
    open_fields = [field for field in kind.__struct_fields__ if HashedText not in set(parts_of(hints[field]))]
    assert [field for field in open_fields if NEVER.fullmatch(field)] == []


def test_the_guard_would_see_a_field_of_text() -> None:
    """The walk over annotations finds str wherever it may stand."""
    for annotation in (str, str | None, list[str], dict[str, int], tuple[list[str | None], int]):
        assert str in set(parts_of(annotation)), annotation
    assert str not in set(parts_of(Literal["a", "b"] | None))
