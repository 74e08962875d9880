"""The controller of the simulated year: its real services on a real database, with the authority it administers."""

import random
from datetime import timedelta
from pathlib import Path
from typing import cast

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from fleet.ca.certificates import root_certificate
from fleet.ca.holdings import digest, pem
from fleet.ca.roots import PUBLIC_NAME, install_root, retire_root, rotate_root
from fleet.ca.rotation import rotate_issuing
from fleet.credentials import create_credentials, load_credentials
from fleet.ingest.batch import Inbound, Outcome
from fleet.ingest.judge import judge
from fleet.ingest.link import Link
from fleet.ingest.turns import Turn
from fleet.ingest.writer import Writer
from fleet.joining.decisions import JoinDecisions
from fleet.joining.door import Door
from fleet.joining.rejoining import Rejoining
from fleet.joining.terms import Terms
from fleet.joining.vouchers import Vouchers
from fleet.people.register import PeopleRegister
from fleet.renewal.proofs import keep_proofs
from fleet.renewal.renewals import Renewals
from fleet.settings import JoiningSettings, PresenceSettings
from fleet.store.store import Store
from protocols.joining import (
    API_TLS_NAME,
    BrokerAddress,
    JoinAccepted,
    JoinPending,
    JoinRefusal,
    JoinRequest,
    RejoinReply,
    RejoinRequest,
    Renewed,
    RenewRequest,
    RootOffer,
    Voucher,
)
from protocols.settings import UnitSettings
from protocols.topics import up
from protocols.uplink import AnyUpMessage, encode_up
from tests.support.people import FOUNDERS, Keyholder, found_people, put_in_force
from tests.year.simulated_clock import WorldClock

BROKER_NAME = "broker.example"
URL = "https://controller.example"
_BROKER = BrokerAddress(host=BROKER_NAME, port=8883)
_PERSON = Keyholder.make("TO-90")


class SimulatedController:
    """Everything that units meet of a controller. `away` is set while it can not be reached."""

    def __init__(self, store: Store, place: Path, clock: WorldClock) -> None:
        self.store = store
        self.place = place
        self.clock = clock
        self.away = False
        self._roots_made = 0
        create_credentials(place, clock())
        self.credentials = load_credentials(place, [API_TLS_NAME], [BROKER_NAME], clock())
        authority, keys = self.credentials.authority, [self.credentials.down_public_hex]
        joining = JoiningSettings(max_pending=1000)
        terms = Terms(authority, keys, _BROKER, URL)
        self.vouchers = Vouchers(store, clock, authority=authority, url=URL)
        self.door = Door(store, clock, joining, controller_keys=keys, broker=_BROKER)
        self.decisions = JoinDecisions(store, clock, authority, UnitSettings())
        self._renewals = Renewals(store, clock, terms)
        self._rejoining = Rejoining(store, clock, joining, terms)
        self._writer = Writer(store, PresenceSettings(), keep_proofs, clock)

    async def found(self) -> None:
        """Two administrators, and the engineer who makes vouchers and accepts units."""
        await found_people(self.store, now=self.clock())
        register = PeopleRegister(self.store, self.clock)
        await put_in_force(register, _PERSON.new("engineer", valid_days=1830), FOUNDERS)

    async def accept_waiting(self, fingerprints: dict[str, str], refused: set[str]) -> int:
        """A person accepts units that come back, each by the fingerprint it shows (`fingerprints`, by unit id)."""
        async with self.store.transaction() as transaction:
            waiting = [join for join in await transaction.joining.pending() if join.rejoins is not None]
        accepted = 0
        for join in waiting:
            assert join.rejoins is not None, "filtered above"
            if join.rejoins not in refused:
                await self.decisions.accept(join.join_id, fingerprints[join.rejoins], _PERSON.person_id)
                accepted += 1
        return accepted

    async def let_in(self, label: str, csr_pem: str) -> tuple[JoinAccepted, str]:
        """Bring a new unit in; returns the acceptance and the voucher's text."""
        voucher = await self.vouchers.make(label, _PERSON.person_id)
        secret = Voucher.read(voucher.text).secret.hex()
        request = JoinRequest(secret=secret, csr_pem=csr_pem, key_protection="soft", model="year", agent_version="1")
        pending = await self.door.knock(request, "192.0.2.1")
        assert isinstance(pending, JoinPending)
        async with self.store.transaction() as transaction:
            join = next(one for one in await transaction.joining.pending() if one.fingerprint == pending.fingerprint)
        await self.decisions.accept(join.join_id, pending.fingerprint, _PERSON.person_id)
        accepted = await self.door.knock(request, "192.0.2.1")
        assert isinstance(accepted, JoinAccepted)
        return accepted, voucher.text

    async def renew(self, shown: x509.Certificate, body: bytes) -> Renewed | JoinRefusal:
        """`POST /unit/renew`."""
        return await self._renewals.renew(shown, msgspec.json.decode(body, type=RenewRequest), "192.0.2.1")

    async def rejoin(self, body: bytes) -> RejoinReply | JoinRefusal:
        """`POST /unit/rejoin`."""
        return await self._rejoining.ask(msgspec.json.decode(body, type=RejoinRequest), "192.0.2.1")

    async def hear(self, message: AnyUpMessage) -> Outcome:
        """Take in what the broker brings of a unit."""
        at_ms = self.clock.ms
        payload = encode_up(message)
        read, rejection = judge(up(message.unit, "lwt"), payload, at_ms)
        turn = Turn()
        try:
            item = Inbound(cast(Link, None), 0, len(payload), at_ms, read, rejection)
            outcome, _ = await self._writer.write([item], turn)
        finally:
            turn.finish()
        return outcome

    async def states(self) -> dict[str, tuple[str, str]]:
        """State and cause of each unit."""
        async with self.store.transaction() as transaction:
            page = await transaction.units.page(words="", sort="unit_id", descending=False, offset=0, limit=500)
            found: dict[str, tuple[str, str]] = {}
            for row in page.rows:
                standing = await transaction.revocation.standing(row.unit_id)
                found[row.unit_id] = row.state, standing.cause if standing else ""
        return found

    async def reported(self) -> set[str]:
        """The units with error reports."""
        async with self.store.transaction() as transaction:
            page = await transaction.error_reports.page(open_only=False, after=None, limit=500)
        return {report.unit_id for report in page if report.unit_id is not None}

    def tend(self) -> None:
        """What the certificate watch does hourly: own certificates made anew in time, everything read again."""
        self.credentials.authority.reload()
        self.credentials.refresh(self.clock())

    def rotate_root(self) -> None:
        """A new root, cross-signed by the one before, and an issuing certificate under it."""
        self._roots_made += 1
        ca = self.place / "ca"
        old = ca if self._roots_made == 1 else self.place / f"offline-{self._roots_made - 1}"
        new = self.place / f"offline-{self._roots_made}"
        rotate_root(old, new, self.clock())
        install_root(ca, new / PUBLIC_NAME, self.clock())
        rotate_issuing(ca, new, self.clock())
        self.tend()

    def rotate_issuing(self) -> None:
        """A new issuing certificate under the newest root."""
        ca = self.place / "ca"
        rotate_issuing(ca, self.place / f"offline-{self._roots_made}" if self._roots_made else ca, self.clock())
        self.tend()

    def retire_oldest_root(self) -> None:
        """The oldest root goes out of force."""
        oldest = self.credentials.authority.holdings.roots[-1]
        retire_root(self.place / "ca", digest(oldest.certificate).hex(), self.clock())
        self.tend()

    @property
    def roots(self) -> set[str]:
        """All roots in force, PEM."""
        return {pem(root.certificate).decode() for root in self.credentials.authority.holdings.roots}


def foreign_root(clock: WorldClock, draw: random.Random) -> RootOffer:
    """A root that nobody here vouches for, with a cross certificate by itself half of the time."""
    made = pem(root_certificate(generate_private_key(SECP256R1()), clock() - timedelta(days=1))).decode()
    return RootOffer(root_pem=made, cross_pem=made if draw.random() < 0.5 else None)
