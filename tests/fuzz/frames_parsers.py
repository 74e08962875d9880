"""The parsers of the serial side, each with good frames, with what makes damage go deep, and with what it may raise."""

import asyncio
from collections.abc import Callable, Sequence
from functools import reduce
from hashlib import sha256
from operator import xor
from random import Random
from struct import pack
from typing import NamedTuple

import cbor2
import msgspec

from firmware_bridge.errors import BridgeError, ImageRefused, LineOverrun, PortLost
from firmware_bridge.gnss.figures import Look
from firmware_bridge.gnss.splitting import Splitter, checks
from firmware_bridge.images.judging import judge
from firmware_bridge.images.mcuboot import read_image
from firmware_bridge.modem import figures as modem
from firmware_bridge.modem.dialogue import AtDialogue
from firmware_bridge.smp.bodies import BodyRefused, read_body
from firmware_bridge.smp.framing import HEADER_BYTES, Framing, decoder, encoder, header_of
from firmware_bridge.smp.refusals import refusal_in
from firmware_bridge.smp.replies import SlotsReply, StatsReply, UploadReply, slot_states
from firmware_bridge.transport.traffic import Reading
from protocols.releases.mcuboot import PROTECTED_MAGIC, RECORDS_MAGIC, SHA256
from tests.fuzz.frames_mutations import damaged
from tests.support.firmware_images import BOARD, image_of, public_pem

_REPLIES = (SlotsReply, StatsReply, UploadReply)


class Parser(NamedTuple):
    """`good` are frames that it has to take, when nothing damaged came before them: after `afresh`. `wrap` makes a
    frame of a part, its checks right, so that damage to one of `parts` gets further than damage to a frame. `take`
    shows it a frame, and says whether something came of it."""

    good: Sequence[bytes]
    parts: Sequence[bytes]
    wrap: Callable[[bytes], bytes]
    take: Callable[[bytes], bool]
    afresh: Callable[[], None]

    def frame(self, drawn: Random) -> bytes:
        """A damaged frame, or a whole one with a damaged part in it."""
        if drawn.random() < 0.5:
            return damaged(drawn, drawn.choice(self.good), drawn.choice(self.good))
        return self.wrap(damaged(drawn, drawn.choice(self.parts), drawn.choice(self.parts)))


def _nothing() -> None:
    """It keeps nothing between two frames."""


def parsers() -> dict[str, Callable[[], Parser]]:
    """What makes each parser, by its name; each has memories of its own."""
    return {
        "smp-console": lambda: _smp("console"),
        "smp-raw": lambda: _smp("raw"),
        "nmea": _nmea,
        "ubx": _ubx,
        "at": _at,
        "mcuboot": _mcuboot,
        "spy": _spy,
    }


def _smp_message(group: int, command: int, body: dict[str, object]) -> bytes:
    content = cbor2.dumps(body)
    return pack("!BBHHBB", 1, 0, len(content), group, 7, command) + content


def _smp(framing: Framing) -> Parser:
    """Frames, then bodies, then what they are taken for."""
    slot: dict[str, object] = {"slot": 0, "version": "1.2.3", "hash": bytes(32), "active": True, "confirmed": True}
    messages = [
        _smp_message(1, 0, {"images": [slot, {**slot, "slot": 1, "active": False}]}),
        _smp_message(1, 1, {"off": 4096, "rc": 0}),
        _smp_message(2, 0, {"name": "unit", "fields": {"supply_mv": 12_400, "uptime_s": 7}}),
        _smp_message(0, 0, {"r": "muster"}),
        _smp_message(1, 0, {"err": {"group": 1, "rc": 5}}),
    ]
    encode, reading = encoder(framing), decoder(framing)

    def wrap(content: bytes) -> bytes:
        """Frame it as it is, but for the length: the damage is in the message."""
        length = max(0, len(content) - HEADER_BYTES)
        return encode(content[:2] + pack("!H", length) + content[4:])

    def take(content: bytes) -> bool:
        found = reading.feed(content)
        for message in found:
            header_of(message)
            try:
                body = read_body(message[HEADER_BYTES:])
            except BodyRefused:
                continue
            refusal_in(body)
            for kind in _REPLIES:
                _converted(body, kind)
        return bool(found)

    return Parser([encode(each) for each in messages], messages, wrap, take, reading.reset)


def _converted(body: dict[str, object], kind: type[SlotsReply] | type[StatsReply] | type[UploadReply]) -> None:
    try:
        reply = msgspec.convert(body, kind)
    except msgspec.ValidationError:
        return
    if isinstance(reply, SlotsReply):
        slot_states(reply)


def _sentence(body: str) -> bytes:
    content = body.encode("latin-1")
    return b"$" + content + f"*{reduce(xor, content, 0):02X}\r\n".encode()


def _receiver(good: Sequence[bytes], parts: Sequence[bytes], wrap: Callable[[bytes], bytes]) -> Parser:
    kept = [Splitter()]

    def take(content: bytes) -> bool:
        pieces, seen = kept[0].feed(content), Look()
        for piece in pieces:
            seen.take(piece)
        seen.figures().health()
        return seen.said_anything

    def afresh() -> None:
        kept[0] = Splitter()

    return Parser(good, parts, wrap, take, afresh)


def _nmea() -> Parser:
    good = [
        _sentence("GNGGA,120000.00,,,,,1,09,0.92,11.2,M,7.3,M,,"),
        _sentence("GNGSA,A,3,01,02,03,,,,,,,,,,1.5,0.9,1.2,1"),
        _sentence("GPGSV,1,1,02,01,45,120,40,02,30,200,35,1"),
        _sentence("GNTXT,01,01,02,ANTSTATUS=OK"),
    ]

    def wrap(content: bytes) -> bytes:
        return b"$" + content + f"*{reduce(xor, content, 0):02X}\r\n".encode()

    return _receiver(good, [each[1:-5] for each in good], wrap)


def _ubx() -> Parser:
    def message(name: tuple[int, int], payload: bytes) -> bytes:
        content = bytes(name) + pack("<H", len(payload)) + payload
        return b"\xb5\x62" + content + checks(content)

    satellite = pack("<BBBbhhI", 0, 1, 40, 45, 120, 0, 0x0F)
    good = [
        message((0x01, 0x03), pack("<IBBBBII", 1000, 3, 0xDD, 0, 8, 20_000, 90_000)),
        message((0x01, 0x04), pack("<I7H", 1000, 150, 120, 90, 80, 70, 60, 50)),
        message((0x01, 0x35), pack("<IBBH", 1000, 1, 2, 0) + 2 * satellite),
        message((0x0A, 0x38), pack("<BBH", 0, 1, 0) + bytes(24)),
        message((0x0A, 0x09), bytes(60)),
    ]

    def wrap(content: bytes) -> bytes:
        """With the length that it has: what else is wrong is in the payload."""
        body = content[:2] + pack("<H", max(0, len(content) - 4)) + content[4:]
        return b"\xb5\x62" + body + checks(body)

    return _receiver(good, [each[2:-2] for each in good], wrap)


class _Modem:
    """A line on which a modem answers as it is told to, and then is gone."""

    def __init__(self) -> None:
        self.answers: list[bytes | None] = []

    @property
    def name(self) -> str:
        return "modem"

    async def read(self) -> bytes:
        if not self.answers:
            raise PortLost("modem", "gone")
        answer = self.answers.pop(0)
        if answer is None:
            raise LineOverrun("modem", 1)  # which ends the waiting for a quiet line at once
        return answer or b"\n"

    async def write(self, content: bytes) -> None:
        assert content.endswith(b"\r")

    def discard(self) -> None:
        """What was told to it is what comes after a question."""

    async def close(self) -> None:
        """It has nothing to close."""


def _at() -> Parser:
    line = _Modem()
    loop = asyncio.new_event_loop()
    texts = [
        "+CSQ: 20,99", "+CESQ: 99,99,255,255,20,60", "+CEREG: 0,1", '+COPS: 0,0,"Network",7', "+CPIN: READY",
        "Revision: EG25GGBR07A08M2G", "Quectel", '+QTEMP: "soc-thermal","42"', '+QCSQ: "LTE",-52,-81,195,-10',
    ]  # fmt: skip
    good = [f"\r\n{text}\r\n\r\nOK\r\n".encode() for text in texts] + [b"\r\n+CME ERROR: 10\r\n"]

    async def answered(content: bytes) -> list[str]:
        line.answers = [b"\r\nOK\r\n", None, content]
        try:
            return await AtDialogue(line).ask("AT+X")
        except BridgeError as error:
            return [str(error)] if content in good else []

    def take(content: bytes) -> bool:
        lines = loop.run_until_complete(answered(content))
        for read in (
            modem.rssi_dbm, modem.rsrp_dbm, modem.rsrq_db, modem.quectel_sinr_db, modem.registration, modem.operator,
            modem.sim_state, modem.version, modem.vendor,
        ):  # fmt: skip
            read(lines)
        modem.temperature_c("quectel", lines)
        modem.temperature_c("telit", lines)
        return bool(lines)

    parts = [text.encode() for text in texts]
    return Parser(good, parts, lambda content: b"\r\n" + content + b"\r\nOK\r\n", take, _nothing)


def _spy() -> Parser:
    """All of them in turn on one line, as who looks on has it."""
    kept = [Reading()]
    others = [_smp("console"), _nmea(), _ubx()]
    good = [frame for other in others for frame in other.good] + [b"\r\n+CSQ: 20,99\r\n"]

    def take(content: bytes) -> bool:
        return bool(kept[0].feed(content))

    def afresh() -> None:
        kept[0].rest()
        kept[0] = Reading()

    return Parser(good, good, lambda content: content + b"\r\n", take, afresh)


def _mcuboot() -> Parser:
    good = [image_of(counter=7), image_of("0.0.1+0", b"another program", board=""), image_of(board="b", counter=0)]
    keys = [public_pem()]

    def take(content: bytes) -> bool:
        try:
            image = read_image(content)
        except ImageRefused:
            return False
        judge(image, keys=keys, board=BOARD, installed=None, permit=False)
        return True

    return Parser(good, good, _hashed, take, _nothing)


def _hashed(content: bytes) -> bytes:
    """The image with the hash of what it has become, where its records can still be found."""
    at = content.find(pack("<H", RECORDS_MAGIC), 64)
    record = content.find(pack("<HH", SHA256, 32), max(at, 0))
    if at < 0 or record < 0:
        return content
    protected = content.find(pack("<H", PROTECTED_MAGIC), 64, at)
    header = bytearray(content[:64])
    header[10:12] = pack("<H", at - protected if protected >= 0 else 0)
    header[12:16] = pack("<I", max(1, (protected if protected >= 0 else at) - 64))
    signed = bytes(header) + content[64:at]
    return signed + content[at : record + 4] + sha256(signed).digest() + content[record + 36 :]
