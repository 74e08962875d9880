"""What a simulated device does beside images and files: system, statistics, settings, and Muster's own group. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from firmware_bridge.mcu.figures import STATISTICS
from firmware_bridge.simulation.board import Board
from firmware_bridge.simulation.smp_server import (
    INVALID,
    Answer,
    Body,
    Commands,
    Group,
    Refused,
    bytes_in,
    number_in,
    text_in,
)
from firmware_bridge.smp.unit_group import GROUP as UNIT_GROUP
from firmware_bridge.smp.unit_group import MOST_POWER_MS, SENSOR_POWER, WATCHDOG

OS_GROUP, STAT_GROUP, SETTINGS_GROUP = 0, 2, 3

_SWAP_USING_SCRATCH = 1
_NO_ANSWER, _INVALID_FORMAT = 3, 2
_NO_STAT_GROUP = 2
_KEY_NOT_FOUND, _KEY_TOO_LONG = 3, 2
_NAME_CHARS = 64
_MOST_SETTINGS = 32
_MOST_LIMIT_S = 86_400


class SystemFacts(NamedTuple):
    """What the system says of itself."""

    board: str
    buffer_bytes: int
    buffers: int


def system_group(facts: SystemFacts, restart: Callable[[], None]) -> Group:
    """Echo, parameters, restart, facts, bootloader."""

    def echo(body: Body) -> Answer:
        text = text_in(body, "d")
        return Refused(INVALID, general=True) if text is None else {"r": text}

    def parameters(_body: Body) -> Answer:
        return {"buf_size": facts.buffer_bytes, "buf_count": facts.buffers}

    def reset(_body: Body) -> Answer:
        restart()
        return {}

    def info(body: Body) -> Answer:
        said = {"s": "Zephyr", "n": "simulated", "r": "4.2.0", "v": "simulated", "m": "arm", "p": "cortex-m33"}
        said |= {"i": facts.board, "o": "Zephyr"}
        wanted = text_in(body, "format") or "s"
        if not set(wanted) <= {*said, "a"}:
            return Refused(_INVALID_FORMAT)
        return {"output": " ".join(said[each] for each in said if each in wanted or "a" in wanted)}

    def bootloader(body: Body) -> Answer:
        query = text_in(body, "query")
        if query is None:
            return {"bootloader": "MCUboot"}
        return {"mode": _SWAP_USING_SCRATCH} if query == "mode" else Refused(_NO_ANSWER)

    return {
        0: Commands(read=echo, write=echo),
        5: Commands(write=reset),
        6: Commands(read=parameters),
        7: Commands(read=info),
        8: Commands(read=bootloader),
    }


def statistics_group(board: Board, now_s: Callable[[], float]) -> Group:
    """The statistics `unit`."""

    def fields(body: Body) -> Answer:
        if text_in(body, "name") != STATISTICS:
            return Refused(_NO_STAT_GROUP)
        return {"name": STATISTICS, "fields": board.statistics(now_s())}

    return {0: Commands(read=fields), 1: Commands(read=lambda _body: {"stat_list": [STATISTICS]})}


def unit_group(board: Board, now_s: Callable[[], float]) -> Group:
    """The watchdog, and the power of camera and microphone."""

    def kick(body: Body) -> Answer:
        limit_s = number_in(body, "s")
        if not limit_s or limit_s > _MOST_LIMIT_S:
            return Refused(INVALID, general=True)
        board.kick(limit_s, now_s())
        return {"left": limit_s}

    def left(_body: Body) -> Answer:
        return {"ms": board.power_left_ms(now_s())}

    def power(body: Body) -> Answer:
        on_ms = number_in(body, "ms")
        if on_ms is None or on_ms > MOST_POWER_MS:
            return Refused(INVALID, general=True)
        board.power(on_ms, now_s())
        return left(body)

    return {WATCHDOG: Commands(write=kick), SENSOR_POWER: Commands(read=left, write=power)}


def settings_group(settings: dict[str, bytes]) -> Group:
    """Settings, as they are kept."""

    def read(body: Body) -> Answer:
        value = settings.get(text_in(body, "name") or "")
        return Refused(_KEY_NOT_FOUND) if value is None else {"val": value}

    def write(body: Body) -> Answer:
        name = text_in(body, "name")
        if not name or (name not in settings and len(settings) >= _MOST_SETTINGS):
            return Refused(INVALID, general=True)
        if len(name) > _NAME_CHARS:
            return Refused(_KEY_TOO_LONG)
        settings[name] = bytes_in(body, "val")
        return {}

    return {0: Commands(read=read, write=write)}


__all__ = [
    "OS_GROUP",
    "SETTINGS_GROUP",
    "STAT_GROUP",
    "UNIT_GROUP",
    "SystemFacts",
    "settings_group",
    "statistics_group",
    "system_group",
    "unit_group",
]
