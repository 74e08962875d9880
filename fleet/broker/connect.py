"""The door: who a connection is, and whether its CONNECT may stand."""

import ssl
from typing import cast

from amqtt.adapters import ReaderAdapter, WriterAdapter
from amqtt.mqtt.connack import ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from amqtt.mqtt.packet import MQTTFixedHeader

from fleet.broker import frames, rules
from fleet.broker.errors import PeerFault
from fleet.broker.limits import MAX_CONNECT_BYTES
from fleet.broker.packets import read_packet


def peer_identity(tls: ssl.SSLObject | None) -> str:
    """The identity in a connection's verified client certificate.

    Raises PeerFault `no-certificate` or `bad-identity`.
    """
    certificate = tls.getpeercert() if tls is not None else None
    if not certificate:
        raise PeerFault("no-certificate", "the client showed no certificate")
    return rules.identity_of(cast(rules.Subject, certificate["subject"]))


async def read_connect(reader: ReaderAdapter, writer: WriterAdapter, identity: str) -> bytes:
    """The bytes of a CONNECT that `identity` may make.

    Raises PeerFault otherwise, after answering with the return code that MQTT has for it.
    """
    frame = await frames.read_frame(reader.read, MAX_CONNECT_BYTES)
    if frame is None or frame.packet_type != frames.CONNECT:
        raise PeerFault("no-connect", "the first packet was no CONNECT")
    verdict = rules.judge_version(frame.body)
    if verdict.code == rules.ACCEPTED:
        connect = await read_packet(frame)
        assert isinstance(connect, ConnectPacket)
        verdict = rules.judge_connect(identity, str(connect.client_id), _will_of(connect))
    if verdict.code != rules.ACCEPTED:
        await ConnackPacket.build(0, verdict.code).to_stream(writer)
        raise PeerFault(verdict.reason, f"CONNECT of {identity}")
    return MQTTFixedHeader(frame.packet_type, frame.flags, len(frame.body)).to_bytes() + frame.body


def _will_of(connect: ConnectPacket) -> rules.Will | None:
    if not connect.will_flag:
        return None
    return rules.Will(connect.will_topic or "", connect.will_qos, connect.will_retain_flag)
