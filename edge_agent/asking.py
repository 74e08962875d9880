"""One question to the controller over HTTPS: every answer bounded, every wait limited, the API's own name checked."""

import asyncio
import ssl
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import httpx
import msgspec

from edge_agent.errors import CertificateEnded, ControllerAway, ControllerUntrusted, RefusedByController
from protocols.joining import API_TLS_NAME, JoinRefusal
from protocols.text import one_line

_LIMIT_S = 20.0
_WHOLE_LIMIT_S = 180.0
"""For all of an answer, however steadily it comes in: one that never ends has to end."""
_LARGEST_ANSWER = 2 * 1024 * 1024
"""A page of people lists holds 16 of them, of at most 64 KiB of text and a few signatures each."""

_TRY_AGAIN_STATUS = frozenset({408, 425, 429})
_WORDS_SIGNS = 500
_CLOCK_CODES = frozenset({9, 10})
"""X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED: more often a wrong clock than a wrong controller."""

_EXPIRED_ALERT = "CERTIFICATE_EXPIRED"
"""OpenSSL's reason for TLS alert 45 (RFC 8446, 6.2): the other side finds that the certificate shown has ended."""

_refusal_decoder = msgspec.json.Decoder(JoinRefusal)


class Answer(NamedTuple):
    """`at_ms` is when the controller says it answered, Unix milliseconds, to the second; None when it does not say.
    `content_range` is HTTP's header of that name, empty where there is none."""

    status: int
    body: bytes
    at_ms: int | None
    content_range: str = ""


async def ask(
    url: str,
    context: ssl.SSLContext,
    method: str,
    path: str,
    content: bytes | None = None,
    *,
    byte_range: tuple[int, int] | None = None,
    largest: int = _LARGEST_ANSWER,
    whole_limit_s: float = _WHOLE_LIMIT_S,
) -> Answer:
    """The answer, of whatever status. Whatever host `url` names, its certificate must be for API_TLS_NAME.

    `byte_range` asks for these bytes only, the last included. Raises ControllerAway, also for an answer of more than
    `largest` bytes or one that is not whole after `whole_limit_s`; ControllerUntrusted (nothing has been sent to it
    then), CertificateEnded.
    """
    headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
    if byte_range is not None:
        headers["Range"] = f"bytes={byte_range[0]}-{byte_range[1]}"
    name = {"sni_hostname": API_TLS_NAME}
    try:
        async with (
            asyncio.timeout(whole_limit_s),
            httpx.AsyncClient(verify=context, trust_env=False, timeout=_LIMIT_S) as client,
            client.stream(method, url.rstrip("/") + path, content=content, headers=headers, extensions=name) as answer,
        ):
            body = b""
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > largest:
                    raise ControllerAway(url, f"an answer above {largest} bytes")
            at_ms = _date_ms(answer.headers.get("date", ""))
            return Answer(answer.status_code, body, at_ms, answer.headers.get("content-range", "")[:64])
    except TimeoutError as error:
        raise ControllerAway(url, f"its answer was not whole after {whole_limit_s:.0f} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
        raise _failure(url, error) from error


def _date_ms(header: str) -> int | None:
    try:
        return round(parsedate_to_datetime(header).timestamp() * 1000)
    except ValueError:
        return None


def refusal_of(url: str, answer: Answer) -> ControllerAway | RefusedByController:
    """What an answer other than 200 means: try again later, or a refusal with its reason."""
    try:
        refusal = _refusal_decoder.decode(answer.body)
    except msgspec.DecodeError:
        if answer.status >= httpx.codes.INTERNAL_SERVER_ERROR or answer.status in _TRY_AGAIN_STATUS:
            return ControllerAway(url, f"HTTP {answer.status}")
        return RefusedByController(
            f"http-{answer.status}", f"{url} answered HTTP {answer.status}", "check that the address is a controller's"
        )
    message, remedy = one_line(refusal.message, _WORDS_SIGNS), one_line(refusal.remedy, _WORDS_SIGNS)
    return RefusedByController(refusal.code, message, remedy)


def _failure(url: str, error: Exception) -> ControllerAway | ControllerUntrusted | CertificateEnded:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            if cause.verify_code in _CLOCK_CODES:
                return ControllerAway(url, f"its certificate is not valid at this unit's time: {cause.verify_message}")
            return ControllerUntrusted(url, cause.verify_message)
        if isinstance(cause, ssl.SSLError) and _EXPIRED_ALERT in (cause.reason or ""):
            return CertificateEnded(url)
        cause = cause.__cause__ or cause.__context__
    return ControllerAway(url, str(error) or type(error).__name__)
