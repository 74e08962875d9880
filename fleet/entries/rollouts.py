"""Entries of rollouts and of what they do to units.

What a unit says of an update, and why a person intervenes, enter as salted hashes.
"""

from typing import ClassVar, Literal

from fleet.entries.entry import Dpa, Entry, HashedText


class RolloutStarted(Entry, frozen=True, kw_only=True, tag="rollout.started"):
    """A person had a rollout begin: `units` of them in `rings` are to be brought to what is at the path `manifest`;
    `sha256` is of that file as it was then, `plan_sha256` of the plan's exact JSON."""

    dpa: ClassVar[Dpa] = "alteration"

    rollout: str
    manifest: str
    sha256: str
    plan_sha256: str
    units: int
    rings: int
    title: HashedText


class RolloutPaused(Entry, frozen=True, kw_only=True, tag="rollout.paused"):
    """A person paused it: no further unit is told."""

    dpa: ClassVar[Dpa] = "alteration"

    rollout: str
    reason: HashedText


class RolloutStopped(Entry, frozen=True, kw_only=True, tag="rollout.stopped"):
    """It stopped by itself: `bad` units have ended badly so far, `ended` in all."""

    dpa: ClassVar[Dpa] = "alteration"

    rollout: str
    ended: int
    bad: int


class RolloutResumed(Entry, frozen=True, kw_only=True, tag="rollout.resumed"):
    """A person let it go on: `forgiven` units that have ended badly do not stop it again."""

    dpa: ClassVar[Dpa] = "alteration"

    rollout: str
    forgiven: int
    reason: HashedText


class RolloutCancelled(Entry, frozen=True, kw_only=True, tag="rollout.cancelled"):
    """A person ended it: `left_out` units that waited are not told any more."""

    dpa: ClassVar[Dpa] = "alteration"

    rollout: str
    left_out: int
    reason: HashedText


class RolloutDone(Entry, frozen=True, kw_only=True, tag="rollout.done"):
    """Every unit of it has ended."""

    dpa: ClassVar[Dpa] = "alteration"

    rollout: str
    done: int
    bad: int
    left_out: int


class UpdateTold(Entry, frozen=True, kw_only=True, tag="unit.update-told"):
    """A unit was told to bring itself to a rollout's manifest, for the `telling`-th time."""

    dpa: ClassVar[Dpa] = "alteration"

    rollout: str
    update: str
    command: str
    telling: int


class UpdateEnded(Entry, frozen=True, kw_only=True, tag="unit.update-ended"):
    """A unit's update ended: as the unit says, or, by the controller, because it refused the order or took too long.
    `told` is what the unit told where its own versions contradict it: it has failed then."""

    dpa: ClassVar[Dpa] = "alteration"

    rollout: str
    update: str
    state: Literal["done", "failed", "rolled-back", "refused"]
    reason: HashedText | None
    told: Literal["done"] | None = None
