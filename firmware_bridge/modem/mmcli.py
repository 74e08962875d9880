"""A modem that ModemManager keeps, asked by its program `mmcli`: what its JSON means, and the running of it.

ModemManager holds the modem's ports for itself. Its JSON names the modem and the SIM too; that is not read, and the
text is neither kept nor shown.
"""

import asyncio
import os
import shutil
from contextlib import suppress
from typing import Any

import msgspec

from firmware_bridge.errors import DeviceRefused, DeviceSilent, PortMissing, ReplyUnreadable
from firmware_bridge.modem.figures import ModemFigures, operator_name, version_name
from protocols.health import ModemRegistration, SimState

PROGRAM = "mmcli"
MODEM_WORDS = (PROGRAM, "-J", "-m", "any")
SIGNAL_WORDS = (PROGRAM, "-J", "-m", "any", "--signal-get")
SIGNAL_SETUP_WORDS = (PROGRAM, "-m", "any", "--signal-setup=30")
"""ModemManager measures the signal only when somebody has asked it to; here each 30 s."""

_LIMIT_S = 10.0
_OUTPUT_LIMIT_BYTES = 64 * 1024
_UNKNOWN = frozenset({"", "--"})
_SIGNAL_KINDS = ("lte", "5g")
_REGISTRATIONS: dict[str, ModemRegistration] = {
    "idle": "not-registered",
    "home": "home",
    "searching": "searching",
    "denied": "denied",
    "unknown": "unknown",
    "roaming": "roaming",
    "home-sms-only": "home",
    "roaming-sms-only": "roaming",
    "emergency-only": "not-registered",
    "home-csfb-not-preferred": "home",
    "roaming-csfb-not-preferred": "roaming",
    "attached-rlos": "not-registered",
}
_LOCKS: dict[str, SimState] = {"sim-pin": "pin", "sim-puk": "puk"}
_FAILURES: dict[str, SimState] = {"sim-missing": "missing", "sim-error": "failed", "esim-without-profiles": "missing"}


class _Network(msgspec.Struct, frozen=True, rename="kebab"):
    operator_name: str = ""
    registration_state: str = ""


class _Generic(msgspec.Struct, frozen=True, rename="kebab"):
    revision: str = ""
    sim: str = ""
    state: str = ""
    state_failed_reason: str = ""
    unlock_required: str = ""


class _Modem(msgspec.Struct, frozen=True):
    generic: _Generic
    network: _Network = msgspec.field(default_factory=_Network, name="3gpp")
    signal: dict[str, dict[str, Any]] = {}


class _Answer(msgspec.Struct, frozen=True):
    modem: _Modem


class _Signal(msgspec.Struct, frozen=True):
    signal: dict[str, dict[str, Any]]


class _SignalAnswer(msgspec.Struct, frozen=True):
    modem: _Signal


_answers = msgspec.json.Decoder(_Answer)
_signals = msgspec.json.Decoder(_SignalAnswer)


def figures_in(modem: str, signal: str | None) -> ModemFigures:
    """What `mmcli` printed for MODEM_WORDS and, where it did, for SIGNAL_WORDS. Raises ReplyUnreadable."""
    generic, network = _modem_in(modem)
    measured = _signal_in(signal) if signal is not None else {}
    kind = next((measured[name] for name in _SIGNAL_KINDS if _number(measured.get(name, {}), "rsrp") is not None), {})
    return ModemFigures(
        rssi_dbm=_within(_rssi(measured), -150, 0),
        rsrp_dbm=_within(_number(kind, "rsrp"), -200, 0),
        rsrq_db=_within(_number(kind, "rsrq"), -200, 200),
        sinr_db=_within(_number(kind, "snr"), -200, 200),
        modem_registration=_registration(network.registration_state),
        modem_operator=None if network.operator_name in _UNKNOWN else operator_name(network.operator_name),
        modem_version=None if generic.revision in _UNKNOWN else version_name(generic.revision),
        sim_state=_sim_state(generic),
    )


def measures_signal(signal: str) -> bool:
    """Whether ModemManager measures the signal, by what it printed for SIGNAL_WORDS. Raises ReplyUnreadable."""
    return _number(_signal_in(signal).get("refresh", {}), "rate") != 0


async def ask() -> ModemFigures:
    """What ModemManager says of its first modem. Raises PortMissing without `mmcli`, DeviceRefused where it fails (as
    it does without a modem), DeviceSilent, ReplyUnreadable."""
    modem = await _printed(MODEM_WORDS)
    signal: str | None = None
    with suppress(DeviceRefused):
        signal = await _printed(SIGNAL_WORDS)
        if not measures_signal(signal):
            await _printed(SIGNAL_SETUP_WORDS)
            signal = await _printed(SIGNAL_WORDS)
    return figures_in(modem, signal)


async def _printed(words: tuple[str, ...]) -> str:
    program = shutil.which(words[0])
    if program is None:
        raise PortMissing(PROGRAM, "there is no such program; install ModemManager, or name the modem's port")
    request = " ".join(words)
    process = await asyncio.create_subprocess_exec(
        program,
        *words[1:],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
    )
    try:
        async with asyncio.timeout(_LIMIT_S):
            assert process.stdout is not None
            output = await _bounded(process.stdout, request)
            code = await process.wait()
    except TimeoutError:
        raise DeviceSilent(PROGRAM, request, _LIMIT_S) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if code:
        detail = f"exit code {code}; see what `mmcli -L` says"
        raise DeviceRefused(PROGRAM, request, detail, code)
    return output.decode("utf-8", errors="replace")


async def _bounded(stream: asyncio.StreamReader, request: str) -> bytes:
    output = b""
    while content := await stream.read(4096):
        output += content
        if len(output) > _OUTPUT_LIMIT_BYTES:
            raise ReplyUnreadable(PROGRAM, request, f"it printed more than {_OUTPUT_LIMIT_BYTES} bytes")
    return output


def _modem_in(text: str) -> tuple[_Generic, _Network]:
    try:
        answer = _answers.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ReplyUnreadable(PROGRAM, " ".join(MODEM_WORDS), "what it printed is not the JSON of a modem") from None
    return answer.modem.generic, answer.modem.network


def _signal_in(text: str) -> dict[str, dict[str, Any]]:
    try:
        return _signals.decode(text).modem.signal
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ReplyUnreadable(PROGRAM, " ".join(SIGNAL_WORDS), "what it printed is not the JSON of a signal") from None


def _registration(word: str) -> ModemRegistration | None:
    return None if word in _UNKNOWN else _REGISTRATIONS.get(word, "unknown")


def _sim_state(generic: _Generic) -> SimState | None:
    if generic.state == "failed":
        return _FAILURES.get(generic.state_failed_reason)
    if generic.unlock_required in _LOCKS:
        return _LOCKS[generic.unlock_required]
    return "missing" if generic.sim in _UNKNOWN else "ready"


def _rssi(measured: dict[str, dict[str, Any]]) -> float | None:
    levels = (_number(measured.get(kind, {}), "rssi") for kind in ("lte", "umts", "gsm"))
    return next((level for level in levels if level is not None), None)


def _number(values: dict[str, Any], name: str) -> float | None:
    value = values.get(name)
    if not isinstance(value, str) or value in _UNKNOWN or len(value) > 16:
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _within(value: float | None, least: float, most: float) -> float | None:
    return value if value is not None and least <= value <= most else None
