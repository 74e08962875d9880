"""A unit that has joined, and its program as a process of its own."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from edge_agent.certificate import read_own
from edge_agent.identity import Identity, IdentityStore
from edge_agent.keys.keystore import FIRST_KEY, KeyStore
from edge_agent.keys.soft import SoftKeyStore
from fleet.ca import certificates
from fleet.ca.holdings import Issuer, pem
from fleet.credentials import Credentials
from fleet.store.store import Store
from protocols.joining import BrokerAddress
from protocols.settings import UnitSettings
from tests.support.agent_peer import AgentProcess
from tests.support.embedded_broker import EmbeddedBrokerProcess
from tests.support.mosquitto import MosquittoBroker
from tests.support.reporting import enter_certificate, register, until
from tests.support.tls import ClientFiles

UNIT = "unit-abcdefgh"
BROKERS = [MosquittoBroker, EmbeddedBrokerProcess]
Kind: TypeAlias = type[MosquittoBroker] | type[EmbeddedBrokerProcess]
AnyBroker: TypeAlias = MosquittoBroker | EmbeddedBrokerProcess
Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

DUE_AND_GOOD_FOR_A_MINUTE = timedelta(seconds=90)
"""Certificates begin 5 minutes in the past: of these 6.5 minutes, three quarters are over."""

ENDED = timedelta(seconds=-1)


@dataclass(kw_only=True)
class UnitPlace:
    """A unit in `home`/unit that knows the controller at `url` and `broker`; `environ` is added to its program's."""

    credentials: Credentials
    url: str
    broker: AnyBroker
    owner: Owner
    store: Store
    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    runs: int = 0

    @property
    def state_dir(self) -> Path:
        return self.home / "unit"

    @property
    def identity(self) -> Identity:
        return IdentityStore(self.state_dir).load()

    @property
    def serial(self) -> str:
        return read_own(self.identity.certificate_chain_pem).serial

    @property
    def leaf(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.identity.certificate_chain_pem.encode())

    @property
    def keys(self) -> set[str]:
        return {path.name for path in self.state_dir.glob("key*.pem")}

    def agent(self, *arguments: str) -> AgentProcess:
        self.runs += 1
        environ = {"MUSTER_AGENT_STATE_DIR": str(self.state_dir), "MUSTER_AGENT_ACK_TIMEOUT_S": "2"}
        return AgentProcess(self.home / f"run-{self.runs}", environ | self.environ, *arguments)

    async def join(self, life: timedelta, keys: KeyStore | None = None) -> None:
        """Let the unit have joined, with a certificate that ends `life` from now; its key is in `keys`, else a file."""
        self.state_dir.mkdir(mode=0o700)
        keys = keys or SoftKeyStore(self.state_dir)
        keys.make(FIRST_KEY)
        public = keys.public_key(FIRST_KEY)
        assert isinstance(public, EllipticCurvePublicKey)
        authority = self.credentials.authority
        chain_pem = self._chain_pem(public, authority.holdings.issuers[0], life)
        await register(self.owner, [UNIT])
        await self._enter(chain_pem, None)
        async with self.store.transaction() as transaction:
            anchor = await transaction.people.newest_anchor()
        assert anchor is not None
        identity = Identity(
            unit_id=UNIT,
            certificate_chain_pem=chain_pem,
            roots_pem=[authority.root_pem.decode()],
            controller_keys=[self.credentials.down_public_hex],
            broker=BrokerAddress(
                host=self.broker.host,
                port=self.broker.unit_port,
                mqtt="5" if self.broker.mqtt == "5" else "3.1.1",
            ),
            people_list=anchor.text,
            controller_url=self.url,
        )
        IdentityStore(self.state_dir).save(identity, UnitSettings(version=1, report_every_s=1))

    async def let_renewal_be_due(self, issuer: Issuer) -> None:
        """Let the unit, whose program does not run, have renewed once more, for the same key: now it is due again."""
        before = self.leaf
        public = before.public_key()
        assert isinstance(public, EllipticCurvePublicKey)
        chain_pem = self._chain_pem(public, issuer, DUE_AND_GOOD_FOR_A_MINUTE)
        await self._enter(chain_pem, f"{before.serial_number:x}")
        IdentityStore(self.state_dir).replace(msgspec.structs.replace(self.identity, certificate_chain_pem=chain_pem))

    async def connected(self, serial: str) -> bool:
        """Whether a proof with this certificate has been accepted."""
        query = "SELECT connected_at IS NOT NULL FROM certificate WHERE serial = $1"
        return bool(await self.owner.fetchval(query, serial))

    async def reports(self, agent: AgentProcess) -> None:
        """Wait until a report arrives that is sampled after now."""
        began = datetime.now(UTC)

        async def reported() -> bool:
            assert agent.running, agent.logged
            return bool(await self.owner.fetchval("SELECT count(*) FROM health_report WHERE sampled_at > $1", began))

        await until(reported)

    async def state(self) -> str:
        """The unit's state, as the controller has it."""
        return str(await self.owner.fetchval("SELECT state FROM unit WHERE unit_id = $1", UNIT))

    async def successors(self, serial: str) -> list[str]:
        """The serials of the certificates that were renewed from this one."""
        rows = await self.owner.fetch("SELECT serial FROM certificate WHERE predecessor = $1", serial)
        return [row["serial"] for row in rows]

    async def status(self) -> dict[str, Any]:
        async with self.agent("status", "--json") as agent:
            await agent.ended()
        status: dict[str, Any] = msgspec.json.decode(agent.said)
        return status

    async def event_kinds(self) -> list[str]:
        rows = await self.owner.fetch("SELECT kind FROM event WHERE source = 'unit' ORDER BY seq")
        return [row["kind"] for row in rows]

    async def told(self, kind: str) -> None:
        """Wait until the unit's event of this kind is stored."""

        async def there() -> bool:
            return kind in await self.event_kinds()

        await until(there)

    def _chain_pem(self, public: EllipticCurvePublicKey, issuer: Issuer, life: timedelta) -> str:
        leaf = certificates.leaf_certificate(
            certificates.Leaf(UNIT, public, certificates.CLIENT, life),
            datetime.now(UTC),
            certificates.Signer(issuer.certificate.subject, issuer.key),
            issuer.certificate.not_valid_after_utc,
        )
        return (pem(leaf) + pem(issuer.certificate)).decode()

    async def _enter(self, chain_pem: str, predecessor: str | None) -> None:
        chain_file = self.home / "entered.crt"
        chain_file.write_text(chain_pem)
        await enter_certificate(self.owner, UNIT, ClientFiles(chain_file, chain_file), predecessor)
