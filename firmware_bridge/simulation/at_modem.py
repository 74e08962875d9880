"""A simulated modem: AT commands in, lines out, with errors, slow answers, and lines it says by itself. Pure.

It knows the commands that health asks for, and has no number of its own to give away.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from firmware_bridge.errors import SimulationFailed
from firmware_bridge.modem.figures import Vendor
from firmware_bridge.simulation.faults import Delivery

MAKERS: dict[str, str] = {"quectel": "Quectel", "simcom": "SIMCOM INCORPORATED", "telit": "Telit", "u-blox": "u-blox"}
SIM_ERRORS = {"missing": 10, "failed": 13}
_SIM_WORDS = {"ready": "READY", "pin": "SIM PIN", "puk": "SIM PUK"}
_LINE_BYTES = 512
_NOT_ALLOWED, _UNKNOWN = 3, 100
_SPONTANEOUS = ("+CREG: 1", "+CEREG: 1", "RDY", '+QIND: "csq",21,99', '+CMTI: "SM",1', "")
_FIGURES = {
    "rssi": (0, 99),
    "rsrp": (0, 255),
    "rsrq": (0, 255),
    "registration": (0, 90),
    "temperature_c": (-60, 150),
}


@dataclass
class ModemState:
    """What a person can poke at. `rssi`, `rsrp` and `rsrq` as the modem says them: 99 and 255 are unknown."""

    rssi: int = 21
    rsrp: int = 47
    rsrq: int = 20
    registration: int = 1
    temperature_c: int = 38
    sim: str = "ready"
    operator: str = "Simulated Mobile"
    version: str = "SIM-MODEM-01.002"


@dataclass(frozen=True)
class ModemManner:
    """How it behaves. An answer comes after up to `slow_ms`; it says something by itself before one with chance
    `spontaneous`, and answers nothing with chance `silent`, each 0 to 1."""

    vendor: Vendor = "quectel"
    slow_ms: int = 0
    spontaneous: float = 0.0
    silent: float = 0.0


class AtModem:
    """A modem that has just been switched on: it echoes, and its errors are words only."""

    def __init__(self, manner: ModemManner, seed: int) -> None:
        self.state = ModemState()
        self._manner = manner
        self._random = Random(seed)  # noqa: S311 - repeatable behaviour, no secrets
        self._line = b""
        self._echoes = True
        self._errors_have_codes = False
        self._commands: dict[str, Callable[[], list[str] | int]] = {
            "": list,
            "E0": lambda: self._echo(on=False),
            "E1": lambda: self._echo(on=True),
            "+CMEE=1": self._give_codes,
            "+CEREG=0": list,
            "+COPS=3,0": list,
            "+CGMI": lambda: [MAKERS[manner.vendor]],
            "+CGMR": lambda: [self.state.version],
            "+CPIN?": self._sim,
            "+CSQ": lambda: [f"+CSQ: {self.state.rssi},99"],
            "+CESQ": lambda: [f"+CESQ: 99,99,255,255,{self.state.rsrq},{self.state.rsrp}"],
            "+CEREG?": lambda: [f"+CEREG: 0,{self.state.registration}"],
            "+COPS?": self._operator,
        } | self._temperature_commands()

    def poke(self, name: str, value: int | str | None) -> None:
        """Give a figure, `sim`, `operator` or `version` another value; raises SimulationFailed."""
        if name in _FIGURES and isinstance(value, int):
            least, most = _FIGURES[name]
            if not least <= value <= most:
                raise SimulationFailed(f"{name} takes {least} to {most}")
        elif not (name == "sim" and value in {*_SIM_WORDS, *SIM_ERRORS}) and not (
            name in {"operator", "version"} and isinstance(value, str) and value.isprintable() and len(value) <= 64
        ):
            raise SimulationFailed(f"a modem takes {', '.join(_FIGURES)}, operator, version, sim ({_sims()})")
        setattr(self.state, name, value)

    def take(self, content: bytes) -> list[Delivery]:
        """What it says to `content`: each delivery so many seconds after what came before it."""
        deliveries = []
        for byte in content:
            if byte in b"\r\n":
                line, self._line = self._line, b""
                deliveries += self._answer(line) if line else []
            else:
                self._line = self._line[-_LINE_BYTES:] + bytes([byte])
        return deliveries

    def _answer(self, line: bytes) -> list[Delivery]:
        echo = [Delivery(0.0, line + b"\r")] if self._echoes else []
        if self._random.random() < self._manner.silent:
            return echo
        delay_s = self._random.random() * self._manner.slow_ms / 1000
        said = "".join(f"\r\n{each}\r\n" for each in [*self._by_itself(), *self._lines(line)])
        return [*echo, Delivery(delay_s, said.encode("ascii", errors="replace"))]

    def _by_itself(self) -> list[str]:
        if self._random.random() >= self._manner.spontaneous:
            return []
        return [self._random.choice(_SPONTANEOUS)]

    def _lines(self, line: bytes) -> list[str]:
        text = line.decode("ascii", errors="replace").strip().upper()
        command = self._commands.get(text.removeprefix("AT")) if text.startswith("AT") else None
        answer = _UNKNOWN if command is None else command()
        if isinstance(answer, int):
            return [f"+CME ERROR: {answer}" if self._errors_have_codes else "ERROR"]
        return [*answer, "OK"]

    def _echo(self, *, on: bool) -> list[str]:
        self._echoes = on
        return []

    def _give_codes(self) -> list[str]:
        self._errors_have_codes = True
        return []

    def _sim(self) -> list[str] | int:
        word = _SIM_WORDS.get(self.state.sim)
        return SIM_ERRORS[self.state.sim] if word is None else [f"+CPIN: {word}"]

    def _operator(self) -> list[str] | int:
        if self.state.sim in SIM_ERRORS:
            return SIM_ERRORS[self.state.sim]
        registered = self.state.registration in {1, 5}
        return [f'+COPS: 0,0,"{self.state.operator}",7' if registered else "+COPS: 0"]

    def _temperature_commands(self) -> dict[str, Callable[[], list[str] | int]]:
        """The vendor's own command for it; the others' are errors."""

        def temperature_c() -> int:
            return self.state.temperature_c

        match self._manner.vendor:
            case "quectel":
                zones = ("qfe_wtr_pa0", "aoss0-usr", "mdm-core-usr")
                return {"+QTEMP": lambda: [f'+QTEMP: "{zone}","{temperature_c() - i}"' for i, zone in enumerate(zones)]}
            case "simcom":
                return {"+CPMUTEMP": lambda: [f"+CPMUTEMP: {temperature_c()}"]}
            case "telit":
                return {
                    "#TEMPSENS=2": lambda: [f"#TEMPSENS: 0,{temperature_c() - 2}", f"#TEMPSENS: 4,{temperature_c()}"]
                }
            case "u-blox":
                return {"+UTEMP=0": list, "+UTEMP?": lambda: [f"+UTEMP: 0,{temperature_c() * 10}"]}


def _sims() -> str:
    return ", ".join([*_SIM_WORDS, *SIM_ERRORS])
