"""Which release is started, and when the one before is gone back to. Pure.

Each file has one writer: the launcher keeps `Pointers`; the agent asks with `Asked` and says with `Said`. So a power
cut between any two writes leaves files of which each is whole, and what they say together is settled here.

    Asked try ─→ trial ─ reached the controller ─→ confirmed: it is current, the one before is previous
                   └─ died three times, unwell, or not reached within the limit ─→ gone back: current is as it was
    Asked back ─→ back: previous is current again
"""

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from protocols.releases.reports import UpdateId
from protocols.text import SummaryText

FACTORY = ""
"""The release that was installed together with the launcher: it is always there."""

TRIES_MAX = 3
"""How often a release on trial is started."""

_REMEMBERED = 8

ReleaseName = Annotated[str, Meta(pattern=r"^([0-9A-Za-z][0-9A-Za-z.+_-]{0,31}-[0-9a-f]{8})?$(?!\n)")]
"""`<version>-<first 8 digits of its bundle's SHA-256>`, or FACTORY."""

Wish = Literal["try", "back"]
Outcome = Literal["confirmed", "gone-back", "back", "refused"]
"""`refused`: it was not begun, and nothing has changed."""

Usable = Callable[[str], bool]


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`release` is being tried for `update`; it has been started `tries` times."""

    update: UpdateId
    release: ReleaseName
    tries: Annotated[int, Meta(ge=0, le=1000)] = 0


class Ended(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What became of a wish of `update`."""

    update: UpdateId
    wish: Wish
    outcome: Outcome
    reason: SummaryText = ""


class Pointers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is started. `previous` is None where there is nothing to go back to; `ended` are the last wishes, the newest
    last."""

    format: Literal[1] = 1
    current: ReleaseName = FACTORY
    previous: ReleaseName | None = None
    trial: Trial | None = None
    ended: Annotated[list[Ended], Meta(max_length=_REMEMBERED)] = []

    def end_of(self, update: str, wish: Wish) -> Ended | None:
        """What became of that wish; None when it has not ended, or is forgotten."""
        return next((one for one in self.ended if (one.update, one.wish) == (update, wish)), None)


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the agent wants of the launcher before it ends: to try `release`, or to go back from it."""

    update: UpdateId
    wish: Wish
    release: ReleaseName


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an agent on trial says of itself; `boot_id` is the kernel's."""

    update: UpdateId
    release: ReleaseName
    boot_id: Annotated[str, Meta(max_length=80)]
    state: Literal["reached", "unwell"]
    reason: SummaryText = ""


class Start(NamedTuple):
    """Start `release`, once `pointers` are on the disk."""

    release: str
    pointers: Pointers


def heeded(pointers: Pointers, asked: Asked | None, usable: Usable) -> Pointers:
    """`pointers` once `asked` has been taken up; as they are when it has been before. A wish is taken up once."""
    if asked is None or pointers.end_of(asked.update, asked.wish) is not None:
        return pointers
    if pointers.trial is not None:
        return pointers
    if asked.wish == "back":
        return _back(pointers, asked, usable)
    if not usable(asked.release):
        return _ended(pointers, asked.update, "try", "refused", f"there is no release {asked.release} that can start")
    return msgspec.structs.replace(pointers, trial=Trial(update=asked.update, release=asked.release))


def next_start(pointers: Pointers, usable: Usable) -> Start:
    """What to start now. A trial counts the start before it is made, so that one that takes the power down counts."""
    trial = pointers.trial
    if trial is not None:
        if trial.tries < TRIES_MAX and usable(trial.release):
            tried = msgspec.structs.replace(trial, tries=trial.tries + 1)
            return Start(trial.release, msgspec.structs.replace(pointers, trial=tried))
        why = f"it ended {trial.tries} times" if trial.tries else "it can not be started"
        pointers = gone_back(pointers, f"{why} before it had reached the controller")
    candidates = (pointers.current, FACTORY if pointers.previous is None else pointers.previous)
    release = next((name for name in candidates if name == FACTORY or usable(name)), FACTORY)
    return Start(release, pointers)


def judged(pointers: Pointers, said: Said | None, ran_s: float, limit_s: float) -> Pointers:
    """`pointers` while a release runs that was started `ran_s` ago: a trial ends by what is said, or at `limit_s`."""
    trial = pointers.trial
    if trial is None:
        return pointers
    if said is not None and (said.update, said.release) == (trial.update, trial.release):
        return confirmed(pointers) if said.state == "reached" else gone_back(pointers, said.reason or "it is unwell")
    if ran_s > limit_s:
        return gone_back(pointers, f"it did not reach the controller within {limit_s:g} s")
    return pointers


def confirmed(pointers: Pointers) -> Pointers:
    """The release on trial is current."""
    trial = pointers.trial
    if trial is None:
        return pointers
    moved = msgspec.structs.replace(pointers, current=trial.release, previous=pointers.current, trial=None)
    return _ended(moved, trial.update, "try", "confirmed", "")


def gone_back(pointers: Pointers, reason: str) -> Pointers:
    """The trial is over, because of `reason`; current is what it was."""
    trial = pointers.trial
    if trial is None:
        return pointers
    return _ended(msgspec.structs.replace(pointers, trial=None), trial.update, "try", "gone-back", reason)


def _back(pointers: Pointers, asked: Asked, usable: Usable) -> Pointers:
    previous = pointers.previous
    if pointers.current != asked.release or previous is None:
        return _ended(pointers, asked.update, "back", "refused", f"{asked.release or 'it'} is not what runs")
    if previous != FACTORY and not usable(previous):
        return _ended(pointers, asked.update, "back", "refused", f"there is no release {previous} that can start")
    moved = msgspec.structs.replace(pointers, current=previous, previous=None)
    return _ended(moved, asked.update, "back", "back", "")


def _ended(pointers: Pointers, update: str, wish: Wish, outcome: Outcome, reason: str) -> Pointers:
    end = Ended(update=update, wish=wish, outcome=outcome, reason=reason[:200])
    return msgspec.structs.replace(pointers, ended=[*pointers.ended, end][-_REMEMBERED:])
