"""Encoded frames as libraries of FFmpeg take them."""

from fractions import Fraction
from typing import Any

from av.packet import Packet

from fleet.media.frames import CLOCK_HZ, EncodedFrame


def packet_of(frame: EncodedFrame) -> "Packet[Any]":
    """`frame` for libraries of FFmpeg: the same bytes, with their time and whether decoding can begin with them."""
    packet: Packet[Any] = Packet(frame.data)
    packet.pts = packet.dts = frame.pts
    packet.time_base = Fraction(1, CLOCK_HZ[frame.kind])
    packet.is_keyframe = frame.is_keyframe
    return packet
