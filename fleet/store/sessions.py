"""Used sign-in challenges and API sessions. Nonces and tokens are stored as SHA-256 only."""

from datetime import datetime, timedelta
from hashlib import sha256

from fleet.store.connection import Connection
from fleet.store.queries import load

_SQL = load("sessions")


class SessionStore:
    """Challenges and sessions within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def challenge_secret(self) -> bytes:
        """The 32 bytes by which every controller knows the challenges of all."""
        secret: bytes = await self._connection.fetchval(_SQL["challenge_secret"])
        return secret

    async def use_challenge(self, nonce: str, now: datetime, memory: timedelta) -> bool:
        """Use up a challenge, and remember that for `memory`, longer than it is good; False when it was used before."""
        await self._connection.execute(_SQL["forget_expired"], now)
        return await self._connection.fetchval(_SQL["use_challenge"], _digest(nonce), now + memory) is not None

    async def open(self, token: str, person_id: str, now: datetime, came_from: str) -> None:
        """Begin a session."""
        await self._connection.execute(_SQL["open_session"], _digest(token), person_id, now, came_from)

    async def use(self, token: str, now: datetime, idle: timedelta) -> str | None:
        """The person of the session, which is thereby not idle; None when there is none or it was idle too long."""
        person_id: str | None = await self._connection.fetchval(_SQL["use_session"], _digest(token), now, now - idle)
        return person_id

    async def alive(self, token: str, now: datetime, idle: timedelta) -> str | None:
        """The person of the session, without counting as use; None when it has ended."""
        person_id: str | None = await self._connection.fetchval(_SQL["alive"], _digest(token), now - idle)
        return person_id

    async def close(self, token: str) -> str | None:
        """End a session; returns whose it was, None when there was none."""
        person_id: str | None = await self._connection.fetchval(_SQL["close_session"], _digest(token))
        return person_id

    async def close_all_of(self, person_id: str) -> None:
        """End every session of a person."""
        await self._connection.execute(_SQL["close_sessions_of"], person_id)

    async def close_idle(self, now: datetime, idle: timedelta) -> None:
        """Forget the sessions that were idle too long."""
        await self._connection.execute(_SQL["close_idle"], now - idle)


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
