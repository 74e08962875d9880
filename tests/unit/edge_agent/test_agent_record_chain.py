"""The chain's file: cut off at any byte, full disks, other people's hands, and what can be said of it afterwards."""

import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge_agent.access_record.chain_file import ChainFile
from edge_agent.access_record.chain_text import EMPTY, FILE_NAME, MARK_EVERY, Tip, moved_aside, verify
from edge_agent.access_record.inspection import inspect, lines
from edge_agent.errors import AccessChainBroken, StateUnusable
from protocols.access_record import GENESIS, AccessRecord, read_record, record_hash
from protocols.errors import InvalidAccessRecord


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def closed(number: int, prior: str, reason: str = "expiry") -> AccessRecord:
    return AccessRecord(
        number=number,
        prior=prior,
        at_ms=1_793_527_200_000,
        boot_id="6f1c3f0e",
        boot_ms=number,
        what="closed",
        modality="video",
        opening="0123456789abcdef01234567",
        reason=reason,
    )


def filled(path: Path, count: int) -> list[str]:
    """A chain of `count` records at `path`; returns their texts."""
    chain = ChainFile(path)
    texts = [chain.append(closed).text() for _ in range(count)]
    chain.close()
    return texts


def edited(path: Path, text: str, other: str) -> None:
    content = path.read_text()
    assert text in content
    path.write_text(content.replace(text, other, 1))


def test_each_record_follows_the_one_before_and_is_one_line_that_any_tool_can_check(path: Path) -> None:
    texts = filled(path, 3)
    assert path.read_text() == "".join(f"{text}\n" for text in texts)
    assert [read_record(text).number for text in texts] == [1, 2, 3]
    assert [read_record(text).prior for text in texts] == [GENESIS, *map(record_hash, texts[:2])]
    assert path.stat().st_mode & 0o777 == 0o600
    assert ChainFile(path).tip == Tip(3, record_hash(texts[2]))


def test_records_are_found_by_number(path: Path) -> None:
    texts = filled(path, 2 * MARK_EVERY + 5)
    appended = ChainFile(path)
    texts += [appended.append(closed).text() for _ in range(MARK_EVERY)]
    for chain in (appended, ChainFile(path)):
        for after in (0, 1, MARK_EVERY - 1, MARK_EVERY, 2 * MARK_EVERY + 4, len(texts) - 1, len(texts), 10**9):
            assert chain.after(after, 7) == texts[after : after + 7]


@given(before=st.integers(0, 3), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_power_cut_at_any_moment_leaves_the_old_chain_or_the_new(before: int, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / FILE_NAME
        texts = filled(path, before + 1)
        old, line = texts[:-1], texts[-1].encode() + b"\n"
        whole = path.read_bytes()[: -len(line)]
        cut = data.draw(st.integers(0, len(line)), "bytes that came to the disk")
        unwritten = data.draw(st.integers(0, cut), "bytes of them in blocks that were never written")
        path.write_bytes(whole + b"\0" * unwritten + line[unwritten:cut])
        chain = ChainFile(path)
        is_whole = unwritten == 0 and cut >= len(line) - 1
        kept = texts if is_whole else old
        assert chain.tip == (Tip(len(kept), record_hash(kept[-1])) if kept else EMPTY)
        assert path.read_text() == "".join(f"{text}\n" for text in kept), "mended at once"
        assert chain.broken is None
        kept = [*kept, chain.append(closed).text()]
        chain.close()
        assert verify(path).tip == Tip(len(kept), record_hash(kept[-1]))


def test_a_disk_that_is_full_changes_nothing_and_recovers(path: Path) -> None:
    texts = filled(path, 3)
    chain = ChainFile(path)
    size = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, hard))
    try:
        with pytest.raises(StateUnusable, match="check the disk"):
            chain.append(closed)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.stat().st_size == size
    assert chain.tip == Tip(3, record_hash(texts[2]))
    assert chain.append(closed).number == 4
    assert verify(path).tip == chain.tip


def test_a_record_that_is_none_is_not_appended(path: Path) -> None:
    chain = ChainFile(path)
    with pytest.raises(InvalidAccessRecord):
        chain.append(
            lambda number, prior: AccessRecord(
                number=number, prior=prior, at_ms=1, boot_id="", boot_ms=1, what="opened", modality="audio"
            )
        )
    assert (chain.tip, path.read_bytes()) == (EMPTY, b"")


@pytest.mark.parametrize("meddle", ["truncated", "longer", "removed", "replaced"])
def test_a_file_that_somebody_touches_meanwhile_is_not_appended_to(path: Path, meddle: str) -> None:
    texts = filled(path, 3)
    chain = ChainFile(path)
    match meddle:
        case "truncated":
            path.write_text(f"{texts[0]}\n")
        case "longer":
            path.write_text(path.read_text() + "x")
        case "removed":
            path.unlink()
        case "replaced":
            path.with_name("other").write_bytes(path.read_bytes())
            path.with_name("other").replace(path)
    with pytest.raises(StateUnusable):
        chain.append(closed)
    assert chain.tip.records == 3, "what was is still claimed, so that the controller sees the difference"


def _drop_line(path: Path, number: int) -> None:
    kept = path.read_text().splitlines(keepends=True)
    del kept[number - 1]
    path.write_text("".join(kept))


@pytest.mark.parametrize(
    ("meddle", "after", "goes_on_at"),
    [
        (lambda path: edited(path, '"boot_ms":2', '"boot_ms":9'), 2, 6),
        (lambda path: edited(path, '"number":2', '"number":3'), 1, 6),
        (lambda path: _drop_line(path, 1), 0, 6),
        (lambda path: _drop_line(path, 3), 2, 6),
        (lambda path: path.write_text("\n" + path.read_text()), 0, 6),
        (lambda path: path.write_text(path.read_text()[:-9] + "\n"), 4, 5),
        (lambda path: path.write_text(path.read_text() + "and something else\n"), 5, 6),
        (lambda path: path.write_bytes(b"\xff" * 9000), 0, 1),
        (lambda path: path.write_bytes(b"\0" * 9000), 0, 1),
    ],
)
def test_a_chain_that_does_not_verify_is_moved_aside_and_numbered_on(
    path: Path, meddle: Callable[[Path], object], after: int, goes_on_at: int
) -> None:
    filled(path, 5)
    meddle(path)
    before = path.read_bytes()
    with pytest.raises(AccessChainBroken):
        verify(path)
    chain = ChainFile(path)
    assert chain.broken is not None
    assert (chain.broken.after, chain.broken.aside.read_bytes()) == (after, before)
    chain.close()
    chain = ChainFile(path)
    assert chain.broken is None, "told by the start that found it"
    assert chain.tip == Tip(goes_on_at - 1, GENESIS), "as before, also when the program died meanwhile"
    record = chain.append(closed)
    assert (record.number, record.prior) == (goes_on_at, GENESIS), "the break stands in the chain"
    chain.append(closed)
    assert chain.after(0, 10) == chain.after(goes_on_at - 1, 10)
    again = ChainFile(path)
    assert (again.broken, again.tip.records) == (None, goes_on_at + 1)


def test_no_chain_that_was_moved_aside_is_overwritten(path: Path) -> None:
    for _ in range(12):
        ChainFile(path).append(closed)
        path.write_text(path.read_text() + "and something else\n")
    ChainFile(path)
    names = [aside.name.rsplit("-", 1)[1] for aside in moved_aside(path)]
    assert names == [str(number) for number in range(1, 13)]


def test_looking_changes_nothing_and_says_what_is_wrong(path: Path) -> None:
    assert list(lines(inspect(path, with_chain=True))) == ["chain      no record yet"]
    texts = filled(path, 3)
    path.write_text(path.read_text() + texts[0][:20])
    before = path.read_bytes()
    view = inspect(path, with_chain=True)
    assert (view.first, view.records, view.head, view.problem) == (1, 3, record_hash(texts[2]), None)
    assert view.chain == texts
    assert "record 3: video closed" in list(lines(view))[2]
    assert path.read_bytes() == before
    edited(path, '"number":3', '"number":4')
    view = inspect(path, with_chain=True)
    assert view.problem is not None
    assert view.chain == []
    assert any("BROKEN" in line for line in lines(view))


class ChainMachine(RuleBasedStateMachine):
    """However it is appended to, cut off, reopened and read: every record that was answered for is there, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory(prefix="muster-chain-")
        self.path = Path(self.directory.name) / FILE_NAME
        self.chain = ChainFile(self.path)
        self.answered: list[str] = []

    def teardown(self) -> None:
        self.chain.close()
        self.directory.cleanup()

    @rule(reason=st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=80))
    def append(self, reason: str) -> None:
        self.answered.append(self.chain.append(lambda number, prior: closed(number, prior, reason)).text())

    @rule(torn=st.integers(0, 200), zeros=st.booleans())
    def cut_the_power(self, torn: int, zeros: bool) -> None:
        half = closed(len(self.answered) + 1, self.chain.tip.head).text().encode()[:torn]
        self.chain.close()
        with self.path.open("ab") as file:
            file.write(b"\0" * len(half) if zeros else half)
        self.chain = ChainFile(self.path)

    @rule()
    def reopen(self) -> None:
        self.chain.close()
        self.chain = ChainFile(self.path)

    @rule(after=st.integers(0, 40), limit=st.integers(1, 10))
    def read(self, after: int, limit: int) -> None:
        assert self.chain.after(after, limit) == self.answered[after : after + limit]

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.path.read_text() == "".join(f"{text}\n" for text in self.answered)
        head = record_hash(self.answered[-1]) if self.answered else GENESIS
        assert self.chain.tip == Tip(len(self.answered), head)
        assert self.chain.broken is None


ChainMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestChainMachine = ChainMachine.TestCase
