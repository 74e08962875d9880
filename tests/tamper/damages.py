"""Ways to damage an export, and whether the auditor's verifier finds each of them."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from fleet.inspection.export_directory import ExportParts, whole_export
from fleet.log.tiles import ENTRIES, TILE_WIDTH, tile_path
from protocols.tlog.merkle import HASH_BYTES
from tests.bench.lines import say
from tests.tamper.made_exports import MadeExports, forged_note, tiles_of

Files = dict[str, bytes]
Damaged = tuple[str, Files]
"""What was done, in words, and the files after it."""


class Jury:
    """Runs the whole verifier on damaged exports and counts what it did not find."""

    def __init__(self, verifier: ModuleType) -> None:
        self.verify: Callable[[Mapping[str, Any]], object] = verifier.verify
        self.damage: type[Exception] = verifier.Damage
        self.counts: Counter[str] = Counter(undetected=0)

    def judge(self, kind: str, what: str, files: Mapping[str, Any]) -> None:
        self.counts[kind] += 1
        try:
            self.verify(files)
        except self.damage as found:
            if "\n" not in str(found):
                return
            say(f"more than one line for {kind}: {what}")
        except Exception as error:  # noqa: BLE001 - a crash of the verifier is a finding too
            say(f"the verifier ended with {type(error).__name__} on {kind}: {what}")
        else:
            say(f"not found, {kind}: {what}")
        self.counts["undetected"] += 1


def flip_bytes(jury: Jury, files: Files, name: str, places: range, seed: int) -> None:
    """Flip each of these bytes of a file, one at a time, by a pattern of its own."""
    chance = random.Random(f"{seed} {name} {places.start}")
    # The two files that are only compared are changed in place: a copy of each for every byte would take hours.
    content, damaged = bytearray(files[name]), dict(files)
    in_place = name == "index.html" or (name == "entries.jsonl" and "scope.json" not in files)
    for place in places:
        before = content[place]
        content[place] ^= chance.randrange(1, 256)
        damaged[name] = content if in_place else bytes(content)  # type: ignore[assignment]  # only ever compared
        jury.judge("bytes_flipped", f"byte {place} of {name}", damaged)
        content[place] = before


def relaid(export: MadeExports, leaves: Sequence[bytes]) -> Files:
    """The whole export with these leaves, everything but the signed checkpoint and the pages made to fit."""
    files = {name: content for name, content in export.whole.items() if not name.startswith("tile/")}
    for (level, index), hashes in tiles_of(leaves)[1].items():
        files[tile_path(level, index, len(hashes) // HASH_BYTES)] = hashes
    for index, start in enumerate(range(0, len(leaves), TILE_WIDTH)):
        bundle = leaves[start : start + TILE_WIDTH]
        lengthened = b"".join([len(leaf).to_bytes(2, "big") + leaf for leaf in bundle])
        files[tile_path(ENTRIES, index, len(bundle))] = lengthened
    files["entries.jsonl"] = b"".join([leaf + b"\n" for leaf in leaves])
    return files


def relisted(export: MadeExports, leaves: Sequence[bytes]) -> Files:
    """The whole export with these leaves in entries.jsonl only."""
    return {**export.whole, "entries.jsonl": b"".join([leaf + b"\n" for leaf in leaves])}


def both(export: MadeExports, what: str, leaves: Sequence[bytes]) -> Iterator[Damaged]:
    yield f"{what}, in entries.jsonl", relisted(export, leaves)
    yield f"{what}, in tiles and bundles too", relaid(export, leaves)


def deletions(export: MadeExports, index: int) -> Iterator[Damaged]:
    """Leave one entry out; also with the last one twice, which keeps the size."""
    fewer = export.leaves[:index] + export.leaves[index + 1 :]
    yield from both(export, f"entry {index} left out", fewer)
    yield from both(export, f"entry {index} left out, the last twice", [*fewer, fewer[-1]])


def part_deletions(export: MadeExports, place: int) -> Iterator[Damaged]:
    """Leave one entry of the selective export out, with its proof and texts and with its chapter of the pages."""
    lines = export.part["entries.jsonl"].splitlines(keepends=True)
    index = int(lines[place].partition(b",")[0].partition(b":")[2])
    files = {name: content for name, content in export.part.items() if name != f"proofs/{index}.tlog-proof"}
    files["entries.jsonl"] = b"".join(lines[:place] + lines[place + 1 :])
    texts = files["texts.jsonl"].splitlines(keepends=True)
    files["texts.jsonl"] = b"".join(line for line in texts if not line.startswith(b'{"index":%d,' % index))
    yield f"entry {index} left out of the part", files
    yield f"the proof of entry {index} left out", {**files, "entries.jsonl": export.part["entries.jsonl"]}


def swaps(export: MadeExports, one: int, other: int) -> Iterator[Damaged]:
    leaves = list(export.leaves)
    leaves[one], leaves[other] = leaves[other], leaves[one]
    yield from both(export, f"entries {one} and {other} swapped", leaves)


def duplicates(export: MadeExports, index: int) -> Iterator[Damaged]:
    yield from both(export, f"entry {index} twice", [*export.leaves[: index + 1], *export.leaves[index:]])
    kept = [*export.leaves[: index + 1], *export.leaves[index:-1]]
    if kept != export.leaves:
        yield from both(export, f"entry {index} twice, the last left out", kept)


def cut_tails(export: MadeExports, count: int) -> Iterator[Damaged]:
    """Leave the last entries out, also with a checkpoint that says so, which nobody could sign."""
    fewer = export.leaves[:-count]
    yield from both(export, f"the last {count} cut off", fewer)
    yield (
        f"the last {count} cut off, checkpoint too",
        {**relaid(export, fewer), "checkpoint": forged_note(export, fewer)},
    )


def truncations(files: Files, name: str, chance: random.Random) -> Iterator[Damaged]:
    content = files[name]
    lengths = {0, 1, len(content) // 2, len(content) - 1, *(chance.randrange(len(content)) for _ in range(5))}
    if len(content) < 5000:
        lengths.update(place + 1 for place, byte in enumerate(content[:-1]) if byte == 0x0A)
    for length in sorted(length for length in lengths if length < len(content)):
        yield f"{name} cut to {length} bytes", {**files, name: content[:length]}


def foreign_files(files: Files, chance: random.Random) -> Iterator[Damaged]:
    """Files added, left out, emptied, lengthened, renamed, and put in each other's place."""
    extra = (
        "notes.txt",
        ".hidden",
        "checkpoint~",
        "tile/0/999",
        "tile/entries/999.p/3",
        "proofs/1.tlog-proof.bak",
        "tile/7/000",
    )
    for name in (*extra, *("scope.json", "timestamp-checkpoint")):
        if name not in files:
            yield f"{name} added", {**files, name: chance.choice(list(files.values()))}
    names = sorted(files)
    for name in names:
        rest = {other: content for other, content in files.items() if other != name}
        yield f"{name} removed", rest
        yield f"{name} renamed", {**rest, f"{name}.old": files[name]}
        yield f"{name} lengthened", {**files, name: files[name] + chance.choice([b"\n", b" ", b"\0", files[name]])}
    for one, other in (chance.sample(names, 2) for _ in range(len(names))):
        if files[one] != files[other]:
            yield f"{one} and {other} exchanged", {**files, one: files[other], other: files[one]}


def altered_texts(files: Files, chance: random.Random) -> Iterator[Damaged]:
    """Texts removed, doubled, and in each other's place."""
    lines = files["texts.jsonl"].splitlines(keepends=True)
    for place in chance.sample(range(len(lines)), min(len(lines), 50)):
        after = lines[place + 1 :]
        yield f"text {place} removed", {**files, "texts.jsonl": b"".join(lines[:place] + after)}
        yield f"text {place} twice", {**files, "texts.jsonl": b"".join([*lines[: place + 1], lines[place], *after])}
    if len(lines) > 1:
        yield "first texts swapped", {**files, "texts.jsonl": b"".join([lines[1], lines[0], *lines[2:]])}


def unsaid_erasures(export: MadeExports, chance: random.Random) -> Iterator[Damaged]:
    """Texts left out of the whole export, its pages made anew, without an entry that tells of an erasure."""
    parts = ExportParts(export.log.policy.text, export.whole["checkpoint"].decode())
    yield "no texts at all", whole_export(parts, export.leaves)
    for place in chance.sample(range(len(export.texts)), min(len(export.texts), 5)):
        fewer = [*export.texts[:place], *export.texts[place + 1 :]]
        yield f"text {place} unsaid", whole_export(replace(parts, texts=fewer), export.leaves)


def as_others(export: MadeExports, impostor: MadeExports) -> Iterator[Damaged]:
    """Parts of another log's export, which holds in itself, in the place of this one's."""
    for name in sorted(set(export.whole) & set(impostor.whole)):
        if export.whole[name] != impostor.whole[name]:
            yield f"another log's {name}", {**export.whole, name: impostor.whole[name]}
    policies = {**impostor.whole, "log-policy.txt": export.whole["log-policy.txt"]}
    yield "another log under this one's policy", policies
