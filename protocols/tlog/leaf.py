"""Leaves of our log, as whoever trusts nobody reads them: one JSON object that says its own place, in one form only.

Two readers of one leaf must never see two different entries. So a leaf is refused that has a key twice, blanks, another
spelling of a string or a number, or says another place than it has.
"""

import json
import re
from typing import Any

from protocols.errors import InvalidReceipt

MAX_LEAF_BYTES = 65_535
"""An entry bundle of C2SP tlog-tiles gives each leaf's length in 16 bits."""
_BEGINNING = re.compile(rb'\{"index":(0|[1-9][0-9]{0,18}),"prior":(null|0|[1-9][0-9]{0,18})[,}]')


def read_leaf(leaf: bytes, index: int) -> dict[str, Any]:
    """What the leaf at `index` of our log says; its first two keys are `index` and `prior`.

    Raises InvalidReceipt and nothing else, whatever the bytes are: `leaf-malformed` when it has not the one form,
    `wrong-index` when it says that it is at another place, or that one not before it was the prior.
    """
    beginning = _BEGINNING.match(leaf) if len(leaf) <= MAX_LEAF_BYTES else None
    if beginning is None:
        raise InvalidReceipt("leaf-malformed", "a leaf begins with its index and prior, and has at most 65,535 bytes")
    said, prior = int(beginning[1]), None if beginning[2] == b"null" else int(beginning[2])
    if said != index or (prior is not None and prior >= index):
        raise InvalidReceipt("wrong-index", f"the leaf says that it is {said} after {prior}, and is at {index}")
    try:
        read: dict[str, Any] = json.loads(
            leaf.decode(), object_pairs_hook=_object, parse_float=_refuse, parse_constant=_refuse
        )
        is_canonical = json.dumps(read, separators=(",", ":"), ensure_ascii=False).encode() == leaf
    except (ValueError, RecursionError) as error:
        raise InvalidReceipt("leaf-malformed", f"the leaf can not be read: {error}"[:200]) from error
    if not is_canonical:
        raise InvalidReceipt("leaf-malformed", "the leaf is not in the one form of its JSON")
    return read


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a key twice")
    return found


def _refuse(number: str) -> None:
    raise ValueError(f"{number[:20]} is no number of a leaf")
