"""Requests to the controller, inside a session that is renewed when it has ended."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import httpx
import msgspec

from fleet.client.errors import (
    CertificateNotTrusted,
    ClientError,
    ControllerFailed,
    NotReachable,
    Refused,
    SessionEnded,
    SignInRefused,
    UnexpectedAnswer,
)
from fleet.client.settings import ClientSettings
from fleet.client.signing import sign
from fleet.client.trust import load_pin
from protocols.api.problems import Problem
from protocols.api.sessions import LOGIN_NAMESPACE, Challenge, ChallengeRequest, SignedIn, SignIn, login_text
from protocols.joining import API_TLS_NAME

T = TypeVar("T")

CONNECT_WAIT_S = 10.0
ANSWER_WAIT_S = 20.0
MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""Four times the longest answer there is, an entry bundle of 256 long leaves."""
_KEEP_ALIVE_S = 120.0
_CONNECTIONS = 6
_UNAUTHORISED = 401
_TLS_NAME = {"sni_hostname": API_TLS_NAME}
"""Checked in place of the address: a broker on the same host has a certificate for the address, and not this name."""


class Session:
    """One person's connection to one controller: keep-alive, compression, the pinned authority, and the token.

    A request that meets an ended session signs in again once. Close it with `close`.
    """

    def __init__(self, settings: ClientSettings) -> None:
        """Nothing is sent yet; raises InvalidClientSettings when the root certificate can not be read."""
        self.settings = settings
        self.pin = load_pin(settings.ca_file)
        self._http = httpx.AsyncClient(
            base_url=settings.url,
            verify=self.pin.context,
            trust_env=False,
            timeout=httpx.Timeout(ANSWER_WAIT_S, connect=CONNECT_WAIT_S),
            limits=httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=_KEEP_ALIVE_S),
        )
        self._signed_in: SignedIn | None = None
        self._renewing = asyncio.Lock()
        self._renewed = asyncio.Event()

    def __repr__(self) -> str:
        return f"Session(url={self.settings.url!r}, person={self.settings.person!r})"

    @property
    def idle_minutes(self) -> int:
        """Minutes without a request after which the controller ends the session."""
        return self._signed_in.idle_minutes if self._signed_in else 0

    @property
    def token(self) -> str | None:
        """The session's token, None when signed out."""
        return self._signed_in.token if self._signed_in else None

    async def close(self) -> None:
        """Drop the connections; the session itself stays open at the controller until it is signed out or idle."""
        await self._http.aclose()

    async def sign_in(self) -> SignedIn:
        """Start a session; raises NoSigningKey, SignInRefused and what `request` raises."""
        person = self.settings.person
        challenge = _decoded(await self._exchange("POST", "/api/challenge", body=ChallengeRequest(person)), Challenge)
        text = login_text(person, challenge.nonce, self.pin.root_sha256_hex)
        signature = await sign(text, LOGIN_NAMESPACE, self.settings.key_file)
        answer = SignIn(person_id=person, nonce=challenge.nonce, signature=signature)
        try:
            response = await self._exchange("POST", "/api/session", body=answer)
        except Refused as refused:
            raise SignInRefused(refused.status, refused.problem) from refused
        self._signed_in = _decoded(response, SignedIn)
        self._renewed.set()
        return self._signed_in

    async def sign_out(self) -> None:
        """End the session at the controller."""
        if self._signed_in is not None:
            await self._exchange("DELETE", "/api/session")
            self._signed_in = None

    async def token_other_than(self, stale: str | None) -> str:
        """Wait until somebody's request has signed in anew, and return the new token."""
        while self.token is None or self.token == stale:
            self._renewed.clear()
            await self._renewed.wait()
        return self.token

    async def request(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        query: Mapping[str, Any] | None = None,
        body: msgspec.Struct | bytes | None = None,
    ) -> T:
        """Send a request and read its answer as `answer`. A `body` of bytes is sent as they are.

        Raises NotReachable, CertificateNotTrusted, Refused, SessionEnded, ControllerFailed or UnexpectedAnswer, and
        what `sign_in` raises when a new session is needed.
        """
        return _decoded(await self._within_session(method, path, query, body), answer)

    async def perform(self, method: str, path: str, *, body: msgspec.Struct | None = None) -> None:
        """As `request`, for an answer that has no body or whose body does not matter."""
        await self._within_session(method, path, None, body)

    async def fetch(self, path: str, query: Mapping[str, Any] | None = None) -> bytes:
        """The bytes at `path`; raises as `request` does."""
        return (await self._within_session("GET", path, query, None)).content

    async def _within_session(
        self, method: str, path: str, query: Mapping[str, Any] | None, body: msgspec.Struct | bytes | None
    ) -> httpx.Response:
        token = self.token
        if token is not None:
            try:
                return await self._exchange(method, path, query, body)
            except Refused as refused:
                if refused.status != _UNAUTHORISED:
                    raise
        await self._renew(token)
        try:
            return await self._exchange(method, path, query, body)
        except Refused as refused:
            if refused.status == _UNAUTHORISED:
                raise SessionEnded(refused.status, refused.problem) from refused
            raise

    async def _renew(self, stale: str | None) -> None:
        """Sign in unless somebody else already did since `stale` was in use."""
        async with self._renewing:
            if self.token is None or self.token == stale:
                self._signed_in = None
                await self.sign_in()

    async def _exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: msgspec.Struct | bytes | None = None,
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        content = body if isinstance(body, bytes) else None
        if content is not None:
            headers["content-type"] = "application/octet-stream"
        elif body is not None:
            headers["content-type"] = "application/json"
            content = msgspec.json.encode(body)
        request = self._http.build_request(
            method, path, params=_query(query or {}), content=content, headers=headers, extensions=_TLS_NAME
        )
        response = await self._send(request)
        if response.is_success:
            return response
        raise _why_refused(response)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        """Send; a GET whose kept-alive connection was closed meanwhile is sent again once."""
        try:
            try:
                return await self._answered(request)
            except (httpx.RemoteProtocolError, httpx.ReadError):
                if request.method != "GET":
                    raise
                return await self._answered(request)
        except httpx.HTTPError as error:
            raise why_unreachable(error, self.settings) from error

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        """The whole answer; raises UnexpectedAnswer for one above MAX_ANSWER_BYTES."""
        response = await self._http.send(request, stream=True)
        try:
            content = bytearray()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > MAX_ANSWER_BYTES:
                    raise UnexpectedAnswer(_asked(response), response.status_code, "it is far too long")
        finally:
            await response.aclose()
        return httpx.Response(response.status_code, content=bytes(content), request=request)


def why_unreachable(error: BaseException, settings: ClientSettings) -> ClientError:
    """CertificateNotTrusted when TLS verification is what failed, else NotReachable."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CertificateNotTrusted(settings.url, settings.ca_file, cause.verify_message)
        cause = cause.__cause__ or cause.__context__
    return NotReachable(settings.url, str(error) or type(error).__name__)


def _query(query: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Absent values left out, booleans in lower case, times as ISO 8601 has them; a list asks for each of it."""
    return {
        key: [_asked_for(one) for one in value] if isinstance(value, list) else _asked_for(value)
        for key, value in query.items()
        if value is not None
    }


def _asked_for(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decoded(response: httpx.Response, answer: type[T]) -> T:
    try:
        return msgspec.json.decode(response.content, type=answer)
    except msgspec.DecodeError as error:
        raise UnexpectedAnswer(_asked(response), response.status_code, str(error)) from error


def _why_refused(response: httpx.Response) -> ClientError:
    try:
        problem = msgspec.json.decode(response.content, type=Problem)
    except msgspec.DecodeError as error:
        if response.is_server_error:
            return ControllerFailed(_asked(response), response.status_code)
        return UnexpectedAnswer(_asked(response), response.status_code, str(error))
    if response.is_server_error:
        said = "; ".join(part for part in (problem.message, problem.remedy) if part)
        return ControllerFailed(_asked(response), response.status_code, said)
    return Refused(response.status_code, problem)


def _asked(response: httpx.Response) -> str:
    return f"{response.request.method} {response.request.url.path}"
