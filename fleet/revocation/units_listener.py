"""The broker's listener for units, as a holder of a short certificate meets it.

`refuses` asks whether the broker refuses a revoked certificate as revoked. `take_over` closes a unit's session: a
connection with the unit's name ends the one before it (MQTT 3.1.1, 3.1.4-2).
"""

import asyncio
import os
import ssl
from typing import NamedTuple

from fleet.ca.authority import KeyAndChain
from fleet.connections import cut
from fleet.ingest import mqtt_codec as codec
from fleet.ingest.errors import MalformedPacket
from fleet.revocation.errors import BrokerAway, TakeoverRefused

_REVOKED_ALERT = "SSLV3_ALERT_CERTIFICATE_REVOKED"
"""OpenSSL's word for the TLS alert 44, certificate_revoked (RFC 5246, 7.2.2; RFC 8446, 6.2)."""
_CONNECT_LIMIT_S = 5.0
_CLOSE_LIMIT_S = 1.0
_KEEP_ALIVE_S = 300
"""Longer than a session taken over is held, so that it needs no pings; Mosquitto's highest."""
_READ_BYTES = 256


class TakenOver(NamedTuple):
    """A unit's session in our hands; `serial` is of the short certificate, in lower-case hexadecimal."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    serial: str

    async def lost(self) -> None:
        """Wait until the broker ends this session: somebody has taken it over in turn, or the broker went away."""
        try:
            while await self.reader.read(_READ_BYTES):
                pass
        except OSError:
            return

    async def end(self) -> None:
        """End the session as a client does, within a second."""
        self.writer.write(codec.DISCONNECT)
        try:
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                await self.writer.drain()
        except (OSError, TimeoutError):
            pass  # gone already, which is what was wanted
        finally:
            self.drop()

    def drop(self) -> None:
        """Cut the connection."""
        cut(self.writer.transport)


class UnitsListener:
    """Where units connect, seen from here; `roots_pem` are the roots that the broker's certificate must be under."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    def __str__(self) -> str:
        return f"{self._host}:{self._port}"

    async def refuses(self, shown: KeyAndChain, roots_pem: bytes, patience_s: float) -> bool:
        """Whether the broker refuses the certificate `shown` because it is revoked; raises BrokerAway.

        In TLS 1.3 the client's side of the handshake is done before the broker has judged: a broker that says nothing
        for `patience_s` has let the certificate in. Nothing is sent, since what lies unread when the broker closes
        would destroy its alert on the way. A connection that ends without a word proves nothing: the broker may have
        ended it because it has just read the list.
        """
        try:
            reader, writer = await self._connect(shown, roots_pem)
        except ssl.SSLError as error:
            return self._revoked(error)
        try:
            async with asyncio.timeout(patience_s):
                await reader.read(1)
        except TimeoutError:
            return False
        except ssl.SSLError as error:
            return self._revoked(error)
        except OSError:
            return False
        finally:
            cut(writer.transport)
        return False

    async def take_over(self, unit_id: str, shown: KeyAndChain, roots_pem: bytes) -> TakenOver:
        """Connect as `unit_id` with the certificate `shown`; raises BrokerAway, TakeoverRefused."""
        try:
            reader, writer = await self._connect(shown, roots_pem)
        except ssl.SSLError as error:
            raise TakeoverRefused(unit_id, error.reason or str(error)) from error
        try:
            async with asyncio.timeout(_CONNECT_LIMIT_S):
                writer.write(codec.connect(unit_id, _KEEP_ALIVE_S))
                await writer.drain()
                code = await _connack(reader)
        except (OSError, TimeoutError, MalformedPacket) as error:
            cut(writer.transport)
            raise TakeoverRefused(unit_id, str(error) or "no answer in time") from error
        except BaseException:
            cut(writer.transport)
            raise
        if code != 0:
            cut(writer.transport)
            raise TakeoverRefused(unit_id, f"return code {code}")
        return TakenOver(reader, writer, f"{shown.serial:x}")

    async def _connect(self, shown: KeyAndChain, roots_pem: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=roots_pem.decode("ascii"))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _show(context, shown)
        try:
            async with asyncio.timeout(_CONNECT_LIMIT_S):
                return await asyncio.open_connection(self._host, self._port, ssl=context)
        except ssl.SSLCertVerificationError as error:
            raise BrokerAway(str(self), f"its certificate is not this fleet's ({error.verify_message})") from error
        except ssl.SSLError:
            raise
        except (OSError, TimeoutError) as error:
            raise BrokerAway(str(self), str(error) or "no answer in time") from error

    def _revoked(self, error: ssl.SSLError) -> bool:
        if error.reason == _REVOKED_ALERT:
            return True
        raise BrokerAway(str(self), f"TLS: {error.reason or error}") from error


def _show(context: ssl.SSLContext, shown: KeyAndChain) -> None:
    """Load key and chain, which ssl takes from files only: here one that exists in memory."""
    with os.fdopen(os.memfd_create("short-certificate", os.MFD_CLOEXEC), "wb") as file:
        file.write(shown.chain_pem + shown.key_pem)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")


async def _connack(reader: asyncio.StreamReader) -> int:
    packets = codec.PacketReader()
    while data := await reader.read(_READ_BYTES):
        for packet in packets.feed(data):
            if isinstance(packet, codec.Connack):
                return packet.code
    raise ConnectionResetError("the broker closed the connection without an answer")
