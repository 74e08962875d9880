"""What `fleet ca status` shows: every certificate and revocation list of a state directory, and where keys are."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from fleet.ca.errors import AuthorityUnreadable
from fleet.ca.expiry import LIMITS, ExpiryKind, days_left
from fleet.ca.holdings import Kind, digest, file_name, numbers, read_certificate
from fleet.ca.keys import KeyPlace, key_place
from fleet.ca.revocation_list import split_lists

Nearness = Literal["good", "soon", "now", "ended"]


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate, revocation list, or key that waits for its certificate.

    `file` is relative to the state directory; `sha256` is of the DER, hexadecimal; `key` says where the private key
    is (None where there is none to have); `end` is `soon` and `now` from the days before its end from which the
    controller warns and alarms.
    """

    kind: Literal["root", "cross", "issuing", "issuing-waits", "crl", "server", "controller"]
    file: str
    sha256: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    days_left: int | None = None
    key: KeyPlace | None = None
    end: Nearness | None = None


def inventory(state: Path, now: datetime) -> list[Holding]:
    """What the state directory `state` holds, newest first of each kind; keys are not opened, only looked for.

    Raises AuthorityUnreadable, KeyExposed.
    """
    authority = state / "ca"
    if not authority.is_dir():
        raise AuthorityUnreadable(authority, "it is not there")
    return [
        *_of_kind(authority, "root", now),
        *_of_kind(authority, "issuing", now),
        *_waiting(authority),
        *_lists(state, now),
        *_own(state, now),
    ]


def _of_kind(directory: Path, kind: Literal["root", "issuing"], now: datetime) -> Iterator[Holding]:
    for number in numbers(directory, kind):
        place = key_place(directory, file_name(kind, number, "key"))
        yield _certificate(directory, kind, file_name(kind, number), now, place)
        cross = file_name("cross", number)
        if kind == "root" and (directory / cross).exists():
            yield _certificate(directory, "cross", cross, now, None)


def _certificate(directory: Path, kind: Kind, name: str, now: datetime, place: KeyPlace | None) -> Holding:
    certificate = read_certificate(directory, name)
    limits: ExpiryKind = "issuing" if kind == "issuing" else "root"
    end = certificate.not_valid_after_utc
    return Holding(
        kind=kind,
        file=f"ca/{name}",
        sha256=digest(certificate).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=end,
        days_left=days_left(end, now),
        key=place,
        end=_nearness(limits, end, now),
    )


def _waiting(directory: Path) -> Iterator[Holding]:
    held = set(numbers(directory, "issuing"))
    for path in sorted(directory.glob("issuing*.key")):
        if not (directory / path.with_suffix(".crt").name).exists() and held:
            yield Holding(kind="issuing-waits", file=f"ca/{path.name}", key=key_place(directory, path.name))


def _lists(state: Path, now: datetime) -> Iterator[Holding]:
    path = state / "broker" / "crl.pem"
    if not path.exists():
        return
    try:
        lists = split_lists(path.read_bytes())
    except ValueError as error:
        raise AuthorityUnreadable(path.parent, "crl.pem is damaged") from error
    for each in lists:
        end = each.next_update_utc
        yield Holding(
            kind="crl",
            file="broker/crl.pem",
            sha256=sha256(each.public_bytes(Encoding.DER)).hexdigest(),
            not_before=each.last_update_utc,
            not_after=end,
            days_left=None if end is None else days_left(end, now),
            end=None if end is None else _nearness("crl", end, now),
        )


def _own(state: Path, now: datetime) -> Iterator[Holding]:
    for kind, name in (("server", "tls/server"), ("controller", "tls/controller"), ("server", "broker/server")):
        path = state / f"{name}.crt"
        if not path.exists():
            continue
        try:
            leaf = x509.load_pem_x509_certificate(path.read_bytes())
        except (ValueError, x509.InvalidVersion) as error:
            raise AuthorityUnreadable(path.parent, f"{path.name} is damaged") from error
        end = leaf.not_valid_after_utc
        yield Holding(
            kind="controller" if kind == "controller" else "server",
            file=f"{name}.crt",
            sha256=digest(leaf).hex(),
            not_before=leaf.not_valid_before_utc,
            not_after=end,
            days_left=days_left(end, now),
            key=key_place(path.parent, path.with_suffix(".key").name),
            end=_nearness("own", end, now),
        )


def _nearness(kind: ExpiryKind, end: datetime, now: datetime) -> Nearness:
    if end <= now:
        return "ended"
    days = days_left(end, now)
    limits = LIMITS[kind]
    return "now" if days < limits.alarm else "soon" if days < limits.warning else "good"
