"""Whose signatures count (c2sp.org/tlog-policy, without comments and URLs), and the signed checkpoint."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import NamedTuple

from fleet.inspection.auditor.curve import check_ed25519

MAX_NOTE_BYTES = 16 * 1024
MAX_NUMBER = 2**63 - 1


class Key(NamedTuple):
    """A public key under the name and id that its signatures give; `kind` is 1 for a log's, 4 for a witness's."""

    name: str
    key_id: bytes
    kind: int
    public: bytes


class Policy(NamedTuple):
    """Which logs are believed, and which witnesses must have seen what they say: a group needs some of its members."""

    logs: list[Key]
    witnesses: dict[str, Key]
    groups: dict[str, tuple[int, list[str]]]
    quorum: str


def from_base64(text: str) -> bytes:
    """What the text says, if it is base64 in its one form; raises ValueError."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 that is not in its one form")
    return data


def read_key(vkey: str, kind: int) -> Key:
    """The key in `name+id+base64`, if it is of the kind. Raises ValueError."""
    name, _, rest = vkey.partition("+")
    key_id, _, material = rest.partition("+")
    data = from_base64(material)
    if len(data) != 33 or data[0] != kind or not 1 <= len(name) <= 255:
        raise ValueError("a key is not name+id+base64, or not of the type that its line wants")
    if hashlib.sha256(name.encode() + b"\n" + data).digest()[:4].hex() != key_id:
        raise ValueError(f"the id of the key of {name} is not made from its name and key")
    return Key(name, bytes.fromhex(key_id), kind, data[1:])


def read_policy(data: bytes) -> Policy:
    """A policy in its one form; raises ValueError."""
    if not re.fullmatch(rb"([\x21-\x7e]+( [\x21-\x7e]+)*\n)+", data) or len(data) > MAX_NOTE_BYTES:
        raise ValueError("it is not lines of words of plain ASCII")
    rows = [line.split(" ") for line in data.decode().splitlines()]
    kinds = "".join({"log": "l", "witness": "w", "group": "g", "quorum": "q"}.get(row[0], "?") for row in rows)
    if not re.fullmatch("l{1,32}w{0,32}g{0,32}q", kinds):
        raise ValueError("it is not logs, witnesses, groups and one quorum, in this order")
    if any(len(row) < 4 if row[0] == "group" else len(row) != (3 if row[0] == "witness" else 2) for row in rows):
        raise ValueError("a line has too many words or too few")
    logs = [read_key(row[1], 1) for row in rows if row[0] == "log"]
    witnesses = {row[1]: read_key(row[2], 4) for row in rows if row[0] == "witness"}
    keys = [*logs, *witnesses.values()]
    if any(len({key[part] for key in keys}) != len(rows) - kinds.count("g") - 1 for part in (slice(3, 4), slice(2))):
        raise ValueError("a witness or a key is there twice")
    groups: dict[str, tuple[int, list[str]]] = {}
    free, taken = set(witnesses), set(witnesses)
    for _, name, threshold, *members in rows[len(keys) : -1]:
        if len(set(members)) != len(members) or not free.issuperset(members) or name in taken:
            raise ValueError(f"group {name} or a member of it is unknown, or there twice")
        if not re.fullmatch("any|all|[1-9][0-9]?", threshold):
            raise ValueError(f"group {name} needs any, all or a number of its members")
        needed = 1 if threshold == "any" else len(members) if threshold == "all" else int(threshold)
        if needed > len(members):
            raise ValueError(f"group {name} needs more members than it has")
        groups[name] = (needed, members)
        free, taken = (free | {name}) - set(members), taken | {name}
    if rows[-1][1] not in {"none", *taken} or "none" in taken or any(len(name) > 64 for name in taken):
        raise ValueError("the quorum is no witness and no group, or a name can not be used")
    return Policy(logs, witnesses, groups, rows[-1][1])


class Seen(NamedTuple):
    """A checkpoint whose signatures hold, and when each witness says that it saw it, in Unix seconds."""

    origin: str
    size: int
    root: bytes
    log_key: Key
    cosigned: dict[str, int]


def check_signature(key: Key, body: str, signature: bytes) -> int:
    """The time that a witness states; 0 for a log."""
    if key.kind == 1:
        check_ed25519(key.public, body.encode(), signature)
        return 0
    unix_s = int.from_bytes(signature[:8], "big")
    if unix_s > MAX_NUMBER:
        raise ValueError(f"the time of {key.name} is out of range")
    check_ed25519(key.public, f"cosignature/v1\ntime {unix_s}\n{body}".encode(), signature[8:])
    return unix_s


def read_checkpoint(body: str) -> tuple[str, int, bytes]:
    """Origin, size and root. Raises ValueError; an export is never of an empty log."""
    origin, size, root, *more = body[:-1].split("\n") if body.count("\n") > 2 else ["", "", ""]
    if not re.fullmatch("[1-9][0-9]{0,18}", size) or int(size) > MAX_NUMBER or len(from_base64(root)) != 32:
        raise ValueError("it does not say an origin, a size and a root, one line each")
    if not origin or not all(more):
        raise ValueError("it has an empty line")
    return origin, int(size), from_base64(root)


@lru_cache(maxsize=8)
def check_note(data: bytes, policy_data: bytes, wanted: str) -> Seen:
    """The checkpoint in a note. `wanted` "exact": keys of the policy have signed it once each, a quorum, and nobody
    else; "quorum": others may have signed too; "signed": by the log, and witnesses do not matter."""
    policy, text = read_policy(policy_data), data.decode()
    body, empty_line, tail = text.rpartition("\n\n")
    lines = tail[:-1].split("\n")
    if len(data) > MAX_NOTE_BYTES or re.search("[\x00-\x09\x0b-\x1f]", text) or tail[-1:] != "\n" or len(lines) > 16:
        raise ValueError("it is not a text, an empty line and up to 16 signatures")
    known = {key[:2]: (name, key) for name, key in [*(("", log) for log in policy.logs), *policy.witnesses.items()]}
    signed: dict[tuple[str, Key], int] = {}
    for line in lines:
        found = re.fullmatch(r"— ([^+\s]+) ([A-Za-z0-9+/=]+)", line)
        if found is None or not empty_line:
            raise ValueError("a signature line is not a dash, a name and base64")
        blob = from_base64(found[2])
        signer = known.get((found[1], blob[:4]))
        if wanted == "exact" and (signer is None or signer in signed):
            raise ValueError(f"{found[1][:80]} is no key of the policy, or has signed twice")
        if signer is not None:
            signed[signer] = max(check_signature(signer[1], body + "\n", blob[4:]), signed.get(signer, 0))
    origin, size, root = read_checkpoint(body + "\n")
    own = [key for name, key in signed if not name and key.name == origin]
    if not own:
        raise ValueError("no log of the policy has signed it as its own")
    cosigned = {name: signed[name, key] for name, key in policy.witnesses.items() if (name, key) in signed}
    reached = set(cosigned) | {"none"}
    for name, (needed, members) in policy.groups.items():
        reached |= {name} if len(reached.intersection(members)) >= needed else set()
    if wanted != "signed" and policy.quorum not in reached:
        raise ValueError(f"it is cosigned by {len(cosigned)} witnesses, which is no quorum of the policy")
    return Seen(origin, size, root, own[0], cosigned)
