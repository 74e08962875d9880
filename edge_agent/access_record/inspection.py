"""Looking at a unit's chain from outside, also while an agent uses it. Changes nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edge_agent.access_record.chain_text import EMPTY, moved_aside, records_in, verify
from edge_agent.access_record.sending import summary
from edge_agent.errors import AccessChainBroken
from protocols.access_record import AccessRecord, read_record
from protocols.text import escaped

_PAGE = 500


class ChainView(msgspec.Struct, frozen=True, kw_only=True):
    """A chain as it stands on the disk: numbers of its `first` and last record (`records`), the `head` after that.

    `problem` says why it is no whole chain, None when it is one; then it goes up to the last record that verifies.
    `moved_aside` are files with chains that did not verify.
    """

    first: int
    records: int
    head: str
    problem: str | None
    moved_aside: list[str]
    chain: list[str]


def inspect(path: Path, *, with_chain: bool) -> ChainView:
    """The chain at `path`, with the texts of its records if they are wanted; raises StateUnusable."""
    aside = [other.name for other in moved_aside(path)]
    try:
        seen = verify(path)
    except AccessChainBroken as error:
        problem = f"it does not verify after record {error.after}: {error.detail}"
        return ChainView(first=0, records=error.after, head="", problem=problem, moved_aside=aside, chain=[])
    chain: list[str] = []
    number = 0
    while with_chain and (texts := records_in(path, seen, number, _PAGE)):
        chain += texts
        number = max(number, seen.first - 1) + len(texts)
    tip = seen.tip if seen.first else EMPTY
    return ChainView(first=seen.first, records=tip.records, head=tip.head, problem=None, moved_aside=aside, chain=chain)


def lines(view: ChainView) -> Iterator[str]:
    """The chain for a person."""
    for text in view.chain:
        record = read_record(text)
        yield f"{_moment(record)}  {escaped(summary(record))}"
    if view.problem is not None:
        yield f"chain      BROKEN: {escaped(view.problem)}"
    elif not view.first:
        yield "chain      no record yet"
    else:
        yield f"chain      records {view.first} to {view.records}, each follows the one before"
        yield f"head       {view.head}"
    for name in view.moved_aside:
        yield f"aside      {name}: a chain that did not verify; keep it for whoever looks into that"


def _moment(record: AccessRecord) -> str:
    return f"{datetime.fromtimestamp(record.at_ms / 1000, UTC):%Y-%m-%d %H:%M:%SZ}"
