"""Proves to the controller who is connected: signs its challenges with the key of the certificate in use.

The proof's `next_seq` must be above every number the controller can have stored of that spool, or an honest unit looks
like an older copy of itself. It is: the controller stores only what was sent, and `next_seq` is taken from the spool
after the Welcome arrived, whose challenge was judged against what was stored before. A row is sent only after
`Spool.append` has returned it, so after a COMMIT under `synchronous = FULL`: SQLite has then synced the write-ahead log
(and, when it made that file, the directory), so after a power cut the row and the counter of AUTOINCREMENT, which is in
the same transaction, are there again, also when the row itself has been acknowledged and deleted since. What the spool
keeps in memory while the disk fails goes under a spool id of its own that dies with the program; a damaged file is
moved aside and followed by one with a new id. There remains a card that says it has synced and has not: it can lose
what was sent, and such a unit is quarantined like a copy until a person has looked at it.
"""

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import Callable

import msgspec
from msgspec import UNSET

from edge_agent.access_record.chain_text import Tip
from edge_agent.certificate import read_own
from edge_agent.errors import LinkError, StateUnusable
from edge_agent.identity import Identity
from edge_agent.keys.keystore import KeyStore
from edge_agent.link.uplink import Publish, heed_cancellation
from edge_agent.spool.spool import Spool
from protocols.uplink import SessionProof, encode_up, proof_text

_ANSWERED_REMEMBERED = 64


class Proving:
    """The proofs of one connection."""

    def __init__(
        self,
        identity: Identity,
        keystore: KeyStore,
        spool: Spool,
        boot_id: str,
        access: Callable[[], Tip | None],
    ) -> None:
        """`identity` is the one this connection was made with; `access` gives length and head of the unit's own chain
        of records as they are on the disk, None where there is none to speak of."""
        self._identity = identity
        self._keystore = keystore
        self._spool = spool
        self._boot_id = boot_id
        self._access = access
        self._serial = read_own(identity.certificate_chain_pem).serial
        self._answered: deque[str] = deque(maxlen=_ANSWERED_REMEMBERED)
        self._asked: tuple[str, str] | None = None
        self._wake = asyncio.Event()

    def ask(self, session: str, challenge: str) -> None:
        """Answer `challenge`, which came in a Welcome to `session`: each once, and the newest first of all."""
        if challenge not in self._answered:
            self._answered.append(challenge)
            self._asked = session, challenge
            self._wake.set()

    async def run(self, publish: Publish) -> None:
        """Answer until cancelled; raises LinkError when the key can not sign, and what `publish` raises."""
        while True:
            heed_cancellation()
            await self._wake.wait()
            self._wake.clear()
            asked, self._asked = self._asked, None
            if asked is not None:
                await publish("lwt", encode_up(await self._proof(*asked)))

    async def _proof(self, session: str, challenge: str) -> SessionProof:
        tally, access = self._spool.tally, self._access()
        unsigned = SessionProof(
            unit=self._identity.unit_id,
            session=session,
            challenge=challenge,
            certificate=self._serial,
            boot_id=self._boot_id,
            spool_id=tally.spool_id,
            next_seq=tally.next_seq,
            signature="",
            access_records=UNSET if access is None else access.records,
            access_head=UNSET if access is None else access.head,
        )
        try:
            signature = await asyncio.to_thread(self._keystore.sign, self._identity.key_name, proof_text(unsigned))
        except StateUnusable as error:
            raise LinkError(f"the session can not be proved: {error}") from error
        return msgspec.structs.replace(unsigned, signature=b64encode(signature).decode())
