"""amqtt's packet classes, fed from whole frames so that no inner length can reach past its packet."""

from typing import Any

from amqtt.adapters import BufferReader
from amqtt.errors import AMQTTError, CodecError, MQTTError, NoDataError
from amqtt.mqtt.connect import ConnectPacket
from amqtt.mqtt.disconnect import DisconnectPacket
from amqtt.mqtt.packet import MQTTFixedHeader, MQTTPacket
from amqtt.mqtt.pingreq import PingReqPacket
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.subscribe import SubscribePacket
from amqtt.mqtt.unsubscribe import UnsubscribePacket

from fleet.broker import frames
from fleet.broker.errors import PeerFault
from fleet.broker.frames import Frame

Packet = (
    ConnectPacket
    | PublishPacket
    | PubackPacket
    | SubscribePacket
    | UnsubscribePacket
    | PingReqPacket
    | DisconnectPacket
)

_CLASSES: dict[int, type[Packet]] = {
    frames.CONNECT: ConnectPacket,
    frames.PUBLISH: PublishPacket,
    frames.PUBACK: PubackPacket,
    frames.SUBSCRIBE: SubscribePacket,
    frames.UNSUBSCRIBE: UnsubscribePacket,
    frames.PINGREQ: PingReqPacket,
    frames.DISCONNECT: DisconnectPacket,
}


async def read_packet(frame: Frame) -> Packet:
    """The packet in `frame`; raises PeerFault `malformed` unless it fills the frame exactly."""
    header = MQTTFixedHeader(frame.packet_type, frame.flags, len(frame.body))
    buffer = BufferReader(frame.body)
    try:
        packet = await _CLASSES[frame.packet_type].from_stream(buffer, fixed_header=header)
        surplus = await buffer.read()
    except (MQTTError, AMQTTError, NoDataError, CodecError, ValueError) as error:
        raise PeerFault("malformed", f"packet type {frame.packet_type}: {error}") from error
    # amqtt forgives packets that are cut short and strings that are no UTF-8: encoding again shows both. Not for
    # CONNECT, where it makes up a client id and reads binary passwords as text, which here nobody looks at.
    if surplus or (frame.packet_type != frames.CONNECT and _body(packet) != frame.body):
        raise PeerFault("malformed", f"packet type {frame.packet_type} does not fill its length")
    return packet


def _body(packet: MQTTPacket[Any, Any, Any]) -> bytes:
    header, payload = packet.variable_header, packet.payload
    encoded = bytes(header.to_bytes()) if header is not None else b""
    if payload is not None:
        encoded += bytes(payload.to_bytes(packet.fixed_header, header))
    return encoded
