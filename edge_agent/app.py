"""Wires the unit's program together: sampler → spool → link, orders back, and the desk that opens under mandates."""

import asyncio
import os
import signal
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import structlog

from edge_agent.access_record.keeper import AccessKeeper
from edge_agent.access_record.recording import AccessRecording, keeper_or_why_not, tip_of
from edge_agent.clock import Clock, SystemClock
from edge_agent.durable import held
from edge_agent.errors import NotJoined, StateUnusable, VoucherMissing
from edge_agent.identity import Identity, IdentityInUse, IdentityStore, controller_keys
from edge_agent.inputs.watching import Inputs
from edge_agent.inputs.workshop import WorkshopLink
from edge_agent.keys.keystore import KeyStore
from edge_agent.keys.opening import open_keystore
from edge_agent.link.link import Link
from edge_agent.link.proving import Proving
from edge_agent.link.session import Session
from edge_agent.link.uplink import ResultState, UnitFacts, Uplink
from edge_agent.openings.desk import Desk
from edge_agent.openings.devices import Devices
from edge_agent.openings.door import Door
from edge_agent.openings.facts_source import FactsSource
from edge_agent.openings.ledger_file import LedgerFile
from edge_agent.openings.recorder import Recorder
from edge_agent.openings.saying import Saying
from edge_agent.openings.sources import sources_of
from edge_agent.openings.verdicts import Bench
from edge_agent.orders import Orders
from edge_agent.people_keeping import PeopleKeeping
from edge_agent.readers import MachineFacts, Reader, default_readers, read_machine
from edge_agent.readers.source_tree import SourceTree
from edge_agent.renewal.known_time import TimeSource
from edge_agent.renewal.renewal import Renewal
from edge_agent.renewal.requests import ProgramFacts, Requests
from edge_agent.reporting import Clockwork, Reporter
from edge_agent.sampler import Sampler
from edge_agent.serial.room import SerialRoom
from edge_agent.serial.vital_signs import Sign, VitalSigns
from edge_agent.settings import MODEM_MANAGER, AgentSettings, capped
from edge_agent.spool.bounds import limits_of
from edge_agent.spool.spool import Spool, open_spool
from edge_agent.tls import OwnTls
from edge_agent.unit_door import HttpsDoor
from edge_agent.updating.room import UpdateRoom
from edge_agent.watch import Happening
from protocols.commands import UpdateUnit
from protocols.downlink import Welcome
from protocols.settings import UnitSettings
from protocols.text import one_line

STANDSTILL_REPORTS = 3
STANDSTILL_S = 300.0
"""The watchdog is kicked until reports or link have stood still for so many reports' time and so long."""

_log = structlog.get_logger(__name__)


def agent_version() -> str:
    """The version of the installed program."""
    return version("muster")


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def run_agent(own: AgentSettings, voucher_text: str | None, stop: asyncio.Event) -> None:
    """Join if the unit has not and there is a voucher, then report until `stop`.

    Raises AlreadyRunning, NotJoined, JoinError, StateUnusable, SpoolError.
    """
    with held(own.state_dir):
        machine = await asyncio.to_thread(read_machine, own.root)
        identities = IdentityStore(own.state_dir)
        if not identities.joined():
            try:
                identity = await join(own, machine, voucher_text, stop, _log_fingerprint)
            except VoucherMissing as error:
                raise NotJoined(own.state_dir) from error
            if identity is None:
                return
        await _report_until(stop, own, identities, machine)


async def run_join(
    own: AgentSettings, voucher_text: str | None, stop: asyncio.Event, show: Callable[[str], None], *, again: bool
) -> Identity | None:
    """Join and return the identity, None when `stop` came first; `show` gets the key's fingerprint.

    A unit that has joined stays as it is, unless it is to join `again`, under the same key. Raises AlreadyRunning,
    JoinError, StateUnusable.
    """
    with held(own.state_dir):
        identities = IdentityStore(own.state_dir)
        if identities.joined() and not again:
            return identities.load()
        machine = await asyncio.to_thread(read_machine, own.root)
        return await join(own, machine, voucher_text, stop, show)


async def join(
    own: AgentSettings,
    machine: MachineFacts,
    voucher_text: str | None,
    stop: asyncio.Event,
    show: Callable[[str], None],
) -> Identity | None:
    """As `run_join`, for whoever holds the state directory already."""
    # Joining loads an HTTP client and an X.509 library, which a small machine should not pay for at each start.
    from edge_agent.joining.join import Joining  # noqa: PLC0415 - reporting does not need it

    keystore = open_keystore(own)
    joining = Joining(own.state_dir, keystore, SystemClock(), one_line(machine.model, 80), agent_version())
    begun = joining.begin(voucher_text)
    show(joining.own_fingerprint(begun))
    finishing = asyncio.create_task(joining.finish(begun), name="joining")
    stopping = asyncio.create_task(stop.wait(), name="joining stop")
    try:
        await asyncio.wait({finishing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        finishing.cancel()
        await asyncio.wait({finishing, stopping})
    if finishing.cancelled():
        return None
    identity = finishing.result()
    _log.info("joined", unit=identity.unit_id, broker=identity.broker.host)
    return identity


def _log_fingerprint(fingerprint: str) -> None:
    _log.info("joining; compare this key's fingerprint before accepting it", fingerprint=fingerprint)


async def _report_until(
    stop: asyncio.Event, own: AgentSettings, identities: IdentityStore, machine: MachineFacts
) -> None:
    settings = _Settings(own, identities)
    clockwork = Clockwork(SystemClock())
    spool = await open_spool(own.state_dir, limits_of(settings.in_force), clockwork.now)
    keeper = await keeper_or_why_not(own.state_dir, clockwork.clock, machine.boot_id)
    try:
        agent = _Agent(own, identities, machine, settings, spool, keeper, clockwork)
        await agent.run(stop)
    finally:
        if isinstance(keeper, AccessKeeper):
            await keeper.close()
        await spool.close()


class _Settings:
    """The unit's settings: what the controller wants, kept on the disk, within what the machine allows."""

    def __init__(self, own: AgentSettings, identities: IdentityStore) -> None:
        self._own = own
        self._identities = identities
        self.wanted = identities.load_settings()

    @property
    def in_force(self) -> UnitSettings:
        return capped(self.wanted, self._own)

    def keep(self, wanted: UnitSettings) -> None:
        self._identities.save_settings(wanted)
        self.wanted = wanted


class _OpeningRoom:
    """What opens, and what watches lines: wired to the rest of the agent by `desk` alone."""

    def __init__(
        self,
        own: AgentSettings,
        identity: IdentityInUse,
        keystore: KeyStore,
        keeper: AccessKeeper | StateUnusable,
        clock: Clock,
        boot_id: str,
        uplink: Uplink,
        reporter: Reporter,
        serial: SerialRoom,
    ) -> None:
        self._inputs = Inputs(own.inputs, serial.line_sources(), reporter.event, clock)
        self._workshop = WorkshopLink(SourceTree(own.root), own.workshop_interface, own.workshop_gateway_mac)
        self._devices = Devices(sources_of(own), clock, serial.guards())
        self._saying = Saying(lambda: identity.now, keystore, uplink.signal)
        facts = FactsSource(
            lambda: identity.now,
            boot_id,
            clock,
            self._bench,
            self._devices.sources.modalities,
            plain_keys_may_sign=own.plain_keys_may_sign,
        )
        recorder = Recorder(keeper, LedgerFile(own.state_dir), clock, boot_id)
        self.desk = Desk(facts, recorder, self._devices.opener, self._saying, clock)
        self._door = Door(own.state_dir, self.desk, facts, self._saying)

    def start(self, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Everything that runs here; to be cancelled after `stop`."""
        return [
            tasks.create_task(self._inputs.run(), name="inputs"),
            tasks.create_task(self._devices.run(), name="capture supervisors"),
            tasks.create_task(self._saying.run(), name="signals"),
            tasks.create_task(self.desk.run(), name="openings"),
            tasks.create_task(self._door.run(), name="door for commands"),
        ]

    async def stop(self) -> None:
        """Close what is open, and say so."""
        await self.desk.stop()
        await self._saying.said()

    def _bench(self) -> Bench:
        return Bench(lid_open=self._inputs.lid_open() is True, in_workshop=self._workshop.present())


class _Agent:
    def __init__(
        self,
        own: AgentSettings,
        identities: IdentityStore,
        machine: MachineFacts,
        settings: _Settings,
        spool: Spool,
        keeper: AccessKeeper | StateUnusable,
        clockwork: Clockwork,
    ) -> None:
        in_use = IdentityInUse(identities)
        identity = in_use.now
        clock = clockwork.clock
        self._settings = settings
        self._spool = spool
        self._facts = UnitFacts(machine.boot_id, agent_version(), one_line(machine.model, 80))
        session = Session(identity.unit_id, controller_keys(identity), clock.mono_ms())
        uplink = Uplink(
            identity.unit_id,
            session,
            spool,
            clock,
            self._facts,
            lambda: settings.wanted.version,
            round(own.ack_timeout_s * 1000),
        )
        self._link_news = 0
        self._serial = SerialRoom(own, clock, self._event, self._report_every_s, self._vital_signs(uplink))
        self._sampler = Sampler([*_machine_readers(own), *self._serial.readers()])
        tip = partial(tip_of, keeper)
        self._reporter = Reporter(self._sampler, spool, uplink.offer, clockwork, self._report_every_s, tip)
        keystore = open_keystore(own)
        self._room = _OpeningRoom(
            own, in_use, keystore, keeper, clock, machine.boot_id, uplink, self._reporter, self._serial
        )
        self._recording = AccessRecording(keeper, spool, clock, uplink.offer, self._reporter.event)
        self._orders = Orders(
            spool,
            clock,
            uplink.tell,
            self._reporter.report,
            lambda: settings.wanted,
            self._apply_settings,
            self._recording.send_again,
            self._room.desk.cancel_mandate,
            self._update_unit,
        )
        tls = OwnTls(identities, keystore)
        tls.context(identity)  # a key that is missing or another's is said at once, and ends the program
        door = HttpsDoor(tls, own.controller_url)
        self._people = PeopleKeeping(in_use, door, self._reporter.event)
        known_time = TimeSource(session, clockwork).known_time
        self._updates = UpdateRoom(
            own,
            os.environ,
            in_use,
            door,
            self._room.desk,
            clock,
            self._facts,
            tell=self._reporter.event,
            known_time=known_time,
            figures=lambda: self._reporter.figures,
            mcu_lent=None if self._serial.mcu is None else self._serial.mcu.lent,
        )
        self._renewal = Renewal(
            in_use,
            keystore,
            Requests(own.state_dir, keystore, ProgramFacts(self._facts.model, self._facts.agent_version)),
            door,
            clock,
            known_time,
            self._reporter.event,
            self._reconnect,
        )
        self._link = Link(
            in_use,
            tls,
            session,
            uplink,
            spool,
            clock,
            self._orders.take,
            self._room.desk.heed,
            lambda shown: Proving(shown, keystore, spool, self._facts.boot_id, tip),
            self,
        )

    def _reconnect(self) -> None:
        self._link.reconnect()

    def welcomed(self, identity: Identity, welcome: Welcome) -> None:
        """See LinkNews."""
        self._link_news += 1
        self._renewal.welcomed(identity)
        self._people.named(welcome.people_version)
        self._updates.welcomed()

    def broke(self) -> None:
        """See LinkNews."""
        self._link_news += 1
        self._renewal.link_broke()

    def _report_every_s(self) -> int:
        return self._settings.in_force.report_every_s

    async def _event(self, happening: Happening) -> None:
        await self._reporter.event(happening)

    def _vital_signs(self, uplink: Uplink) -> VitalSigns:
        """What has to go on so that the unit's watchdog is kicked: reports, and the work of the link, whether there is
        a connection or not."""

        def patience_s() -> float:
            return STANDSTILL_REPORTS * self._report_every_s() + STANDSTILL_S

        return VitalSigns(
            {
                "reports": Sign(lambda: self._sampler.samples, patience_s),
                "link": Sign(lambda: (uplink.turns, self._link_news), patience_s),
            }
        )

    async def run(self, stop: asyncio.Event) -> None:
        facts = self._facts
        started = f"agent {facts.agent_version} started on boot {facts.boot_id or 'unknown'}"
        await self._reporter.event(Happening("agent-started", "info", started))
        await self._recording.begin()
        async with asyncio.TaskGroup() as tasks:
            working = [
                tasks.create_task(self._recording.run(), name="access records"),
                tasks.create_task(self._reporter.run(), name="reports"),
                tasks.create_task(self._orders.run(), name="orders"),
                tasks.create_task(self._renewal.run(), name="renewal"),
                tasks.create_task(self._people.run(), name="people list"),
                tasks.create_task(self._updates.run(stop), name="updates"),
                *self._serial.start(tasks),
                *self._room.start(tasks),
            ]
            leave = asyncio.Event()
            linking = tasks.create_task(self._link.run(leave), name="link")
            await stop.wait()
            await self._room.stop()  # while what is closed by it can still be said
            leave.set()
            await linking
            await self._serial.stop()
            for task in working:
                task.cancel()
        _log.info("agent stopped")

    async def _update_unit(self, order: UpdateUnit) -> tuple[ResultState, str]:
        return await self._updates.begin(order)

    async def _apply_settings(self, wanted: UnitSettings) -> None:
        await asyncio.to_thread(self._settings.keep, wanted)
        self._spool.hold(limits_of(self._settings.in_force))
        self._reporter.change_pace()
        await self._reporter.event(Happening("settings-applied", "info", f"settings version {wanted.version} applied"))


def _machine_readers(own: AgentSettings) -> tuple[Reader, ...]:
    """A simulated host tells of a modem where its kit has one."""
    return default_readers(
        own.root,
        storage_path=_watched_storage(own),
        supply_by_mcu=own.mcu_supply,
        modem_manager=own.modem == MODEM_MANAGER or (own.modem is None and own.root != Path("/")),
    )


def _watched_storage(own: AgentSettings) -> str:
    """The file system that a full spool would fill; a simulated host has its own idea of storage."""
    return str(own.state_dir.absolute()) if own.root == Path("/") else "/"
