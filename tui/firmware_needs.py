"""Firmware among what needs a person: rollouts that have stopped, drafts to sign, roles that end. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from protocols.api.events import EventView
from protocols.api.releases import ReleasesView
from protocols.api.rollouts import RolloutRow
from protocols.people import Permission
from tui.alarm_words import ShownAlarm
from tui.firmware_release_lines import ending_words, ends_tone, waits_for
from tui.needs import Need
from tui.role_words import Reserved, whose
from tui.words import left

STOPPED = "rollout-stopped"
"""The kind of the alarm that tells of a rollout that has stopped by itself; its summary names the rollout."""
_MANAGE: Permission = "manage-releases"
_SIGN: Permission = "sign-release"
_ACK: Permission = "acknowledge-event"


class FirmwareFacts(NamedTuple):
    """Rollouts and releases as they were asked for."""

    rollouts: Sequence[RolloutRow]
    releases: ReleasesView


class Untold(NamedTuple):
    """Events and alarms that no line about a rollout stands for, and those that one does, by the rollout."""

    events: list[EventView]
    alarms: list[ShownAlarm]
    events_of: Mapping[str, tuple[EventView, ...]]
    alarm_of: Mapping[str, ShownAlarm]


def by_rollout(facts: FirmwareFacts | None, events: Sequence[EventView], alarms: Sequence[ShownAlarm]) -> Untold:
    """Take out of `events` and `alarms` those that say that a rollout has stopped which still is."""
    stopped = [row.rollout for row in facts.rollouts if row.state == "stopped"] if facts is not None else []
    untold = Untold([], [], {}, {})
    events_of: dict[str, tuple[EventView, ...]] = {}
    alarm_of: dict[str, ShownAlarm] = {}
    for event in events:
        about = _about(event.kind, event.summary, stopped)
        if about is None:
            untold.events.append(event)
        else:
            events_of[about] = (*events_of.get(about, ()), event)
    for one in alarms:
        about = _about(one.view.kind, one.view.summary, stopped)
        if about is None or about in alarm_of:
            untold.alarms.append(one)
        else:
            alarm_of[about] = one
    return untold._replace(events_of=events_of, alarm_of=alarm_of)


def _about(kind: str, summary: str, stopped: Sequence[str]) -> str | None:
    return next((rollout for rollout in stopped if rollout in summary), None) if kind == STOPPED else None


def firmware_needs(
    facts: FirmwareFacts | None, told: Untold, me: str, permissions: Collection[Permission], now: datetime
) -> list[Need]:
    """Rollouts that have stopped, newest first; drafts that want this person's signature; roles that end."""
    if facts is None:
        return []
    stopped = [_stopped(row, told, permissions) for row in facts.rollouts if row.state == "stopped"]
    drafts = [
        Need(
            key=f"draft-{draft.role}-{draft.version}",
            kind="sign",
            at=draft.made_at,
            name=f"{draft.role} {draft.version}",
            text=f"release draft waits for your signature, {len(draft.signed_by)} of {draft.needed} have signed",
            hint="enter",
            opens="releases",
        )
        for draft in facts.releases.drafts
        if _SIGN in permissions and waits_for(draft, me)
    ]
    return [*stopped, *drafts, *_ending(facts.releases, permissions, now)]


def _stopped(row: RolloutRow, told: Untold, permissions: Collection[Permission]) -> Need:
    mine = _MANAGE in permissions
    return Need(
        key=f"rollout-{row.rollout}",
        kind="rollout",
        at=row.changed_at,
        name=row.title,
        text=f"rollout stopped by itself: {row.reason}",
        hint="enter" if mine else whose(Reserved("letting it go on", _MANAGE)),
        alarms=told.events_of.get(row.rollout, ()),
        alarm=told.alarm_of.get(row.rollout),
        is_others=not mine,
        may_ack=_ACK in permissions,
        opens=row.rollout,
    )


def _ending(view: ReleasesView, permissions: Collection[Permission], now: datetime) -> list[Need]:
    needs = []
    for role in view.roles:
        if ends_tone(role, now) == "good":
            continue
        takes = _SIGN if role.role == "root" else _MANAGE
        needs.append(
            Need(
                key=f"release-{role.role}",
                kind="release",
                at=role.expires_at,
                name=f"{role.role} {role.version}",
                text=f"{left(role.expires_at, now)}: {ending_words(role)}",
                hint="enter" if takes in permissions else whose(Reserved("renewing it", takes)),
                presses=role.expires_at <= now and takes in permissions,
                is_others=takes not in permissions,
                opens="releases",
            )
        )
    return needs
