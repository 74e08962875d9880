"""A unit's standing and its certificate, in words. Pure."""

from datetime import datetime, timedelta

from protocols.api.units import CertificateView, QuarantineCause, Standing, UnitState
from tui.paint import Line, Span
from tui.words import UNKNOWN, age, full_moment, left

CAUSES: dict[QuarantineCause, str] = {
    "two-successors": "two successors of one certificate have connected: its key was copied",
    "superseded-certificate": "a certificate connected after its successor had: its key was copied",
    "two-places": "a boot that had ended came back: it runs in two places",
    "spool-went-back": "its spool went backwards: an older copy of its card is in use",
    "by-person": "a person said so: see its alarm below",
}
"""What each cause means, for whoever has to decide."""

_RENEWED_AT = 2 / 3
"""The part of its life after which a unit renews its certificate."""


def standing_lines(state: UnitState, standing: Standing, now: datetime) -> list[Line]:
    """Why a unit is quarantined or revoked, since when and by whom; nothing while it is active."""
    if state == "active":
        return []
    since = f"{state} {age(standing.changed_at, now)} ago by {standing.changed_by or UNKNOWN}"
    if state == "revoked":
        if standing.cut_off_at is None:
            return [(Span(since + "  ", "bad"), Span("not cut off yet: its session may still be open", "loud"))]
        return [(Span(since, "bad"), Span(f"; cut off {age(standing.cut_off_at, now)} ago, no session is let in"))]
    why = next((words for cause, words in CAUSES.items() if cause == standing.cause), standing.cause or UNKNOWN)
    return [
        (Span(since, "loud"), Span("; it may report and open nothing")),
        (Span(why, "fair"),),
    ]


def renewal_due(certificate: CertificateView) -> datetime:
    """When the unit should have asked for the next one."""
    life: timedelta = certificate.not_after - certificate.not_before
    return certificate.not_before + life * _RENEWED_AT


def certificate_lines(
    certificate: CertificateView | None, state: UnitState, now: datetime, *, utc: bool
) -> list[tuple[str, Line]]:
    """Serial, end and next renewal, each with its label; who is not active does not renew."""
    if certificate is None:
        return [("certificate", (Span(UNKNOWN, "muted"),))]
    due = renewal_due(certificate)
    ended, late = certificate.not_after <= now, due <= now
    end = (
        Span(full_moment(certificate.not_after, utc=utc)),
        Span(f"  {left(certificate.not_after, now)}", "bad" if ended else "muted"),
    )
    renewal: Line = (Span(f"due in {age(now, due)}"),)
    if state != "active":
        renewal = (Span(f"none while it is {state}", "fair"),)
    elif ended:
        renewal = (Span("too late: it has to come back with its old key, and a person accepts it", "bad"),)
    elif late:
        renewal = (Span(f"due for {age(due, now)}: it has not asked, or not been answered", "fair"),)
    return [
        ("certificate", (Span(f"serial {certificate.serial}"),)),
        ("valid until", end),
        ("renewal", renewal),
    ]
