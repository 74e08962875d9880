"""The controller: wires its parts together and runs them until told to stop."""

import asyncio
import secrets
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from urllib.parse import urlsplit

import structlog

from fleet.api.app import build_api
from fleet.api.assembly import assemble
from fleet.api.server import ApiServer
from fleet.broker_address import BrokerAddress
from fleet.ca.watch import CertificateWatch
from fleet.clock import utc_now
from fleet.clones.unproven import UnprovenWatch
from fleet.commands.chain_watch import ChainWatch
from fleet.commands.dispatcher import Dispatcher
from fleet.credentials import Credentials, load_credentials
from fleet.deployments.deadline_watch import DeadlineWatch
from fleet.downlink.downlink import Downlink
from fleet.errors import StoreUnavailable
from fleet.feed.hub import Hub
from fleet.ingest.ingest import Ingest
from fleet.ingest.subscriber import MqttSubscriber, filters
from fleet.kit.running import KitWatch
from fleet.memory import keep_private
from fleet.metrics import Metrics
from fleet.openings.reconciliation import Reconciliation
from fleet.paging.engine import Alarming
from fleet.paging.heartbeat import AlarmingWatch
from fleet.paging.sending import Sender
from fleet.people.expiry import ExpiryWatch
from fleet.presence.sweeper import Sweeper
from fleet.releases.in_force import manifest_in_force
from fleet.renewal.proofs import keep_proofs
from fleet.retention import Retention
from fleet.revocation.revocation_list import RevocationList
from fleet.revocation.revoker import Revoker
from fleet.revocation.units_listener import UnitsListener
from fleet.rollouts.runner import RolloutRunner
from fleet.rota.watch import CoverWatch
from fleet.settings import Settings
from fleet.store.store import Store, open_store
from fleet.welfare.watch import WelfareWatch
from protocols.backoff import Backoff

_CANCEL_AGAIN_S = 7.0
"""Longer than the API takes to give open requests their time."""
_DATABASE_LIMIT_S = 60.0

_log = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Run a controller until SIGTERM or SIGINT.

    Raises AuthorityError or SettingsInvalid when its keys are not there, SchemaOutdated when the database is not at
    this program's revision, StoreUnavailable when it can not be reached within a minute, OSError when the API can
    not listen. Later losses of database or broker only delay.
    """
    keep_private()
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    credentials = load_credentials(
        settings.state_path, settings.api.names, [settings.broker.unit_host, settings.broker.host], utc_now()
    )
    async with AsyncExitStack() as stack:
        store = await _open_patiently(settings, stop)
        if store is None:
            return
        stack.push_async_callback(store.close)
        metrics = Metrics()
        if settings.metrics.port is not None:
            stack.callback(metrics.serve(settings.metrics.port).shutdown)
        parts = [asyncio.create_task(part, name=name) for name, part in _parts(settings, store, credentials, metrics)]
        _tell_where(settings)
        try:
            await _until_stopped(stop, parts)
        finally:
            await _end(parts)
    _log.info("the controller has stopped")


def _tell_where(settings: Settings) -> None:
    url = urlsplit(settings.api.url)
    _log.info("the controller runs", listens=f"{settings.api.listen}:{settings.api.port}", url=settings.api.url)
    if (url.port or 443) != settings.api.port:
        _log.warning("api.url names another port than api.port: right only where something forwards it")
    if settings.broker.shared_group:
        _log.warning("broker.shared_group is set: on the Mosquitto we ship, nothing would be heard (docs/brokers.md)")


def _parts(
    settings: Settings, store: Store, credentials: Credentials, metrics: Metrics
) -> list[tuple[str, Coroutine[None, None, None]]]:
    hub = Hub(store)
    services = assemble(settings, store, credentials, hub, utc_now, metrics)
    key_path, chain_path = credentials.server_files
    api = ApiServer(
        build_api(services),
        settings.api.listen,
        settings.api.port,
        key_path=key_path,
        chain_path=chain_path,
        trust=lambda: credentials.authority.trust_pem,
    )
    address = BrokerAddress(settings.broker.host, settings.broker.port, credentials.broker_tls(), settings.broker.mqtt)
    # Random, because whoever knows the client id of a connection can take its place.
    name = secrets.token_hex(8)
    downlink = Downlink(address, f"controller-downlink-{name}", credentials.down_key, metrics)
    dispatcher = Dispatcher(store, utc_now, hub, downlink.send_command)
    services.checks.speak_over(downlink.send)
    ingest = Ingest(
        store=store,
        subscriber=MqttSubscriber(address, f"controller-ingest-{name}", filters(settings.broker.shared_group), metrics),
        downlink=downlink,
        presence=settings.presence,
        metrics=metrics,
        on_sessions=dispatcher.on_sessions,
        on_proofs=keep_proofs,
        on_signal=services.checks.on_signal,
    )
    sweeper = Sweeper(store, settings.presence, utc_now, lambda: ingest.listening_since, metrics)
    revoker = Revoker(
        store=store,
        authority=credentials.authority,
        hub=hub,
        clock=utc_now,
        revocation_list=RevocationList(store, credentials.authority, credentials.crl_path),
        listener=UnitsListener(settings.broker.host, settings.broker.unit_port),
    )
    delivery = services.delivery
    watch = AlarmingWatch(store, utc_now, delivery, metrics, settings.alarms.heartbeat_url)
    return [
        ("api", api.run()),
        ("hub", hub.run()),
        ("downlink", downlink.run()),
        ("commands", dispatcher.run()),
        ("ingest", ingest.run()),
        ("checks", services.checks.run()),
        ("log", services.log.run()),
        ("presence", sweeper.run()),
        ("revocation", revoker.run()),
        ("certificates", CertificateWatch(credentials, store, utc_now, api.reload_certificate).run()),
        ("retention", Retention(store, settings.retention, utc_now).run()),
        ("unproven units", UnprovenWatch(store, utc_now).run()),
        ("units' records", ChainWatch(store, utc_now).run()),
        ("people's terms", ExpiryWatch(store, utc_now).run()),
        ("rotas: solving", services.solvers.run()),
        ("rotas: cover", CoverWatch(store, utc_now).run()),
        ("kit", KitWatch(store, utc_now).run()),
        ("welfare", WelfareWatch(store, utc_now).run()),
        ("deployments: deadlines", DeadlineWatch(store, utc_now).run()),
        ("alarms", Alarming(store, utc_now, hub, metrics).run()),
        ("alarms: pages", Sender(store, utc_now, hub, delivery, settings.api.url, metrics).run()),
        ("alarms: whether they are alive", watch.run()),
        ("rollouts", RolloutRunner(store, utc_now, hub, manifest_in_force).run()),
        ("releases: timestamp", services.release_signing.run()),
        ("reconciliation", Reconciliation(store, utc_now).run()),
    ]


async def _until_stopped(stop: asyncio.Event, parts: list[asyncio.Task[None]]) -> None:
    """Return when told to stop; a part that ends by itself takes the controller down with its error."""
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        done, _ = await asyncio.wait([stopping, *parts], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    for part in parts:
        if part in done:
            _log.error("a part of the controller ended", part=part.get_name())
            part.result()


async def _end(parts: list[asyncio.Task[None]]) -> None:
    """Cancel `parts` until they have ended: asyncio.wait_for, which aiomqtt uses, forgets a cancellation that meets a
    lost connection, and the part would go on trying to connect."""
    pending = set(parts)
    while pending:
        for part in pending:
            part.cancel()
        _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN_S)
    await asyncio.gather(*parts, return_exceptions=True)


async def _open_patiently(settings: Settings, stop: asyncio.Event) -> Store | None:
    """The store, once the database answers and is at this program's revision; None when told to `stop` before."""
    backoff = Backoff(base_s=0.2, cap_s=10.0)
    deadline = asyncio.get_running_loop().time() + _DATABASE_LIMIT_S
    while True:
        try:
            return await _open_checked(settings)
        except StoreUnavailable as error:
            if asyncio.get_running_loop().time() > deadline:
                raise
            _log.warning("waiting for the database", detail=error.detail)
            with suppress(TimeoutError):
                async with asyncio.timeout(backoff.next_s()):
                    await stop.wait()
                    return None


async def _open_checked(settings: Settings) -> Store:
    store = await open_store(settings.database.dsn, max_connections=settings.database.max_connections)
    try:
        await store.check_schema()
    except BaseException:
        await store.close()
        raise
    return store
