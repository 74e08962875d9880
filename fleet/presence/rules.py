"""The word for how fresh a unit's reports are, and when it next changes. Pure: the caller passes the time in.

online ─(stale_after)→ stale ─(quiet_after)→ quiet, each counted from the last report; `never` before the first.

Only silence that was listened to counts: with `listening_since` later than the last report, ages are counted from
there, so that a controller's own outage does not make its whole fleet look dead.
"""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from fleet.settings import PresenceSettings

ReportWord = Literal["never", "online", "stale", "quiet"]


class Verdict(NamedTuple):
    """The word now, and when it changes if nothing is heard until then (None: it stays)."""

    word: ReportWord
    changes_at: datetime | None


def stale_after(settings: PresenceSettings, report_every_s: float) -> timedelta:
    """How long after its last report a unit that reports every `report_every_s` seconds is stale."""
    return timedelta(seconds=settings.stale_after_reports * report_every_s + settings.grace_s)


def quiet_after(settings: PresenceSettings, report_every_s: float) -> timedelta:
    """How long after its last report such a unit is quiet; never before it is stale."""
    return max(timedelta(seconds=settings.quiet_after_s), stale_after(settings, report_every_s))


def judge_presence(
    last_report_at: datetime | None,
    report_every_s: float,
    now: datetime,
    settings: PresenceSettings,
    listening_since: datetime | None = None,
) -> Verdict:
    """The word for a unit whose last report was received at `last_report_at`."""
    if last_report_at is None:
        return Verdict("never", None)
    silent_since = last_report_at if listening_since is None else max(last_report_at, listening_since)
    stale_at = silent_since + stale_after(settings, report_every_s)
    quiet_at = silent_since + quiet_after(settings, report_every_s)
    if now >= quiet_at:
        return Verdict("quiet", None)
    if now >= stale_at:
        return Verdict("stale", quiet_at)
    return Verdict("online", stale_at)
