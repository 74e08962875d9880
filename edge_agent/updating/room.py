"""Updates as the rest of the agent uses them: the parts that the settings name, and the desk."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from edge_agent.clock import Clock
from edge_agent.errors import SettingsInvalid
from edge_agent.identity import IdentityInUse
from edge_agent.link.uplink import ResultState, UnitFacts
from edge_agent.readers.reading import Figure
from edge_agent.releases.place import DEFAULT_RELEASES, RELEASE_VARIABLE, ReleasePlace
from edge_agent.renewal.plan import KnownTime
from edge_agent.settings import AgentSettings
from edge_agent.unit_door import ReleaseDoor
from edge_agent.updating.agent_part import AgentPart
from edge_agent.updating.desk import Openings, UpdateDesk
from edge_agent.updating.parts import UpdatablePart
from edge_agent.updating.plan import File
from edge_agent.updating.released import Releases, Tell
from edge_agent.updating.state import ProgressFile
from edge_agent.updating.telling import Telling
from edge_agent.watch import Happening
from protocols.commands import UpdateUnit
from protocols.releases.manifest import PartName

_KEY_END = b"-----END PUBLIC KEY-----"
_MOST_KEYS_BYTES = 64 * 1024

Lent = Callable[[int], AbstractAsyncContextManager[None]]


class UpdateRoom:
    """What updates this unit, wired to the rest of the agent."""

    def __init__(
        self,
        own: AgentSettings,
        environ: Mapping[str, str],
        identities: IdentityInUse,
        door: ReleaseDoor,
        openings: Openings,
        clock: Clock,
        facts: UnitFacts,
        *,
        tell: Callable[[Happening], Awaitable[None]],
        known_time: Callable[[], KnownTime],
        figures: Callable[[], Mapping[str, Figure]],
        mcu_lent: Lent | None,
    ) -> None:
        """`tell` spools an event; `mcu_lent` frees the microcontroller's port, None where there is none. Raises
        SettingsInvalid for keys that can not be read."""
        self._reached = asyncio.Event()
        self._stop: asyncio.Event | None = None
        self._desk = UpdateDesk(
            ProgressFile(own.state_dir),
            _Released(own, door, identities, known_time),
            _parts(own, environ, facts, self._reached, mcu_lent),
            openings,
            Telling(tell, clock),
            identity=lambda: identities.now,
            model=facts.model,
            known_time=known_time,
            figures=figures,
            leave=self._leave,
            plain_keys_may_sign=own.plain_keys_may_sign,
        )

    async def begin(self, order: UpdateUnit) -> tuple[ResultState, str]:
        """See UpdateDesk."""
        return await self._desk.begin(order)

    def welcomed(self) -> None:
        """The controller has answered: a release on trial has reached it."""
        self._reached.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Carry out updates until cancelled; sets `stop` where the agent has to end for one."""
        self._stop = stop
        await self._desk.run()

    def _leave(self) -> None:
        if self._stop is not None:
            self._stop.set()


class _Released(Releases):
    """What is released, by TUF: a large library, loaded when there is an update."""

    def __init__(
        self, own: AgentSettings, door: ReleaseDoor, identities: IdentityInUse, known_time: Callable[[], KnownTime]
    ) -> None:
        self._state_dir = own.state_dir
        self._plain = own.plain_keys_may_sign
        self._door = door
        self._identities = identities
        self._known_time = known_time
        self._made: Releases | None = None

    async def refresh(self) -> None:
        """See Releases."""
        await (await self._loaded()).refresh()

    async def target(self, path: str) -> File:
        """See Releases."""
        return await (await self._loaded()).target(path)

    async def fetch(self, path: str, file: File, tell: Tell) -> Path:
        """See Releases."""
        return await (await self._loaded()).fetch(path, file, tell)

    async def settle(self, in_use: Sequence[str]) -> None:
        """See Releases."""
        await (await self._loaded()).settle(in_use)

    async def _loaded(self) -> Releases:
        if self._made is None:
            self._made = await asyncio.to_thread(self._make)
        return self._made

    def _make(self) -> Releases:
        from edge_agent.updating.fetching import Fetching  # noqa: PLC0415 - not before there is an update
        from edge_agent.updating.released import TrustedReleases  # noqa: PLC0415 - as above
        from edge_agent.updating.store import FileStore  # noqa: PLC0415 - as above
        from edge_agent.updating.trust import Trust  # noqa: PLC0415 - as above

        store = FileStore(self._state_dir)
        trust = Trust(self._state_dir, self._door, self._identities, self._known_time, plain_keys_may_sign=self._plain)
        return TrustedReleases(trust, Fetching(store, self._door, self._identities), store)


def _parts(
    own: AgentSettings, environ: Mapping[str, str], facts: UnitFacts, reached: asyncio.Event, mcu_lent: Lent | None
) -> dict[PartName, UpdatablePart]:
    """The parts that can be updated. The agent can where a launcher has started it."""
    parts: dict[PartName, UpdatablePart] = {}
    launched = environ.get(RELEASE_VARIABLE)
    if launched is not None:
        place = ReleasePlace(own.releases_dir or DEFAULT_RELEASES)
        parts["agent"] = AgentPart(
            place, launched=launched, version=facts.agent_version, boot_id=facts.boot_id, reached=reached
        )
    if own.mcu is not None and own.mcu_keys_file is not None and mcu_lent is not None:
        # SMP and pyserial are heavy, and most units have no microcontroller.
        from edge_agent.updating.lent_port import SharedPort  # noqa: PLC0415 - as above
        from edge_agent.updating.mcu_part import McuPart  # noqa: PLC0415 - as above

        shared = SharedPort(own.mcu, own.mcu_baud, mcu_lent)
        parts["mcu"] = McuPart(shared, read_keys(own.mcu_keys_file), framing="raw" if own.mcu_raw else "console")
    if own.modem_updater is not None and own.modem_update_port is not None:
        from edge_agent.updating.lent_port import OwnPort  # noqa: PLC0415 - as above
        from edge_agent.updating.modem_part import ModemPart  # noqa: PLC0415 - as above

        parts["modem"] = ModemPart(OwnPort(own.modem_update_port, own.modem_baud), own.modem_updater)
    return parts


def read_keys(file: Path) -> list[bytes]:
    """The PEMs of public keys in `file`, one after another; raises SettingsInvalid."""
    try:
        with file.open("rb") as stream:
            content = stream.read(_MOST_KEYS_BYTES)
    except OSError as error:
        raise SettingsInvalid("mcu_keys_file", f"{file} can not be read ({error.strerror})") from error
    keys = [piece.strip() + b"\n" + _KEY_END + b"\n" for piece in content.split(_KEY_END)[:-1]]
    if not keys:
        raise SettingsInvalid("mcu_keys_file", f"{file} holds no public key in PEM; put the bootloader's there")
    return keys
