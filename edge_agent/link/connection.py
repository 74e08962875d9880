"""One MQTT connection: mutual TLS under the roots the unit trusts, bounded queues, a limit on every wait."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import structlog
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import DisconnectFlags
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.errors import LinkError
from edge_agent.identity import Identity
from protocols.topics import DOWN_CHANNELS, down, up

ANSWER_LIMIT_S = 20.0
DELIVERY_LIMIT_S = 60.0
"""A batch of 60 KiB takes 25 s on a 2G line."""

_KEEPALIVE_S = 45
_CLOSE_LIMIT_S = 2.0
_INCOMING_MAX = 256
_FIRST_FAILURE_CODE = 0x80

_log = structlog.get_logger(__name__)
_quiet = logging.getLogger("edge_agent.mqtt")
_quiet.setLevel(logging.CRITICAL)  # what matters of the library's messages reaches us as exceptions


class _Client(aiomqtt.Client):
    """Notices a broker that closes the connection instead of answering CONNECT, as one does that finds the unit's
    certificate ended or revoked; the library waits for the whole time limit."""

    def _on_disconnect(
        self,
        client: Paho,
        userdata: Any,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError("the broker closed the connection instead of answering"))
        super()._on_disconnect(client, userdata, flags, reason_code, properties)


@asynccontextmanager
async def connected(identity: Identity, context: ssl.SSLContext, will: bytes) -> AsyncIterator[aiomqtt.Client]:
    """A connection with a clean session, subscribed to the unit's `down/` topics; `will` goes out if it breaks.

    Raises aiomqtt.MqttError or OSError when there is none to be had, LinkError when the broker does not let us listen.
    """
    client = _client(identity, context, will)
    await client.__aenter__()
    try:
        await _subscribe(client, identity.unit_id)
        yield client
    finally:
        try:
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                await client.__aexit__(None, None, None)
        except (OSError, aiomqtt.MqttError) as error:
            _log.info("connection broke instead of closing", detail=str(error) or "no answer")


def _client(identity: Identity, context: ssl.SSLContext, will: bytes) -> aiomqtt.Client:
    speaks_5 = identity.broker.mqtt == "5"
    return _Client(
        identity.broker.host,
        identity.broker.port,
        identifier=identity.unit_id,
        protocol=aiomqtt.ProtocolVersion.V5 if speaks_5 else aiomqtt.ProtocolVersion.V311,
        clean_session=None if speaks_5 else True,
        will=aiomqtt.Will(up(identity.unit_id, "lwt"), will, qos=1),
        tls_context=context,
        timeout=ANSWER_LIMIT_S,
        keepalive=_KEEPALIVE_S,
        max_queued_incoming_messages=_INCOMING_MAX,
        logger=_quiet,
    )


async def _subscribe(client: aiomqtt.Client, unit_id: str) -> None:
    granted = await client.subscribe([(down(unit_id, channel), 1) for channel in DOWN_CHANNELS])
    codes = [code if isinstance(code, int) else code.value for code in granted]
    if any(code >= _FIRST_FAILURE_CODE for code in codes):
        raise LinkError(f"the broker does not let {unit_id} listen to its topics; check the broker's access list")
