"""Whom an error report is about: they neither answer for it themselves nor close it."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import structlog

from fleet.store.error_reports import ReportEntries
from fleet.store.store import Transaction
from protocols.api.log import ErrorReportView

_log = structlog.get_logger(__name__)

_LET_OPEN = ("lease.granted", "media.began")
_UNIT_SAYS = ("modality.opened", "modality.closed")
_MANDATE = "mandate.recorded"
_ENTRY = "entry "


class Concerned(NamedTuple):
    """Who opened, and who asked for or approved the mandate it was opened with; nobody where entries do not say."""

    opened: frozenset[str]
    mandated: frozenset[str]


class _Said(msgspec.Struct, frozen=True):
    """What entries of openings and mandates say of people."""

    kind: str
    actor: str
    unit: str | None = None
    opening: str | None = None
    person: str | None = None
    mandate: str | None = None
    requester: str | None = None
    approver: str | None = None


_decoder = msgspec.json.Decoder(_Said)


async def concerned_by(transaction: Transaction, report: ErrorReportView, entries: ReportEntries) -> Concerned:
    """Whom `report` is about: by its evidence, and by all that the tree has of the openings in that.

    A unit's own word counts only where the controller let nobody open: it could name all who might close the report.
    """
    source = transaction.log_openings
    kinds = (*_LET_OPEN, *_UNIT_SAYS, _MANDATE)
    numbers = [one.removeprefix(_ENTRY) for one in report.evidence if one.startswith(_ENTRY)]
    evidence = _said(await source.at(kinds, [int(number) for number in numbers if number.isdecimal()]))
    openings = entries.openings | {one.opening for one in evidence if one.opening is not None}
    told = _said(await source.of_openings([*_LET_OPEN, *_UNIT_SAYS], sorted(openings)))
    ours = [one for one in told if one.unit == report.unit_id]
    let = [one for one in ours if one.kind in _LET_OPEN]
    opened = {one.actor for one in let} or {one.person for one in ours if one.person is not None}
    named = {one.mandate for one in (let or ours)} - {None}
    mandates = [one for one in evidence if one.kind == _MANDATE]
    if report.unit_id is not None and named:
        of_unit = _said(await source.of_units([_MANDATE], [report.unit_id]))
        mandates += [one for one in of_unit if one.mandate in named]
    signed = {person for one in mandates for person in (one.requester, one.approver) if person is not None}
    return Concerned(frozenset(opened), frozenset(signed))


def _said(bodies: Iterable[tuple[int, bytes]]) -> list[_Said]:
    found: list[_Said] = []
    for index, body in bodies:
        try:
            found.append(_decoder.decode(body))
        except msgspec.DecodeError:
            _log.error("an entry of the deployment log can not be read", index=index)
    return found
