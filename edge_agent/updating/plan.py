"""Whether an update is begun, and what follows at each point of one. Pure.

fetching ─→ bringing, part by part in the manifest's order ─→ done
               └─ one fails ─→ taking back, in the reverse order, what was brought in ─→ rolled-back, or failed
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from edge_agent.errors import UpdateRefused
from edge_agent.updating.state import Outcome, PartProgress, PartStage, UpdateProgress
from protocols.releases.manifest import Manifest, Part, PartName
from protocols.releases.version import is_older, same_version

_TRIES_MAX = 3
_AGENTS_TRIES_MAX = 8

BATTERY_MIN_PERCENT = 30.0
"""A unit on its battery with less than this begins no update †."""

RESERVE_BYTES = 64 * 1024 * 1024
"""What stays free on the disk for all else †."""


class File(NamedTuple):
    """A verified target: its hash and its length in bytes."""

    sha256: str
    length: int


class Running(NamedTuple):
    """What a part runs: the version it says, and its name beyond doubt (an image's hash, a release's name)."""

    version: str
    name: str = ""


class UnitNow(NamedTuple):
    """What decides whether a unit begins an update. `running` holds the parts that are fitted and answer; `silent` why
    one that is fitted does not."""

    model: str
    running: Mapping[PartName, Running]
    silent: Mapping[PartName, str]
    updaters: Mapping[PartName, frozenset[str]]
    free_bytes: int
    battery_percent: float | None = None
    battery_charging: bool | None = None
    undervolted: bool | None = None


class Step(NamedTuple):
    """What is next. `place` is the part's in the list, for bring and take-back."""

    do: Literal["fetch", "bring", "take-back", "end"]
    place: int = 0
    outcome: Outcome = "done"


def judged(manifest: Manifest, files: Mapping[str, File], now: UnitNow, permitted: frozenset[PartName]) -> None:
    """Raise UpdateRefused unless the unit begins with `manifest` now; `files` are its targets, `permitted` the parts
    for which two people allowed an older version."""
    if not manifest.suits(now.model):
        raise UpdateRefused(f"{manifest.name} is for {', '.join(manifest.models)[:80]}, and this is {now.model}")
    for part in manifest.parts:
        _judge_part(part, now, permitted)
    _judge_supply(now)
    wanted = sum(files[part.target].length for part in manifest.parts if not _runs(part, now))
    if wanted + RESERVE_BYTES > now.free_bytes:
        raise UpdateRefused(
            f"{wanted} bytes would not fit on the unit's disk ({now.free_bytes} free); make room", passing=True
        )


def begun(
    update: str,
    path: str,
    manifest: Manifest,
    files: Mapping[str, File],
    now: UnitNow,
    permitted: frozenset[PartName],
) -> UpdateProgress:
    """The update as it begins. A part that already runs the version that is wanted is passed over."""
    parts = [
        PartProgress(
            part=part.part,
            version=part.version,
            target=part.target,
            sha256=files[part.target].sha256,
            length=files[part.target].length,
            board=part.board,
            updater=part.updater,
            permitted=part.part in permitted,
            stage="passed-over" if _runs(part, now) else "waiting",
        )
        for part in manifest.parts
    ]
    return UpdateProgress(update=update, manifest=path, parts=parts)


def next_step(progress: UpdateProgress) -> Step:
    """What to do now, also after a restart at any point."""
    if progress.phase == "fetching":
        return Step("fetch")
    if progress.phase == "bringing":
        place = next((i for i, one in enumerate(progress.parts) if one.stage in {"waiting", "bringing"}), None)
        return Step("end") if place is None else Step("bring", place)
    places = [i for i, one in enumerate(progress.parts) if one.stage in {"brought", "taking-back"}]
    if progress.phase == "taking-back" and places:
        return Step("take-back", places[-1])
    lost = any(one.stage in {"unsure", "stuck"} for one in progress.parts)
    return Step("end", outcome=progress.outcome or ("failed" if lost else "rolled-back"))


def fetched(progress: UpdateProgress) -> UpdateProgress:
    """Every file is there."""
    return msgspec.structs.replace(progress, phase="bringing")


def given_up(progress: UpdateProgress, reason: str) -> UpdateProgress:
    """It can not go on, because of `reason`: what was brought in is taken back."""
    return msgspec.structs.replace(progress, phase="taking-back", reason=reason)


def bringing(progress: UpdateProgress, place: int, was: Running) -> UpdateProgress:
    """A part is begun with; `was` is what it ran when that was done for the first time."""
    part = progress.parts[place]
    if part.tries == 0:
        part = msgspec.structs.replace(part, was_version=was.version, was=was.name)
    return _with(progress, place, msgspec.structs.replace(part, stage="bringing", tries=part.tries + 1))


def brought(progress: UpdateProgress, place: int) -> UpdateProgress:
    """A part runs what it is to run, and was confirmed."""
    return _staged(progress, place, "brought")


def failed(progress: UpdateProgress, place: int, reason: str, *, unsure: bool = False) -> UpdateProgress:
    """A part could not be brought in; `unsure` where nobody knows what it runs."""
    told = _staged(progress, place, "unsure" if unsure else "failed", reason)
    return given_up(told, f"{progress.parts[place].part}: {reason}")


def taking_back(progress: UpdateProgress, place: int) -> UpdateProgress:
    """A part that was brought in is to be as it was."""
    part = progress.parts[place]
    tries = 1 if part.stage == "brought" else part.tries + 1
    return _with(progress, place, msgspec.structs.replace(part, stage="taking-back", tries=tries))


def back(progress: UpdateProgress, place: int) -> UpdateProgress:
    """A part is as it was."""
    return _staged(progress, place, "back")


def stuck(progress: UpdateProgress, place: int, reason: str) -> UpdateProgress:
    """A part should be as it was, and is not."""
    part = progress.parts[place].part
    return msgspec.structs.replace(
        _staged(progress, place, "stuck", reason),
        reason=f"{progress.reason}; {part} can not be taken back: {reason}",
    )


def ended(progress: UpdateProgress, outcome: Outcome) -> UpdateProgress:
    """It changes nothing any more."""
    return msgspec.structs.replace(progress, phase="ended", outcome=outcome)


def tries_max(part: PartName) -> int:
    """How often a part is begun with, over restarts of the agent. The agent restarts to try another release: before it,
    with each start of that, and after it was gone back from."""
    return _AGENTS_TRIES_MAX if part == "agent" else _TRIES_MAX


def _judge_part(part: Part, now: UnitNow, permitted: frozenset[PartName]) -> None:
    if part.part in now.silent:
        raise UpdateRefused(f"the {part.part} gives no answer: {now.silent[part.part]}"[:300])
    running = now.running.get(part.part)
    if running is None:
        raise UpdateRefused(f"this unit has no {part.part} that can be updated")
    if part.updater not in now.updaters.get(part.part, frozenset()):
        raise UpdateRefused(f"the {part.part} can not be updated by {part.updater!r} on this unit")
    if _runs(part, now) or part.part in permitted:
        return
    if is_older(part.version, running.version):
        raise UpdateRefused(
            f"{part.part} {part.version} is not known to be as new as {running.version}, which runs; "
            "two people have to sign a permit for it"
        )


def _judge_supply(now: UnitNow) -> None:
    if now.undervolted:
        raise UpdateRefused(
            "the unit's supply is too low now; see to it before the update is ordered again", passing=True
        )
    low = now.battery_percent is not None and now.battery_percent < BATTERY_MIN_PERCENT
    if low and not now.battery_charging:
        said = f"the unit's battery is at {now.battery_percent:g} %, {BATTERY_MIN_PERCENT:g} % are needed"
        raise UpdateRefused(said, passing=True)


def _runs(part: Part, now: UnitNow) -> bool:
    running = now.running.get(part.part)
    return running is not None and same_version(running.version, part.version)


def _staged(progress: UpdateProgress, place: int, stage: PartStage, reason: str = "") -> UpdateProgress:
    return _with(progress, place, msgspec.structs.replace(progress.parts[place], stage=stage, reason=reason))


def _with(progress: UpdateProgress, place: int, part: PartProgress) -> UpdateProgress:
    parts: Sequence[PartProgress] = progress.parts
    return msgspec.structs.replace(progress, parts=[*parts[:place], part, *parts[place + 1 :]])
