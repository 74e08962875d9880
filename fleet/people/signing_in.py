"""Signing in: a challenge, a signature over it, a session that ends when idle."""

import secrets
from datetime import timedelta

from fleet.clock import Clock
from fleet.errors import RequestRefused
from fleet.log.entries import CONTROLLER, SignedInEntry, SignInRefused
from fleet.people.keys import login_signature_fits
from fleet.store.events import ControllerEvent
from fleet.store.people import Person
from fleet.store.store import Store
from protocols.api.sessions import Challenge, SignedIn, SignIn, login_text

_CHALLENGE_LIFE = timedelta(seconds=60)
_MAX_CHALLENGES = 1000


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
    """Challenges and sessions of the people of one fleet."""

    def __init__(self, store: Store, clock: Clock, *, ca_sha256: bytes, idle_minutes: int) -> None:
        self._store = store
        self._clock = clock
        self._ca_sha256_hex = ca_sha256.hex()
        self._idle = timedelta(minutes=idle_minutes)

    async def challenge(self, person_id: str) -> Challenge:
        """A fresh nonce for whoever claims to be `person_id`; raises RequestRefused when too many are open."""
        now = self._clock()
        nonce = secrets.token_hex(32)
        async with self._store.transaction() as transaction:
            if not await transaction.sessions.add_challenge(nonce, person_id, now, _CHALLENGE_LIFE, _MAX_CHALLENGES):
                raise RequestRefused("busy", "too many people are signing in", "try again in a minute")
        return Challenge(nonce=nonce, expires_at=now + _CHALLENGE_LIFE)

    async def sign_in(self, attempt: SignIn, came_from: str) -> SignedIn:
        """Open a session; raises SignInFailed, which is recorded as an event and a log entry."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            fresh = await transaction.sessions.take_challenge(attempt.nonce, attempt.person_id, now)
            person = await transaction.people.get(attempt.person_id)
            reason = self._why_not(attempt, person, fresh)
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
            await transaction.sessions.close(token)

    def _why_not(self, attempt: SignIn, person: Person | None, fresh: bool) -> str | None:
        if not fresh:
            return "the challenge is unknown, used or expired"
        if person is None:
            return "there is no such person"
        if not person.may_sign_in(self._clock()):
            return "the person's access is not in force"
        text = login_text(attempt.person_id, attempt.nonce, self._ca_sha256_hex)
        if not login_signature_fits(person.person_id, person.public_key, text, attempt.signature):
            return "the signature does not fit"
        return None
