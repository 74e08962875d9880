"""The whole export, and the command line."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from fleet.inspection.auditor.finding import CHECKS, Damage, within
from fleet.inspection.auditor.hashing import (
    TILE,
    check_proof,
    check_tiles,
    hash_bundle,
    lines_of_bundle,
    root_at,
    tile_paths,
    tree_paths,
)
from fleet.inspection.auditor.pages import facts_of, judge_times, make_index, make_readme
from fleet.inspection.auditor.reading import canonical, check_erased, find_export, lines_of, read_entries, read_texts
from fleet.inspection.auditor.trust import Seen, check_note, read_policy

PLAIN_FILES = ("README.txt", "verify.py", "log-policy.txt", "checkpoint", "entries.jsonl", "texts.jsonl", "index.html")
TOKEN, STAMPED_NOTE = "timestamp.tsr", "timestamp-checkpoint"
STAMP_FILES = (TOKEN, "timestamp-ca.pem", STAMPED_NOTE)
UNSHOWN = """What no export can show:
  - that this is the newest tree: it is the one that the witnesses saw at the times above; ask the log for a newer one
  - that the times in the entries are right: they are by the controller's clock; what is odd about them is said above
  - that everything that happened was written to the log, and what erased texts said
  - of a part of the log: what the other entries say; that nothing that was asked for is missing shows in a whole export
"""


def verify(files: Mapping[str, bytes], trusted: bytes | None = None, older: bytes | None = None) -> dict[str, str]:
    """Check an export, its files by path. `trusted` is a log policy from elsewhere, `older` the signed note of an
    earlier checkpoint. What was found, by name; raises Damage for the first thing that does not hold."""
    whole = "scope.json" not in files
    for name in [*PLAIN_FILES, *(STAMP_FILES[:2] if not files.keys().isdisjoint(STAMP_FILES) else ())]:
        if name not in files:
            raise Damage(name, "it is missing")
    policy, note, jsonl = files["log-policy.txt"], files["checkpoint"], files["entries.jsonl"]
    within("log-policy.txt", read_policy, policy)
    seen = within("checkpoint", check_note, note, policy, "exact")
    if trusted is not None:
        within("the policy given", read_policy, trusted)
        within("checkpoint, by the policy given", check_note, note, trusted, "quorum")
    levels = check_whole(files, seen) if whole else check_part(files, seen)
    within("entries.jsonl", read_entries, jsonl, whole)
    told = within("entries.jsonl", find_export, jsonl, whole)
    if not whole and files["scope.json"] != canonical(told["scope"]) + b"\n":
        raise Damage("scope.json", "it is not the scope that the entry log.exported says")
    within("texts.jsonl", read_texts, files["texts.jsonl"], jsonl, whole)
    within("texts.jsonl", check_erased, files["texts.jsonl"], jsonl, whole)
    found = check_earlier(files, seen, levels, policy if trusted is None else trusted, older)
    check_pages(files, whole)
    trust = "the policy that came with the export; give yours with --policy"
    if trusted is not None:
        trust = "the policy that you gave"
        if trusted != policy:
            trust += "; WARNING: log-policy.txt is another one, and README.txt and index.html go by that, not by yours"
    believed = policy if trusted is None else trusted
    facts = facts_of(note, believed, jsonl, files["texts.jsonl"], whole)
    found["Times of entries"] = judge_times(jsonl, whole, check_note(note, believed, "signed").cosigned)
    return {**facts, **found, "Believed": trust}


def check_names(files: Mapping[str, bytes], expected: set[str]) -> None:
    """No file is too many or missing."""
    expected = expected.union(PLAIN_FILES, files.keys() & set(STAMP_FILES))
    for name in sorted(expected.symmetric_difference(files)):
        raise Damage(name, "it is missing" if name in expected else "no such file belongs here")


def check_whole(files: Mapping[str, bytes], seen: Seen) -> list[bytes]:
    """Tiles, entry bundles, root and entries.jsonl are one tree. The hashes of each of its levels."""
    if seen.size > sum(map(len, files.values())):
        raise Damage("checkpoint", "its tree has more entries than this export has bytes")
    check_names(files, tree_paths(seen.size))
    levels = check_tiles(files, seen.size)
    bundles = tile_paths("entries", seen.size)
    for index, (path, width) in enumerate(bundles):
        if within(path, hash_bundle, files[path]) != levels[0][32 * TILE * index : 32 * (TILE * index + width)]:
            raise Damage(path, "a leaf in it has not the hash that the tile holds")
    if root_at(seen.size, levels) != seen.root:
        raise Damage("checkpoint", "the tiles do not lead to its root")
    at = 0
    for path, _ in bundles:
        lines = lines_of_bundle(files[path])
        if not files["entries.jsonl"].startswith(lines, at):
            raise Damage("entries.jsonl", f"its lines are not the leaves in {path}")
        at += len(lines)
    if at != len(files["entries.jsonl"]):
        raise Damage("entries.jsonl", "it has more lines than the tree has leaves")
    return levels


def check_part(files: Mapping[str, bytes], seen: Seen) -> list[bytes]:
    """Each entry has its proof, under this one checkpoint."""
    leaves = within("entries.jsonl", lines_of, files["entries.jsonl"])
    entries = within("entries.jsonl", read_entries, files["entries.jsonl"], False)  # noqa: FBT003 - it is not the whole
    check_names(files, {"scope.json", *(f"proofs/{says['index']}.tlog-proof" for says in entries)})
    for place, says in enumerate(entries):
        path, index = f"proofs/{says['index']}.tlog-proof", says["index"]
        within(path, check_proof, files[path], leaves[place], index, files["checkpoint"], seen.size, seen.root)
    return []


def check_earlier(
    files: Mapping[str, bytes], seen: Seen, levels: list[bytes], policy: bytes, older: bytes | None
) -> dict[str, str]:
    """Earlier checkpoints are signed by the log; in a whole export (it has levels) their tree begins this one."""
    found = {}
    for name, note in ((STAMPED_NOTE, files.get(STAMPED_NOTE)), ("older checkpoint", older)):
        if note is not None:
            was = within(name, check_note, note, policy, "signed")
            same = root_at(was.size, levels) == was.root if levels and was.size <= seen.size else not levels
            if was.origin != seen.origin or was.size > seen.size or not same:
                raise Damage(name, "its tree is not the beginning of this one")
            shown = (
                "is the beginning of this log" if levels else "is signed; that this log begins so, a whole export shows"
            )
            found[name.capitalize()] = f"{was.size} entries, {shown}"
    if TOKEN in files and hashlib.sha256(files.get(STAMPED_NOTE, files["checkpoint"])).digest() not in files[TOKEN]:
        raise Damage(TOKEN, "it is not over the checkpoint")
    return found


def check_pages(files: Mapping[str, bytes], whole: bool) -> None:
    """The pages for people say what the other files say."""
    given = (files["checkpoint"], files["log-policy.txt"], files["entries.jsonl"], files["texts.jsonl"], whole)
    if files["index.html"] != make_index(*given):
        raise Damage("index.html", "it is not the page that the other files make")
    others = {name: files[name] for name in ("verify.py", *STAMP_FILES) if name in files}
    if files["README.txt"] != make_readme(facts_of(*given), files["log-policy.txt"], others):
        raise Damage("README.txt", "the other files make another page, or one whose SHA-256 it gives has changed")


def read_directory(directory: Path) -> dict[str, bytes]:
    """Every file in it, by its path there. Raises Damage for what is no plain file, and OSError."""
    if not directory.is_dir():
        raise NotADirectoryError(f"{directory} is no directory")
    files = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise Damage(name, "it is no plain file")
        if path.is_file():
            files[name] = path.read_bytes()
    return files


def report(facts: Mapping[str, str]) -> str:
    """What holds, for people."""
    lines = [f"{name + ':':22}{fact}" for name, fact in facts.items()]
    return "".join(
        f"{line}\n" for line in [*lines, "Each of these was checked and holds:", *(f"  - {one}" for one in CHECKS)]
    )


def main(given: list[str]) -> int:
    """Check what the command line names; the exit status."""
    parser = argparse.ArgumentParser(description="Check an export of a deployment log: no network, no database.")
    parser.add_argument("directory", type=Path, nargs="?", default=Path(__file__).resolve().parent, metavar="DIR")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="a log policy that you trust, from elsewhere")
    parser.add_argument(
        "--older", type=Path, metavar="CHECKPOINT", help="an earlier checkpoint that this log must continue"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    asked = parser.parse_args(given)
    try:
        trusted, older = (path.read_bytes() if path else None for path in (asked.policy, asked.older))
        facts = verify(read_directory(asked.directory), trusted, older)
    except (Damage, OSError, MemoryError) as error:
        answer = {"holds": False, "file": getattr(error, "file", ""), "reason": getattr(error, "reason", str(error))}
        say(json.dumps(answer) + "\n" if asked.json else f"Does not hold: {error}\n")
        return 1
    say(json.dumps({"holds": True, **facts}) + "\n" if asked.json else f"{report(facts)}{UNSHOWN}Everything holds.\n")
    return 0


def say(text: str) -> None:
    """Print, on terminals of any encoding."""
    sys.stdout.write(text.encode("ascii", "backslashreplace").decode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
