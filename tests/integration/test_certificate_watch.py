"""Certificates made anew and taken into use while everything runs, against a real API, database and Mosquitto."""

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from os import kill
from pathlib import Path

import msgspec
import pytest
from cryptography import x509

from fleet.api.app import build_api
from fleet.api.server import ApiServer
from fleet.ca import watch as watch_module
from fleet.ca.authority import CertificateAuthority
from fleet.ca.revocation_list import Revoked, read_lists
from fleet.ca.roots import PUBLIC_NAME, install_root, rotate_root
from fleet.ca.rotation import rotate_issuing
from fleet.ca.watch import CertificateWatch
from fleet.client import connect
from fleet.credentials import Credentials, create_credentials, load_credentials
from fleet.errors import StoreUnavailable
from fleet.store.store import Store, open_store
from protocols.api.events import EventView
from protocols.joining import API_TLS_NAME
from tests.support.controller import RunningApi
from tests.support.mosquitto import MosquittoBroker
from tests.support.mqtt import connect_code, connect_packet
from tests.support.ports import free_port
from tests.support.tls import Pki
from tests.support.waiting import until

NAMES = ["localhost", "127.0.0.1"]
AGED = timedelta(days=61)
"""How old a certificate of 90 days is when it is due."""


def made(directory: Path, at: datetime) -> Credentials:
    """A controller's credentials as they were made at `at`."""
    create_credentials(directory, at)
    return load_credentials(directory, NAMES, NAMES, at)


def leaf(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def fresh_lists(credentials: Credentials, at: datetime, *revoked: x509.Certificate) -> bytes:
    return credentials.authority.crl_pem([Revoked(each.serial_number, at) for each in revoked], 5, at)


async def shown(port: int, trust: bytes) -> x509.Certificate:
    """The certificate that the API shows to a new connection."""
    context = ssl.create_default_context(cadata=trust.decode())
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=API_TLS_NAME)
    try:
        return x509.load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
    finally:
        writer.transport.abort()
        del reader


@asynccontextmanager
async def serving(api: RunningApi, credentials: Credentials) -> AsyncIterator[ApiServer]:
    """Another listener of the API, with these credentials."""
    key_path, chain_path = credentials.server_files
    server = ApiServer(
        build_api(api.services),
        "127.0.0.1",
        free_port(),
        key_path=key_path,
        chain_path=chain_path,
        trust=lambda: credentials.authority.trust_pem,
    )
    task = asyncio.create_task(server.run())

    async def listening() -> bool:
        return server.listening

    try:
        await until(listening)
        yield server
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def events(store: Store) -> list[EventView]:
    async with store.transaction() as transaction:
        return await transaction.events.page()


def nothing() -> None:
    """For a watch without an API."""


async def test_the_api_shows_its_new_certificate_to_new_connections_and_keeps_the_old_ones(
    api: RunningApi, store: Store, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    credentials = made(tmp_path / "aged", now - AGED)
    trust = credentials.authority.roots_pem
    async with serving(api, credentials) as server:
        watch = CertificateWatch(credentials, store, lambda: now, server.reload_certificate)
        before = leaf(credentials.server_files[1])
        context = ssl.create_default_context(cadata=trust.decode())
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", server.port, ssl=context, server_hostname=API_TLS_NAME
        )
        assert await shown(server.port, trust) == before
        await watch.check()
        after = leaf(credentials.server_files[1])
        assert after != before
        assert await shown(server.port, trust) == after
        writer.write(b"GET /health HTTP/1.1\r\nHost: fleet\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200"), "a connection from before goes on"
        writer.close()


async def test_files_that_do_not_belong_together_do_not_reach_the_api(
    api: RunningApi, store: Store, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    credentials = made(tmp_path / "fresh", now)
    key_path, chain_path = credentials.server_files
    async with serving(api, credentials) as server:
        whole = leaf(chain_path)
        chain_path.write_bytes((tmp_path / "fresh" / "broker" / "server.crt").read_bytes())
        with pytest.raises(ssl.SSLError):
            server.reload_certificate()
        assert await shown(server.port, credentials.authority.roots_pem) == whole
        await CertificateWatch(credentials, store, lambda: now, server.reload_certificate).check()
        mended = leaf(chain_path)
        assert await shown(server.port, credentials.authority.roots_pem) == mended
        assert mended not in (whole, leaf(tmp_path / "fresh" / "broker" / "server.crt"))
        assert key_path.stat().st_mode & 0o777 == 0o600


async def connects(broker: MosquittoBroker, context: ssl.SSLContext) -> bool:
    """Whether Mosquitto lets a controller with this context in."""
    hello = connect_packet("controller-watched")
    return await connect_code(broker.host, broker.controller_port, context, hello) == 0


async def test_the_brokers_next_connection_gets_the_new_certificate_of_the_same_context(
    store: Store, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    credentials = made(tmp_path / "state", now - AGED)
    before = leaf(tmp_path / "state" / "tls" / "controller.crt")
    context, not_told = (
        credentials.broker_tls(),
        ssl.create_default_context(cadata=credentials.authority.roots_pem.decode()),
    )
    tls = tmp_path / "state" / "tls"
    not_told.load_cert_chain(tls / "controller.crt", tls / "controller.key")
    async with MosquittoBroker(Pki(credentials.directory, credentials.authority)) as broker:
        assert await connects(broker, context)
        await CertificateWatch(credentials, store, lambda: now, nothing).check()
        config = broker.home / "config" / "tls"
        (config / "crl.pem").write_bytes(fresh_lists(credentials, now, before))
        kill(broker.pid, signal.SIGHUP)

        async def refuses_the_old() -> bool:
            return not await connects(broker, not_told)

        await until(refuses_the_old)
        assert await connects(broker, context)


async def test_mosquitto_reads_the_lists_of_two_issuing_certificates(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    credentials = made(tmp_path / "state", now)
    pki = Pki(credentials.directory, credentials.authority)
    directory = tmp_path / "state" / "ca"

    def context(name: str) -> ssl.SSLContext:
        chain, key = tmp_path / f"{name}.crt", tmp_path / f"{name}.key"
        credentials.authority.issue_controller(now).write(key, chain)
        made = ssl.create_default_context(cadata=credentials.authority.roots_pem.decode())
        made.load_cert_chain(chain, key)
        return made

    contexts = {name: context(name) for name in ("old-good", "old-stolen")}
    rotate_root(directory, tmp_path / "root-2", now)
    install_root(directory, tmp_path / "root-2" / PUBLIC_NAME, now)
    rotate_issuing(directory, tmp_path / "root-2", now)
    assert credentials.authority.reload()
    contexts |= {name: context(name) for name in ("new-good", "new-stolen")}
    stolen = [leaf(tmp_path / f"{name}.crt") for name in ("old-stolen", "new-stolen")]
    async with MosquittoBroker(pki) as broker:
        assert [await connects(broker, each) for each in contexts.values()] == [True] * 4
        (broker.home / "config" / "tls" / "crl.pem").write_bytes(fresh_lists(credentials, now, *stolen))
        kill(broker.pid, signal.SIGHUP)

        async def reads_the_list() -> bool:
            return not await connects(broker, contexts["old-stolen"])

        await until(reads_the_list)
        let_in = {name for name, each in contexts.items() if await connects(broker, each)}
        assert let_in == {"old-good", "new-good"}


async def test_people_sign_in_whichever_root_they_have_pinned(api: RunningApi, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    settings = await api.add_person("TO-12", "engineer")
    directory = api.credentials.directory / "ca"
    rotate_root(directory, tmp_path / "root-2", now)
    install_root(directory, tmp_path / "root-2" / PUBLIC_NAME, now)
    rotate_issuing(directory, tmp_path / "root-2", now)
    api.credentials.authority.reload()
    assert api.credentials.refresh(now)
    async with serving(api, api.credentials) as server:
        for name in ("root.crt", "root-2.crt"):
            here = msgspec.structs.replace(settings, ca_file=directory / name, url=f"https://127.0.0.1:{server.port}")
            async with connect(here) as client:
                assert (await client.whoami()).person_id == "TO-12"


async def test_a_running_controller_takes_what_fleet_ca_makes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "LOOK_EVERY_S", 0.05)
    now = datetime.now(UTC)
    credentials = made(tmp_path / "state", now)
    state, authority = credentials.directory, credentials.authority
    revoked = leaf(state / "tls" / "controller.crt")
    credentials.crl_path.write_bytes(fresh_lists(credentials, now, revoked))
    showing = 0

    def show() -> None:
        nonlocal showing
        showing += 1

    async def first_look() -> bool:
        return showing > 0

    async def under_the_new_one() -> bool:
        issuing = x509.load_pem_x509_certificate((state / "ca" / "issuing-2.crt").read_bytes())
        return all(leaf(state / name).issuer == issuing.subject for name in ("tls/server.crt", "broker/server.crt"))

    task = asyncio.create_task(CertificateWatch(credentials, store, lambda: now, show).run())
    try:
        await until(first_look)
        rotate_issuing(state / "ca", state / "ca", now)
        await until(under_the_new_one)
        rotate_root(state / "ca", tmp_path / "root-2", now)
        install_root(state / "ca", tmp_path / "root-2" / PUBLIC_NAME, now)

        async def told_of_the_root() -> bool:
            return len(authority.root_offers()) == 2

        await until(told_of_the_root)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (state / "broker" / "ca.crt").read_bytes() == authority.trust_pem
    lists = read_lists(credentials.crl_path.read_bytes())
    assert lists.issuers == {issuer.certificate.subject for issuer in authority.holdings.issuers}
    assert [each.serial for each in lists.revoked] == [revoked.serial_number], "nobody comes off the list"
    assert await events(store) == []


async def test_what_ends_soon_is_an_event_once_a_day_and_then_an_alarm(store: Store, tmp_path: Path) -> None:
    start = datetime.now(UTC)
    credentials = made(tmp_path / "state", start)
    days = 650
    watch = CertificateWatch(credentials, store, lambda: start + timedelta(days=days), nothing)

    async def checked() -> list[tuple[str, str, int]]:
        credentials.crl_path.write_bytes(fresh_lists(credentials, start + timedelta(days=days)))
        await watch.check()
        return sorted((event.severity, event.summary.split(" ends")[0], event.count) for event in await events(store))

    issuing = "issuing certificate 1"
    assert await checked() == [("warning", issuing, 1)]
    assert await checked() == [("warning", issuing, 1)]
    days += 1
    assert await checked() == [("warning", issuing, 2)]
    days = 690
    assert await checked() == [("alarm", issuing, 1), ("warning", issuing, 2)]
    rotate_issuing(tmp_path / "state" / "ca", tmp_path / "state" / "ca", start + timedelta(days=days))
    days = 691
    assert await checked() == [("alarm", issuing, 1), ("warning", issuing, 2)], "mended: nothing more is told"


async def test_a_list_that_nobody_makes_anew_and_an_issuing_certificate_that_has_ended_are_alarms(
    store: Store, tmp_path: Path
) -> None:
    start = datetime.now(UTC)
    credentials = made(tmp_path / "state", start)
    days = 20
    watch = CertificateWatch(credentials, store, lambda: start + timedelta(days=days), nothing)
    await watch.check()
    assert [(event.kind, event.severity) for event in await events(store)] == [("certificate-expiring", "warning")]
    days = 731
    await watch.check()
    kinds = {(event.kind, event.severity) for event in await events(store)}
    assert ("certificate-fault", "alarm") in kinds, "nothing can be made anew"
    ended = [event.summary for event in await events(store) if " has ended, on " in event.summary]
    assert len(ended) == 5, "issuing certificate, list, and the three own certificates"


async def test_a_damaged_authority_is_told_of_and_the_one_in_memory_goes_on(store: Store, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    credentials = made(tmp_path / "state", now)
    directory = tmp_path / "state" / "ca"
    watch = CertificateWatch(credentials, store, lambda: now, nothing)
    (directory / "issuing-2.crt").write_bytes(b"half")
    before = credentials.authority.trust_pem
    await watch.check()
    (event,) = await events(store)
    assert (event.kind, event.severity) == ("certificate-fault", "alarm")
    assert "issuing-2.crt is damaged" in event.summary
    assert credentials.authority.trust_pem == before
    (directory / "issuing-2.crt").unlink()
    rotate_issuing(directory, directory, now)
    await watch.check()
    assert credentials.authority.trust_pem == CertificateAuthority.load(directory).trust_pem != before
    assert len(await events(store)) == 1


async def test_a_lost_database_delays_only_the_telling(dsn: str, store: Store, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    credentials = made(tmp_path / "state", now - AGED)
    before = leaf(tmp_path / "state" / "tls" / "server.crt")
    credentials.crl_path.write_bytes(fresh_lists(credentials, now - timedelta(days=20)))
    lost = await open_store(dsn, max_connections=2)
    await lost.close()
    watch = CertificateWatch(credentials, lost, lambda: now, nothing)
    with pytest.raises(StoreUnavailable):
        await watch.check()
    assert leaf(tmp_path / "state" / "tls" / "server.crt") != before
    watch._store = store
    await watch.check()
    assert [event.severity for event in await events(store)] == ["warning"]
