"""The file group of a simulated device. Pure; what it holds is gone with the program."""

from hashlib import sha256

from firmware_bridge.simulation.smp_server import Answer, Body, Commands, Group, Refused, bytes_in, number_in, text_in

GROUP = 8

INVALID_NAME, NOT_FOUND, OFFSET_NOT_VALID, OFFSET_TOO_LARGE, NO_HASH = 2, 3, 11, 12, 13

_NAME_CHARS = 64
_MOST_FILES = 32
_MOST_BYTES = 256 * 1024


class FileGroup:
    """The group over `files`, which are read in parts of `part_bytes`."""

    def __init__(self, files: dict[str, bytes], *, part_bytes: int) -> None:
        self._files = files
        self._part_bytes = part_bytes

    def commands(self) -> Group:
        """By number."""
        return {
            0: Commands(read=self._read, write=self._write),
            1: Commands(read=self._status),
            2: Commands(read=self._digest),
            4: Commands(write=self._close),
        }

    def _held(self, body: Body) -> bytes | None:
        return self._files.get(text_in(body, "name") or "")

    def _read(self, body: Body) -> Answer:
        content, off = self._held(body), number_in(body, "off")
        if content is None:
            return Refused(NOT_FOUND)
        if off is None or off > len(content):
            return Refused(OFFSET_TOO_LARGE)
        part: Body = {"off": off, "data": content[off : off + self._part_bytes]}
        return part | {"len": len(content)} if off == 0 else part

    def _write(self, body: Body) -> Answer:
        name, off, data = text_in(body, "name"), number_in(body, "off"), bytes_in(body, "data")
        if not name or len(name) > _NAME_CHARS or (name not in self._files and len(self._files) >= _MOST_FILES):
            return Refused(INVALID_NAME)
        held = b"" if off == 0 else self._files.get(name, b"")
        if off != len(held) or off + len(data) > _MOST_BYTES:
            return Refused(OFFSET_NOT_VALID)
        self._files[name] = held + data
        return {"off": len(self._files[name])}

    def _status(self, body: Body) -> Answer:
        content = self._held(body)
        return Refused(NOT_FOUND) if content is None else {"len": len(content)}

    def _digest(self, body: Body) -> Answer:
        content = self._held(body)
        if content is None:
            return Refused(NOT_FOUND)
        if text_in(body, "type") not in {None, "sha256"}:
            return Refused(NO_HASH)
        return {"type": "sha256", "len": len(content), "output": sha256(content).digest()}

    def _close(self, _body: Body) -> Answer:
        return {}
