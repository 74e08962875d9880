"""Where a unit stands, read from its state directory without disturbing an agent that runs."""

from datetime import UTC, datetime

import msgspec

from edge_agent.durable import is_held
from edge_agent.identity import IdentityStore
from edge_agent.joining.stored import JoinStore
from edge_agent.keys.keystore import FIRST_KEY
from edge_agent.keys.opening import open_keystore
from edge_agent.settings import AgentSettings, capped
from edge_agent.spool.inspection import inspect
from edge_agent.spool.spool import FILE_NAME
from protocols.joining import KeyProtection, fingerprint
from protocols.settings import UnitSettings


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`joining` while a voucher has been presented and nobody has accepted yet. Counts are of the spool on the disk."""

    joined: bool
    joining: bool
    running: bool
    unit_id: str | None
    fingerprint: str | None
    key_protection: KeyProtection
    certificate_until: datetime | None
    broker: str | None
    settings: UnitSettings
    waiting: int
    dropped: int
    unspooled: int


def read_status(own: AgentSettings) -> Status:
    """The status of the unit in `own.state_dir`; raises StateUnusable, SpoolError."""
    keystore = open_keystore(own)
    identities = IdentityStore(own.state_dir)
    identity = identities.load() if identities.joined() else None
    key_name = identity.key_name if identity else FIRST_KEY
    spool = inspect(own.state_dir / FILE_NAME)
    return Status(
        joined=identity is not None,
        joining=JoinStore(own.state_dir).load() is not None,
        running=is_held(own.state_dir),
        unit_id=identity.unit_id if identity else None,
        fingerprint=fingerprint(keystore.public_key(key_name)) if keystore.exists(key_name) else None,
        key_protection=keystore.protection,
        certificate_until=_certificate_until(identity.certificate_chain_pem) if identity else None,
        broker=f"{identity.broker.host}:{identity.broker.port}" if identity else None,
        settings=capped(identities.load_settings(), own),
        waiting=spool.waiting if spool else 0,
        dropped=spool.dropped if spool else 0,
        unspooled=spool.unspooled if spool else 0,
    )


def lines(status: Status, now: datetime) -> list[str]:
    """The status for a person."""
    state = "joined" if status.joined else "waiting to be accepted" if status.joining else "not joined"
    told = [f"unit       {status.unit_id or '-'} ({state}, agent {'running' if status.running else 'stopped'})"]
    told.append(f"key        {status.fingerprint or 'none yet'} ({status.key_protection})")
    if status.certificate_until is not None:
        ended = " (expired: join again with edge-agent join --again)" if status.certificate_until <= now else ""
        told.append(f"until      {status.certificate_until.astimezone(UTC):%Y-%m-%d %H:%MZ}{ended}")
    told.append(f"broker     {status.broker or '-'}")
    told.append(f"settings   version {status.settings.version}, a report every {status.settings.report_every_s} s")
    told.append(f"spool      {status.waiting} waiting, {status.dropped} dropped, {status.unspooled} not kept on disk")
    return told


def _certificate_until(chain_pem: str) -> datetime:
    from cryptography import x509  # noqa: PLC0415 - keeps it out of the agent's own start

    return x509.load_pem_x509_certificate(chain_pem.encode()).not_valid_after_utc
