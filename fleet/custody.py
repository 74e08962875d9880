"""Changes to the authority on the controller's host: each is in the log, or is not made.

Files and database can not change in one transaction. So an entry that says what is about to be done is committed before
any file changes, and one that says what came of it after.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal, TypeVar

from cryptography import x509

from fleet.ca.certificates import SERVER_LIFE
from fleet.ca.rotation import Changed, ChangingStep
from fleet.clock import utc_now
from fleet.credentials import load_credentials
from fleet.entries.entry import CONTROLLER, HashedText
from fleet.entries.people_and_units import AuthorityChanged, AuthorityStep, CertificateRevoked
from fleet.errors import Conflict
from fleet.settings import Settings
from fleet.store.revocation import CANARY, OtherRevocation
from fleet.store.store import Store, Transaction, open_store

CopyingStep = Literal["move-root-key", "back-up"]
Answer = TypeVar("Answer")

_OWN = ("tls/server", "tls/controller", "broker/server")


async def change(settings: Settings, step: ChangingStep, act: Callable[[], list[Changed]]) -> list[Changed]:
    """Log `step`, do it by `act`, and log what it changed; every controller makes its revocation list anew.

    Raises what `act` raises, and before it is called StoreUnavailable or SchemaOutdated.
    """
    store = await _open(settings)
    try:
        await _begin(store, AuthorityStep(at=utc_now(), actor=CONTROLLER, step=step))
        async with store.transaction() as transaction:
            # One at a time: two would take the same number.
            await transaction.revocation.lock_list()
            done = act()
            await log_changes(transaction, done, utc_now())
            transaction.changed.revocations = True
    finally:
        await store.close()
    return done


async def copy_keys(settings: Settings, step: CopyingStep, act: Callable[[], Answer]) -> Answer:
    """Log `step`, by which keys leave the state directory or a copy of them does, then do it by `act`.

    Raises as `change` does.
    """
    store = await _open(settings)
    try:
        await _begin(store, AuthorityStep(at=utc_now(), actor=CONTROLLER, step=step))
    finally:
        await store.close()
    return act()


async def log_changes(transaction: Transaction, done: Iterable[Changed], now: datetime) -> None:
    """Enter what came into or went out of use."""
    for each in done:
        entry = AuthorityChanged(at=now, actor=CONTROLLER, change=each.change, sha256=each.sha256)
        await transaction.log.append(entry)


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
        await _begin(store, AuthorityStep(at=now, actor=CONTROLLER, step="revoke"))
        async with store.transaction() as transaction:
            own = _replace_own(settings, serial, now)
            await transaction.revocation.add_other(
                OtherRevocation(serial=serial, holder=holder, not_after=now + SERVER_LIFE), now
            )
            entry = CertificateRevoked(at=now, actor=CONTROLLER, certificate=serial, holder=HashedText(holder))
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


async def _begin(store: Store, entry: AuthorityStep) -> None:
    """Raises StoreUnavailable."""
    async with store.transaction() as transaction:
        await transaction.log.append(entry)


async def _open(settings: Settings) -> Store:
    store = await open_store(settings.database.dsn, max_connections=2)
    try:
        await store.check_schema()
    except BaseException:
        await store.close()
        raise
    return store
