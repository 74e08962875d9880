"""Checks an export of a deployment log: python3 verify.py [DIR] [--policy FILE] [--older CHECKPOINT] [--json]

Needs Python 3.9 or later and nothing else: no library, no network, no database. Ends with 0 when everything holds, and
with 1 and one line that says which file and why when anything does not. Read it before you believe it: it goes from
what is checked over signatures, tree, entries and texts to the pages for people, the whole, and the command line.

Formats: RFC 6962 (tree), RFC 8032 (Ed25519); c2sp.org: signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy,
tlog-tiles, tlog-proof.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

CHECKS = (
    "files: exactly those that belong to an export of this form and size are there",
    "policy: log-policy.txt names logs and witnesses, each key with its id, and a quorum, in its one form",
    "checkpoint: the log has signed it; every signature is by a key of the policy and verifies; they are a quorum",
    "tiles: each is as wide as the size says, and each hash of a higher level is the root over a full tile below",
    "bundles: each leaf of an entry bundle has the hash that the level-0 tile holds",
    "root: the tiles (of a selective export: each leaf with its .tlog-proof) lead to the checkpoint's root",
    "entries: entries.jsonl is the leaves; each is one JSON object that says its index and its unit's prior entry",
    "export: an entry log.exported tells of this export; a selective one names its scope and every index in it",
    "texts: each text has the salted SHA-256 that its entry holds, once, in order",
    "erasures: in a whole export, later entries text.erased tell of each text that is missing, and of as many",
    "timestamp: a token, if one is there, is over the checkpoint (whether it is signed: see README.txt)",
    "pages: index.html and README.txt, made anew from the other files, are the same bytes",
)

T = TypeVar("T")


class Damage(Exception):
    """Something does not hold: the `file` of the export and the `reason`."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{ascii(file)[1:-1]}: {ascii(reason)[1:-1]}")
        self.file, self.reason = file, reason


def within(file: str, check: Callable[..., T], *given: Any) -> T:
    """What `check` finds in `given`; if that is a ValueError, it is said of `file`."""
    try:
        return check(*given)
    except RecursionError:
        raise Damage(file, "it is nested too deeply") from None
    except ValueError as error:
        raise Damage(file, str(error)[:300]) from None
