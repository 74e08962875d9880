"""Exports of the log, made from parts and put down."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from fleet.inspection.auditor.finding import Damage
from fleet.inspection.auditor.verify_log import verify
from fleet.inspection.export_directory import (
    ExportParts,
    KeptText,
    TimeStamp,
    selected_export,
    whole_export,
    write_export,
)
from protocols.errors import InvalidNote, InvalidPolicy
from tests.support.tlog_making import MadeLog
from tests.tamper.made_exports import make_exports

MADE = make_exports(60, seed=4)
NOTE = MADE.log.note()
PARTS = ExportParts(MADE.log.policy.text, NOTE.text, MADE.texts)


def receipts_of(files: dict[str, bytes]) -> list[str]:
    return [content.decode() for name, content in files.items() if name.startswith("proofs/")]


def leaves_of(files: dict[str, bytes]) -> list[bytes]:
    return files["entries.jsonl"].splitlines()


def test_the_same_parts_make_the_same_bytes() -> None:
    assert whole_export(PARTS, MADE.leaves) == whole_export(PARTS, list(MADE.leaves))
    shuffled = ExportParts(PARTS.policy, PARTS.checkpoint, MADE.texts[::-1])
    assert whole_export(shuffled, MADE.leaves) == whole_export(PARTS, MADE.leaves)


def test_a_whole_export_is_laid_out_as_the_specification_says() -> None:
    tree = {"tile/0/000.p/60", "tile/entries/000.p/60"}
    pages = {"README.txt", "verify.py", "index.html", "log-policy.txt", "checkpoint", "entries.jsonl", "texts.jsonl"}
    assert set(whole_export(PARTS, MADE.leaves)) == tree | pages
    assert set(MADE.whole) == tree | pages | {"timestamp.tsr", "timestamp-ca.pem"}


def test_only_signatures_that_the_policy_knows_go_along_and_of_each_the_newest() -> None:
    earlier = MADE.log.note()
    stranger = make_exports(5, seed=1, origin="elsewhere.example/log").log.note().signatures
    MADE.log.times = {"north": 1_800_000_000}
    newer = MADE.log.note()
    MADE.log.times = {}
    parts = ExportParts(PARTS.policy, newer.with_signatures([*earlier.signatures, stranger[0]]).text, MADE.texts)
    files = whole_export(parts, MADE.leaves)
    assert files["checkpoint"].decode() == newer.text
    verify(files)


def test_a_time_stamp_over_an_earlier_checkpoint_brings_that_along() -> None:
    older = MADE.log.note(30).text
    stamp = TimeStamp(b"DER " + sha256(older.encode()).digest(), b"PEM", older)
    files = whole_export(ExportParts(PARTS.policy, PARTS.checkpoint, MADE.texts, stamp), MADE.leaves)
    assert verify(files)["Timestamp-checkpoint"] == "30 entries, is the beginning of this log"
    with pytest.raises(Damage, match=r"^timestamp.tsr: it is not over"):
        verify({**files, "timestamp.tsr": b"DER of something else"})


def test_without_a_quorum_an_export_is_made_and_says_so_when_checked() -> None:
    files = whole_export(ExportParts(PARTS.policy, MADE.log.note(cosigners=("north",)).text, MADE.texts), MADE.leaves)
    with pytest.raises(Damage, match="no quorum"):
        verify(files)


def test_a_page_shows_texts_escaped_and_erased_ones_as_such() -> None:
    page = MADE.whole["index.html"].decode()
    assert "<th>authority<th>texts" in page
    assert "reason: yearly inspection" in page
    assert "(erased)" in page
    assert "<script" not in page
    assert "<b>" not in page


def test_nothing_in_an_entry_steers_the_terminal_of_whoever_reads_the_export() -> None:
    last = json.loads(MADE.leaves[-1]) | {"actor": "IN-01\x1b[2J\n\u202e"}
    leaf = json.dumps(last, separators=(",", ":"), ensure_ascii=False).encode()
    log = MadeLog([*MADE.leaves[:-1], leaf])
    files = whole_export(ExportParts(log.policy.text, log.note().text, MADE.texts), log.leaves)
    assert verify(files)["Asked for by"].startswith("IN-01?[2J?? at ")
    assert b"\x1b" not in files["README.txt"]


def test_scope_is_that_of_the_entry_that_tells_of_the_export() -> None:
    assert json.loads(MADE.part["scope.json"]) == json.loads(leaves_of(MADE.part)[-1])["scope"]


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"log\.exported"):
        whole_export(ExportParts(PARTS.policy, NOTE.text), MADE.leaves[:10])
    with pytest.raises(ValueError, match="not what the entry was written with"):
        whole_export(ExportParts(PARTS.policy, NOTE.text, [KeptText(0, "label", b"x" * 16, "")]), MADE.leaves)
    with pytest.raises(InvalidPolicy):
        whole_export(ExportParts("quorum none\n", NOTE.text), MADE.leaves)
    with pytest.raises(InvalidNote):
        whole_export(ExportParts(PARTS.policy, "nothing"), MADE.leaves)
    receipts, leaves = receipts_of(MADE.part), leaves_of(MADE.part)
    with pytest.raises(ValueError, match="under another checkpoint"):
        selected_export(ExportParts(PARTS.policy, MADE.log.note(59).text), leaves, receipts)
    with pytest.raises(ValueError, match="at least the entry"):
        selected_export(PARTS, [], [])


def test_an_export_is_put_down_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_export(tmp_path / "empty", MADE.part)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(FileExistsError, match="is there already"):
        write_export(tmp_path / "empty", MADE.whole)
    with pytest.raises(OSError, match="tile"):
        write_export(tmp_path / "broken", {"tile": b"a file", "tile/0/000": b"and a folder"})
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "empty").stat().st_mode & 0o077 == 0
