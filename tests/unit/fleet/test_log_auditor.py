"""The auditor's verifier: what it takes, what it says, and that it is one file that needs nothing else."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.inspection.auditor import finding
from fleet.inspection.auditor.curve import check_ed25519
from fleet.inspection.auditor.finding import CHECKS, Damage
from fleet.inspection.auditor.hashing import tile_paths
from fleet.inspection.auditor.reading import canonical
from fleet.inspection.auditor.single_file import PARTS, single_file
from fleet.inspection.auditor.trust import check_note, read_policy
from fleet.inspection.auditor.verify_log import main, read_directory, report, verify
from fleet.inspection.export_directory import ExportParts, selected_export, whole_export, write_export
from fleet.log.tiles import tile_path, tile_widths
from protocols.errors import InvalidCheckpoint, InvalidPolicy
from protocols.tlog.cosignature import cosign, cosigner_key
from protocols.tlog.policy import PolicyWitness
from protocols.tlog.policy import read_policy as read_policy_of_ours
from tests.support.tlog_making import MadeLog, fixed_key
from tests.tamper.made_exports import MadeExports, make_exports
from tests.tamper.tampering import make_campaign, run

EXPORTS = make_exports(300, seed=9)
ELSEWHERE = make_exports(40, seed=9, origin="elsewhere.example/log", names=("east", "zenith"))
POLICY = EXPORTS.log.policy.text


def with_leaf(made: MadeExports, index: int, changed: Mapping[str, Any]) -> dict[str, bytes]:
    """The whole export of a log in which one entry says something else."""
    says = json.loads(made.leaves[index]) | changed
    log = MadeLog([*made.leaves[:index], canonical(says), *made.leaves[index + 1 :]])
    return whole_export(ExportParts(log.policy.text, log.note().text, made.texts), log.leaves)


@pytest.mark.parametrize("files", [EXPORTS.whole, EXPORTS.part], ids=["whole", "part"])
def test_an_export_holds_and_the_report_says_what_it_is(files: dict[str, bytes]) -> None:
    told = report(verify(files, POLICY.encode()))
    for words in ("300 entries", "north at 2026-11-22", "muster.example/log", "IN-01", "policy that you gave", *CHECKS):
        assert words in told


def test_an_export_of_another_log_does_not_hold_under_the_policy_that_one_trusts() -> None:
    assert "came with the export" in verify(ELSEWHERE.whole)["Believed"]
    with pytest.raises(Damage, match="no log of the policy has signed it"):
        verify(ELSEWHERE.whole, POLICY.encode())
    with pytest.raises(Damage, match=r"^the policy given: "):
        verify(ELSEWHERE.whole, trusted=b"")
    with pytest.raises(Damage, match=r"^older checkpoint: "):
        verify(ELSEWHERE.whole, older=b"")


def test_with_a_policy_of_ones_own_only_its_witnesses_and_their_times_are_told() -> None:
    mine, note, stranger = EXPORTS.log.policy, EXPORTS.log.note(), fixed_key("a stranger")
    key = cosigner_key("stranger.example", stranger.public_key().public_bytes_raw())
    renamed = [PolicyWitness(f"true-{one.name}", one.key) for one in mine.witnesses]
    theirs = replace(mine, witnesses=(PolicyWitness("north", key), *renamed), groups=(), quorum="north")
    forged = note.with_signatures([cosign(note.body, "stranger.example", stranger, 4_000_000_000)]).text
    files = whole_export(ExportParts(theirs.text, forged, EXPORTS.texts), EXPORTS.leaves)
    assert "north at 2096" in verify(files)["Cosigned by"]
    told = verify(files, POLICY.encode())
    assert told["Cosigned by"] == ", ".join(f"{one.name} at 2026-11-22 00:00:00 UTC" for one in mine.witnesses)
    assert "WARNING: log-policy.txt is another one" in told["Believed"]
    assert verify(EXPORTS.whole, POLICY.encode())["Believed"] == "the policy that you gave"


def test_every_damage_of_a_small_campaign_is_found() -> None:
    counts = run(make_campaign(258, seed=5, stride=211), workers=1)
    assert counts["undetected"] == 0
    kinds = (
        "bytes_flipped",
        "deleted",
        "swapped",
        "duplicated",
        "truncated",
        "tails_cut",
        "files_changed",
        "exchanged",
    )
    assert all(counts[kind] > 10 for kind in kinds)
    assert counts["texts_unsaid"] == 6


ERASURE = {"first": 0, "last": 296, "kinds": ["deployment.changed", "unit.labelled", "mandate.recorded"]}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"texts": 1}, "tell of fewer"),
        ({"kinds": ["unit.labelled"]}, "no entry tells that it was erased"),
        ({"first": 296}, "no entry tells that it was erased"),
        ({"last": 0}, "no entry tells that it was erased"),
        ({"kept_from": "2025-03-30"}, "the text .* of entry .* is missing"),
        ({"last": 297}, "entry 297 does not say which texts were erased"),
        ({"kinds": "unit.labelled"}, "entry 297 does not say which texts were erased"),
        ({"texts": None}, "entry 297 does not say which texts were erased"),
        ({"kind": "text.read"}, "no entry tells that it was erased"),
    ],
)
def test_a_text_is_missing_only_where_an_entry_tells_of_its_erasure(changed: dict[str, Any], reason: str) -> None:
    verify(with_leaf(EXPORTS, 297, ERASURE))
    with pytest.raises(Damage, match=f"^texts.jsonl: .*{reason}"):
        verify(with_leaf(EXPORTS, 297, ERASURE | changed))


@pytest.mark.parametrize("at", ["", "2026-05-05", "2026-13-05T00:00:00Z", "2026-05-05T00:00:00+01:00"])
def test_an_entry_states_its_time_in_utc(at: str) -> None:
    with pytest.raises(ValueError, match="entry 299 does not say its time in UTC"):
        with_leaf(EXPORTS, 299, {"at": at})


def test_times_that_go_back_or_are_after_the_newest_cosignature_are_told_and_do_not_fail() -> None:
    assert verify(EXPORTS.whole)["Times of entries"].startswith("none goes back, none is after")
    told = verify(with_leaf(EXPORTS, 299, {"at": "1999-01-01T00:00:00Z"}))["Times of entries"]
    assert told == (
        "WARNING: entries with a time more than 10 minutes before the entry in front of them: 1, the first of them 299"
    )
    told = verify(with_leaf(EXPORTS, 299, {"at": "2026-11-22T00:10:01Z"}))["Times of entries"]
    assert told == (
        "WARNING: entries with a time more than 10 minutes after the newest cosignature: 1, the first of them 299"
    )
    assert "WARNING" not in verify(with_leaf(EXPORTS, 299, {"at": "2026-11-22T00:10:00Z"}))["Times of entries"]
    told = verify(with_leaf(EXPORTS, 12, {"at": "2029-01-01T00:00:00.000001Z"}))["Times of entries"]
    assert told.count("WARNING") == 2
    assert (told.count("first of them 12"), told.count("first of them 13")) == (1, 1)


def test_a_whole_export_tells_how_many_entries_came_after_the_one_that_tells_of_it() -> None:
    assert "come after it" not in verify(EXPORTS.whole)["Asked for by"]
    says = json.loads(EXPORTS.leaves[10]) | {"prior": None, "unit": None}
    later = [canonical(says | {"index": index}) for index in range(300, 303)]
    log = MadeLog([*EXPORTS.leaves, *later])
    files = whole_export(ExportParts(log.policy.text, log.note().text, EXPORTS.texts), log.leaves)
    told = verify(files)["Asked for by"]
    assert told.endswith("which is entry 299; 3 entries come after it, so somebody else may have taken this export")
    assert told in files["README.txt"].decode()


def test_a_part_says_that_it_can_not_show_why_texts_are_missing() -> None:
    fewer = [one for one in EXPORTS.texts if f"proofs/{one.index}.tlog-proof" in EXPORTS.part][1:]
    lines = EXPORTS.part["entries.jsonl"].splitlines()
    receipts = [content.decode() for name, content in EXPORTS.part.items() if name.startswith("proofs/")]
    parts = ExportParts(POLICY, EXPORTS.part["checkpoint"].decode(), fewer)
    said = verify(selected_export(parts, lines, receipts))["Texts"]
    assert re.fullmatch(f"{len(fewer)} here, [1-9][0-9]* missing, and this part can not show .* erased", said)


def test_an_earlier_checkpoint_must_be_the_beginning_of_the_log() -> None:
    older = EXPORTS.log.note(123).text.encode()
    assert verify(EXPORTS.whole, older=older)["Older checkpoint"] == "123 entries, is the beginning of this log"
    assert "a whole export shows" in verify(EXPORTS.part, older=older)["Older checkpoint"]
    forked = MadeLog([*EXPORTS.leaves[:100], b"{}", *EXPORTS.leaves[101:]], EXPORTS.log.origin, EXPORTS.log.names)
    with pytest.raises(Damage, match="not the beginning of this one"):
        verify(EXPORTS.whole, older=forked.note(123).text.encode())
    later = MadeLog([*EXPORTS.leaves, b"{}"], EXPORTS.log.origin, EXPORTS.log.names)
    with pytest.raises(Damage, match="not the beginning of this one"):
        verify(EXPORTS.whole, older=later.note().text.encode())


def test_a_quorum_of_witnesses_is_needed() -> None:
    note = EXPORTS.log.note(cosigners=("south",)).text.encode()
    with pytest.raises(Damage, match=r"^checkpoint: it is cosigned by 1 witnesses, which is no quorum"):
        verify({**EXPORTS.whole, "checkpoint": note})


def flip(data: st.DataObject, text: bytes) -> bytes:
    place, after = data.draw(st.integers(0, len(text) - 1)), data.draw(st.binary(max_size=2))
    return text[:place] + after + text[place + data.draw(st.integers(0, 2)) :]


@given(st.data())
def test_policies_are_read_as_units_read_them(data: st.DataObject) -> None:
    words = data.draw(
        st.sampled_from([POLICY, POLICY.replace(" 2 ", " all "), POLICY.replace("quorum-of-witnesses", "q")])
    )
    text = flip(data, words.encode())
    try:
        read_policy_of_ours(text.decode("latin-1"))
    except InvalidPolicy:
        with pytest.raises(ValueError, match=r"."):
            read_policy(text)
    else:
        read_policy(text)


@settings(max_examples=40)
@given(st.data())
def test_checkpoints_are_judged_as_units_judge_them(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(EXPORTS.log.names), unique=True, min_size=1))
    text = flip(data, EXPORTS.log.note(cosigners=names).text.encode())
    try:
        seen = EXPORTS.log.policy.check(text.decode())
    except (InvalidCheckpoint, UnicodeDecodeError):
        with pytest.raises(ValueError, match=r"."):
            check_note(text, POLICY.encode(), "quorum")
    else:
        mine = check_note(text, POLICY.encode(), "quorum")
        assert (mine.size, mine.root, mine.cosigned) == (seen.checkpoint.size, seen.checkpoint.root, seen.cosigned)


@settings(max_examples=20)
@given(st.binary(max_size=100), st.integers(0, 511))
def test_ed25519_agrees_with_the_library(message: bytes, bit: int) -> None:
    key = fixed_key("auditor")
    public, signature = key.public_key().public_bytes_raw(), bytearray(key.sign(message))
    check_ed25519(public, message, bytes(signature))
    signature[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError, match="signature"):
        check_ed25519(public, message, bytes(signature))


def test_ed25519_takes_the_example_of_the_rfc_and_not_its_other_form() -> None:
    """RFC 8032 section 7.1, test 2; section 5.1.7 wants S below the group's order."""
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    check_ed25519(public, b"\x72", signature)
    order = 2**252 + 27742317777372353535851937790883648493
    larger = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    with pytest.raises(ValueError, match="out of range"):
        check_ed25519(public, b"\x72", larger)


@pytest.mark.parametrize("public", ["01" + "00" * 31, "00" * 32, "ec" + "ff" * 30 + "7f"])
def test_a_key_that_everybody_can_sign_with_proves_nothing(public: str) -> None:
    with pytest.raises(ValueError, match="small order"):
        check_ed25519(bytes.fromhex(public), b"", b"\x01" + bytes(63))


@given(st.integers(1, 10**6), st.integers(0, 2))
def test_paths_of_tiles_are_those_of_the_log(size: int, level: int) -> None:
    widths = tile_widths(size, level)
    assert tile_paths(level, size >> (8 * level)) == [
        (tile_path(level, index, width), width) for index, width in enumerate(widths)
    ]


@pytest.mark.parametrize("depth", [3, 100_000])
def test_an_entry_that_is_nested_deeply_gives_one_clear_line(depth: int) -> None:
    leaf = b'{"index":0,"a":%b}\n' % (b"[" * depth + b"]" * depth)
    with pytest.raises(Damage, match=r"^entries.jsonl: "):
        verify({**EXPORTS.part, "entries.jsonl": leaf})


def test_the_one_file_is_its_parts_and_nothing_else() -> None:
    source = single_file()
    assert source.count(b"\n") < 840
    tree = ast.parse(source, feature_version=(3, 9))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {str(getattr(node, "module", None) or node.names[0].name).split(".")[0] for node in imported}
    assert names <= set(sys.stdlib_module_names)
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert len(defined) == len(set(defined))
    for part in PARTS:
        ours = re.findall(
            r"^from (fleet\S*|protocols\S*) import", Path(finding.__file__).with_name(f"{part}.py").read_text(), re.M
        )
        assert {name.rpartition(".")[0] for name in ours} <= {"fleet.inspection.auditor"}


def run_alone(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The export's own verify.py, in a Python that sees nothing of ours."""
    command = [sys.executable, "-I", "-S", str(directory / "verify.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=directory.parent, check=False)


def test_an_export_on_disk_checks_itself(tmp_path: Path) -> None:
    write_export(tmp_path / "taken", EXPORTS.whole)
    assert read_directory(tmp_path / "taken") == EXPORTS.whole
    (tmp_path / "policy").write_text(POLICY)
    found = run_alone(tmp_path / "taken", "--policy", str(tmp_path / "policy"), "--json")
    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout)["holds"] is True
    (tmp_path / "taken" / "entries.jsonl").write_bytes(EXPORTS.whole["entries.jsonl"].replace(b"TO-07", b"TO-08", 1))
    found = run_alone(tmp_path / "taken")
    assert (found.returncode, found.stderr) == (1, "")
    assert found.stdout == "Does not hold: entries.jsonl: its lines are not the leaves in tile/entries/000\n"


def test_the_command_says_what_can_not_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_export(tmp_path / "taken", EXPORTS.part)
    assert main([str(tmp_path / "taken")]) == 0
    assert "What no export can show" in capsys.readouterr().out
    for broken in (["--policy", str(tmp_path / "none")], ["--older", str(tmp_path)]):
        assert main([str(tmp_path / "taken"), *broken]) == 1
        assert capsys.readouterr().out.startswith("Does not hold: [Errno")
    (tmp_path / "taken" / "more").symlink_to("checkpoint")
    assert main([str(tmp_path / "taken"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"holds": False, "file": "more", "reason": "it is no plain file"}
    assert main([str(tmp_path / "absent")]) == 1
    assert capsys.readouterr().out == f"Does not hold: {tmp_path}/absent is no directory\n"


def test_every_leaf_is_in_the_one_form_that_the_verifier_wants() -> None:
    assert all(canonical(json.loads(leaf)) == leaf for leaf in EXPORTS.leaves)
