"""What somebody takes away of the deployment log: a directory of files that proves itself (`fleet.inspection.auditor`).

The files are made from parts without I/O, so they are the same bytes for the same parts; `write_export` puts them down.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.inspection.auditor.pages import facts_of, make_index, make_readme
from fleet.inspection.auditor.single_file import single_file
from fleet.log.tiles import ENTRIES, TILE_WIDTH, tile_path
from fleet.log.tree import Frontier
from protocols.tlog.merkle import HASH_BYTES, leaf_hash
from protocols.tlog.note import Note, NoteSignature, read_note
from protocols.tlog.policy import LogPolicy, read_policy
from protocols.tlog.receipt import Receipt, read_receipt


@dataclass(frozen=True, slots=True)
class KeptText:
    """A free text that has not been erased: the entry's leaf index, the field, the 16-byte salt and the text."""

    index: int
    field: str
    salt: bytes
    text: str


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """An RFC 3161 response, its authority's certificates as PEM, and the text of the checkpoint that it is over."""

    token: bytes
    ca_pem: bytes
    note: str


@dataclass(frozen=True, slots=True)
class ExportParts:
    """What every export has: the log policy in force, the text of the signed checkpoint, the free texts, and perhaps a
    time stamp."""

    policy: str
    checkpoint: str
    texts: Sequence[KeptText] = ()
    stamp: TimeStamp | None = None


def whole_export(parts: ExportParts, leaves: Sequence[bytes]) -> dict[str, bytes]:
    """The files of an export of the whole log, by path; `leaves` are all leaves of the checkpoint's tree.

    Raises InvalidPolicy or InvalidNote, or ValueError when no leaf is a `log.exported` entry of a whole export or the
    parts do not fit together in another way. Whether the files prove anything is for `verify` of
    `fleet.inspection.auditor.verify_log` to say: without a quorum of witnesses, for one, they are made and do not.
    """
    files = _files(parts, leaves)
    files.update(_tiles(leaves))
    return _with_pages(files, whole=True)


def selected_export(parts: ExportParts, leaves: Sequence[bytes], receipts: Sequence[str]) -> dict[str, bytes]:
    """The files of an export of a part: `leaves` by index, the last of them the `log.exported` entry that tells of it,
    and the receipt of each under the one checkpoint.

    Raises InvalidPolicy, InvalidNote or InvalidReceipt, or ValueError, as `whole_export` does.
    """
    files = _files(parts, leaves)
    note = files["checkpoint"].decode()
    for receipt in map(read_receipt, receipts):
        if read_note(receipt.checkpoint).body != read_note(note).body:
            raise ValueError(f"the receipt of entry {receipt.index} is under another checkpoint")
        proof = Receipt(receipt.index, receipt.proof, note).text
        files[f"proofs/{receipt.index}.tlog-proof"] = proof.encode()
    if not leaves:
        raise ValueError("a selective export has at least the entry that tells of it")
    files["scope.json"] = _line(json.loads(leaves[-1])["scope"])
    return _with_pages(files, whole=False)


def write_export(directory: Path, files: Mapping[str, bytes]) -> None:
    """Put the files down in `directory`, all or none; only the present user can read them.

    Raises FileExistsError when there is something already, unless it is an empty directory, and OSError.
    """
    directory = directory.absolute()
    if directory.is_symlink() or (directory.exists() and (not directory.is_dir() or any(directory.iterdir()))):
        raise FileExistsError(f"{directory} is there already and not an empty directory")
    making = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        for name, content in files.items():
            path = making / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        making.rename(directory)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def _files(parts: ExportParts, leaves: Sequence[bytes]) -> dict[str, bytes]:
    """The files that do not depend on the form of the export."""
    note = _by_the_policy(parts.checkpoint, read_policy(parts.policy))
    files = {
        "verify.py": single_file(),
        "log-policy.txt": parts.policy.encode(),
        "checkpoint": note.encode(),
        "entries.jsonl": b"".join([leaf + b"\n" for leaf in leaves]),
        "texts.jsonl": _text_lines(parts.texts),
    }
    if parts.stamp is not None:
        files |= {"timestamp.tsr": parts.stamp.token, "timestamp-ca.pem": parts.stamp.ca_pem}
        if parts.stamp.note != note:
            files["timestamp-checkpoint"] = parts.stamp.note.encode()
    return files


def _by_the_policy(text: str, policy: LogPolicy) -> str:
    """The note with the newest signature of each key of the policy, and no others: what the auditor can judge."""
    note = read_note(text)
    keys = [*policy.log_keys, *(witness.key for witness in policy.witnesses)]
    kept: list[NoteSignature] = []
    for key in keys:
        mine = [one for one in note.signatures if (one.name, one.key_id) == (key.name, key.key_id)]
        kept += sorted(mine, key=lambda one: key.verify(note.body, one) or 0)[-1:]
    return Note(note.body, tuple(kept)).text


def _text_lines(texts: Iterable[KeptText]) -> bytes:
    lines = [
        _line({"index": one.index, "field": one.field, "salt": one.salt.hex(), "text": one.text})
        for one in sorted(texts, key=lambda one: (one.index, one.field))
    ]
    return b"".join(lines)


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _tiles(leaves: Sequence[bytes]) -> dict[str, bytes]:
    files = {}
    for write in Frontier(0, {}).append([leaf_hash(leaf) for leaf in leaves]):
        files[tile_path(write.level, write.index, len(write.hashes) // HASH_BYTES)] = write.hashes
    for index, start in enumerate(range(0, len(leaves), TILE_WIDTH)):
        bundle = leaves[start : start + TILE_WIDTH]
        content = b"".join([len(leaf).to_bytes(2, "big") + leaf for leaf in bundle])
        files[tile_path(ENTRIES, index, len(bundle))] = content
    return files


def _with_pages(files: dict[str, bytes], *, whole: bool) -> dict[str, bytes]:
    given = (files["checkpoint"], files["log-policy.txt"], files["entries.jsonl"], files["texts.jsonl"], whole)
    files["index.html"] = make_index(*given)
    vouched = {name: files[name] for name in sorted(files) if name == "verify.py" or name.startswith("timestamp")}
    files["README.txt"] = make_readme(facts_of(*given), files["log-policy.txt"], vouched)
    return dict(sorted(files.items()))
