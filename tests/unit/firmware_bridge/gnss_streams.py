"""What receivers send, for tests: sentences and UBX messages with right checks, of a place on the open sea."""

from functools import reduce
from operator import xor

from firmware_bridge.gnss.splitting import checks

LATITUDE = "4852.60000"
LONGITUDE = "12323.60000"


def sentence(content: str) -> bytes:
    """`content` between `$` and its checksum, with its line end."""
    return f"${content}*{reduce(xor, content.encode(), 0):02X}\r\n".encode()


def gga(quality: int = 1, satellites: str = "11", hdop: str = "0.9") -> bytes:
    """A fix."""
    return sentence(f"GNGGA,120000.00,{LATITUDE},S,{LONGITUDE},W,{quality},{satellites},{hdop},12.3,M,45.6,M,1.2,0042")


def rmc() -> bytes:
    """A fix in the sentence that says speed and course too."""
    return sentence(f"GNRMC,120000.00,A,{LATITUDE},S,{LONGITUDE},W,0.0,,010126,,,A")


def ubx(name: tuple[int, int], payload: bytes) -> bytes:
    """A message of UBX."""
    body = bytes(name) + len(payload).to_bytes(2, "little") + payload
    return b"\xb5\x62" + body + checks(body)


def nav_sat(used: int, in_view: int) -> bytes:
    """Satellites, each 45 degrees above the horizon, the first `used` of them in use."""
    satellites = b"".join(
        bytes((0, i + 1, 40, 45, 10, 0, 0, 0)) + (0x0F if i < used else 0x07).to_bytes(4, "little")
        for i in range(in_view)
    )
    return ubx((0x01, 0x35), bytes((0, 0, 0, 0, 1, in_view, 0, 0)) + satellites)


def nav_status(fix: int, flags: int) -> bytes:
    """How good the fix is."""
    return ubx((0x01, 0x03), bytes(4) + bytes((fix, flags)) + bytes(10))


def nav_dop(hdop_hundredths: int) -> bytes:
    """Dilutions."""
    return ubx((0x01, 0x04), bytes(12) + hdop_hundredths.to_bytes(2, "little") + bytes(4))


def mon_rf(*antennas: int) -> bytes:
    """Bands of a receiver, each with what is known of its antenna."""
    blocks = b"".join(bytes((i, 0, antenna)) + bytes(21) for i, antenna in enumerate(antennas))
    return ubx((0x0A, 0x38), bytes((0, len(antennas), 0, 0)) + blocks)


def mon_hw(antenna: int) -> bytes:
    """The antenna of a receiver of one band."""
    return ubx((0x0A, 0x09), bytes(20) + bytes((antenna,)) + bytes(39))


def nav_pvt() -> bytes:
    """A position, which nobody here is to read."""
    return ubx((0x01, 0x07), bytes(range(92)))
