"""What the unit says about openings, signed with the key of its certificate."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import structlog

from edge_agent.certificate import read_own
from edge_agent.errors import StateUnusable
from edge_agent.identity import Identity
from edge_agent.keys.keystore import KeyStore
from protocols.opening import SealedSignal, Signal, seal_signal, signal_bytes, signal_text

WAITING_MAX = 32
_LAST_LIMIT_S = 2.0

_log = structlog.get_logger(__name__)


class Saying:
    """Signs and sends, in order. Of 33 that wait the oldest is dropped: late is worse than never."""

    def __init__(
        self, identity: Callable[[], Identity], keystore: KeyStore, send: Callable[[SealedSignal], None]
    ) -> None:
        """`identity` is the one in use; `send` hands over what is signed, without waiting."""
        self._identity = identity
        self._keystore = keystore
        self._send = send
        self._waiting: deque[Signal] = deque(maxlen=WAITING_MAX)
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def say(self, signal: Signal) -> None:
        """Say it as soon as it is signed."""
        if len(self._waiting) == WAITING_MAX:
            _log.warning("too much is to be said about openings; the oldest is dropped")
        self._waiting.append(signal)
        self._idle.clear()
        self._news.set()

    async def run(self) -> None:
        """Sign and send until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                try:
                    self._send(await self.sealed(self._waiting.popleft()))
                except StateUnusable as error:
                    _log.warning("a signal about an opening can not be signed", detail=str(error))
            self._idle.set()

    async def said(self) -> None:
        """Wait until all has been handed over, for 2 s at the most."""
        with suppress(TimeoutError):  # a key that hangs; late is worse than never
            await asyncio.wait_for(self._idle.wait(), _LAST_LIMIT_S)

    async def sealed(self, signal: Signal) -> SealedSignal:
        """The signal, signed; raises StateUnusable."""
        identity = self._identity()
        text = signal_text(signal)
        data = signal_bytes(identity.unit_id, text)
        signature = await asyncio.to_thread(self._keystore.sign, identity.key_name, data)
        return seal_signal(text, read_own(identity.certificate_chain_pem).serial, signature)
