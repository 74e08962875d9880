"""Signing in: a challenge, a signature over it, a session that ends when idle."""

import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta

from fleet.clock import Clock
from fleet.entries.entry import CONTROLLER
from fleet.entries.people_and_units import SessionClosed, SignedInEntry, SignInRefused
from fleet.errors import RequestRefused
from fleet.people.challenges import make_nonce, nonce_is_good
from fleet.people.keys import login_signature_fits
from fleet.store.events import ControllerEvent
from fleet.store.people import Person
from fleet.store.store import Store
from protocols.api.sessions import Challenge, SignedIn, SignIn, login_text

_CHALLENGE_LIFE = timedelta(seconds=60)
_USED_MEMORY = timedelta(minutes=10)
"""Longer than a challenge lives by the clocks of controllers that differ by minutes."""


class NotSignedIn(RequestRefused):
    """No session, or one that has ended."""

    status = 401

    def __init__(self, message: str = "you are not signed in, or your session has ended") -> None:
        super().__init__("not-signed-in", message, "sign in again")


class SignInFailed(RequestRefused):
    """The sign-in was refused. Says the same whatever the reason, so that nothing can be learnt by trying."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "sign-in-refused",
            "signing in was refused",
            "check person id, key, and that an administrator has added this key and it has not expired",
        )


class SigningIn:
    """Challenges and sessions of the people of one fleet.

    `roots_sha256` gives the SHA-256 of each root in force: a person's client may have pinned any of them.
    """

    def __init__(
        self, store: Store, clock: Clock, *, roots_sha256: Callable[[], Sequence[bytes]], idle_minutes: int
    ) -> None:
        self._store = store
        self._clock = clock
        self._roots_sha256 = roots_sha256
        self._idle = timedelta(minutes=idle_minutes)
        self._challenge_secret: bytes | None = None

    async def challenge(self, person_id: str) -> Challenge:
        """A fresh nonce for whoever claims to be `person_id`. Nothing is kept of it."""
        expires_at = self._clock() + _CHALLENGE_LIFE
        nonce = make_nonce(await self._secret(), person_id, expires_at, secrets.token_bytes(16))
        return Challenge(nonce=nonce, expires_at=expires_at)

    async def sign_in(self, attempt: SignIn, came_from: str) -> SignedIn:
        """Open a session; raises SignInFailed, which is recorded as an event and a log entry."""
        now = self._clock()
        fresh = nonce_is_good(await self._secret(), attempt.person_id, attempt.nonce, now)
        async with self._store.transaction() as transaction:
            person = await transaction.people.get(attempt.person_id)
            reason = self._why_not(attempt, person, fresh=fresh)
            # Only who has signed can have a challenge remembered: nobody else can fill the table.
            if reason is None and not await transaction.sessions.use_challenge(attempt.nonce, now, _USED_MEMORY):
                reason = "the challenge was used"
            if reason is None and person is not None:
                token = secrets.token_urlsafe(32)
                await transaction.sessions.close_idle(now, self._idle)
                await transaction.sessions.open(token, person.person_id, now, came_from)
                await transaction.log.append(
                    SignedInEntry(at=now, actor=person.person_id, role=person.role, came_from=came_from)
                )
                idle_minutes = int(self._idle.total_seconds() // 60)
                return SignedIn(token=token, person_id=person.person_id, role=person.role, idle_minutes=idle_minutes)
            event = ControllerEvent(
                kind="sign-in-refused",
                severity="warning",
                summary=f"signing in as {attempt.person_id!r} from {came_from} was refused: {reason}"[:200],
                repeat_key=f"sign-in:{attempt.person_id}:{came_from}",
            )
            if await transaction.events.add(event, now):
                await transaction.log.append(
                    SignInRefused(
                        at=now, actor=CONTROLLER, claimed=attempt.person_id, reason=str(reason), came_from=came_from
                    )
                )
            transaction.changed.events = True
        raise SignInFailed

    async def person_of(self, token: str, *, counts_as_use: bool = True) -> Person:
        """The person whose session `token` is; raises NotSignedIn when it has ended or the person's access has."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            look = transaction.sessions.use if counts_as_use else transaction.sessions.alive
            person_id = await look(token, now, self._idle)
            person = None if person_id is None else await transaction.people.get(person_id)
        if person is None or not person.may_sign_in(now):
            raise NotSignedIn
        return person

    async def sign_out(self, token: str) -> None:
        """End a session."""
        async with self._store.transaction() as transaction:
            person_id = await transaction.sessions.close(token)
            if person_id is not None:
                await transaction.log.append(SessionClosed(at=self._clock(), actor=person_id))
                transaction.changed.people.add(person_id)

    async def _secret(self) -> bytes:
        if self._challenge_secret is None:
            async with self._store.transaction() as transaction:
                self._challenge_secret = await transaction.sessions.challenge_secret()
        return self._challenge_secret

    def _why_not(self, attempt: SignIn, person: Person | None, *, fresh: bool) -> str | None:
        if not fresh:
            return "the challenge is not for this person, or has expired"
        if person is None:
            return "there is no such person"
        if not person.may_sign_in(self._clock()):
            return "the person's access is not in force"
        texts = [login_text(attempt.person_id, attempt.nonce, root.hex()) for root in self._roots_sha256()]
        if not any(login_signature_fits(person.public_key, text, attempt.signature) for text in texts):
            return "the signature does not fit"
        return None
