"""Changes to the authority on the controller's host: each is in the log, or is not made."""

from collections.abc import Callable
from datetime import datetime

from cryptography import x509

from fleet.ca.certificates import SERVER_LIFE
from fleet.ca.rotation import Changed
from fleet.clock import utc_now
from fleet.credentials import load_credentials
from fleet.errors import Conflict
from fleet.log.entries import AuthorityChanged, CertificateRevoked
from fleet.log.entry import CONTROLLER
from fleet.settings import Settings
from fleet.store.revocation import CANARY, OtherRevocation
from fleet.store.store import Store, open_store

_OWN = ("tls/server", "tls/controller", "broker/server")


async def change(settings: Settings, act: Callable[[], list[Changed]]) -> list[Changed]:
    """Do `act` and log what it changed; every controller makes its revocation list anew.

    Raises what `act` raises, and before it is called StoreUnavailable or SchemaOutdated.
    """
    store = await _open(settings)
    try:
        async with store.transaction() as transaction:
            # One at a time: two would take the same number.
            await transaction.revocation.lock_list()
            done = act()
            now = utc_now()
            for each in done:
                entry = AuthorityChanged(at=now, actor=CONTROLLER, change=each.change, sha256=each.sha256)
                await transaction.log.append(entry)
            transaction.changed.revocations = True
    finally:
        await store.close()
    return done


async def revoke(settings: Settings, serial: str, holder: str) -> bool:
    """Put a certificate that is no unit's on the revocation list, as `holder`'s; True when it was one of this
    controller's own or of the broker beside it, which then have another one already.

    `serial` is lower-case hexadecimal without leading zeros. It stays on the list for as long as the longest
    certificate lives. Raises Conflict for a unit's certificate and for a holder called as canaries are,
    StoreUnavailable, SchemaOutdated, and for an own certificate what `load_credentials` raises.
    """
    if holder == CANARY:
        raise Conflict(
            "holder-taken", f"{CANARY!r} is what canaries' holders are called", "say whose certificate it was"
        )
    store = await _open(settings)
    try:
        now = utc_now()
        async with store.transaction() as transaction:
            if await transaction.certificates.get(serial) is not None:
                raise Conflict(
                    "units-certificate", "this is a unit's certificate", "revoke the unit: fleet unit revoke"
                )
            own = _replace_own(settings, serial, now)
            await transaction.revocation.add_other(
                OtherRevocation(serial=serial, holder=holder, not_after=now + SERVER_LIFE), now
            )
            entry = CertificateRevoked(at=now, actor=CONTROLLER, certificate=serial, holder=holder)
            await transaction.log.append(entry)
            transaction.changed.revocations = True
    finally:
        await store.close()
    return own


def _replace_own(settings: Settings, serial: str, now: datetime) -> bool:
    """Make this controller's or its broker's certificate anew if it is `serial`: the list would lock them out."""
    paths = [settings.state_path / f"{name}.crt" for name in _OWN]
    own = [path for path in paths if path.exists() and _serial(path.read_bytes()) == serial]
    for path in own:
        path.unlink()
    if own:
        names = [settings.broker.unit_host, settings.broker.host]
        load_credentials(settings.state_path, settings.api.names, names, now)
    return bool(own)


def _serial(chain_pem: bytes) -> str:
    return f"{x509.load_pem_x509_certificate(chain_pem).serial_number:x}"


async def _open(settings: Settings) -> Store:
    store = await open_store(settings.database.dsn, max_connections=2)
    try:
        await store.check_schema()
    except BaseException:
        await store.close()
        raise
    return store
