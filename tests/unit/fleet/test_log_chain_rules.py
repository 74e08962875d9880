"""What is wrong about a chain: in whatever order it comes, an honest unit shows nothing, and who rewrites shows."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.access_records.chain_rules import (
    Finding,
    ProvenChain,
    by_number,
    grown,
    judge_claim,
    judge_missing,
    judge_proof,
    judge_records,
)
from fleet.commands.chain_watch import is_to_be_asked
from fleet.store.access_records import Chain, Incomplete, Link
from protocols.access_record import GENESIS, record_hash

UNIT = "unit-23456789"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
NOTHING = Chain(
    unit_id=UNIT,
    records=0,
    head=GENESIS,
    claimed=None,
    claimed_head=None,
    claimed_at=None,
    proven=None,
    proven_head=None,
    proven_at=None,
    missing_since=None,
)


def chain_of(count: int, *, first: int = 1, prior: str = GENESIS, salt: str = "") -> list[Link]:
    """A chain of records; another `salt` makes other ones."""
    links: list[Link] = []
    for number in range(first, first + count):
        links.append(Link(number, record_hash(f"{salt}{number}"), prior))
        prior = links[-1].sha256
    return links


class Controller:
    """What a controller does with records, with a list for a database."""

    def __init__(self) -> None:
        self.stored: list[Link] = []
        self.chain = NOTHING
        self.findings: list[Finding] = []

    def take(self, *links: Link) -> None:
        new = [link for link in dict.fromkeys(links) if link not in self.stored]
        self.stored += new
        self.findings += judge_records(self.chain, new, by_number(self.stored)) if new else []
        following = by_number(link for link in self.stored if link.number > self.chain.records)
        records, head = grown(self.chain.records, self.chain.head, following)
        self.chain = msgspec.structs.replace(self.chain, records=records, head=head)

    def prove(self, records: int, head: str, told: int | None = None) -> list[Finding]:
        stored = by_number(self.stored).get(records, [])
        told = self.chain.records if told is None else told
        findings = judge_proof(self.chain, ProvenChain(records, head), told, stored)
        self.findings += findings
        self.chain = msgspec.structs.replace(self.chain, proven=records, proven_head=head)
        return findings

    @property
    def found(self) -> list[tuple[str, int | None]]:
        return [(finding.cause, finding.record) for finding in self.findings]

    @property
    def reports(self) -> int:
        """How many error reports follow."""
        return len({finding.repeat_key for finding in self.findings})


@given(st.integers(0, 12), st.data())
def test_an_honest_unit_shows_nothing_in_whatever_order_its_records_come(count: int, data: st.DataObject) -> None:
    links = chain_of(count)
    order = data.draw(st.permutations(links + links[: count // 2]))
    controller = Controller()
    heads = [GENESIS, *(link.sha256 for link in links)]
    while order:
        size = data.draw(st.integers(1, len(order)))
        controller.take(*order[:size])
        del order[:size]
        here = {link.number for link in controller.stored}
        whole = next(number for number in range(count + 1) if number + 1 not in here)
        assert (controller.chain.records, controller.chain.head) == (whole, heads[whole])
        length = data.draw(st.integers(max([0, controller.chain.proven or 0, *here]), count))
        controller.prove(length, heads[length])
    assert controller.findings == []
    assert controller.chain.records == count


@given(st.integers(2, 8), st.data())
def test_whoever_rewrites_a_told_record_shows_at_the_next_proof(count: int, data: st.DataObject) -> None:
    links = chain_of(count)
    controller = Controller()
    controller.take(*links)
    at = data.draw(st.integers(1, count), "the first record that is another")
    length = data.draw(st.integers(0, count + 3), "how long the new chain is")
    rewritten = chain_of(
        max(0, length - at + 1), first=at, prior=([GENESIS] + [one.sha256 for one in links])[at - 1], salt="x"
    )
    whole = [*links[: at - 1], *rewritten]
    head = whole[-1].sha256 if whole else GENESIS
    if length < at - 1:
        head = links[length - 1].sha256 if length else GENESIS
    findings = controller.prove(length, head)
    if length <= count:
        causes = {finding.cause for finding in findings}
        assert causes, "shorter, or another record at the end"
        assert ("record-went-back" in causes) == (length < count)
    controller.take(*rewritten)
    if rewritten:
        assert ("record-forked", at) in controller.found or at > count


def test_a_chain_rolled_back_and_gone_on_is_one_report_of_each_kind() -> None:
    """Not one for each record that it tells anew."""
    links = chain_of(50)
    controller = Controller()
    controller.take(*links)
    controller.prove(50, links[-1].sha256)
    again = chain_of(60, salt="x")
    for link in again:
        controller.take(link)
        if link.number % 10 == 0:
            controller.prove(link.number, link.sha256)
    assert ("record-forked", 1) in controller.found
    assert ("record-went-back", 50) in controller.found
    assert controller.reports == 2, controller.findings
    assert controller.chain.records == 60


def test_many_forks_told_at_once_are_one_finding_of_the_first() -> None:
    new = [Link(number, record_hash(f"x{number}"), "f" * 64) for number in range(2, 602)]
    (finding,) = judge_records(NOTHING, new, by_number(new))
    assert (finding.cause, finding.record, finding.count) == ("record-forked", 3, 599)


def test_a_chain_that_was_broken_on_the_unit_and_numbered_on_shows() -> None:
    links, begun = chain_of(5), chain_of(3, first=6, salt="x")
    controller = Controller()
    controller.take(*links)
    controller.take(begun[0])
    assert controller.found == [("record-forked", 6)]
    controller.take(*begun[1:])
    assert controller.reports == 1
    assert (controller.chain.records, controller.chain.head) == (8, begun[-1].sha256), "it is followed nonetheless"
    missed = Controller()
    missed.take(begun[0])
    assert missed.found == [("record-forked", 6)], "also where the records before never came"


def test_two_records_of_one_number_are_found_whichever_comes_first() -> None:
    links = chain_of(4)
    forged = Link(3, record_hash("forged"), links[1].sha256)
    for order in ([*links, forged], [*links[:2], forged, *links[2:]], [forged, *links]):
        controller = Controller()
        for link in order:
            controller.take(link)
        assert ("record-forked", 3) in controller.found
        assert controller.chain.records == 4
        assert controller.chain.head == links[-1].sha256


def test_a_proof_of_another_head_shows_also_when_its_record_comes_later() -> None:
    links = chain_of(3)
    controller = Controller()
    controller.take(*links[:2])
    assert controller.prove(3, record_hash("other")) == []
    controller.take(links[2])
    assert controller.found == [("head-differs", 3)]
    assert [finding.cause for finding in controller.prove(3, record_hash("another one"))] == ["head-differs"]


def test_two_proofs_of_one_length_with_two_heads_differ() -> None:
    controller = Controller()
    assert controller.prove(7, record_hash("one")) == []
    assert controller.prove(7, record_hash("one")) == []
    assert [finding.cause for finding in controller.prove(7, record_hash("two"))] == ["head-differs"]
    assert [finding.cause for finding in controller.prove(0, record_hash("none"))] == [
        "record-went-back",
        "head-differs",
    ]


def test_a_record_that_came_after_the_challenge_does_not_make_a_proof_go_back() -> None:
    links = chain_of(3)
    controller = Controller()
    controller.take(*links)
    assert controller.prove(2, links[1].sha256, told=2) == []


def _missing(**facts: object) -> Chain:
    return msgspec.structs.replace(NOTHING, records=4, **facts)


@pytest.mark.parametrize(
    ("chain", "found"),
    [
        (_missing(proven=5, missing_since=NOW - timedelta(minutes=61)), (True, 5)),
        (_missing(proven=5, missing_since=NOW - timedelta(minutes=59)), None),
        (_missing(proven=5), None),
        (_missing(proven=4, claimed=9, missing_since=NOW - timedelta(hours=2)), (False, 5)),
        (_missing(claimed=9, missing_since=NOW - timedelta(hours=2)), (False, 5)),
        (_missing(proven=4, claimed=4, missing_since=NOW - timedelta(hours=2)), None),
    ],
)
def test_records_that_do_not_come_are_found_after_an_hour(chain: Chain, found: tuple[bool, int] | None) -> None:
    finding = judge_missing(chain, NOW)
    assert (None if finding is None else (finding.is_evidence, finding.record)) == found


def test_what_reports_alone_claim_is_no_evidence() -> None:
    for claimed, cause in ((2, "record-went-back"), (4, "head-differs")):
        finding = judge_claim(_missing(claimed=claimed, claimed_head=record_hash("x")))
        assert (finding.cause, finding.is_evidence) == (cause, False)


def test_a_unit_is_asked_once_at_a_time_and_ever_more_rarely() -> None:
    asked: list[float] = []
    for second in range(0, 86_400, 10):
        now = NOW + timedelta(seconds=second)
        one = Incomplete(
            chain=_missing(proven=5, missing_since=NOW),
            connected=True,
            asked_at=NOW + timedelta(seconds=asked[-1]) if asked else None,
            is_asked=bool(asked) and second - asked[-1] < 15,
        )
        if is_to_be_asked(one, now, timedelta(seconds=20)):
            asked.append(second)
    assert asked[0] == 20
    assert len(asked) < 40, "an answer that never comes must not fill the log"
    assert max(after - before for before, after in pairwise(asked)) <= 3600


def test_every_finding_is_a_line_for_an_error_report() -> None:
    controller = Controller()
    controller.take(*chain_of(3), *chain_of(3, salt="x"))
    controller.prove(1, record_hash("y"))
    assert controller.findings
    for finding in controller.findings:
        assert len(finding.summary) <= 200
        assert finding.evidence == [f"record {finding.record}"]
