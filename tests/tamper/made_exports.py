"""Exports of a made log with entries as a fleet writes them, and the verifier as an auditor gets it."""

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from types import ModuleType
from typing import Any

from fleet.entries.access import (
    LeaseGranted,
    MandateRecorded,
    MediaBegan,
    ModalityClosed,
    ModalityOpened,
    OpeningRefused,
    PositionRead,
)
from fleet.entries.deployments import DeploymentChanged
from fleet.entries.entry import CONTROLLER, Entry, HashedText, encode, kind_of, texts_of
from fleet.entries.leaf import compose
from fleet.entries.log import LogExported, LogScope, TextsErased
from fleet.entries.people_and_units import CommandIssued, SignedInEntry, UnitLabelled
from fleet.inspection.auditor.single_file import single_file
from fleet.inspection.export_directory import ExportParts, KeptText, TimeStamp, selected_export, whole_export
from fleet.log.tree import Frontier, inclusion_proof
from protocols.mandate import Allowance
from protocols.tlog.checkpoint import Checkpoint
from protocols.tlog.merkle import leaf_hash
from protocols.tlog.receipt import Receipt
from tests.support.tlog_making import MadeLog

START = datetime(2025, 3, 30, 0, 30, tzinfo=UTC)
WORDS = ("van kit", "réparé à l'atelier", "<b>&amp;</b>", "two  spaces", "line\nline", 'quote " and \\', "кабель", "")
SELECTED_UNIT = "unit-0007"


@dataclass(frozen=True)
class MadeExports:
    """A log, its leaves and texts, and both forms of an export of it."""

    log: MadeLog
    leaves: list[bytes]
    texts: list[KeptText]
    whole: dict[str, bytes]
    part: dict[str, bytes]


def salted(chance: random.Random, text: str) -> HashedText:
    hashed = HashedText(text)
    hashed.salt = chance.randbytes(16)
    return hashed


def entry_of(chance: random.Random, number: int, unit: str) -> Entry:
    """One of the entries that a fleet at work writes most."""
    said: dict[str, Any] = {
        "at": START + timedelta(seconds=number * 7, microseconds=chance.randrange(10**6)),
        "actor": f"TO-{chance.randint(1, 30):02d}",
        "unit": unit,
        "authority": f"RIPA/{chance.randint(100, 140)}/26",
        "deployment": f"D-{chance.randint(1, 25):03d}",
    }
    opening, mandate = chance.randbytes(16).hex(), f"M-{chance.randint(1, 60):04d}"
    text = f"{chance.choice(WORDS)} {number}"
    makers: Sequence[Callable[[], Entry]] = (
        lambda: LeaseGranted(
            **said,
            opening=opening,
            mandate=mandate,
            modalities=["video", "audio"],
            nonce=chance.randbytes(16).hex(),
            expires_at=said["at"] + timedelta(seconds=60),
            lease_sha256=chance.randbytes(32).hex(),
            carried=False,
        ),
        lambda: ModalityOpened(
            **said, unit_at=said["at"], opening=opening, mandate=mandate, modality="video", person=None, record=number
        ),
        lambda: MediaBegan(**said, opening=opening, modality="video"),
        lambda: ModalityClosed(
            **said, opening=opening, modality="audio", person=None, reason="expired", open_s=60, record=number
        ),
        lambda: OpeningRefused(
            **said, opening=None, mandate=mandate, modality="audio", person=None, rule="outside-window", record=number
        ),
        lambda: PositionRead(**said, opening=opening, mandate=mandate),
        lambda: DeploymentChanged(
            **said,
            step="fit",
            from_state="checked-out",
            to_state="fitted",
            warnings=[],
            reason=salted(chance, text),
        ),
        lambda: UnitLabelled(at=said["at"], actor=said["actor"], unit=unit, label=salted(chance, text)),
        lambda: SignedInEntry(at=said["at"], actor=said["actor"], role="engineer", came_from="10.0.4.7"),
        lambda: CommandIssued(
            at=said["at"], actor=said["actor"], unit=unit, command=opening, order="restart", expires_at=said["at"]
        ),
        lambda: MandateRecorded(
            **said,
            mandate=mandate,
            mandate_kind="field",
            authority_id="A-0123456789ab",
            allows=[Allowance(modality="video", minutes_per_day=10, openings_per_day=4)],
            starts_at=said["at"],
            ends_at=said["at"] + timedelta(days=28),
            requester="TO-01",
            approver="AP-01",
            purpose=salted(chance, text),
            sha256=chance.randbytes(32).hex(),
        ),
    )
    return chance.choices(makers, weights=(14, 14, 12, 14, 3, 5, 3, 1, 8, 5, 2))[0]()


class Writer:
    """Leaves and texts, as the sequencer would make them; `dropped` are index and kind of each text not kept."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.leaves: list[bytes] = []
        self.texts: list[KeptText] = []
        self.dropped: list[tuple[int, str]] = []
        self.indexes: dict[str, list[int]] = {}

    def write(self, entry: Entry, *, keep: bool = True) -> None:
        index, mine = len(self.leaves), self.indexes.setdefault(entry.unit or "", [])
        prior = mine[-1] if entry.unit and mine else None
        self.leaves.append(compose(index, prior, encode(entry)))
        mine.append(index)
        if keep:
            self.texts += [KeptText(index, field, one.salt, one.text) for field, one in texts_of(entry)]
        else:
            self.dropped += [(index, kind_of(entry)) for _ in texts_of(entry)]

    def erased(self) -> None:
        """Tell of the texts that were not kept."""
        at = START + timedelta(days=400)
        first, last = self.dropped[0][0], self.dropped[-1][0]
        kinds = sorted({kind for _, kind in self.dropped})
        count, kept_from = len(self.dropped), at.date() - timedelta(days=365)
        said: dict[str, Any] = {"kept_from": kept_from, "kinds": kinds, "first": first, "last": last}
        self.write(TextsErased(at=at, actor=CONTROLLER, texts=count, held=0, **said))

    def exported(self, scope: LogScope | None, indexes: list[int]) -> None:
        named = "" if scope is None else sha256(",".join(map(str, indexes)).encode()).hexdigest()
        entry = LogExported(
            at=START + timedelta(days=401),
            actor="IN-01",
            export=self.chance.randbytes(8).hex(),
            scope=scope,
            size=len(self.leaves),
            found=len(self.leaves) if scope is None else len(indexes),
            indexes_sha256=named,
            reason=salted(self.chance, "yearly inspection"),
        )
        self.write(entry)


def make_exports(
    entries: int, seed: int, *, origin: str = "muster.example/log", names: tuple[str, ...] = ("north", "south", "west")
) -> MadeExports:
    """Both forms of an export of a log of `entries` entries, at least 2, and with these witnesses."""
    chance = random.Random(seed)
    writer = Writer(chance)
    while len(writer.leaves) < entries - 2:
        if len(writer.leaves) == entries - 3 and writer.dropped:
            writer.erased()
            break
        unit = f"unit-{chance.randint(1, max(8, entries // 200)):04d}"
        is_kept = len(writer.leaves) == entries - 3 or chance.random() < 0.7
        writer.write(entry_of(chance, len(writer.leaves), unit), keep=is_kept)
    chosen = writer.indexes.get(SELECTED_UNIT, [])
    writer.exported(LogScope(unit=SELECTED_UNIT, since=START), chosen)
    writer.exported(None, [])
    log = MadeLog(writer.leaves, origin, names)
    note = log.note().text
    stamp = TimeStamp(b"0\x82 token over " + sha256(note.encode()).digest() + chance.randbytes(200), b"PEM\n", note)
    parts = ExportParts(log.policy.text, note, writer.texts, stamp)
    indexes = [*chosen, entries - 2]
    _, tiles = tiles_of(writer.leaves)
    proofs = [tuple(inclusion_proof(index, entries, lambda *at: tiles[at])) for index in indexes]
    receipts = [Receipt(index, proof, note).text for index, proof in zip(indexes, proofs, strict=True)]
    mine = ExportParts(parts.policy, note, [text for text in writer.texts if text.index in set(indexes)], stamp)
    part = selected_export(mine, [writer.leaves[index] for index in indexes], receipts)
    return MadeExports(log, writer.leaves, writer.texts, whole_export(parts, writer.leaves), part)


_hash_of = lru_cache(maxsize=50_000)(leaf_hash)


def tiles_of(leaves: Sequence[bytes]) -> tuple[Frontier, dict[tuple[int, int], bytes]]:
    frontier = Frontier(0, {})
    writes = frontier.append([_hash_of(leaf) for leaf in leaves])
    return frontier, {(write.level, write.index): write.hashes for write in writes}


def forged_note(export: MadeExports, leaves: Sequence[bytes]) -> bytes:
    """The checkpoint rewritten for other leaves by somebody who has no key: under the signatures there were."""
    frontier, _ = tiles_of(leaves)
    body = Checkpoint(export.log.origin, len(leaves), frontier.root()).body
    return body.encode() + export.whole["checkpoint"].partition(b"\n\n")[2].join((b"\n", b""))


REMEMBERED = {
    "leaf_hash": 20_000,
    "read_text": 20_000,
    "check_proof": 2000,
    "root_over": 500,
    "hash_bundle": 200,
    "lines_of_bundle": 200,
    "tile_paths": 50,
    "tree_paths": 50,
    "check_erased": 16,
    **dict.fromkeys(("make_index", "facts_of", "count_gaps", "check_note", "read_policy", "find_export"), 16),
}
"""The verifier's pure checks, and how many of their results are kept: more than one whole export has."""


def load_verifier(*, remembering: bool) -> ModuleType:
    """verify.py as a module. When `remembering`, its pure checks of single tiles, bundles, lines and proofs give what
    they gave for the same bytes before, so that many exports that differ little are checked quickly from start to end.
    """
    module = ModuleType("verify_alone")
    sys.modules[module.__name__] = module
    exec(compile(single_file(), "verify.py", "exec"), module.__dict__)
    if remembering:
        for name, kept in REMEMBERED.items():
            setattr(module, name, lru_cache(maxsize=kept)(getattr(module, name)))
    return module
