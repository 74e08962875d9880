"""Asks a modem for everything that a health report wants of it, and for nothing else."""

from firmware_bridge.errors import DeviceRefused, DeviceSilent, ReplyUnreadable
from firmware_bridge.modem import figures
from firmware_bridge.modem.dialogue import ANSWER_S, AtDialogue
from firmware_bridge.modem.figures import ModemFigures, Vendor
from protocols.health import SimState

_BEGINNING = ("AT+CMEE=1", "AT+CEREG=0", "AT+COPS=3,0")
"""Errors with numbers; registration without the cell; networks by their names. None changes what the modem does."""

_UNANSWERED_MAX = 2
_TEMPERATURE_COMMANDS: dict[Vendor, tuple[str, ...]] = {
    "quectel": ("AT+QTEMP",),
    "simcom": ("AT+CPMUTEMP",),
    "telit": ("AT#TEMPSENS=2",),
    "u-blox": ("AT+UTEMP=0", "AT+UTEMP?"),
}


class Survey:
    """One modem's survey. What the modem does not know or refuses is unknown; one that falls silent, or talks and does
    not answer, is an error."""

    def __init__(self, dialogue: AtDialogue, *, answer_s: float = ANSWER_S) -> None:
        """Nothing is asked yet. Each answer may take `answer_s`, that of the network's name three times as long."""
        self._dialogue = dialogue
        self._answer_s = answer_s
        self._begun = False
        self._unanswered = 0
        self._vendor: Vendor | None = None

    async def figures(self) -> ModemFigures:
        """What the modem says now. Raises DeviceSilent, ReplyUnreadable, PortLost."""
        if not self._begun:
            await self._begin()
        quality = await self._lines("AT+CESQ")
        return ModemFigures(
            rssi_dbm=figures.rssi_dbm(await self._lines("AT+CSQ")),
            rsrp_dbm=figures.rsrp_dbm(quality),
            rsrq_db=figures.rsrq_db(quality),
            sinr_db=figures.quectel_sinr_db(await self._lines("AT+QCSQ")) if self._vendor == "quectel" else None,
            modem_registration=figures.registration(await self._lines("AT+CEREG?")),
            modem_operator=figures.operator(await self._lines("AT+COPS?", patience=3)),
            modem_temp_c=await self._temperature_c(),
            modem_version=figures.version(await self._lines("AT+CGMR")),
            sim_state=await self._sim_state(),
        )

    async def _begin(self) -> None:
        for command in _BEGINNING:
            await self._lines(command)
        self._vendor = figures.vendor(await self._lines("AT+CGMI"))
        self._begun = True

    async def _temperature_c(self) -> float | None:
        if self._vendor is None:
            return None
        said: list[str] = []
        for command in _TEMPERATURE_COMMANDS[self._vendor]:
            said = await self._lines(command)
        return figures.temperature_c(self._vendor, said)

    async def _sim_state(self) -> SimState | None:
        try:
            return figures.sim_state(await self._asked("AT+CPIN?"))
        except DeviceRefused as refused:
            return figures.sim_state_by_error(refused.code)

    async def _lines(self, command: str, *, patience: int = 1) -> list[str]:
        try:
            return await self._asked(command, patience=patience)
        except DeviceRefused:
            return []

    async def _asked(self, command: str, *, patience: int = 1) -> list[str]:
        """The answer; no lines where it is none. Raises DeviceRefused, and DeviceSilent or ReplyUnreadable the second
        time in a row."""
        try:
            lines = await self._dialogue.ask(command, limit_s=patience * self._answer_s)
        except DeviceRefused:
            self._unanswered = 0
            raise
        except (DeviceSilent, ReplyUnreadable):
            self._unanswered += 1
            if self._unanswered >= _UNANSWERED_MAX:
                raise
            return []
        self._unanswered = 0
        return lines
