"""The entries and their free texts."""

from __future__ import annotations

import hashlib
import heapq
import json
import re
from datetime import datetime
from functools import lru_cache
from typing import Any

MAX_LEAF_BYTES = 65535
CLOCK_SLACK_S = 600
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = DAY + "T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?Z"


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a file, each of which ends in a line end."""
    if data and not data.endswith(b"\n"):
        raise ValueError("its last line is cut off")
    return data.split(b"\n")[:-1]


def canonical(value: Any) -> bytes:
    """JSON in its one form."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def read_object(line: bytes, first: list[str]) -> dict[str, Any]:
    """The JSON object in a line, whose first names are `first`; of every object there is one form only."""
    says = json.loads(line.decode())
    if canonical(says) != line or not isinstance(says, dict) or list(says)[: len(first)] != first:
        raise ValueError(f"a line is not a JSON object with {', '.join(first)} first, in its one form")
    return says


def seconds_of(at: str) -> int:
    """The time that an entry states, in whole Unix seconds."""
    if not re.fullmatch(TIME, at):
        raise ValueError("it is no time in UTC")
    return int(datetime.fromisoformat(f"{at[:19]}+00:00").timestamp())


def read_leaf(leaf: bytes) -> dict[str, Any]:
    """What an entry says, by name. Raises ValueError."""
    says = read_object(leaf, ["index", "prior", "v", "dpa", "kind", "at", "actor", "unit"])
    if len(leaf) > MAX_LEAF_BYTES or type(says["index"]) is not int or type(says["prior"]) not in (int, type(None)):
        raise ValueError("an entry is too long, or says no index or prior entry")
    if not all(isinstance(says[name], str) for name in ("kind", "at", "actor")):
        raise ValueError(f"entry {says['index']} does not say what, when and who")
    try:
        seconds_of(says["at"])
    except ValueError:
        raise ValueError(f"entry {says['index']} does not say its time in UTC") from None
    if not all(isinstance(says.get(name), (str, type(None))) for name in ("unit", "authority")):
        raise ValueError(f"entry {says['index']} names a unit or an authority that is no text")
    return says


@lru_cache(maxsize=2)
def read_entries(jsonl: bytes, whole: bool) -> list[dict[str, Any]]:
    """The entries in order. Each says the prior entry of its unit; in a whole log that is exactly the one before it."""
    entries = [read_leaf(line) for line in lines_of(jsonl)]
    before, newest = -1, dict[Any, int]()
    for says in entries:
        index, prior, unit = says["index"], says["prior"], says["unit"]
        if index <= before or (whole and index != before + 1):
            raise ValueError(f"entry {index} is not in its place")
        known = newest.get(unit, -1) if unit is not None else -1
        told = -1 if prior is None else prior
        if prior == -1 or not known <= told < index or (told != known and (whole or unit is None)):
            raise ValueError(f"entry {index} says that {prior} was its unit's prior entry, which can not be")
        before = newest[unit] = index
    return entries


def count_gaps(jsonl: bytes, whole: bool) -> int:
    """How many entries say a prior entry that is not here."""
    entries = read_entries(jsonl, whole)
    return len({says["prior"] for says in entries} - {says["index"] for says in entries} - {None})


@lru_cache(maxsize=2)
def hashed_texts(jsonl: bytes, whole: bool) -> dict[tuple[int, str], Any]:
    """By index and field: the salted SHA-256 that an entry holds in place of a free text."""
    return {
        (says["index"], name): value["sha256"]
        for says in read_entries(jsonl, whole)
        for name, value in sorted(says.items())
        if isinstance(value, dict) and list(value) == ["sha256"]
    }


def read_text(line: bytes) -> tuple[int, str, str, str]:
    """Index, field, text and salted SHA-256 of a line of texts.jsonl."""
    index, field, salt, text, *more = read_object(line, ["index", "field", "salt", "text"]).values()
    if more or type(index) is not int or not all(isinstance(one, str) for one in (field, salt, text)):
        raise ValueError("a line is not index, field, salt and text")
    if not re.fullmatch("[0-9a-f]{32}", salt):
        raise ValueError("a salt is not 16 bytes in hexadecimal")
    return index, field, text, hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()


@lru_cache(maxsize=2)
def read_texts(texts: bytes, jsonl: bytes, whole: bool) -> dict[tuple[int, str], str]:
    """By index and field: the texts that have not been erased."""
    hashed = hashed_texts(jsonl, whole)
    found: dict[tuple[int, str], str] = {}
    before = (-1, "")
    for index, field, text, sha256 in map(read_text, lines_of(texts)):
        if hashed.get((index, field)) != sha256 or (index, field) <= before:
            raise ValueError(
                f"the text {field} of entry {index} is not what the entry was written with, or not in place"
            )
        before = (index, field)
        found[before] = text
    return found


def day_of(time: str) -> int:
    """The day of a time, or a day, as a number that is larger for a later day."""
    return int(time[:10].replace("-", ""))


def read_erasure(says: dict[str, Any]) -> tuple[int, int, int, list[str], int]:
    """Of an entry text.erased: the first and last entry that lost texts, the day before which those were written, their
    kinds, and how many texts it was."""
    found: list[Any] = [says.get(name) for name in ("first", "last", "kept_from", "kinds", "texts")]
    first, last, kept_from, kinds, count = found
    numbers = all(type(one) is int for one in (first, last, count)) and 0 <= first <= last < says["index"] and count > 0
    named = isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds)
    if not (numbers and named and isinstance(kept_from, str) and re.fullmatch(DAY, kept_from)):
        raise ValueError(f"entry {says['index']} does not say which texts were erased")
    return first, last, day_of(kept_from), kinds, count


@lru_cache(maxsize=2)
def check_erased(texts: bytes, jsonl: bytes, whole: bool) -> None:
    """In a whole log, later entries text.erased tell of each text that is missing, and of no fewer than are missing."""
    entries, kept = read_entries(jsonl, whole), read_texts(texts, jsonl, whole)
    if not whole:
        return
    missing = [place for place in hashed_texts(jsonl, whole) if place not in kept]
    told = sorted(read_erasure(says) for says in entries if says["kind"] == "text.erased")
    # By kind, the erasures that begin at this entry or before: the one of the latest day first, ended ones thrown away.
    begun: dict[str, list[tuple[int, int]]] = {}
    waiting = told[::-1]
    for index, field in missing:
        while waiting and waiting[-1][0] <= index:
            _, last, day, kinds, _ = waiting.pop()
            for kind in kinds:
                heapq.heappush(begun.setdefault(kind, []), (-day, last))
        mine = begun.get(entries[index]["kind"], [])
        while mine and mine[0][1] < index:
            heapq.heappop(mine)
        if not mine or day_of(entries[index]["at"]) >= -mine[0][0]:
            raise ValueError(f"the text {field} of entry {index} is missing, and no entry tells that it was erased")
    if len(missing) > sum(one[-1] for one in told):
        raise ValueError(f"{len(missing)} texts are missing, and its entries text.erased tell of fewer")


def odd_times(jsonl: bytes, whole: bool, newest: float) -> tuple[list[int], list[int]]:
    """The entries that state a time more than CLOCK_SLACK_S before that of the entry in front of them, and those that
    state one as much after `newest`."""
    times = [(says["index"], seconds_of(says["at"])) for says in read_entries(jsonl, whole)]
    back = [index for place, (index, at) in enumerate(times) if place and at < times[place - 1][1] - CLOCK_SLACK_S]
    return back, [index for index, at in times if at > newest + CLOCK_SLACK_S]


def find_export(jsonl: bytes, whole: bool) -> dict[str, Any]:
    """The entry that tells of this export: the newest one of a whole export, or the last line of a selective one."""
    entries = read_entries(jsonl, whole)
    mine = entries if whole else entries[-1:]
    told = [one for one in mine if one["kind"] == "log.exported" and (one.get("scope") is None) == whole]
    if not told:
        raise ValueError("no entry log.exported tells of this export")
    others = "" if whole else ",".join(str(one["index"]) for one in entries[:-1])
    named = (len(entries) - 1, hashlib.sha256(others.encode()).hexdigest())
    if not whole and (told[-1].get("found"), told[-1].get("indexes_sha256")) != named:
        raise ValueError("its entries are not those that its entry log.exported names")
    return told[-1]  # of a whole log the newest, so that the fewest entries come after it
