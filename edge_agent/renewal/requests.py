"""The request under way: made, kept and forgotten together with its key. Synchronous; used from one thread at a time.

What is on the disk at each moment, so that a power cut between any two writes leaves a unit that goes on:

1. the new key; a key without a request is used by the next request
2. the request; it is sent again unchanged until it is answered
3. the identity with the new certificate, in one write; a request for another certificate than that is forgotten
4. no request; the old key stays until the controller has welcomed the new certificate
5. no old key
"""

from pathlib import Path
from typing import NamedTuple

import msgspec

from edge_agent.certificate import OwnCertificate
from edge_agent.errors import StateUnusable
from edge_agent.identity import Identity
from edge_agent.keys.keystore import KeyStore, next_key_name
from edge_agent.renewal.plan import Kind
from edge_agent.renewal.stored import RequestStore, StoredRequest
from protocols.joining import RejoinRequest, RenewRequest


class ProgramFacts(NamedTuple):
    """What a unit says of its machine and program in requests."""

    model: str
    agent_version: str


class Requests:
    """The one request under way of a unit. Every method raises StateUnusable."""

    def __init__(self, state_dir: Path, keystore: KeyStore, facts: ProgramFacts) -> None:
        """Kept in `state_dir`, with keys in `keystore`."""
        self._store = RequestStore(state_dir)
        self._keystore = keystore
        self._facts = facts

    def load(self, identity: Identity, certificate: OwnCertificate) -> StoredRequest | None:
        """The request under way for the successor of `certificate`, which `identity` has; others are forgotten."""
        stored = self._store.load()
        if stored is None:
            return None
        if stored.certificate == certificate.serial and self._keystore.exists(stored.key_name):
            return stored
        self.forget(identity, stored)
        return None

    def begin(
        self, kind: Kind, identity: Identity, certificate: OwnCertificate, before: StoredRequest | None
    ) -> StoredRequest:
        """Make and keep a request, with a new key to renew and the same key to rejoin, in place of `before`."""
        if before is not None:
            self.forget(identity, before)
        key_name = identity.key_name
        if kind == "renew":
            key_name = next_key_name(identity.key_name)
            self._make(key_name)
        csr_pem = self._keystore.csr_pem(key_name)
        request = self._renew(csr_pem) if kind == "renew" else self._rejoin(csr_pem, identity.unit_id)
        stored = StoredRequest(
            kind=kind,
            certificate=certificate.serial,
            key_name=key_name,
            request=msgspec.json.encode(request).decode(),
        )
        self._store.save(stored)
        return stored

    def forget(self, identity: Identity, stored: StoredRequest) -> None:
        """`stored` is over; its key goes too, unless it is the one that `identity` uses."""
        if stored.key_name != identity.key_name:
            self._keystore.remove(stored.key_name)
        self._store.clear()

    def _make(self, key_name: str) -> None:
        try:
            self._keystore.make(key_name)
        except StateUnusable:  # what a failing disk left there was never used
            self._keystore.remove(key_name)
            self._keystore.make(key_name)

    def _renew(self, csr_pem: str) -> RenewRequest:
        return RenewRequest(
            csr_pem=csr_pem, key_protection=self._keystore.protection, agent_version=self._facts.agent_version
        )

    def _rejoin(self, csr_pem: str, unit_id: str) -> RejoinRequest:
        return RejoinRequest(
            unit_id=unit_id,
            csr_pem=csr_pem,
            key_protection=self._keystore.protection,
            model=self._facts.model,
            agent_version=self._facts.agent_version,
        )
