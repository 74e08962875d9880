"""Log policies (C2SP tlog-policy): whose checkpoints are believed, and which witnesses must have seen them.

Of the format's texts this reads one form only, so that what two administrators signed is what is used: printable ASCII,
one blank between words, logs, then witnesses, then groups, then the quorum; no comments, no URLs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from protocols.errors import InvalidCheckpoint, InvalidNote, InvalidPolicy
from protocols.tlog.checkpoint import Checkpoint, read_checkpoint
from protocols.tlog.note import VerifierKey, read_note, verify_note
from protocols.tlog.signature_types import COSIGNATURE_V1, ED25519

MAX_POLICY_CHARS = 16 * 1024
MAX_OF_EACH = 32
"""Logs, witnesses and groups at the most: what C2SP asks every implementation to read."""
NONE = "none"
_TEXT = re.compile(r"[\x20-\x7e\n]*")
_NAME = re.compile(r"[\x21-\x7e]{1,64}")
_THRESHOLD = re.compile(r"any|all|[1-9][0-9]?")
_ORDER = {"log": 0, "witness": 1, "group": 2, "quorum": 3}


class PolicyWitness(NamedTuple):
    """A witness under the name that the policy gives it."""

    name: str
    key: VerifierKey


class QuorumGroup(NamedTuple):
    """Members of which `threshold` must have seen a checkpoint: `any`, `all` or a number, as it was written."""

    name: str
    threshold: str
    members: tuple[str, ...]

    @property
    def needed(self) -> int:
        """How many members that is."""
        if self.threshold == "all":
            return len(self.members)
        return 1 if self.threshold == "any" else int(self.threshold)


@dataclass(frozen=True, slots=True)
class SeenCheckpoint:
    """A checkpoint that the policy accepts, and when each witness that cosigned it says it saw it, in Unix seconds."""

    checkpoint: Checkpoint
    cosigned: dict[str, int]


@dataclass(frozen=True)
class LogPolicy:
    """A policy. `quorum` is the name of a witness or a group, or `none`.

    Raises InvalidPolicy: `too-many` (of one kind), `key-unusable` (a key of another type than a log's or a witness's),
    `key-twice`, `name-unusable` (unknown, used twice, a member twice), `no-log`, `threshold-unusable`.
    """

    log_keys: tuple[VerifierKey, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[QuorumGroup, ...]
    quorum: str

    def __post_init__(self) -> None:
        if max(len(self.log_keys), len(self.witnesses), len(self.groups)) > MAX_OF_EACH:
            raise InvalidPolicy("too-many", f"a log policy has at most {MAX_OF_EACH} logs, witnesses and groups")
        if not self.log_keys:
            raise InvalidPolicy("no-log", "a log policy names at least one log")
        self._check_keys()
        self._check_names()

    @cached_property
    def text(self) -> str:
        """The policy's one text."""
        lines = [f"log {key.line}" for key in self.log_keys]
        lines += [f"witness {name} {key.line}" for name, key in self.witnesses]
        lines += [f"group {one.name} {one.threshold} {' '.join(one.members)}" for one in self.groups]
        return "".join(f"{line}\n" for line in [*lines, f"quorum {self.quorum}"])

    @property
    def quorum_words(self) -> str:
        """The quorum for people to read, such as `2 of (north, south, all of (one, two))`."""
        words = {group.name: group for group in self.groups}

        def told(name: str) -> str:
            group = words.get(name)
            if group is None:
                return name
            return f"{group.threshold} of ({', '.join(told(member) for member in group.members)})"

        return told(self.quorum)

    @property
    def allows_disjoint_quorums(self) -> bool:
        """Whether two sets of witnesses without a common one each reach the quorum.

        Then each could vouch for another history, and no honest witness need see both. Of n witnesses of which k are
        needed that is so when 2k ≤ n. A name is in one group at most, so members share no witnesses: those that two
        disjoint sets can both reach count for both, every other one for one of the two.
        """
        twice = {name: False for name, _ in self.witnesses} | {NONE: True}
        for group in self.groups:
            both = sum(twice[member] for member in group.members)
            twice[group.name] = both + 2 * max(0, group.needed - both) <= len(group.members)
        return twice[self.quorum]

    def reaches_quorum(self, names: set[str]) -> bool:
        """Whether the witnesses `names` together are strong enough."""
        seen = set(names)
        for group in self.groups:
            if len(seen.intersection(group.members)) >= group.needed:
                seen.add(group.name)
        return self.quorum == NONE or self.quorum in seen

    def check(self, note_text: str, *, not_before_unix_s: int | None = None) -> SeenCheckpoint:
        """The checkpoint in the signed note, if this policy accepts it.

        Raises InvalidCheckpoint: `unreadable`, `bad-signature` (one by a key of the policy proves nothing),
        `log-unsigned` (no log of the policy signed it as its own), `quorum-missing`, `stale` (no quorum of witnesses
        saw it at or after `not_before_unix_s`).
        """
        try:
            note = read_note(note_text)
            signed = verify_note(note, [*self.log_keys, *(witness.key for witness in self.witnesses)])
        except InvalidNote as error:
            raise InvalidCheckpoint(error.reason, error.detail) from error
        checkpoint = read_checkpoint(note.body)
        if not any(key in signed and key.name == checkpoint.origin for key in self.log_keys):
            raise InvalidCheckpoint("log-unsigned", "no log of the policy signed the checkpoint as its own")
        cosigned = {name: unix_s for name, key in self.witnesses if (unix_s := signed.get(key)) is not None}
        if not self.reaches_quorum(set(cosigned)):
            raise InvalidCheckpoint("quorum-missing", f"cosigned by {len(cosigned)} witnesses, which is no quorum")
        lately = {name for name, unix_s in cosigned.items() if not_before_unix_s is None or unix_s >= not_before_unix_s}
        if not self.reaches_quorum(lately):
            raise InvalidCheckpoint("stale", "no quorum of witnesses has seen the checkpoint since the time asked for")
        return SeenCheckpoint(checkpoint, cosigned)

    def _check_keys(self) -> None:
        keys = [*self.log_keys, *(witness.key for witness in self.witnesses)]
        types = [ED25519] * len(self.log_keys) + [COSIGNATURE_V1] * len(self.witnesses)
        if [key.algorithm for key in keys] != types:
            raise InvalidPolicy(
                "key-unusable", "a log has an Ed25519 key (type 1), a witness one for cosigning (type 4)"
            )
        if len({key.public for key in keys}) != len(keys) or len({(key.name, key.key_id) for key in keys}) != len(keys):
            raise InvalidPolicy("key-twice", "two of the log policy's logs and witnesses have the same key")

    def _check_names(self) -> None:
        defined: set[str] = set()
        for name, _ in self.witnesses:
            _define(name, defined)
        grouped: set[str] = set()
        for group in self.groups:
            members = set(group.members)
            if len(members) != len(group.members) or not members <= defined or members & grouped:
                raise InvalidPolicy(
                    "name-unusable", f"group {group.name[:64]} has a member unknown or in a group already"
                )
            if not _THRESHOLD.fullmatch(group.threshold) or not 1 <= group.needed <= len(members):
                raise InvalidPolicy("threshold-unusable", f"group {group.name[:64]} needs more members than it has")
            grouped |= members
            _define(group.name, defined)
        if self.quorum not in {NONE, *defined}:
            raise InvalidPolicy("name-unusable", f"the quorum {self.quorum[:64]} is no witness and no group")


def read_policy(text: str) -> LogPolicy:
    """The policy in `text`; raises InvalidPolicy `unreadable` (too long, or not in its one form) or as LogPolicy."""
    if len(text) > MAX_POLICY_CHARS or not _TEXT.fullmatch(text) or not text.endswith("\n"):
        raise InvalidPolicy("unreadable", "a log policy is lines of plain ASCII, and not too long")
    rows = [line.split(" ") for line in text[:-1].split("\n")]
    places = [_ORDER.get(row[0], -1) for row in rows]
    if -1 in places or places != sorted(places) or places.count(_ORDER["quorum"]) != 1:
        raise InvalidPolicy("unreadable", "a log policy is logs, witnesses, groups and one quorum, in this order")
    if max(places.count(place) for place in places) > MAX_OF_EACH:
        raise InvalidPolicy("too-many", f"a log policy has at most {MAX_OF_EACH} logs, witnesses and groups")
    policy = LogPolicy(
        log_keys=tuple(_key(_words(row, 2)[1]) for row in rows if row[0] == "log"),
        witnesses=tuple(_witness(row) for row in rows if row[0] == "witness"),
        groups=tuple(_group(row) for row in rows if row[0] == "group"),
        quorum=_words(rows[-1], 2)[1],
    )
    if policy.text != text:
        raise InvalidPolicy("unreadable", "the log policy is not in its one form")
    return policy


def build_policy(log_vkey: str, witnesses: Sequence[tuple[str, str]], quorum: int) -> LogPolicy:
    """The policy of one log and witnesses, each a name and a vkey, `quorum` of which must have seen a checkpoint.

    With a quorum of 0, none must. Raises InvalidPolicy, also when there are fewer witnesses than the quorum.
    """
    named = tuple(PolicyWitness(name, _key(vkey)) for name, vkey in witnesses)
    groups = (QuorumGroup("quorum-of-witnesses", str(quorum), tuple(name for name, _ in named)),) if quorum else ()
    policy = LogPolicy((_key(log_vkey),), named, groups, groups[0].name if groups else NONE)
    return read_policy(policy.text)


def _define(name: str, defined: set[str]) -> None:
    if not _NAME.fullmatch(name) or name == NONE or name in defined:
        raise InvalidPolicy("name-unusable", f"{name[:64]!r} is no name for a witness or group, or is used twice")
    defined.add(name)


def _words(row: list[str], count: int) -> list[str]:
    if len(row) != count:
        raise InvalidPolicy("unreadable", f"a line of the log policy that starts with {row[0]!r} has {count} words")
    return row


def _witness(row: list[str]) -> PolicyWitness:
    _, name, vkey = _words(row, 3)
    return PolicyWitness(name, _key(vkey))


def _group(row: list[str]) -> QuorumGroup:
    if len(row) < 4:
        raise InvalidPolicy("unreadable", "a group of the log policy has a name, a threshold and members")
    if not _THRESHOLD.fullmatch(row[2]):
        raise InvalidPolicy("threshold-unusable", f"group {row[1][:64]} needs any, all or a number of its members")
    return QuorumGroup(row[1], row[2], tuple(row[3:]))


def _key(vkey: str) -> VerifierKey:
    try:
        return VerifierKey.parse(vkey)
    except InvalidNote as error:
        raise InvalidPolicy("key-unusable", f"a key in the log policy can not be used: {error.detail}") from error
