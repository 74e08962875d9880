"""What is wrong about a unit's own chain, as far as the controller can see. Pure.

- `record-forked`: two records of one number, or one that follows no record of the number before it;
- `record-went-back`: the chain is shorter than it was proved, or stored, to be;
- `head-differs`: the chain ends with another record than the one of that number that is stored;
- `records-missing`: the chain is longer than what arrived, for over an hour in which the unit was connected.

Only proofs are evidence of who says so. Records and reports could be invented by a broker: what records show is an
alarm nonetheless, since somebody has tampered; what reports alone claim is a warning.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from fleet.store.access_records import Chain, Link
from protocols.access_record import GENESIS

Cause = Literal["record-forked", "record-went-back", "head-differs", "records-missing"]

MISSING_FOR = timedelta(hours=1)
_SHOWN = 12


class ProvenChain(msgspec.Struct, frozen=True):
    """Length and head of a unit's chain, as an accepted proof gives them."""

    records: int
    head: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a unit's chain: `record` is the number it is about, `summary` a sentence without free text.
    `repeat_key` is the same for what is found again. `is_evidence` is false for what reports alone claim, which they do
    since `since`."""

    unit_id: str
    cause: Cause
    record: int | None
    summary: str
    repeat_key: str
    is_evidence: bool = True
    since: datetime | None = None
    count: int = 1
    """How many findings of this cause it stands for."""

    @property
    def evidence(self) -> list[str]:
        """What an error report names."""
        return [] if self.record is None else [f"record {self.record}"]


def by_number(links: Iterable[Link]) -> dict[int, list[Link]]:
    """Links by their number, in the order given."""
    found: dict[int, list[Link]] = {}
    for link in links:
        found.setdefault(link.number, []).append(link)
    return found


def grown(records: int, head: str, following: Mapping[int, Sequence[Link]]) -> tuple[int, str]:
    """How far a chain that is here up to `records` goes on without a gap, and the head it then has.

    Of several records of one number, the one that follows is taken; a break does not stop the count: it is a finding.
    """
    while there := following.get(records + 1):
        fitting = [link for link in there if link.prior == head]
        records, head = records + 1, (fitting or there)[0].sha256
    return records, head


def judge_records(chain: Chain, new: Sequence[Link], stored: Mapping[int, Sequence[Link]]) -> list[Finding]:
    """What `new` records show, at most one finding of each cause: of several forks that of the lowest number.

    `stored` is what is stored of their numbers and the numbers beside those, with the new ones, those they follow and
    the proven head among it; `chain` is as it was before them.
    """
    numbers = {link.number for link in new}
    findings = [_judge_fork(chain.unit_id, link, stored) for link in new]
    findings += [
        _judge_link(chain.unit_id, link, stored)
        for number in sorted(numbers | {number + 1 for number in numbers})
        for link in stored.get(number, ())
    ]
    if chain.proven in numbers and chain.proven is not None and chain.proven_head is not None:
        findings.append(_judge_head(chain.unit_id, chain.proven, chain.proven_head, stored[chain.proven]))
    unique = {finding.repeat_key: finding for finding in reversed(findings) if finding is not None}
    by_cause: dict[Cause, list[Finding]] = {}
    for finding in sorted(unique.values(), key=lambda finding: (finding.record or 0, finding.cause)):
        by_cause.setdefault(finding.cause, []).append(finding)
    return [msgspec.structs.replace(alike[0], count=len(alike)) for alike in by_cause.values()]


def _judge_fork(unit_id: str, link: Link, stored: Mapping[int, Sequence[Link]]) -> Finding | None:
    others = [other for other in stored[link.number] if other.sha256 != link.sha256]
    if not others:
        return None
    has_parent = any(before.sha256 == link.prior for before in stored.get(link.number - 1, ()))
    if has_parent and all(other.prior != link.prior for other in others):
        return None  # it goes on where the chain forked before, which has been found there
    return _forked(unit_id, link.number, f"the unit has told two different records {link.number}")


def _judge_link(unit_id: str, link: Link, stored: Mapping[int, Sequence[Link]]) -> Finding | None:
    if (link.number == 1) != (link.prior == GENESIS):
        says = "begins a chain anew" if link.prior == GENESIS else "follows another, though it is the first"
        return _forked(unit_id, link.number, f"the unit's record {link.number} {says}")
    before = stored.get(link.number - 1)
    if not before or any(other.sha256 == link.prior for other in before):
        return None
    return _forked(unit_id, link.number, f"the unit's record {link.number} follows another than the record before it")


def _forked(unit_id: str, number: int, what: str) -> Finding:
    return Finding(
        unit_id=unit_id,
        cause="record-forked",
        record=number,
        summary=f"{what}: its chain was rewritten, it has a copy, or a broker makes records up",
        repeat_key=f"record-forked:{unit_id}:{number}",
    )


def judge_proof(chain: Chain, proof: ProvenChain, told: int, stored: Sequence[Link]) -> list[Finding]:
    """What `proof` shows; `chain` is as it was before it, `told` how long the unit's records had told that it was
    before the unit was challenged, `stored` the records of the number that the proof names."""
    length, head = proof.records, proof.head
    known = max(chain.proven or 0, told)
    findings: list[Finding | None] = []
    if length < known:
        proved = (chain.proven or 0) >= told
        said = "proved" if proved else "told"
        doubt = "" if proved else ", or a broker has made records up"
        findings.append(
            Finding(
                unit_id=chain.unit_id,
                cause="record-went-back",
                record=known,
                summary=f"the unit proves {length} records and had {said} {known}: it went back{doubt}",
                repeat_key=f"record-went-back:{chain.unit_id}:{known}",
            )
        )
    before = [Link(length, chain.proven_head, "")] if length == chain.proven and chain.proven_head else []
    findings.append(_judge_head(chain.unit_id, length, head, stored or before))
    return [finding for finding in findings if finding is not None]


def _judge_head(unit_id: str, length: int, head: str, stored: Sequence[Link]) -> Finding | None:
    known = {link.sha256 for link in stored} if length else {GENESIS}
    if not known or head in known:
        return None
    return Finding(
        unit_id=unit_id,
        cause="head-differs",
        record=length or None,
        summary=f"the unit proves that record {length} of its chain is {head[:_SHOWN]}…, here it is another",
        repeat_key=f"head-differs:{unit_id}:{length}:{head[:16]}",
    )


def judge_missing(chain: Chain, now: datetime) -> Finding | None:
    """Whether records have been missing for too long, while the unit was connected since `chain.missing_since`."""
    if chain.missing_since is None or now - chain.missing_since < MISSING_FOR:
        return None
    is_proven = (chain.proven or 0) > chain.records
    length = chain.proven if is_proven else chain.claimed
    if length is None or length <= chain.records:
        return None
    said = "proves" if is_proven else "reports"
    return Finding(
        unit_id=chain.unit_id,
        cause="records-missing",
        record=chain.records + 1,
        summary=f"the unit {said} {length} records, and after {chain.records} one has not arrived for over an hour",
        repeat_key=f"records-missing:{chain.unit_id}:{chain.records}{'' if is_proven else ':claimed'}",
        is_evidence=is_proven,
        since=chain.missing_since,
    )


def judge_claim(chain: Chain) -> Finding:
    """What a claim says that does not fit what is stored and proven, see `AccessRecordStore.doubtful_claims`."""
    known = max(chain.proven or 0, chain.records)
    went_back = (chain.claimed or 0) < known
    return Finding(
        unit_id=chain.unit_id,
        cause="record-went-back" if went_back else "head-differs",
        record=chain.claimed or None,
        summary=f"reports of the unit claim {chain.claimed} records, "
        + (f"and {known} are known" if went_back else "the last of them another than is stored"),
        repeat_key=f"access-claim:{chain.unit_id}",
        is_evidence=False,
        since=chain.claimed_at,
    )
