"""Damage an export of a made log in every way we know, and count what the auditor's verifier does not find.

`python -m tests.tamper.tampering --entries 10000` flips every byte of every file of both forms of the export and more;
it says one JSON line at its end, and ends with 1 when anything was not found. `--stride 97` flips every 97th byte only,
and damages every fourth entry.
"""

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.bench.lines import say, tell
from tests.tamper import damages
from tests.tamper.damages import Damaged, Files, Jury
from tests.tamper.made_exports import MadeExports, load_verifier, make_exports

SEED = 4
FLIPS_A_PIECE = 50_000
ENTRIES_A_PIECE = 250
SAY_EVERY_S = 30


@dataclass(frozen=True)
class Campaign:
    """Everything that a worker needs; made once, then inherited by each."""

    export: MadeExports
    impostor: MadeExports
    seed: int
    stride: int

    def pieces(self) -> list[tuple[str, int]]:
        """Names and starts of pieces of work of some seconds each, in an order that mixes quick and slow ones."""
        found = [("files", 0)]
        for form in ("whole", "part"):
            files: Files = getattr(self.export, form)
            found += [
                (f"flip {form} {name}", start)
                for name, content in files.items()
                for start in range(0, len(content), FLIPS_A_PIECE * self.stride)
            ]
        starts = range(0, len(self.export.leaves), ENTRIES_A_PIECE)
        found += [(kind, start) for kind in ("delete", "swap", "part") for start in starts]
        random.Random(self.seed).shuffle(found)
        return found

    def run(self, jury: Jury, piece: tuple[str, int]) -> None:
        """Do one piece of work."""
        work, start = piece
        if work.startswith("flip"):
            _, form, name = work.split(" ", 2)
            files: Files = getattr(self.export, form)
            end = min(len(files[name]), start + FLIPS_A_PIECE * self.stride)
            damages.flip_bytes(jury, files, name, range(start, end, self.stride), self.seed)
            return
        chance = random.Random(f"{self.seed} {work} {start}")
        for kind, found in self._others(work, start, chance):
            for what, files in found:
                jury.judge(kind, what, files)

    def _others(self, work: str, start: int, chance: random.Random) -> Iterator[tuple[str, Iterable[Damaged]]]:
        export, count = self.export, len(self.export.leaves)
        mine = range(start, min(count, start + ENTRIES_A_PIECE), min(self.stride, 4))
        if work == "delete":
            yield from (("deleted", damages.deletions(export, index)) for index in mine)
            yield from (
                ("duplicated", damages.duplicates(export, index)) for index in chance.sample(mine, len(mine) // 10)
            )
        if work == "swap":
            yield from (("swapped", damages.swaps(export, index, index + 1)) for index in mine if index + 1 < count)
            pairs = (chance.sample(range(count), 2) for _ in range(len(mine) // 10))
            yield from (("swapped", damages.swaps(export, *pair)) for pair in pairs)
        if work == "part":
            lines = export.part["entries.jsonl"].count(b"\n")
            yield from (("deleted", damages.part_deletions(export, place)) for place in mine if place < lines)
        if work == "files":
            tails = {1, 2, 255, 256, 257, *chance.sample(range(1, count), 50)}
            yield from (("tails_cut", damages.cut_tails(export, tail)) for tail in sorted(tails) if tail < count)
            yield "texts_unsaid", damages.unsaid_erasures(export, chance)
            yield "exchanged", damages.as_others(export, self.impostor)
            for files in (export.whole, export.part):
                yield from (("truncated", damages.truncations(files, name, chance)) for name in files)
                yield "files_changed", damages.foreign_files(files, chance)
                yield "texts_changed", damages.altered_texts(files, chance)


def make_campaign(entries: int, seed: int, stride: int) -> Campaign:
    """A campaign on a log of so many entries, with an impostor's log beside it."""
    impostor = make_exports(min(entries, 600), seed + 1, origin="elsewhere.example/log", names=("east", "zenith"))
    return Campaign(make_exports(entries, seed), impostor, seed, stride)


_inherited: list[tuple[Campaign, Jury]] = []


def _work(piece: tuple[str, int]) -> Counter[str]:
    campaign, jury = _inherited[0]
    jury.counts = Counter(undetected=0)
    campaign.run(jury, piece)
    return jury.counts


def run(campaign: Campaign, workers: int) -> Counter[str]:
    """The whole campaign; what it counted. With one worker, in this process."""
    jury = Jury(load_verifier(remembering=True))
    for files in (campaign.export.whole, campaign.export.part):
        jury.verify(files)
    _inherited[:] = [(campaign, jury)]
    pieces, total, told = campaign.pieces(), Counter[str](undetected=0), time.monotonic()
    pool = multiprocessing.get_context("fork").Pool(workers) if workers > 1 else None
    results = pool.imap_unordered(_work, pieces) if pool else map(_work, pieces)
    for done, counts in enumerate(results, start=1):
        total.update(counts)
        if time.monotonic() - told > SAY_EVERY_S or done == len(pieces):
            told = time.monotonic()
            counted = f"{total['bytes_flipped']} bytes flipped, {total['undetected']} undetected"
            say(f"{done} of {len(pieces)} pieces, {counted}")
    if pool:
        pool.close()
        pool.join()
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    started = time.monotonic()
    campaign = make_campaign(given.entries, given.seed, given.stride)
    total = run(campaign, given.workers)
    files = len(campaign.export.whole) + len(campaign.export.part)
    answer = {"entries": given.entries, "files": files, "seed": given.seed, "stride": given.stride, **total}
    tell(json.dumps({**answer, "seconds": round(time.monotonic() - started)}))
    return 1 if total["undetected"] else 0


if __name__ == "__main__":
    sys.exit(main())
