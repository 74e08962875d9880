"""What a unit knows after joining: its name, its certificate, whom it trusts, where it reports, its settings."""

from pathlib import Path

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.durable import read_bounded, write_durably
from edge_agent.errors import NotJoined, StateUnusable
from edge_agent.keys.keystore import FIRST_KEY
from protocols.downlink import key_id
from protocols.joining import BrokerAddress
from protocols.settings import UnitSettings

_log = structlog.get_logger(__name__)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One unit in one fleet. Certificates are PEM, `controller_keys` raw Ed25519 keys in hexadecimal;
    `key_name` is the name of the certificate's key in the unit's KeyStore."""

    unit_id: str
    certificate_chain_pem: str
    root_pem: str
    controller_keys: list[str]
    broker: BrokerAddress
    people_list: str
    key_name: str = FIRST_KEY


def controller_keys(identity: Identity) -> dict[str, Ed25519PublicKey]:
    """The controller's public keys by `key_id`; raises ValueError for what is not an Ed25519 key."""
    keys = [bytes.fromhex(text) for text in identity.controller_keys]
    return {key_id(raw): Ed25519PublicKey.from_public_bytes(raw) for raw in keys}


class IdentityStore:
    """Identity and settings in the state directory. Every write is whole or not at all."""

    def __init__(self, state_dir: Path) -> None:
        """`state_dir` may be empty or missing until something is saved."""
        self._state_dir = state_dir
        self._identity = state_dir / "identity.json"
        self._settings = state_dir / "settings.json"
        self.chain_path = state_dir / "certificate.pem"

    def joined(self) -> bool:
        """Whether there is an identity."""
        return self._identity.exists()

    def load(self) -> Identity:
        """The identity; raises NotJoined when there is none, StateUnusable when it can not be read.

        `identity.json` is the truth; the certificate file that TLS reads is put right if it differs.
        """
        content = read_bounded(self._identity)
        if content is None:
            raise NotJoined(self._state_dir)
        try:
            identity = msgspec.json.decode(content, type=Identity)
            controller_keys(identity)
        except (msgspec.DecodeError, ValueError) as error:
            raise StateUnusable(self._identity, "is damaged; move it aside and join again") from error
        chain = identity.certificate_chain_pem.encode()
        if read_bounded(self.chain_path) != chain:
            write_durably(self.chain_path, chain)
        return identity

    def save(self, identity: Identity, settings: UnitSettings) -> None:
        """Keep both; the unit counts as joined from the moment the identity is on the disk."""
        self.save_settings(settings)
        write_durably(self.chain_path, identity.certificate_chain_pem.encode())
        write_durably(self._identity, msgspec.json.encode(identity))

    def load_settings(self) -> UnitSettings:
        """The unit's settings; factory settings when there are none or they are damaged (the controller, seeing
        version 0, sends them again). Raises StateUnusable when the file can not be read at all."""
        content = read_bounded(self._settings)
        if content is None:
            return UnitSettings()
        try:
            return msgspec.json.decode(content, type=UnitSettings)
        except msgspec.DecodeError as error:
            _log.warning("settings damaged, using factory settings", path=str(self._settings), detail=str(error))
            return UnitSettings()

    def save_settings(self, settings: UnitSettings) -> None:
        """Keep `settings` over a power cut; raises StateUnusable."""
        write_durably(self._settings, msgspec.json.encode(settings))
