"""What a unit knows after joining: its name, its certificate, whom it trusts, where it reports, its settings."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.certificate import read_all
from edge_agent.durable import read_bounded, write_durably
from edge_agent.errors import NotJoined, StateUnusable
from edge_agent.keys.keystore import FIRST_KEY
from protocols.joining import BrokerAddress
from protocols.settings import UnitSettings
from protocols.signed_text import key_id

_log = structlog.get_logger(__name__)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One unit in one fleet. Certificates are PEM, `roots_pem` the roots it trusts, one each and at least one;
    `controller_keys` are raw Ed25519 keys in hexadecimal, `people_list` the exact text of the newest list it carries.

    `controller_url` is where it renews, empty in identities that do not know it; `key_name` names the certificate's
    key in the unit's KeyStore, `retired_keys` those it needs no longer once the controller has welcomed this one.
    """

    unit_id: str
    certificate_chain_pem: str
    roots_pem: list[str]
    controller_keys: list[str]
    broker: BrokerAddress
    people_list: str
    controller_url: str = ""
    key_name: str = FIRST_KEY
    retired_keys: list[str] = []


class _Stored(Identity, frozen=True, kw_only=True):
    """The file's form. Units that joined with version 0.1.0 have one root, in `root_pem`."""

    roots_pem: list[str] = []
    root_pem: str | None = None


_FIELDS = Identity.__struct_fields__


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
        self._chain = state_dir / "certificate.pem"

    def joined(self) -> bool:
        """Whether there is an identity."""
        return self._identity.exists()

    def load(self) -> Identity:
        """The identity; raises NotJoined when there is none, StateUnusable when it can not be read."""
        content = read_bounded(self._identity)
        if content is None:
            raise NotJoined(self._state_dir)
        try:
            stored = msgspec.json.decode(content, type=_Stored)
            controller_keys(stored)
        except (msgspec.DecodeError, ValueError) as error:
            raise StateUnusable(self._identity, "is damaged; move it aside and join again") from error
        roots_pem = stored.roots_pem or [pem for pem in [stored.root_pem] if pem is not None]
        if not roots_pem:
            raise StateUnusable(self._identity, "names no root to trust; move it aside and join again")
        self._check_readable("own certificate", stored.certificate_chain_pem)
        for pem in roots_pem:
            self._check_readable("root", pem)
        fields = {name: getattr(stored, name) for name in _FIELDS}
        return Identity(**{**fields, "roots_pem": roots_pem})

    def _check_readable(self, what: str, pem: str) -> None:
        try:
            read_all(pem)
        except ValueError as error:
            raise StateUnusable(self._identity, f"its {what} can not be read; move it aside and join again") from error

    def chain_file(self, identity: Identity) -> Path:
        """The file with the certificates of `identity`, for TLS; raises StateUnusable.

        `identity.json` is the truth: the file is put right if it differs. Only who holds the state directory may call
        this, and one caller at a time: see `tls.OwnTls`.
        """
        chain = identity.certificate_chain_pem.encode()
        if read_bounded(self._chain) != chain:
            write_durably(self._chain, chain)
        return self._chain

    def save(self, identity: Identity, settings: UnitSettings) -> None:
        """Keep both; the unit counts as joined from the moment the identity is on the disk."""
        self.save_settings(settings)
        self.replace(identity)

    def replace(self, identity: Identity) -> None:
        """Keep `identity` in place of the one before, in one step that survives a power cut; raises StateUnusable."""
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


class IdentityInUse:
    """The identity of a running agent: the one place that changes it, one change at a time."""

    def __init__(self, store: IdentityStore) -> None:
        """Begins with what is on the disk; raises NotJoined, StateUnusable."""
        self._store = store
        self._turn = asyncio.Lock()
        self.now = store.load()

    async def change(self, **changes: Any) -> Identity:
        """Replace the fields in `changes`; they are on the disk, all of them, before anyone sees them.

        Raises StateUnusable; then nothing has changed.
        """
        async with self._turn:
            changed = msgspec.structs.replace(self.now, **changes)
            await asyncio.to_thread(self._store.replace, changed)
            self.now = changed
            return changed
