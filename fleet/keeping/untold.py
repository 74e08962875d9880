"""Erasures that the log does not tell of: the database writes down each by itself, whoever asked for it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date
from typing import TypeAlias

import msgspec

from fleet.store.legal_holds import StoredErasure
from fleet.store.store import Transaction

_Facts: TypeAlias = tuple[date, tuple[str, ...], int, int, int, int]


class _Told(msgspec.Struct, frozen=True):
    """What an entry `text.erased` says."""

    kept_from: date
    kinds: tuple[str, ...]
    texts: int
    held: int
    first: int
    last: int


_entry = msgspec.json.Decoder(_Told)


def untold(erasures: Sequence[StoredErasure], bodies: Iterable[bytes]) -> list[StoredErasure]:
    """Those of `erasures` for which none of the entries `bodies` is left that says the same; each entry tells of one.

    Of erasures that were alike the last are the untold. A body that can not be read tells of none.
    """
    told: Counter[_Facts] = Counter()
    for body in bodies:
        try:
            told[msgspec.structs.astuple(_entry.decode(body))] += 1
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    found = []
    for erasure in erasures:
        facts = _facts(erasure)
        if told[facts]:
            told[facts] -= 1
        else:
            found.append(erasure)
    return found


def _facts(erasure: StoredErasure) -> _Facts:
    day = erasure.kept_from.astimezone(UTC).date()
    return (day, tuple(erasure.kinds), erasure.texts, erasure.held, erasure.first, erasure.last)


async def untold_erasures(transaction: Transaction, after: int) -> tuple[list[StoredErasure], int]:
    """Erasures numbered above `after` that the log does not tell of, and the number of the newest erasure.

    An erasure and its entry commit together, so an untold one stays untold. Raises StoreUnavailable.
    """
    holds = transaction.legal_holds
    newest = await holds.newest_erasure()
    if newest <= after:
        return [], newest
    found = untold(await holds.erasures(newest), await holds.erasures_told())
    return [erasure for erasure in found if erasure.erasure_id > after], newest
