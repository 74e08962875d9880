"""A TUF repository in memory that does as it is told, wrong things too, and a unit's door to it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner

from edge_agent.identity import Identity, IdentityInUse, IdentityStore
from edge_agent.renewal.plan import KnownTime
from edge_agent.unit_door import Piece
from edge_agent.updating.trust import Trust
from protocols.joining import BrokerAddress
from protocols.people import ListedPerson, PeopleList, Role
from protocols.releases.ssh_key import RELEASE_NAMESPACE, SshKey
from protocols.settings import UnitSettings
from tests.support.people import Keyholder

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROLES: dict[str, Role] = {
    "AD-01": "administrator",
    "AD-02": "administrator",
    "AD-03": "administrator",
    "SU-01": "supervisor",
    "SU-02": "supervisor",
    "TO-12": "engineer",
}
ROOT_PEOPLE, TARGETS_PEOPLE = ("AD-01", "AD-02", "AD-03"), ("SU-01", "SU-02", "TO-12")
_KEYS = {person_id: Keyholder.make(person_id) for person_id in (*ROLES, "XX-01", "XX-02", "XX-03")}
"""Made once: they are the same for every house. XX-01 to XX-03 are on no list."""

Json = dict[str, Any]
Change = Callable[[Json], None]


def key_of(person_id: str) -> Keyholder:
    """A person's key."""
    return _KEYS[person_id]


def key_id(person_id: str) -> str:
    """Its id in TUF."""
    return SshKey.of(key_of(person_id).line).keyid


def listed(person_id: str, role: Role | None = None, *, until: datetime | None = None) -> ListedPerson:
    """A person in force at NOW."""
    return ListedPerson(
        person_id=person_id,
        role=role or ROLES[person_id],
        key=key_of(person_id).line,
        valid_from=NOW - timedelta(days=30),
        valid_until=until or NOW + timedelta(days=300),
    )


def people_list(*persons: ListedPerson) -> PeopleList:
    """Everybody of ROLES, or `persons`."""
    people = list(persons) or [listed(one) for one in ROLES]
    return PeopleList(version=1, people=people, made_at=NOW - timedelta(days=30))


def canonical(value: Json) -> str:
    """TUF's canonical JSON."""
    text = encode_canonical(value)
    assert text is not None
    return text


def stamp(at: datetime) -> str:
    """A time as TUF writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class OnlineKey:
    """A key of the controller's kind."""

    def __init__(self) -> None:
        self.signer = CryptoSigner(Ed25519PrivateKey.generate())
        self.keyid = self.signer.public_key.keyid

    @property
    def public(self) -> Json:
        """As it stands in a root."""
        return dict(self.signer.public_key.to_dict())


def sign_as(who: str | OnlineKey, text: str) -> Json:
    """One signature in a metadata file."""
    if isinstance(who, OnlineKey):
        return {"keyid": who.keyid, "sig": who.signer.sign(text.encode()).signature}
    return {"keyid": key_id(who), "sig": key_of(who).sign(text, RELEASE_NAMESPACE)}


def signed_file(signed: Json, signers: Sequence[str | OnlineKey]) -> bytes:
    """A metadata file with the signatures of `signers`."""
    text = canonical(signed)
    return json.dumps({"signatures": [sign_as(one, text) for one in signers], "signed": signed}).encode()


@dataclass
class Repository:
    """What is served by name, and how it is made; `asked` are the names that were asked for."""

    online: OnlineKey = field(default_factory=OnlineKey)
    served: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    versions: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("root", "targets", "snapshot", "timestamp"), 0)
    )
    root_people: Sequence[str] = ROOT_PEOPLE
    targets_people: Sequence[str] = TARGETS_PEOPLE
    asked: list[str] = field(default_factory=list)

    def root(
        self, signers: Sequence[str | OnlineKey] = ("AD-01", "AD-02"), *, change: Change | None = None, version: int = 0
    ) -> bytes:
        """Publish the next root, changed before it is signed."""
        self.versions["root"] = version or self.versions["root"] + 1
        people = dict.fromkeys((*self.root_people, *self.targets_people))
        keys = {key_id(one): SshKey.of(key_of(one).line).to_dict() for one in people}
        keys[self.online.keyid] = self.online.public
        signed: Json = {
            "_type": "root",
            "spec_version": "1.0.31",
            "version": self.versions["root"],
            "expires": stamp(NOW + timedelta(days=365)),
            "consistent_snapshot": True,
            "keys": keys,
            "roles": {
                "root": {"keyids": [key_id(one) for one in self.root_people], "threshold": 2},
                "targets": {"keyids": [key_id(one) for one in self.targets_people], "threshold": 2},
                "snapshot": {"keyids": [self.online.keyid], "threshold": 1},
                "timestamp": {"keyids": [self.online.keyid], "threshold": 1},
            },
        }
        if change:
            change(signed)
        content = signed_file(signed, signers)
        self.served[f"{self.versions['root']}.root.json"] = self.served["root.json"] = content
        return content

    def targets(
        self, signers: Sequence[str | OnlineKey] = ("SU-01", "TO-12"), *, change: Change | None = None
    ) -> bytes:
        """Publish the next targets metadata with all `files`."""
        self.versions["targets"] += 1
        files = {
            path: {"length": len(content), "hashes": {"sha256": sha256(content).hexdigest()}}
            for path, content in self.files.items()
        }
        signed = self._signed("targets", timedelta(days=90), {"targets": files})
        if change:
            change(signed)
        content = signed_file(signed, signers)
        self.served[f"{self.versions['targets']}.targets.json"] = content
        return content

    def snapshot(
        self, signers: Sequence[str | OnlineKey] | None = None, *, targets: int = 0, change: Change | None = None
    ) -> bytes:
        """Publish the next snapshot."""
        self.versions["snapshot"] += 1
        meta = {"targets.json": {"version": targets or self.versions["targets"]}}
        signed = self._signed("snapshot", timedelta(days=7), {"meta": meta})
        if change:
            change(signed)
        content = signed_file(signed, [self.online] if signers is None else signers)
        self.served[f"{self.versions['snapshot']}.snapshot.json"] = content
        return content

    def timestamp(
        self, signers: Sequence[str | OnlineKey] | None = None, *, snapshot: int = 0, change: Change | None = None
    ) -> bytes:
        """Publish the next timestamp."""
        self.versions["timestamp"] += 1
        meta = {"snapshot.json": {"version": snapshot or self.versions["snapshot"]}}
        signed = self._signed("timestamp", timedelta(days=1), {"meta": meta})
        if change:
            change(signed)
        self.served["timestamp.json"] = signed_file(signed, [self.online] if signers is None else signers)
        return self.served["timestamp.json"]

    def online_all(self) -> None:
        """The next snapshot and timestamp."""
        self.snapshot()
        self.timestamp()

    def publish(self, **files: bytes) -> None:
        """The next targets with these files, by the last part of their paths under `mcu/`, and what follows."""
        self.files |= {f"mcu/{name}.bin": content for name, content in files.items()}
        self.targets()
        self.online_all()

    def _signed(self, role: str, term: timedelta, more: Json) -> Json:
        return {
            "_type": role,
            "spec_version": "1.0.31",
            "version": self.versions[role],
            "expires": stamp(NOW + term),
            **more,
        }

    async def release_metadata(self, identity: Identity, name: str) -> bytes | None:
        """See ReleaseDoor."""
        del identity
        self.asked.append(name)
        return self.served.get(name)

    async def release_piece(self, identity: Identity, path: str, sha256: str, offset: int, length: int) -> Piece | None:
        """See ReleaseDoor."""
        del identity, sha256
        content = self.files.get(path)
        return None if content is None else Piece(content[offset : offset + length], len(content))


@dataclass
class ReleaseUnit:
    """A unit that trusts nothing yet, or what is in its state directory."""

    repository: Repository
    state_dir: Path
    people: PeopleList = field(default_factory=people_list)
    at: datetime = NOW
    sure: bool = True
    plain_keys_may_sign: bool = True

    def __post_init__(self) -> None:
        self.state_dir.mkdir(exist_ok=True)
        store = IdentityStore(self.state_dir)
        identity = Identity(
            unit_id="unit-abcdefgh",
            certificate_chain_pem=_CHAIN,
            roots_pem=[_CHAIN],
            controller_keys=["22" * 32],
            broker=BrokerAddress(host="broker", port=8883),
            people_list=self.people.text(),
            controller_url="https://controller",
        )
        store.save(identity, UnitSettings())
        self.identities = IdentityInUse(store)
        self.trust = self.restarted()

    def restarted(self) -> Trust:
        """As after a restart: what is on the disk is all it knows."""
        self.trust = Trust(
            self.state_dir, self.repository, self.identities, self._time, plain_keys_may_sign=self.plain_keys_may_sign
        )
        return self.trust

    def _time(self) -> KnownTime:
        return KnownTime(int(self.at.timestamp() * 1000), self.sure)


def _certificate() -> str:
    """A certificate that can be read; nobody looks at more of it here."""
    key, name = Ed25519PrivateKey.generate(), x509.Name([])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = made.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    return dated.sign(key, None).public_bytes(Encoding.PEM).decode()


_CHAIN = _certificate()
