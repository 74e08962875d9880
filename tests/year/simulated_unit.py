"""A unit of the simulated year: the agent's own identity, keys and renewal on a real disk; a pretended network."""

import random
from base64 import b64encode
from collections import Counter
from pathlib import Path
from secrets import token_hex

import msgspec

from edge_agent.access_record.chain_file import ChainFile
from edge_agent.access_record.chain_text import FILE_NAME
from edge_agent.certificate import read_own
from edge_agent.errors import CertificateEnded, ControllerAway, ControllerUntrusted, RefusedByController
from edge_agent.identity import Identity, IdentityInUse, IdentityStore
from edge_agent.joining.checks import check_acceptance
from edge_agent.keys.keystore import FIRST_KEY
from edge_agent.keys.soft import SoftKeyStore
from edge_agent.renewal.renewal import Renewal
from edge_agent.renewal.requests import ProgramFacts, Requests
from edge_agent.watch import Happening
from protocols.access_record import AccessRecord
from protocols.joining import API_TLS_NAME, JoinRefusal, RejoinReply, Renewed, Voucher, fingerprint
from protocols.people import SignedPeopleList
from protocols.uplink import SessionProof, SessionState, proof_text
from tests.year.simulated_clock import UnitClock, WorldClock
from tests.year.simulated_controller import BROKER_NAME, URL, SimulatedController, foreign_root
from tests.year.simulated_handshake import client_is_trusted, is_over, leaf_of, server_is_trusted
from tests.year.simulated_weather import PowerCut, Weather


class SimulatedUnit:
    """`step` is one thing the unit does; it returns the seconds until the next."""

    def __init__(
        self, name: str, place: Path, controller: SimulatedController, clock: WorldClock, weather: Weather, seed: int
    ) -> None:
        self.name = name
        self.place = place
        self.clock = UnitClock(clock)
        self.weather = weather
        self.off = False
        self.clock_is_lost_at_boot = False
        self.meets_impostor = False
        self.told: Counter[str] = Counter()
        self.foreign: set[str] = set()
        self.without_certificate_ms = 0
        self.connections = 0
        self.unit_id = ""
        self._world = clock
        self._controller = controller
        self._draw = random.Random(seed)
        self._keystore = SoftKeyStore(place)
        self._identities = IdentityStore(place)
        self._sequence = 1
        self._spool_id = self._draw.randrange(1, 2**40)
        self._boot_id = token_hex(8)
        self._connected = False
        self._seen_ms = clock.ms
        self._chain: ChainFile | None = None
        self._said: list[SessionState | SessionProof] = []

    async def join(self) -> None:
        """Come into the fleet."""
        self.place.mkdir(mode=0o700)
        self._keystore.make(FIRST_KEY)
        accepted, text = await self._controller.let_in(self.name, self._keystore.csr_pem(FIRST_KEY))
        root_pem = self._controller.credentials.authority.root_pem.decode()
        people = Voucher.read(text).people_sha256
        own_key = self._keystore.public_key(FIRST_KEY)
        identity = check_acceptance(accepted, root_pem, own_key, people, self._world.ms)
        self._identities.save(msgspec.structs.replace(identity, controller_url=URL), accepted.settings)
        self.unit_id = identity.unit_id
        self.boot()

    def boot(self) -> None:
        """Begin again with what is on the disk."""
        self.clock.boot(is_set=not self.clock_is_lost_at_boot)
        self._boot_id = token_hex(8)
        self._connected = False
        if self._chain is not None:
            self._chain.close()
        self._chain = ChainFile(self.place / FILE_NAME)
        self._chain.append(self._started)
        self._in_use = IdentityInUse(self._identities)
        self._renewal = Renewal(
            self._in_use,
            self._keystore,
            Requests(self.place, self._keystore, ProgramFacts("year", "1")),
            self,
            self.clock,
            self.clock.known_time,
            self._tell,
            self._reconnect,
            draw=self._draw.uniform,
        )

    def _started(self, number: int, prior: str) -> AccessRecord:
        return AccessRecord(
            number=number,
            prior=prior,
            at_ms=self.clock.wall_ms(),
            boot_id=self._boot_id,
            boot_ms=self.clock.mono_ms(),
            what="started",
        )

    def copied_to(self, place: Path) -> "SimulatedUnit":
        """Another machine with a copy of this unit's card, which was taken just now."""
        copy = SimulatedUnit(f"{self.name}-copy", place, self._controller, self._world, self.weather, 99)
        copy.unit_id, copy._spool_id, copy._sequence = self.unit_id, self._spool_id, self._sequence
        return copy

    @property
    def identity(self) -> Identity:
        """What is in use."""
        return self._in_use.now

    @property
    def shown_fingerprint(self) -> str:
        """What the unit shows to the person who stands before it."""
        return fingerprint(self._keystore.public_key(self.identity.key_name))

    async def step(self) -> float:
        """Connect if there is no connection, then do what renewal wants; power may go at any durable write."""
        self._count_time()
        if self.off:
            return 3600.0
        try:
            with self.weather.over_the_disk():
                await self._keep_connected()
                return await self._renewal.step()
        except PowerCut:
            self.boot()
            return 60.0

    def _count_time(self) -> None:
        passed_ms, self._seen_ms = self._world.ms - self._seen_ms, self._world.ms
        if not self.off and read_own(self.identity.certificate_chain_pem).until_ms <= self._world.ms:
            self.without_certificate_ms += passed_ms

    async def _keep_connected(self) -> None:
        now = self._world.now
        controller = self._controller
        if controller.away or (self._connected and self._draw.random() > 0.1):
            return
        identity = self.identity
        chain = identity.certificate_chain_pem.encode()
        broker_chain = controller.place / "broker" / "server.crt"
        lets_in = client_is_trusted(chain, controller.credentials.authority.trust_pem, now)
        if not lets_in or not server_is_trusted(broker_chain, BROKER_NAME, identity.roots_pem, now):
            self._connected = False
            self._renewal.link_broke()
            return
        await self._prove(identity)
        self._connected = self.clock.hears_controller = True
        self.connections += 1
        self._renewal.welcomed(identity)

    async def _prove(self, identity: Identity) -> None:
        session = token_hex(16)
        self._sequence += self._draw.randrange(5)
        announced = SessionState(
            unit=identity.unit_id,
            session=session,
            connection=session,
            up=True,
            boot_id=self._boot_id,
            spool_id=self._spool_id,
            next_seq=self._sequence,
        )
        await self._replay()
        outcome = await self._controller.hear(announced)
        assert outcome.welcomes, "a new session is welcomed"
        assert self._chain is not None, "a unit boots before it connects"
        unsigned = SessionProof(
            unit=identity.unit_id,
            session=session,
            challenge=outcome.welcomes[0].welcome.challenge,
            certificate=read_own(identity.certificate_chain_pem).serial,
            boot_id=self._boot_id,
            spool_id=self._spool_id,
            next_seq=self._sequence,
            signature="",
            access_records=self._chain.tip.records,
            access_head=self._chain.tip.head,
        )
        signature = self._keystore.sign(identity.key_name, proof_text(unsigned))
        proof = msgspec.structs.replace(unsigned, signature=b64encode(signature).decode())
        if not self.weather.loses_request():
            await self._controller.hear(proof)
        self._said = [*self._said, announced, proof][-20:]

    async def _replay(self) -> None:
        """The broker says again what it heard long ago."""
        if self._said and self._draw.random() < 0.2:
            await self._controller.hear(self._draw.choice(self._said))

    def _reconnect(self) -> None:
        self._connected = False

    async def _tell(self, happening: Happening) -> None:
        self.told[happening.kind] += 1

    # The controller's door, see edge_agent.unit_door.UnitDoor.

    async def renew(self, identity: Identity, request: bytes) -> Renewed:
        """Over mutual TLS."""
        self._shake_hands(identity)
        leaf = leaf_of(identity.certificate_chain_pem.encode())
        if is_over(leaf, self._world.now):
            raise CertificateEnded(URL)
        trust = self._controller.credentials.authority.trust_pem
        if not client_is_trusted(identity.certificate_chain_pem.encode(), trust, self._world.now):
            raise ControllerAway(URL, "the handshake fails")
        return _renewed(await self._controller.renew(leaf, request), self)

    async def rejoin(self, identity: Identity, request: bytes) -> RejoinReply:
        """Without a certificate."""
        self._shake_hands(identity)
        reply = await self._controller.rejoin(request)
        if isinstance(reply, Renewed | JoinRefusal):
            return _renewed(reply, self)
        return reply

    async def time_ms(self, identity: Identity) -> int | None:
        """By the answer's date."""
        self._shake_hands(identity)
        return self._world.ms

    async def people_after(self, identity: Identity, version: int) -> list[SignedPeopleList]:
        """Not part of this year."""
        raise ControllerAway(identity.controller_url, f"no list after {version}")

    def _shake_hands(self, identity: Identity) -> None:
        if self._controller.away or self.weather.loses_request():
            raise ControllerAway(URL, "no answer")
        chain = self._controller.place / "tls" / "server.crt"
        if not server_is_trusted(chain, API_TLS_NAME, identity.roots_pem, self._world.now):
            raise ControllerUntrusted(URL, "its chain leads to no root known here")

    def answered(self, reply: Renewed) -> Renewed:
        """The reply as it arrives, if it does."""
        if self.weather.loses_reply():
            raise ControllerAway(URL, "the answer was lost")
        if self.meets_impostor:
            offer = foreign_root(self._world, self._draw)
            self.foreign.add(offer.root_pem)
            return msgspec.structs.replace(reply, roots=[*reply.roots[:3], offer])
        return reply


def _renewed(reply: Renewed | JoinRefusal, unit: SimulatedUnit) -> Renewed:
    if isinstance(reply, JoinRefusal):
        raise RefusedByController(reply.code, reply.message, reply.remedy)
    return unit.answered(reply)
