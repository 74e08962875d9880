"""The two pages for people, index.html and README.txt, made from the other files."""

from __future__ import annotations

import base64
import hashlib
import html
import math
import re
import time
from collections.abc import Mapping

from fleet.inspection.auditor.reading import (
    CLOCK_SLACK_S,
    count_gaps,
    find_export,
    hashed_texts,
    odd_times,
    read_entries,
    read_texts,
)
from fleet.inspection.auditor.trust import check_note

SHOWN = 5
COLUMNS = ("index", "at", "actor", "kind", "unit", "authority", "texts")
STEERING = "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Deployment log</title>
<style>
body { font-family: sans-serif; margin: 1em }
table { border-collapse: collapse; font-size: 90% }
th { position: sticky; top: 0; background: #ddd }
th, td { border: 1px solid #999; padding: 0.2em 0.5em; text-align: left; vertical-align: top }
</style>
<h1>Deployment log</h1>
<p>This page is for reading and searching. What proves it is beside it: README.txt says how to check that.
"""
README = """
To check this export you need Python 3.9 or later, and nothing else:

    python3 verify.py . --policy FILE

Take verify.py from somewhere you trust, or read it first: it is written to be read. FILE is the log policy that you
know from elsewhere, such as the people list that two administrators signed; without it, the policy that came along is
believed. With --older FILE, an earlier checkpoint of this log, it shows that nothing before it has changed.

log-policy.txt   whose signatures count: the log's key, its witnesses' keys, and how many of them (c2sp.org/tlog-policy)
checkpoint       the size and root of the log, signed by it and by witnesses (c2sp.org/tlog-checkpoint)
tile/            in an export of the whole log: its tree and its entries (c2sp.org/tlog-tiles)
proofs/          in an export of a part: for each entry, that the log holds it (c2sp.org/tlog-proof)
scope.json       in an export of a part: which part was asked for
entries.jsonl    the entries, one a line, byte for byte as they are hashed
texts.jsonl      free texts that have not been erased; each has its salted SHA-256 in its entry
index.html       the entries as a table
timestamp.tsr    when there: a time stamp (RFC 3161) over checkpoint, or over timestamp-checkpoint when that is there:
                 openssl ts -verify -data checkpoint -in timestamp.tsr -CAfile timestamp-ca.pem
"""


def utc(unix_s: int) -> str:
    """A time that a witness states."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(unix_s)) if unix_s < 2**37 else f"Unix time {unix_s}"


def facts_of(note: bytes, policy: bytes, jsonl: bytes, texts: bytes, whole: bool) -> dict[str, str]:
    """What an export says of itself, by name; for files that have been checked. What could steer a terminal is shown
    as a question mark."""
    seen, told = check_note(note, policy, "signed"), find_export(jsonl, whole)
    kept, hashed, gaps = len(read_texts(texts, jsonl, whole)), len(hashed_texts(jsonl, whole)), count_gaps(jsonl, whole)
    gone = "erased" if whole else "missing, and this part can not show that they were erased"
    cosigned = [f"{name} at {utc(unix_s)}" for name, unix_s in seen.cosigned.items()]
    after = seen.size - 1 - told["index"] if whole else 0
    doubt = f"; {after} entries come after it, so somebody else may have taken this export" if after else ""
    facts = {
        "Export": "form 1, " + ("the whole log" if whole else f"a part of the log; {gaps} prior entries are not in it"),
        "Log": f"{seen.origin}, key {base64.b64encode(seen.log_key.public).decode()}",
        "Tree": f"{seen.size} entries, root {base64.b64encode(seen.root).decode()}",
        "Cosigned by": ", ".join(cosigned) or "nobody",
        "Asked for by": f"{told['actor']} at {told['at']}, which is entry {told['index']}{doubt}",
        "Entries here": str(len(read_entries(jsonl, whole))),
        "Texts": f"{kept} here, {hashed - kept} {gone}",
    }
    return {name: re.sub(STEERING, "?", fact) for name, fact in facts.items()}


def judge_times(jsonl: bytes, whole: bool, cosigned: Mapping[str, int]) -> str:
    """What is odd about the times of the entries. A wrong clock is no forgery, so it is for people to judge."""
    back, ahead = odd_times(jsonl, whole, max(cosigned.values(), default=math.inf))
    found = [
        f"WARNING: entries with a time more than {CLOCK_SLACK_S // 60} minutes {what}: {len(odd)}, the first of them "
        + ", ".join(map(str, odd[:SHOWN]))
        for odd, what in ((back, "before the entry in front of them"), (ahead, "after the newest cosignature"))
        if odd
    ]
    held = "none goes back" + (", none is after the newest cosignature" if cosigned else "; no cosignature dates them")
    return "; ".join(found) or f"{held} (beyond {CLOCK_SLACK_S // 60} minutes)"


def make_index(note: bytes, policy: bytes, jsonl: bytes, texts: bytes, whole: bool) -> bytes:
    """index.html: the facts, and a table of the entries."""
    known = read_texts(texts, jsonl, whole)
    told: dict[int, list[str]] = {}
    gone = "(erased)" if whole else "(not here)"
    for index, field in hashed_texts(jsonl, whole):
        told.setdefault(index, []).append(f"{field}: {known.get((index, field), gone)}")
    parts = [PAGE]
    for name, fact in facts_of(note, policy, jsonl, texts, whole).items():
        parts.append(f"<p>{html.escape(f'{name}: {fact}')}\n")
    parts.append("<table>\n<tr>" + "".join(f"<th>{name}" for name in COLUMNS) + "\n")
    for says in read_entries(jsonl, whole):
        cells = [*(says.get(name) for name in COLUMNS[:-1]), "; ".join(told.get(says["index"], ()))]
        shown = [html.escape("" if cell is None else str(cell)) for cell in cells]
        parts.append("<tr>" + "".join([f"<td>{cell}" for cell in shown]) + "\n")
    return "".join([*parts, "</table>\n"]).encode()


def make_readme(facts: Mapping[str, str], policy: bytes, others: Mapping[str, bytes]) -> bytes:
    """README.txt; `others` are the files of which nothing else says what they hold."""
    lines = ["An export of a deployment log.", ""]
    lines += [f"{name + ':':14}{fact}" for name, fact in facts.items()]
    lines += [README, "The policy in log-policy.txt:", *(f"    {line}" for line in policy.decode().splitlines())]
    lines += ["", "SHA-256 of files that nothing above vouches for:"]
    lines += [f"    {hashlib.sha256(data).hexdigest()}  {name}" for name, data in sorted(others.items())]
    return "".join(f"{line}\n" for line in lines).encode()
