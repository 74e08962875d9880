"""The unit's serial devices as the rest of the agent uses them: readers, alarm inputs, guards of openings, tasks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from edge_agent.clock import Clock
from edge_agent.inputs.file_lines import line_sources
from edge_agent.inputs.line_source import LineSource
from edge_agent.inputs.mcu_line import McuLine
from edge_agent.inputs.settings import MCU_CHIP
from edge_agent.openings.guarded_opener import Guard
from edge_agent.readers import Reader
from edge_agent.serial.latest import LatestReader
from edge_agent.serial.mcu_link import McuLink, McuPort
from edge_agent.serial.modem_watch import EVERY_S, ModemWatch
from edge_agent.serial.receiver_watch import GNSS_FIGURES, LOOK_S, ReceiverWatch
from edge_agent.serial.sensor_power import SensorPower
from edge_agent.serial.vital_signs import VitalSigns
from edge_agent.settings import MODEM_MANAGER, AgentSettings
from edge_agent.watch import Happening
from firmware_bridge.mcu.figures import MCU_FIGURES
from firmware_bridge.modem.figures import MODEM_FIGURES

POLL_S = 1.0
LINES_POLL_S = 0.25
"""How often the microcontroller is asked where it watches lines."""

LOOKS_AT_LEAST_EVERY_S = 300
"""A unit that reports rarely has figures of its receiver all the same when it is asked for a report."""

_MCU_FRESH_S = 5.0


class SerialRoom:
    """What the settings name, and nothing else; `mcu` is None on a unit without a microcontroller."""

    def __init__(
        self,
        own: AgentSettings,
        clock: Clock,
        tell: Callable[[Happening], Awaitable[None]],
        report_every_s: Callable[[], int],
        vitals: VitalSigns,
    ) -> None:
        """Opens nothing yet. `tell` spools an event; `vitals` say whether the watchdog may be kicked."""
        self._own = own
        self._clock = clock
        self._power: SensorPower | None = None
        self.mcu: McuLink | None = None
        self._modem: ModemWatch | None = None
        self._receiver: ReceiverWatch | None = None
        if own.mcu is not None:
            has_lines = any(each.chip == MCU_CHIP for each in own.inputs)
            self.mcu = McuLink(
                McuPort(own.mcu, own.mcu_baud, own.mcu_raw),
                clock,
                tell,
                vitals,
                watchdog_s=own.mcu_watchdog_s,
                with_supply=own.mcu_supply,
                poll_s=LINES_POLL_S if has_lines else POLL_S,
                power_wanted=self._power_wanted if own.mcu_sensor_power else None,
            )
            if own.mcu_sensor_power:
                self._power = SensorPower(self.mcu, clock, settle_s=own.mcu_sensor_settle_s)
        if own.modem is not None and own.modem != MODEM_MANAGER:
            self._modem = ModemWatch(own.modem, own.modem_baud)
        if own.gnss_health and own.gnss_source is not None:
            self._receiver = ReceiverWatch(own.gnss_source, lambda: min(report_every_s(), LOOKS_AT_LEAST_EVERY_S))

    def readers(self) -> list[Reader]:
        """The readers of the figures that these devices give."""
        readers: list[Reader] = []
        if self.mcu is not None:
            names = MCU_FIGURES if self._own.mcu_supply else MCU_FIGURES - {"supply_mv"}
            # Its loss is an event of its own.
            readers.append(
                LatestReader("mcu", self.mcu.port.port, names, self.mcu.latest, fresh_s=_MCU_FRESH_S, faults_told=False)
            )
        if self._modem is not None:
            source = self._own.modem or ""
            readers.append(LatestReader("modem", source, MODEM_FIGURES, self._modem.latest, fresh_s=EVERY_S))
        if self._receiver is not None:
            readers.append(LatestReader("gnss", "receiver", GNSS_FIGURES, self._receiver.latest, fresh_s=LOOK_S))
        return readers

    def line_sources(self) -> list[LineSource]:
        """What watches the inputs of the settings: the microcontroller its own lines, the machine the others."""
        inputs, mcu = self._own.inputs, self.mcu
        others = [each for each in inputs if each.chip != MCU_CHIP or mcu is None]
        own = [] if mcu is None else [McuLine(each, mcu) for each in inputs if each.chip == MCU_CHIP]
        return [*line_sources(others, self._own.root, self._clock), *own]

    def guards(self) -> Sequence[Guard]:
        """What has to hold while something is open."""
        return [guard for guard in (self._receiver, self._power) if guard is not None]

    def start(self, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Everything that runs here; to be cancelled after `stop`."""
        running = {"microcontroller": self.mcu, "modem": self._modem, "receiver health": self._receiver}
        return [tasks.create_task(each.run(), name=name) for name, each in running.items() if each is not None]

    async def stop(self) -> None:
        """The agent stops in order."""
        if self.mcu is not None:
            await self.mcu.stop()

    def _power_wanted(self) -> bool:
        return self._power is not None and self._power.is_wanted()
