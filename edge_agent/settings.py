"""The agent's own settings: one TOML file, then the environment, unknown keys refused.

These belong to the machine. What people set for a unit from the controller is `protocols.settings.UnitSettings`.
Each key can be given as MUSTER_AGENT_<KEY> too, which wins. MUSTER_AGENT_CONFIG names the file, MUSTER_AGENT_VOUCHER
may carry a voucher; neither is a setting.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from edge_agent.errors import SettingsInvalid
from edge_agent.inputs.settings import MCU_CHIP, InputSettings, InterfaceName, MacAddress, objection
from edge_agent.media.errors import SourceNameInvalid
from edge_agent.media.messages import Modality
from edge_agent.media.source_names import MODALITIES, source_named
from edge_agent.position.messages import Source as PositionSource
from protocols.releases.manifest import UpdaterName
from protocols.settings import UnitSettings

DEFAULT_FILE = Path("/etc/muster/edge-agent.toml")
PREFIX = "MUSTER_AGENT_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
VOUCHER_VARIABLE = PREFIX + "VOUCHER"
_NOT_SETTINGS = frozenset({CONFIG_VARIABLE, VOUCHER_VARIABLE})

MODEM_MANAGER = "mmcli"
LEAST_WATCHDOG_S = 10
PortName = Annotated[str, Meta(pattern=r"^[\x21-\x7e][\x20-\x7e]{0,254}$(?!\n)")]
Baud = Annotated[int, Meta(ge=300, le=4_000_000)]


class AgentSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings of the program.

    state_dir: where key, identity and spool are kept.
    root: where `/sys` and `/proc` are looked for; anything but `/` is a simulated host.
    voucher_file: read by `join` and `run` while the unit has no identity.
    ack_timeout_s: seconds until a report that the controller has not acknowledged is sent again.
    controller_url: where to renew, in place of the address the unit was told; who answers there has to prove itself.
    key_module, key_token, key_pin_file: keep the unit's keys in a PKCS#11 token: the module's path, the token's label,
        the file with its PIN. None of them: in files in state_dir.
    key_kind: what the token is, as shown to people: `tpm` for a TPM's module, else `pkcs11`.
    spool_max_mb, spool_max_days: never keep more than this, whatever the controller asks for.
    video_source, audio_source: camera and microphone, as `edge_agent.media.source_names` names them; none is none.
    gnss_source: the receiver of positions, `serial:`, `fifo:` or `unix:` and an absolute path.
    inputs: the lines that the unit watches, in the file only; see `edge_agent.inputs.settings`.
    workshop_interface, workshop_gateway_mac: where the unit stands in its workshop, and bench mandates are obeyed.
    plain_keys_may_sign: obey mandates and releases that were signed with keys on disk. For the demo and benches only.
    media_loopback: send media over 127.0.0.1 only, to a controller on the same machine.
    releases_dir: where `edge-agent-launch` finds the agent's releases; without it, /opt/muster/releases.
    mcu_keys_file: the public keys of the microcontroller's bootloader, PEM; without them it takes no updates.
    modem_updater, modem_update_port: the plug-in that updates the modem, and the port it does that on.
    mcu, mcu_baud, mcu_raw: the port of the unit's microcontroller, as `firmware-bridge scan` lists it, its speed, and
        whether its SMP goes raw.
    mcu_supply: the supply's voltage is what the microcontroller measures, and nobody else's.
    mcu_watchdog_s: have the microcontroller restart the unit when the agent has not worked for so long; 0 never.
    mcu_sensor_power, mcu_sensor_settle_s: the microcontroller switches the power of camera and microphone, and how long
        they then take until they can be opened.
    modem, modem_baud: the modem's AT port and its speed, or `mmcli` for one that ModemManager keeps.
    gnss_health: look at the receiver of `gnss_source` for its health, never its place.
    """

    state_dir: Path = Path("/var/lib/muster-agent")
    root: Path = Path("/")
    voucher_file: Path | None = None
    ack_timeout_s: Annotated[float, Meta(ge=1, le=600)] = 20.0
    controller_url: Annotated[str, Meta(pattern=r"^https://[^/]", max_length=200)] | None = None
    key_module: Path | None = None
    key_token: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    key_pin_file: Path | None = None
    key_kind: Literal["pkcs11", "tpm"] = "pkcs11"
    spool_max_mb: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    spool_max_days: Annotated[int, Meta(ge=1, le=365)] | None = None
    video_source: Annotated[str, Meta(max_length=1024)] = ""
    audio_source: Annotated[str, Meta(max_length=1024)] = ""
    gnss_source: PositionSource | None = None
    inputs: list[InputSettings] = []
    workshop_interface: InterfaceName | None = None
    workshop_gateway_mac: MacAddress | None = None
    plain_keys_may_sign: bool = False
    media_loopback: bool = False
    releases_dir: Path | None = None
    mcu_keys_file: Path | None = None
    modem_updater: UpdaterName | None = None
    modem_update_port: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    mcu: PortName | None = None
    mcu_baud: Baud = 115_200
    mcu_raw: bool = False
    mcu_supply: bool = False
    mcu_watchdog_s: Annotated[int, Meta(ge=0, le=3600)] = 0
    mcu_sensor_power: bool = False
    mcu_sensor_settle_s: Annotated[float, Meta(ge=0, le=30)] = 0.0
    modem: PortName | None = None
    modem_baud: Baud = 115_200
    gnss_health: bool = False

    def __repr__(self) -> str:
        """Without the sources, which may hold passwords."""
        return f"AgentSettings(state_dir={str(self.state_dir)!r})"


def load(environ: Mapping[str, str], file: Path | None = None) -> AgentSettings:
    """Settings from `file`, else from the file MUSTER_AGENT_CONFIG names, else from /etc if it is there; then the
    environment. Raises SettingsInvalid, also when a named file is missing."""
    named = file or (Path(environ[CONFIG_VARIABLE]) if CONFIG_VARIABLE in environ else None)
    values = _read_file(named or DEFAULT_FILE, must_exist=named is not None)
    from_environ = _from_environ(environ)
    origin = str(named or DEFAULT_FILE) if not from_environ else f"{named or DEFAULT_FILE} and {PREFIX}… variables"
    try:
        own = msgspec.convert({**values, **from_environ}, AgentSettings, strict=False, dec_hook=_to_path)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(origin, f"{error}; known keys: {', '.join(_keys())}") from error
    _check_devices(own, origin)
    return own


def capped(wanted: UnitSettings, own: AgentSettings) -> UnitSettings:
    """The unit's settings with the machine's own limits on the spool."""
    return msgspec.structs.replace(
        wanted,
        spool_max_mb=min(wanted.spool_max_mb, own.spool_max_mb or wanted.spool_max_mb),
        spool_max_days=min(wanted.spool_max_days, own.spool_max_days or wanted.spool_max_days),
    )


def _check_devices(own: AgentSettings, origin: str) -> None:
    why_not = objection(own.inputs) or _serial_objection(own)
    if why_not is not None:
        raise SettingsInvalid(origin, why_not)
    wanted: dict[Modality, str] = {"video": own.video_source, "audio": own.audio_source}
    for modality, text in wanted.items():
        try:
            covers = MODALITIES[source_named(text).scheme] if text else {modality}
        except SourceNameInvalid as error:
            raise SettingsInvalid(origin, f"{modality}_source: {error}") from error
        if modality not in covers:
            raise SettingsInvalid(origin, f"{modality}_source names a device that has no {modality}; name another")


def _serial_objection(own: AgentSettings) -> str | None:
    """Why the settings of serial devices do not go together, with what to do; None when they do."""
    wanting = {
        "mcu_supply": own.mcu_supply,
        "mcu_sensor_power": own.mcu_sensor_power,
        "mcu_watchdog_s": own.mcu_watchdog_s,
        "an input with chip = 'mcu'": any(each.chip == MCU_CHIP for each in own.inputs),
    }
    unmet = next((name for name, wants in wanting.items() if wants), None)
    if own.mcu is None and unmet is not None:
        return f"{unmet} needs a microcontroller; say with mcu on which port it is"
    if 0 < own.mcu_watchdog_s < LEAST_WATCHDOG_S:
        return f"mcu_watchdog_s is {LEAST_WATCHDOG_S} at the least, or 0 for no watchdog"
    if own.gnss_health and own.gnss_source is None:
        return "gnss_health needs a receiver; name it with gnss_source"
    return None


def _to_path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str) and value:
        return Path(value)
    raise TypeError("expected a path")


def _keys() -> tuple[str, ...]:
    return AgentSettings.__struct_fields__


def _read_file(file: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError as error:
        if must_exist:
            raise SettingsInvalid(str(file), "there is no such settings file") from error
        return {}
    except OSError as error:
        raise SettingsInvalid(str(file), f"can not be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(str(file), f"is not TOML ({error})") from error


def _from_environ(environ: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or variable in _NOT_SETTINGS:
            continue
        key = variable.removeprefix(PREFIX).lower()
        if key not in _keys():
            known = ", ".join(PREFIX + name.upper() for name in _keys())
            raise SettingsInvalid(variable, f"is not a setting; known are {known}")
        found[key] = value
    return found
