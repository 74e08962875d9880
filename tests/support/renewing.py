"""A controller that renews certificates as the contract says, and a unit whose clock a test sets."""

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from edge_agent.certificate import OwnCertificate, read_own
from edge_agent.errors import CertificateEnded, ControllerAway, RefusedByController
from edge_agent.identity import Identity, IdentityInUse, IdentityStore
from edge_agent.keys.keystore import FIRST_KEY
from edge_agent.keys.soft import SoftKeyStore
from edge_agent.renewal.plan import KnownTime
from edge_agent.renewal.renewal import Renewal
from edge_agent.renewal.requests import ProgramFacts, Requests
from edge_agent.watch import Happening
from fleet.ca.authority import CertificateAuthority
from fleet.ca.csr import read_csr
from protocols.joining import (
    BrokerAddress,
    JoinPending,
    RejoinReply,
    RejoinRequest,
    Renewed,
    RenewRequest,
    RootOffer,
    fingerprint,
)
from protocols.people import SignedPeopleList
from protocols.settings import UnitSettings

UNIT = "unit-abcdefgh"
CONTROLLER_KEY = "22" * 32
URL = "https://controller.example:8443"
START_MS = 1_800_000_000_000


class HandClock:
    """A clock that a test sets. `wall_off_ms` is how far the wall clock is off the true time."""

    def __init__(self, wall_ms: int = START_MS) -> None:
        self.true_ms = wall_ms
        self.wall_off_ms = 0
        self.mono = 1_000

    def wall_ms(self) -> int:
        return max(0, self.true_ms + self.wall_off_ms)

    def mono_ms(self) -> int:
        return self.mono

    def go_on(self, by_ms: int) -> None:
        self.true_ms += by_ms
        self.mono += by_ms

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.true_ms / 1000, UTC)


@dataclass
class Controller:
    """The controller's side, by the true time of `clock`. It quarantines as the clone rules do, so no honest unit.

    `away` answers nothing, `loses_replies` does what it is asked and the answer is lost, as often as they say.
    """

    authority: CertificateAuthority
    clock: HandClock
    offers: list[RootOffer] = field(default_factory=list)
    away: int = 0
    loses_replies: int = 0
    refuses: str | None = None
    accepts_rejoins: bool = False
    tells_time: bool = True
    requests: list[bytes] = field(default_factory=list)
    successors: dict[str, dict[str, str]] = field(default_factory=dict)
    chains: dict[str, str] = field(default_factory=dict)
    connected: list[str] = field(default_factory=list)
    quarantined: str | None = None
    lists: list[SignedPeopleList] = field(default_factory=list)
    people_asked: list[int] = field(default_factory=list)

    async def renew(self, identity: Identity, request: bytes) -> Renewed:
        self._answers()
        shown = read_own(identity.certificate_chain_pem)
        if shown.until_ms <= self.clock.true_ms:
            raise CertificateEnded(URL)
        self.requests.append(request)
        self._refuse()
        return self._reply(self.successor(shown.serial, msgspec.json.decode(request, type=RenewRequest).csr_pem))

    async def rejoin(self, _identity: Identity, request: bytes) -> RejoinReply:
        self._answers()
        self.requests.append(request)
        self._refuse()
        asked = msgspec.json.decode(request, type=RejoinRequest)
        key = read_csr(asked.csr_pem)
        if not self.accepts_rejoins:
            return JoinPending(fingerprint=fingerprint(key), poll_after_s=5.0)
        chain_pem = self.authority.issue_unit(asked.unit_id, key, self.clock.now()).chain_pem
        return self._reply(self.renewed(chain_pem))

    async def time_ms(self, _identity: Identity) -> int | None:
        self._answers()
        return self.clock.true_ms if self.tells_time else None

    async def people_after(self, _identity: Identity, version: int) -> list[SignedPeopleList]:
        self._answers()
        self.people_asked.append(version)
        return [each for each in self.lists if msgspec.json.decode(each.text)["version"] > version][:16]

    def connects(self, identity: Identity) -> bool:
        """The unit's link shows its certificate: whether it is welcomed."""
        shown = read_own(identity.certificate_chain_pem)
        if shown.until_ms <= self.clock.true_ms:
            return False
        if any(serial in self.connected for serial in self.successors.get(shown.serial, {}).values()):
            self.quarantined = "superseded-certificate"
        siblings = [followers for followers in self.successors.values() if shown.serial in followers.values()]
        if any(serial in self.connected and serial != shown.serial for each in siblings for serial in each.values()):
            self.quarantined = "two-successors"
        self.connected.append(shown.serial)
        return True

    def successor(self, serial: str, csr_pem: str) -> Renewed:
        followers = self.successors.setdefault(serial, {})
        key = read_csr(csr_pem)
        assert isinstance(key, EllipticCurvePublicKey)
        name = fingerprint(key)
        if name not in followers:
            if any(follower in self.connected for follower in followers.values()):
                self.quarantined = "superseded-certificate"
                raise RefusedByController("certificate-superseded", "a successor is in use", "look at the unit")
            chain_pem = self.authority.issue_unit(UNIT, key, self.clock.now()).chain_pem
            followers[name] = read_own(chain_pem).serial
            self.chains[followers[name]] = chain_pem
        return self.renewed(self.chains[followers[name]])

    def renewed(self, chain_pem: str) -> Renewed:
        return Renewed(
            unit_id=UNIT,
            certificate_chain_pem=chain_pem,
            roots=self.offers or self.authority.root_offers(),
            controller_keys=[CONTROLLER_KEY],
            broker=BrokerAddress(host="broker", port=8883),
            url=URL,
        )

    def _answers(self) -> None:
        if self.away:
            self.away -= 1
            raise ControllerAway(URL, "connection refused")

    def _refuse(self) -> None:
        if self.refuses is not None:
            raise RefusedByController(self.refuses, "no", "ask a person")

    def _reply(self, renewed: Renewed) -> Renewed:
        if self.loses_replies:
            self.loses_replies -= 1
            raise ControllerAway(URL, "connection reset")
        return renewed


class Unit:
    """A joined unit in `state_dir`, driven step by step; `boot` starts its program anew."""

    def __init__(self, state_dir: Path, controller: Controller) -> None:
        self.state_dir = state_dir
        self.controller = controller
        self.clock = controller.clock
        self.keystore = SoftKeyStore(state_dir)
        self.store = IdentityStore(state_dir)
        self.events: list[Happening] = []
        self.sure = True
        self.link_up = False

    def join(self, people_list: str = "") -> None:
        self.state_dir.mkdir(parents=True)
        self.keystore.make(FIRST_KEY)
        authority = self.controller.authority
        public = self.keystore.public_key(FIRST_KEY)
        assert isinstance(public, EllipticCurvePublicKey)
        identity = Identity(
            unit_id=UNIT,
            certificate_chain_pem=authority.issue_unit(UNIT, public, self.clock.now()).chain_pem,
            roots_pem=[authority.root_pem.decode()],
            controller_keys=[CONTROLLER_KEY],
            broker=BrokerAddress(host="broker", port=8883),
            people_list=people_list,
            controller_url=URL,
        )
        self.store.save(identity, UnitSettings())

    def copy(self, state_dir: Path) -> "Unit":
        shutil.copytree(self.state_dir, state_dir)
        return Unit(state_dir, self.controller)

    def boot(self) -> None:
        """Start the program: what was in memory is gone."""
        self.identities = IdentityInUse(self.store)
        self.renewal = Renewal(
            self.identities,
            self.keystore,
            Requests(self.state_dir, self.keystore, ProgramFacts("test unit", "0")),
            self.controller,
            self.clock,
            lambda: KnownTime(self.clock.wall_ms(), self.sure),
            self._tell,
            self.connect,
            draw=lambda low, high: (low + high) / 2,
        )
        self.connect()

    def connect(self) -> None:
        """What the link does at once, as far as renewal hears of it."""
        self.link_up = self.controller.connects(self.identities.now)
        if self.link_up:
            self.renewal.welcomed(self.identities.now)
        else:
            self.renewal.link_broke()

    async def live(self, for_ms: int) -> int:
        """Step by step for so long; returns the number of steps."""
        end_ms, steps = self.clock.true_ms + for_ms, 0
        while self.clock.true_ms < end_ms:
            wait_s = await self.renewal.step()
            assert wait_s > 0
            self.clock.go_on(max(1, min(end_ms - self.clock.true_ms, round(wait_s * 1000))))
            steps += 1
        return steps

    @property
    def certificate(self) -> OwnCertificate:
        return read_own(self.store.load().certificate_chain_pem)

    @property
    def keys(self) -> set[str]:
        return {path.name for path in self.state_dir.glob("key*.pem")}

    @property
    def event_kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def assert_whole(self) -> None:
        """Certificate and key go together, nothing is left over, nobody has become suspicious."""
        identity = self.store.load()
        leaf = x509.load_pem_x509_certificate(identity.certificate_chain_pem.encode())
        assert leaf.public_key() == self.keystore.public_key(identity.key_name)
        assert self.keys == {f"{identity.key_name}.pem"}
        assert not (self.state_dir / "renewal.json").exists()
        assert self.controller.quarantined is None

    async def _tell(self, happening: Happening) -> None:
        self.events.append(happening)


def joined_unit(home: Path) -> Unit:
    """A unit of a fleet of its own, that has just joined and runs."""
    clock = HandClock()
    controller = Controller(CertificateAuthority.create(home / "ca", clock.now() - timedelta(days=1)), clock)
    unit = Unit(home / "unit", controller)
    unit.join()
    unit.boot()
    return unit
