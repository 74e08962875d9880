"""Where a unit stands, read from its state directory without disturbing an agent that runs."""

import time
from datetime import UTC, datetime
from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.certificate import read_own
from edge_agent.durable import is_held
from edge_agent.identity import IdentityStore
from edge_agent.joining.stored import JoinStore
from edge_agent.keys.keystore import FIRST_KEY
from edge_agent.keys.opening import open_keystore
from edge_agent.openings import inspection as openings
from edge_agent.openings.inspection import OpeningsView
from edge_agent.openings.sources import sources_of
from edge_agent.people_keeping import carried_version
from edge_agent.renewal.plan import Kind, due_ms
from edge_agent.renewal.roots import read_root
from edge_agent.renewal.stored import RequestStore
from edge_agent.settings import AgentSettings, capped
from edge_agent.spool.inspection import inspect
from edge_agent.spool.spool import FILE_NAME
from protocols.joining import KeyProtection, display_fingerprint, fingerprint
from protocols.settings import UnitSettings

_BEGIN = "ask for a voucher (fleet unit invite), then run: edge-agent join --voucher-file FILE"
_WAITS = "nobody waits for the answer: edge-agent join goes on with this join, and edge-agent run too"


class CertificateStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`serial` in lower-case hexadecimal; `renewal_due` is when the unit begins to ask for the next one."""

    serial: str
    valid_from: datetime
    valid_until: datetime
    renewal_due: datetime


class RootStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A root that the unit trusts: SHA-256 of its DER in hexadecimal, and its end."""

    sha256: str
    valid_until: datetime


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`joining` while a voucher has been presented and nobody has accepted yet, `asking` what is asked of the
    controller for the certificate. Counts are of the spool on the disk."""

    joined: bool
    joining: bool
    running: bool
    unit_id: str | None
    fingerprint: str | None
    key_protection: KeyProtection
    certificate: CertificateStatus | None
    asking: Kind | None
    roots: list[RootStatus]
    people_version: int | None
    broker: str | None
    controller: str | None
    settings: UnitSettings
    waiting: int
    dropped: int
    unspooled: int
    openings: OpeningsView


def read_status(own: AgentSettings) -> Status:
    """The status of the unit in `own.state_dir`; raises StateUnusable, SpoolError."""
    keystore = open_keystore(own)
    identities = IdentityStore(own.state_dir)
    identity = identities.load() if identities.joined() else None
    key_name = identity.key_name if identity else FIRST_KEY
    request = RequestStore(own.state_dir).load()
    spool = inspect(own.state_dir / FILE_NAME)
    return Status(
        joined=identity is not None,
        joining=JoinStore(own.state_dir).load() is not None,
        running=is_held(own.state_dir),
        unit_id=identity.unit_id if identity else None,
        fingerprint=fingerprint(keystore.public_key(key_name)) if keystore.exists(key_name) else None,
        key_protection=keystore.protection,
        certificate=_certificate(identity.certificate_chain_pem) if identity else None,
        asking=request.kind if identity and request else None,
        roots=[_root(pem) for pem in identity.roots_pem] if identity else [],
        people_version=carried_version(identity.people_list) if identity else None,
        broker=f"{identity.broker.host}:{identity.broker.port}" if identity else None,
        controller=(own.controller_url or identity.controller_url or None) if identity else None,
        settings=capped(identities.load_settings(), own),
        waiting=spool.waiting if spool else 0,
        dropped=spool.dropped if spool else 0,
        unspooled=spool.unspooled if spool else 0,
        openings=openings.inspect(
            own.state_dir,
            sorted(sources_of(own).modalities),
            time.time_ns() // 1_000_000,
            plain_keys_may_sign=own.plain_keys_may_sign,
        ),
    )


def lines(status: Status, now: datetime) -> list[str]:
    """The status for a person."""
    state = "joined" if status.joined else "waiting to be accepted" if status.joining else "not joined"
    told = [f"unit       {status.unit_id or '-'} ({state}, agent {'running' if status.running else 'stopped'})"]
    shown = "none yet" if status.fingerprint is None else " ".join(display_fingerprint(status.fingerprint))
    told.append(f"key        {shown} ({status.key_protection})")
    if status.certificate is not None:
        told.extend(_certificate_lines(status.certificate, now))
    if status.asking == "rejoin":
        told.append("rejoining  waiting for a person to accept this key's fingerprint at the controller")
    elif status.asking == "renew":
        told.append("renewing   asking the controller for the next certificate")
    told.extend(f"root       {root.sha256[:16]}… until {_minute(root.valid_until)}" for root in status.roots)
    if status.people_version is not None:
        told.append(f"people     list {status.people_version}")
    told.append(f"broker     {status.broker or '-'}")
    if status.joined:
        told.append(f"controller {status.controller or 'not known: set controller_url in the settings to renew'}")
    told.append(f"settings   version {status.settings.version}, a report every {status.settings.report_every_s} s")
    told.append(f"spool      {status.waiting} waiting, {status.dropped} dropped, {status.unspooled} not kept on disk")
    told.extend(openings.lines(status.openings))
    if not status.joined and not status.running:
        told.append(f"next       {_WAITS if status.joining else _BEGIN}")
    return told


def _certificate_lines(certificate: CertificateStatus, now: datetime) -> list[str]:
    ended = " (ended: a running agent asks to rejoin)" if certificate.valid_until <= now else ""
    return [
        f"serial     {certificate.serial}",
        f"valid      {_minute(certificate.valid_from)} to {_minute(certificate.valid_until)}{ended}",
        f"renewal    due {_minute(certificate.renewal_due)}",
    ]


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%MZ}"


def _certificate(chain_pem: str) -> CertificateStatus:
    own = read_own(chain_pem)
    return CertificateStatus(
        serial=own.serial,
        valid_from=_moment(own.from_ms),
        valid_until=_moment(own.until_ms),
        renewal_due=_moment(due_ms(own)),
    )


def _moment(unix_ms: int) -> datetime:
    return datetime.fromtimestamp(unix_ms // 1000, UTC)


def _root(pem: str) -> RootStatus:
    root = read_root(pem)
    der = root.public_bytes(Encoding.DER)
    return RootStatus(sha256=sha256(der).hexdigest(), valid_until=root.not_valid_after_utc)
