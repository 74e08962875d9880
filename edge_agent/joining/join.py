"""Joining from beginning to end. It survives restarts of either side: what is sent is written down first."""

import asyncio
from pathlib import Path

import msgspec
import structlog

from edge_agent.clock import Clock
from edge_agent.durable import ensure_directory
from edge_agent.errors import AcceptanceInvalid, ControllerAway, RefusedByController, VoucherMissing
from edge_agent.identity import Identity, IdentityStore
from edge_agent.joining import door
from edge_agent.joining.checks import check_acceptance, check_root, read_voucher
from edge_agent.joining.stored import JoinStore, StoredJoin
from edge_agent.keys.keystore import FIRST_KEY, KeyStore
from protocols.backoff import Backoff, Draw, evenly
from protocols.joining import JoinAccepted, JoinPending, JoinRequest, fingerprint

SHORTEST_POLL_S = 0.05
LONGEST_POLL_S = 60.0
_WORTH_WAITING = frozenset({"joins-full", "joins-too-fast"})

_log = structlog.get_logger(__name__)


class Joining:
    """One unit's way into a fleet."""

    def __init__(
        self, state_dir: Path, keystore: KeyStore, clock: Clock, model: str, agent_version: str, draw: Draw = evenly
    ) -> None:
        """`model` and `agent_version` are shown to the person who accepts; `draw` spreads the polling."""
        self._state_dir = state_dir
        self._keystore = keystore
        self._clock = clock
        self._model = model
        self._agent_version = agent_version
        self._draw = draw
        self._store = JoinStore(state_dir)
        self._identities = IdentityStore(state_dir)

    def begin(self, voucher_text: str | None) -> StoredJoin:
        """The join to carry on with: that of `voucher_text`, else the one already begun.

        A voucher presented again continues its join; another one replaces it. Makes the unit's key if there is none.
        Raises VoucherMissing, VoucherUnusable, StateUnusable.
        """
        stored = self._store.load()
        if stored is not None and not self._keystore.exists(stored.key_name):
            stored = None  # its key was renewed since, or lost: the request proves nothing any more
        if voucher_text is None:
            if stored is None:
                raise VoucherMissing
            return stored
        if stored is not None and (same := self._continues(stored, voucher_text)) is not None:
            return same
        voucher = read_voucher(voucher_text, self._clock.wall_ms())
        ensure_directory(self._state_dir)
        key_name = self._identities.load().key_name if self._identities.joined() else FIRST_KEY
        self._keystore.make(key_name)
        request = JoinRequest(
            secret=voucher.secret.hex(),
            csr_pem=self._keystore.csr_pem(key_name),
            key_protection=self._keystore.protection,
            model=self._model,
            agent_version=self._agent_version,
        )
        begun = StoredJoin(
            url=voucher.url,
            ca_sha256=voucher.ca_sha256.hex(),
            people_sha256=voucher.people_sha256.hex(),
            request=msgspec.json.encode(request).decode(),
            key_name=key_name,
        )
        self._store.save(begun)
        return begun

    def own_fingerprint(self, begun: StoredJoin) -> str:
        """The fingerprint of the unit's key, to be compared by a person."""
        return fingerprint(self._keystore.public_key(begun.key_name))

    async def finish(self, begun: StoredJoin) -> Identity:
        """Carry `begun` on until a person has accepted the unit.

        Raises WrongAuthority, ControllerUntrusted, RefusedByController, AcceptanceInvalid; waits out a controller that
        is away. A join is forgotten when the controller whose root the voucher names refuses it, and only then.
        Cancelling is safe at any moment: the next `begin` goes on from here.
        """
        backoff = Backoff(base_s=0.5, cap_s=60.0)
        told = False
        while True:
            try:
                begun = await self._pinned(begun)
                reply = await door.knock(begun.url, begun.root_pem or "", begun.request.encode())
            except ControllerAway as error:
                wait_s = backoff.next_s()
                _log.warning("join waits", detail=str(error), wait_s=round(wait_s, 1))
            except RefusedByController as refusal:
                if refusal.code not in _WORTH_WAITING:
                    self._store.clear()
                    raise
                wait_s = max(1.0, backoff.next_s())
                _log.warning("join waits", detail=str(refusal), wait_s=round(wait_s, 1))
            else:
                backoff.reset()
                if isinstance(reply, JoinAccepted):
                    return self._complete(begun, reply)
                self._check_pending(begun, reply)
                if not told:
                    _log.info("waiting for a person to accept this unit", fingerprint=reply.fingerprint)
                    told = True
                poll_s = min(LONGEST_POLL_S, max(SHORTEST_POLL_S, reply.poll_after_s))
                wait_s = poll_s * self._draw(0.75, 1.25)
            await asyncio.sleep(wait_s)

    def _continues(self, stored: StoredJoin, voucher_text: str) -> StoredJoin | None:
        voucher = read_voucher(voucher_text, 0)  # presented in time already: the controller judges its age now
        secret = msgspec.json.decode(stored.request, type=JoinRequest).secret
        same = voucher.secret.hex() == secret and voucher.url == stored.url
        return stored if same else None

    async def _pinned(self, begun: StoredJoin) -> StoredJoin:
        if begun.root_pem is not None:
            return begun
        root_pem = check_root(await door.fetch_roots(begun.url), bytes.fromhex(begun.ca_sha256), begun.url)
        pinned = msgspec.structs.replace(begun, root_pem=root_pem)
        self._store.save(pinned)
        return pinned

    def _check_pending(self, begun: StoredJoin, pending: JoinPending) -> None:
        if pending.fingerprint != self.own_fingerprint(begun):
            raise AcceptanceInvalid("the controller shows another key's fingerprint for this unit")

    def _complete(self, begun: StoredJoin, accepted: JoinAccepted) -> Identity:
        identity = check_acceptance(
            accepted,
            begun.root_pem or "",
            self._keystore.public_key(begun.key_name),
            bytes.fromhex(begun.people_sha256),
            self._clock.wall_ms(),
        )
        identity = msgspec.structs.replace(identity, key_name=begun.key_name, controller_url=begun.url)
        self._identities.save(identity, accepted.settings)
        self._store.clear()
        return identity
