"""What `fleet unit show` says of one unit, in the order it is said. Pure."""

from collections.abc import Sequence

from protocols.api.events import EventView
from protocols.api.units import CertificateView, Standing, UnitDetail, UnitState
from protocols.figures import figure_text
from protocols.health import QUANTITIES
from protocols.joining import KeyProtection, display_fingerprint
from protocols.words import duration

SESSION = {True: "up", False: "down", None: None}
KEYS: dict[KeyProtection, str] = {
    "soft": "soft (a file on the unit)",
    "tpm": "tpm (in a TPM)",
    "pkcs11": "pkcs11 (in a PKCS#11 token)",
}
RENEWED_AT = 2 / 3
"""The part of its life after which a unit renews its certificate."""
IN_STEP = {True: "in step", False: "behind", None: None}


def facts_of(detail: UnitDetail, alarms: Sequence[EventView]) -> list[tuple[str, object]]:
    """Names and values: what the unit is, how it stands, its open alarms, then its figures but for absent ones."""
    row = detail.row
    return [
        ("unit", row.unit_id),
        ("label", row.label),
        ("model", row.model),
        ("state", row.presence),
        *_standing(detail.row.state, detail.standing),
        ("open alarms", [_alarm(alarm) for alarm in alarms] or "none"),
        ("session", SESSION[row.facts.session_up]),
        ("last report", row.facts.last_report_at),
        ("settings", IN_STEP[row.facts.settings_in_step]),
        ("key", KEYS[detail.key_protection]),
        ("fingerprint", display_fingerprint(detail.fingerprint)),
        *_certificate(detail.certificate),
        ("joined", detail.joined_at),
        ("accepted by", detail.accepted_by),
        ("agent", detail.agent_version),
        ("reports stored", detail.reports_stored),
        ("messages rejected", detail.messages_rejected),
        *_figures(detail),
    ]


def _certificate(certificate: CertificateView | None) -> list[tuple[str, object]]:
    if certificate is None:
        return [("certificate", None)]
    life = certificate.not_after - certificate.not_before
    return [
        ("certificate", certificate.serial),
        ("certificate until", certificate.not_after),
        ("renewal due", certificate.not_before + life * RENEWED_AT),
    ]


def _standing(state: UnitState, standing: Standing) -> list[tuple[str, object]]:
    if state == "active":
        return []
    facts: list[tuple[str, object]] = [("because", standing.cause), ("since", standing.changed_at)]
    facts.append(("by", standing.changed_by))
    if state == "revoked":
        facts.append(("cut off", standing.cut_off_at or "not yet: the broker has not been seen to obey"))
    return facts


def _figures(detail: UnitDetail) -> list[tuple[str, object]]:
    ages = detail.health.get("ages_s") or {}
    return [
        (quantity.label, figure_text(name, value) + (f" ({duration(ages[name])} old)" if name in ages else ""))
        for name, quantity in QUANTITIES.items()
        if (value := detail.health.get(name)) is not None
    ]


def _alarm(alarm: EventView) -> str:
    again = f" ({alarm.count} times)" if alarm.count > 1 else ""
    return f"{alarm.event_id}  {alarm.summary}{again}"
