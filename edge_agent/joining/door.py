"""The controller's door for units that have not joined."""

import ssl

import httpx
import msgspec

from edge_agent.asking import ask, refusal_of
from edge_agent.errors import AcceptanceInvalid, ControllerAway
from edge_agent.tls import trusting
from protocols.joining import JoinReply

_reply_decoder: msgspec.json.Decoder[JoinReply] = msgspec.json.Decoder(JoinReply)


async def fetch_roots(url: str) -> bytes:
    """What the controller says its root certificates are. Not to be believed before their hashes are compared.

    Nobody has proved who answers here, so no answer can refuse: whatever is not a certificate raises ControllerAway.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    answer = await ask(url, context, "GET", "/join/ca")
    if answer.status != httpx.codes.OK:
        raise ControllerAway(url, f"HTTP {answer.status} in place of its root certificate")
    return answer.body


async def knock(url: str, root_pem: str, request: bytes) -> JoinReply:
    """Present the stored join request once, to a controller that proves itself under the pinned root.

    Raises ControllerAway, ControllerUntrusted, RefusedByController, AcceptanceInvalid (an answer that is none).
    """
    answer = await ask(url, trusting([root_pem]), "POST", "/join", request)
    if answer.status != httpx.codes.OK:
        raise refusal_of(url, answer)
    try:
        return _reply_decoder.decode(answer.body)
    except msgspec.DecodeError as error:
        raise AcceptanceInvalid(f"the answer can not be read ({error})"[:300]) from error
