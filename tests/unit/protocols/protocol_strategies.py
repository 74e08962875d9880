"""Hypothesis strategies for the wire contract, drawn from the very types, so that a new figure is covered at once."""

from typing import get_args

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec import inspect

from protocols.access_record import MAX_RECORD_CHARS
from protocols.health import FIGURES, HealthReport
from protocols.ids import new_unit_id
from protocols.releases.manifest import PartName
from protocols.releases.reports import UpdateReport, UpdateState
from protocols.uplink import (
    AnyUpMessage,
    CommandResult,
    EventBatch,
    HealthBatch,
    SessionProof,
    SessionState,
    UnitEvent,
)

unit_ids = st.from_regex(r"\A[a-z0-9-]{8,40}\Z") | st.builds(new_unit_id)
nonces = st.from_regex(r"\A[0-9a-f]{32}\Z")
command_ids = st.from_regex(r"\A[0-9a-f]{24}\Z")
seqs = st.integers(1, (1 << 53) - 1)
digests = st.from_regex(r"\A[0-9a-f]{64}\Z")
unix_ms = st.integers(0, 253_402_300_799_999)
readable = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf"))


def lines(limit: int) -> SearchStrategy[str]:
    """One line of text of at most `limit` signs."""
    return st.text(readable, max_size=limit)


def _of(kind: inspect.Type) -> SearchStrategy[object]:
    match kind:
        case inspect.UnionType(types):
            return st.one_of([_of(member) for member in types])
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.LiteralType(values):
            return st.sampled_from(values)
        case inspect.IntType(ge=low, le=high, lt=below):
            return st.integers(low, high if below is None else below - 1)
        case inspect.FloatType(ge=low, le=high):
            return st.floats(low, high, allow_nan=False, allow_infinity=False)
        case inspect.StrType(min_length=shortest, max_length=longest, pattern=str(pattern)):
            fitting = st.from_regex(pattern.replace("^", r"\A", 1).replace(r"$(?!\n)", r"\Z"))
            return fitting.filter(lambda text: (shortest or 0) <= len(text) <= (longest or len(text)))
        case _:
            raise NotImplementedError(f"no strategy for {kind}")


_FIGURE_VALUES = {
    field.name: _of(field.type)
    for field in msgspec.inspect.type_info(HealthReport).fields  # type: ignore[attr-defined]  # a struct's info
    if field.name in FIGURES
}

health_reports = st.builds(
    HealthReport,
    seq=seqs,
    sampled_at_ms=unix_ms,
    ages_s=st.dictionaries(st.sampled_from(FIGURES), st.integers(0, 10**9), max_size=5),
    access_records=st.none() | st.integers(0, (1 << 53) - 1),
    access_head=st.none() | digests,
    **_FIGURE_VALUES,
)

update_reports = st.builds(
    UpdateReport,
    update=st.from_regex(r"\AUP-[0-9a-f]{12}\Z"),
    state=st.sampled_from(get_args(UpdateState)),
    part=st.none() | st.sampled_from(get_args(PartName)),
    done_bytes=st.integers(0, 1 << 40),
    total_bytes=st.integers(0, 1 << 40),
    versions=st.dictionaries(st.sampled_from(get_args(PartName)), st.from_regex(r"\A[0-9a-z.+-]{1,32}\Z")),
    reason=lines(200),
)

unit_events = st.builds(
    UnitEvent,
    seq=seqs,
    sampled_at_ms=unix_ms,
    kind=st.from_regex(r"\A[a-z0-9-]{1,40}\Z"),
    severity=st.sampled_from(["info", "warning", "alarm"]),
    summary=lines(200),
    record=st.none() | st.text(st.characters(codec="utf-8"), max_size=MAX_RECORD_CHARS),
    update=st.none() | update_reports,
)

_proofs = st.builds(
    SessionProof,
    unit=unit_ids,
    session=nonces,
    challenge=nonces,
    certificate=st.from_regex(r"\A[0-9a-f]{1,40}\Z"),
    boot_id=lines(80),
    spool_id=seqs,
    next_seq=seqs,
    signature=st.text(st.sampled_from("AZaz09+/="), max_size=128),
)
session_proofs = _proofs | st.builds(
    lambda proof, records, head: msgspec.structs.replace(proof, access_records=records, access_head=head),
    _proofs,
    st.integers(0, (1 << 53) - 1),
    digests,
)

_versions = st.integers(0, (1 << 31) - 1)

up_messages: SearchStrategy[AnyUpMessage] = st.one_of(
    st.builds(
        HealthBatch,
        unit=unit_ids,
        session=nonces,
        spool_id=seqs,
        settings_version=_versions,
        reports=st.lists(health_reports, min_size=1, max_size=3),
    ),
    st.builds(
        EventBatch, unit=unit_ids, session=nonces, spool_id=seqs, events=st.lists(unit_events, min_size=1, max_size=3)
    ),
    st.builds(
        CommandResult,
        unit=unit_ids,
        session=nonces,
        command_id=command_ids,
        state=st.sampled_from(["accepted", "done", "refused", "failed"]),
        reason=lines(500),
    ),
    st.builds(
        SessionState,
        unit=unit_ids,
        session=nonces,
        connection=nonces,
        up=st.booleans(),
        boot_id=lines(80),
        agent_version=lines(80),
        model=lines(80),
        settings_version=_versions,
        spool_id=st.none() | seqs,
        next_seq=st.none() | seqs,
    ),
    session_proofs,
)
