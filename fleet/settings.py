"""The controller's settings: one TOML file, then environment variables, unknown keys refused.

Environment: `MUSTER_` and the key in capitals, sections joined by two underscores, as in
`MUSTER_DATABASE__DSN` or `MUSTER_API__PORT`. A list is written as in TOML: `MUSTER_API__NAMES='["fleet.example"]'`.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from fleet.client.files import read_small
from fleet.errors import SettingsInvalid
from protocols.api.welfare import EveryMin
from protocols.settings import UnitSettings
from protocols.wiring.policy import WiringPolicy

_PREFIX = "MUSTER_"
_OTHERS = ("MUSTER_CLIENT_", "MUSTER_AGENT_", "MUSTER_CONFIG", "MUSTER_TEST_")
"""Variables of the client and the agent, the one that names the file, and the test run's mark."""
Port = Annotated[int, Meta(ge=1, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
Years = Annotated[int, Meta(ge=1, le=100)]
StunUrl = Annotated[str, Meta(max_length=200, pattern=r"^stun:[^\s]+$")]
TurnUrl = Annotated[str, Meta(max_length=200, pattern=r"^turns?:[^\s]+$")]
MailDomain = Annotated[str, Meta(pattern=r"^[a-z0-9.-]{1,253}$(?!\n)")]
WebhookHost = Annotated[str, Meta(pattern=r"^[a-z0-9.-]{1,253}(:[0-9]{1,5})?$(?!\n)")]
LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts that are this machine."""
KindBeginning = Annotated[str, Meta(pattern=r"^[a-z.-]{1,40}$(?!\n)")]


class DatabaseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """PostgreSQL. `dsn` is a postgresql:// URL of a member of the role muster_controller; `owner_dsn` of the owner,
    needed by `fleet migrate` and `fleet init` only. A password belongs in a passfile or in the environment."""

    dsn: str
    owner_dsn: str | None = None
    max_connections: Annotated[int, Meta(ge=2, le=200)] = 10

    def __repr__(self) -> str:
        return "DatabaseSettings(…)"


class BrokerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The MQTT broker. `host`/`port` is the controllers' listener; `unit_host`/`unit_port` is what units are told.

    `shared_group` lets several controllers share the load on a broker where units can not join a shared subscription,
    such as EMQX with its access rules. Empty for Mosquitto as we ship it: there a shared subscription is an ordinary
    name that nothing is ever sent to, for controllers too, and several controllers each store what they hear, once.
    """

    host: str = "127.0.0.1"
    port: Port = 8884
    unit_host: str = "127.0.0.1"
    unit_port: Port = 8883
    mqtt: Literal["3.1.1", "5"] = "5"
    shared_group: Annotated[str, Meta(pattern=r"^[a-z0-9-]{0,40}$")] = ""


class ApiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The API and the joining door. `url` is how units and consoles reach it; `names` go into its certificate.

    `max_sign_ins_per_minute` counts for each address; each `fleet` command that asks the controller is one.
    """

    listen: str = "127.0.0.1"
    port: Port = 8443
    url: Annotated[str, Meta(pattern=r"^https://")] = "https://127.0.0.1:8443"
    names: list[str] = msgspec.field(default_factory=lambda: ["localhost", "127.0.0.1"])
    idle_minutes: Annotated[int, Meta(ge=1, le=480)] = 15
    max_sign_ins_per_minute: Positive = 120


class JoiningSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bounds on what may wait at the door. `requests_per_minute` counts for each address."""

    max_pending: Positive = 100
    requests_per_minute: Positive = 60
    poll_after_s: Annotated[float, Meta(gt=0, le=60)] = 3.0


class PresenceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a unit's word changes: `stale` after this many missed reports, `quiet` after this long."""

    stale_after_reports: Annotated[float, Meta(ge=1, le=100)] = 2.5
    grace_s: Annotated[float, Meta(ge=0, le=3600)] = 10.0
    quiet_after_s: Annotated[float, Meta(ge=1)] = 900.0


class RetentionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long things are kept. Days: health reports, and events that are acknowledged or only tell something. Years:
    free texts of log entries, and of those whose kind begins as `log_text_years_of` says, where the longest beginning
    decides; entries themselves stay."""

    health_days: Positive = 92
    event_days: Positive = 730
    log_text_years: Years = 7
    log_text_years_of: dict[KindBeginning, Years] = msgspec.field(default_factory=dict)


class MandateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may sign mandates, section `[mandates]`. `plain_keys_may_sign`: a key on disk signs field and retrieval
    mandates and releases too. For the demo only: units believe such signatures only where their own settings say the
    same."""

    plain_keys_may_sign: bool = False


class WelfareSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Welfare timers, section `[welfare]`: how often somebody who is out says that all is well, and how long after an
    answer is due supervisors are paged, minutes †."""

    every_min: EveryMin = 60
    grace_min: Annotated[int, Meta(ge=1, le=480)] = 10


class AlarmSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How pages of alarms leave, section `[alarms]`. Without `smtp_host` no mail does, and without `webhook_hosts`
    (`host`, or `host:port`) no webhook: what is not allowed here is refused.

    `smtp_mode` `insecure` is for a mail server on this machine only. `mail_domains` are the domains that pages may go
    to, empty: any. `heartbeat_url` is asked (POST) once a minute while alarming is alive, so that something outside
    can tell when it is not.
    """

    smtp_host: Annotated[str, Meta(max_length=253, pattern=r"^[A-Za-z0-9.:-]+$(?!\n)")] | None = None
    smtp_port: Port = 587
    smtp_mode: Literal["starttls", "ssl", "insecure"] = "starttls"
    smtp_user: str | None = None
    smtp_password_file: str | None = None
    mail_from: Annotated[str, Meta(max_length=200, pattern=r"^[^\s@<>]+@[^\s@<>]+$(?!\n)")] = "muster@localhost"
    mail_domains: Annotated[list[MailDomain], Meta(max_length=50)] = msgspec.field(default_factory=list)
    webhook_hosts: Annotated[list[WebhookHost], Meta(max_length=50)] = msgspec.field(default_factory=list)
    send_limit_s: Annotated[float, Meta(gt=0, le=60)] = 15.0
    heartbeat_url: Annotated[str, Meta(max_length=300, pattern=r"^https?://\S+$(?!\n)")] | None = None

    def __post_init__(self) -> None:
        if (self.smtp_user is None) != (self.smtp_password_file is None):
            raise ValueError("smtp_user and smtp_password_file belong together: give both or none")
        if self.smtp_mode == "insecure" and self.smtp_host not in (None, *LOOPBACK):
            raise ValueError("smtp_mode insecure is for a mail server on this machine: use starttls or ssl")

    def __repr__(self) -> str:
        return f"AlarmSettings({self.smtp_host}, …)"


class WitnessSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a witness is asked. `name` is its name in the policy, `url` its submission prefix, `ca_file` a PEM file:
    its own certificate, or the authority that signed it."""

    name: Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,64}$")]
    url: Annotated[str, Meta(max_length=300, pattern=r"^https://[^\s?#]+$")]
    ca_file: str


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The deployment log, section `[log]`. Which keys and how many witnesses count says the policy in the people list;
    here is where to reach them.

    `poll_ms` is how often new entries are looked for; `checkpoint_every_s` how old a checkpoint grows at the most when
    there are none. Each witness in `[[log.witnesses]]` has `witness_limit_s` to answer. With `timestamp_url` and
    `timestamp_ca_file` (PEM: the roots of an RFC 3161 authority, and certificates on the way to them that it does not
    send) a checkpoint is time-stamped every `timestamp_every_h` hours.
    """

    checkpoint_every_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    poll_ms: Annotated[int, Meta(ge=5, le=5000)] = 40
    witness_limit_s: Annotated[float, Meta(gt=0, le=60)] = 5.0
    witnesses: Annotated[list[WitnessSettings], Meta(max_length=15)] = msgspec.field(default_factory=list)
    timestamp_url: Annotated[str, Meta(max_length=300, pattern=r"^https?://\S+$")] | None = None
    timestamp_ca_file: str | None = None
    timestamp_every_h: Annotated[int, Meta(ge=1, le=8784)] = 24

    def __post_init__(self) -> None:
        if len({witness.name for witness in self.witnesses}) < len(self.witnesses):
            raise ValueError("two witnesses have the same name")
        if (self.timestamp_url is None) != (self.timestamp_ca_file is None):
            raise ValueError("timestamp_url and timestamp_ca_file belong together: give both or none")


class MediaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Pictures and sounds of checks, section `[media]`.

    `addresses` are the local addresses that units and browsers can reach (empty: all but loopback). `stun_urls` and
    `turn_urls` (`turn:host:3478?transport=udp`) are asked for ways around address translation; `turn_secret_file` holds
    coturn's `static-auth-secret`, of which each check gets credentials that live minutes.
    """

    addresses: Annotated[list[str], Meta(max_length=8)] = msgspec.field(default_factory=list)
    stun_urls: Annotated[list[StunUrl], Meta(max_length=2)] = msgspec.field(default_factory=list)
    turn_urls: Annotated[list[TurnUrl], Meta(max_length=4)] = msgspec.field(default_factory=list)
    turn_secret_file: str | None = None
    max_streams: Annotated[int, Meta(ge=1, le=200)] = 16

    def __post_init__(self) -> None:
        if bool(self.turn_urls) != (self.turn_secret_file is not None):
            raise ValueError("turn_urls and turn_secret_file belong together: give both or none")


class ReleaseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Releases, section `[releases]`: for how long at the most people's signatures hold, and for how long the
    controller's do; how many MiB all files for units may have together. All †."""

    root_days: Annotated[int, Meta(ge=1, le=3650)] = 365
    targets_days: Annotated[int, Meta(ge=1, le=730)] = 90
    snapshot_days: Annotated[int, Meta(ge=1, le=90)] = 7
    timestamp_hours: Annotated[int, Meta(ge=2, le=168)] = 24
    files_mib: Annotated[int, Meta(ge=256, le=1 << 20)] = 8192


class MetricsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Prometheus metrics, over plain HTTP on the loopback interface only; off unless `port` is set."""

    port: Port | None = None


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything a controller needs. `state_dir` holds its keys and certificates, section `[wiring]` the house's
    thresholds for vehicle wiring."""

    state_dir: str
    database: DatabaseSettings
    broker: BrokerSettings = BrokerSettings()
    api: ApiSettings = ApiSettings()
    joining: JoiningSettings = JoiningSettings()
    presence: PresenceSettings = PresenceSettings()
    retention: RetentionSettings = msgspec.field(default_factory=RetentionSettings)
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = msgspec.field(default_factory=LogSettings)
    mandates: MandateSettings = MandateSettings()
    media: MediaSettings = msgspec.field(default_factory=MediaSettings)
    welfare: WelfareSettings = WelfareSettings()
    wiring: WiringPolicy = WiringPolicy()
    releases: ReleaseSettings = ReleaseSettings()
    alarms: AlarmSettings = msgspec.field(default_factory=AlarmSettings)
    new_unit: UnitSettings = UnitSettings()
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def state_path(self) -> Path:
        """`state_dir` as a path."""
        return Path(self.state_dir)


def load_settings(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the TOML file at `path` and overlay the environment; raises SettingsInvalid with what to change."""
    try:
        tree: dict[str, Any] = tomllib.loads(read_small(path).decode("utf-8"))
    except OSError as error:
        raise SettingsInvalid(str(path), f"can not be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(str(path), f"is not TOML: {error}") from error
    for name, value in environment.items():
        if name.startswith(_PREFIX) and not name.startswith(_OTHERS):
            _overlay(tree, name, value)
    try:
        return msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(str(path), str(error)) from error


def _overlay(tree: dict[str, Any], name: str, value: str) -> None:
    *sections, key = name.removeprefix(_PREFIX).lower().split("__")
    for section in sections:
        inner = tree.setdefault(section, {})
        if not isinstance(inner, dict):
            raise SettingsInvalid(name, f"{section} is not a section")
        tree = inner
    tree[key] = _list(name, value) if value.startswith("[") else value


def _list(name: str, value: str) -> object:
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid(name, f'is no list, as ["a", "b"]: {error}') from error
