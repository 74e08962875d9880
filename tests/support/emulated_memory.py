"""Memory of a machine in QEMU, written once through its debugger's door before the machine runs.

QEMU's own loader writes what it loads again at every restart, and so would undo whatever a bootloader did to a slot.
"""

import asyncio

_PIECE_BYTES = 1024
_LIMIT_S = 30.0


async def write_and_run(door: asyncio.StreamReader, to: asyncio.StreamWriter, address: int, content: bytes) -> None:
    """Put `content` at `address`, and let the machine run; raises RuntimeError when QEMU refuses."""
    async with asyncio.timeout(_LIMIT_S):
        for at in range(0, len(content), _PIECE_BYTES):
            piece = content[at : at + _PIECE_BYTES]
            _say(to, f"M{address + at:x},{len(piece):x}:{piece.hex()}")
            answer = await door.readuntil(b"#")
            await door.readexactly(2)
            if b"$OK" not in answer:
                raise RuntimeError(f"QEMU does not take memory at {address + at:#x}: {answer!r}")
            to.write(b"+")
        _say(to, "D")
        await to.drain()


def _say(to: asyncio.StreamWriter, command: str) -> None:
    to.write(f"${command}#{sum(command.encode()) % 256:02x}".encode())
