"""The controller's door over HTTPS, as a unit sees it: every answer bounded, every wait limited."""

import ssl

import httpx
import msgspec

from edge_agent.errors import AcceptanceInvalid, ControllerAway, ControllerUntrusted, RefusedByController
from protocols.joining import JoinRefusal, JoinReply
from protocols.text import one_line

_LIMIT_S = 20.0
_LARGEST_ANSWER = 1024 * 1024
_TRY_AGAIN_STATUS = frozenset({408, 425, 429})
_WORDS_SIGNS = 500
_CLOCK_CODES = frozenset({9, 10})
"""X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED: more often a wrong clock than a wrong controller."""

_reply_decoder: msgspec.json.Decoder[JoinReply] = msgspec.json.Decoder(JoinReply)
_refusal_decoder = msgspec.json.Decoder(JoinRefusal)


async def fetch_root(url: str) -> bytes:
    """What the controller says its root certificate is. Not to be believed before its hash is compared.

    Nobody has proved who answers here, so no answer can refuse: whatever is not a certificate raises ControllerAway.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    status, body = await _ask(url, context, "GET", "/join/ca", None)
    if status != httpx.codes.OK:
        raise ControllerAway(url, f"HTTP {status} in place of its root certificate")
    return body


async def knock(url: str, root_pem: str, request: bytes) -> JoinReply:
    """Present the stored join request once, to a controller that proves itself under the pinned root.

    Raises ControllerAway, ControllerUntrusted, RefusedByController, AcceptanceInvalid (an answer that is none).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=root_pem)
    status, body = await _ask(url, context, "POST", "/join", request)
    if status != httpx.codes.OK:
        raise _refusal_of(url, status, body)
    try:
        return _reply_decoder.decode(body)
    except msgspec.DecodeError as error:
        raise AcceptanceInvalid(f"the answer can not be read ({error})"[:300]) from error


async def _ask(url: str, context: ssl.SSLContext, method: str, path: str, content: bytes | None) -> tuple[int, bytes]:
    headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
    try:
        async with (
            httpx.AsyncClient(verify=context, trust_env=False, timeout=_LIMIT_S) as client,
            client.stream(method, url.rstrip("/") + path, content=content, headers=headers) as answer,
        ):
            body = b""
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > _LARGEST_ANSWER:
                    raise ControllerAway(url, f"an answer above {_LARGEST_ANSWER} bytes")
            return answer.status_code, body
    except httpx.TransportError as error:
        raise _transport_error(url, error) from error
    except httpx.HTTPError as error:
        raise ControllerAway(url, str(error) or type(error).__name__) from error


def _transport_error(url: str, error: httpx.TransportError) -> ControllerAway | ControllerUntrusted:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return ControllerAway(url, str(error) or type(error).__name__)
    if cause.verify_code in _CLOCK_CODES:
        return ControllerAway(url, f"its certificate is not valid at this unit's time: {cause.verify_message}")
    return ControllerUntrusted(url, cause.verify_message)


def _refusal_of(url: str, status: int, body: bytes) -> ControllerAway | RefusedByController:
    try:
        refusal = _refusal_decoder.decode(body)
    except msgspec.DecodeError:
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in _TRY_AGAIN_STATUS:
            return ControllerAway(url, f"HTTP {status}")
        return RefusedByController(
            f"http-{status}", f"{url} answered HTTP {status}", "check that the voucher's address is a controller's"
        )
    message, remedy = one_line(refusal.message, _WORDS_SIGNS), one_line(refusal.remedy, _WORDS_SIGNS)
    return RefusedByController(refusal.code, message, remedy)
