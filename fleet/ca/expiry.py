"""When a certificate or revocation list is near its end, and when a leaf is made anew. Pure rules."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Literal, NamedTuple

from cryptography import x509

from protocols.uplink import Severity

ExpiryKind = Literal["root", "issuing", "crl", "own"]
RENEW_BEFORE = timedelta(days=30)
"""How long before its end a certificate of the API, the controller or the broker is made anew."""


class Limits(NamedTuple):
    """Days before the end from which there is a warning, and an alarm."""

    warning: int
    alarm: int


LIMITS: dict[ExpiryKind, Limits] = {
    # Units have to renew under a new root before the old one ends, and some are away for months.
    "root": Limits(180, 60),
    # No leaf outlives it, so servers' certificates get shorter from 90 days before its end.
    "issuing": Limits(90, 45),
    "crl": Limits(14, 7),
    "own": Limits(14, 7),
}

_REMEDIES: dict[ExpiryKind, str] = {
    "root": "make a new root with `fleet ca rotate-root`",
    "issuing": "make a new issuing certificate with `fleet ca rotate-issuing`",
    "crl": "see why the controller does not write it; when it has ended brokers let nobody in",
    "own": "see why the controller does not renew it",
}


class Expiring(NamedTuple):
    """Something that ends: `name` says which it is to a person, and tells it from others of its kind."""

    kind: ExpiryKind
    name: str
    not_after: datetime


class Finding(NamedTuple):
    """What is near its end, in words; `repeat_key` is the same as long as the same thing is as near."""

    severity: Severity
    summary: str
    repeat_key: str


def judge(held: Iterable[Expiring], now: datetime) -> list[Finding]:
    """A finding for each of `held` that has fewer days left than its kind should have."""
    return [finding for each in held if (finding := _judge_one(each, now)) is not None]


def days_left(not_after: datetime, now: datetime) -> int:
    """Whole days until `not_after`; negative when it has passed."""
    return (not_after - now) // timedelta(days=1)


def _judge_one(ending: Expiring, now: datetime) -> Finding | None:
    left = ending.not_after - now
    limits = LIMITS[ending.kind]
    if left >= timedelta(days=limits.warning):
        return None
    severity: Severity = "alarm" if left < timedelta(days=limits.alarm) else "warning"
    days = days_left(ending.not_after, now)
    when = f"ends in {days} {'day' if days == 1 else 'days'}" if days >= 0 else "has ended"
    summary = f"{ending.name} {when}, on {ending.not_after:%Y-%m-%d}: {_REMEDIES[ending.kind]}"
    # The severity is in the key: what was acknowledged as a warning is an alarm of its own later.
    return Finding(severity, summary, f"expiring/{ending.name}/{ending.not_after:%Y-%m-%d}/{severity}")


def needs_new(leaf: x509.Certificate, names: Sequence[str], issuer: x509.Certificate, now: datetime) -> bool:
    """Whether a leaf of ours has to be made anew, to be signed by `issuer`.

    So when it ends in less than RENEW_BEFORE and `issuer` can give more, when it lacks one of the host names or
    addresses `names`, and when another than `issuer` has signed it.
    """
    if leaf.issuer != issuer.subject or not {_plain(name) for name in names} <= _names_of(leaf):
        return True
    ends_with_issuer = leaf.not_valid_after_utc >= issuer.not_valid_after_utc
    return leaf.not_valid_after_utc - now < RENEW_BEFORE and not ends_with_issuer


def _plain(name: str) -> str:
    """An address in its one form; a host name as it is."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name


def _names_of(leaf: x509.Certificate) -> set[str]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = found.get_values_for_type(x509.IPAddress)
    return {*found.get_values_for_type(x509.DNSName), *(str(address) for address in addresses)}
