"""Where a demo keeps its things, and the settings files it writes for its programs."""

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from fleet.demo.errors import PlaceInUse, PlaceUnusable, PortTaken
from protocols.people import Role

PEOPLE: dict[str, Role] = {
    "AD-01": "administrator",
    "AD-02": "administrator",
    "TO-07": "engineer",
    "TO-12": "engineer",
    "TO-15": "engineer",
    "TO-21": "engineer",
    "SU-02": "supervisor",
    "SU-05": "supervisor",
    "AP-04": "approver",
    "IN-03": "inspector",
}
"""The demo's people, one of each role at least: the two administrators sign people lists, and a rota needs several."""

REPORT_EVERY_S = 2

WEBHOOK_HOST = "127.0.0.1:8099"
"""Where somebody may listen to be paged."""

WITNESS_NAME = "witness.demo/local"
"""In the log policy, and in the settings that say where it is asked."""


class Ports(msgspec.Struct, frozen=True):
    """Loopback ports, kept with the data because units remember where their broker is."""

    api: int
    broker: int
    witness: int


class Place:
    """The demo's directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.logs = self.directory / "logs"
        self.keys = self.directory / "keys"
        self.controller = self.directory / "controller"
        self.hosts = self.directory / "hosts"
        self.units = self.directory / "units"
        self.postgres = self.directory / "postgres"
        self.witness = self.directory / "witness"
        self.fleet_toml = self.directory / "fleet.toml"
        self._ports = self.directory / "ports.json"
        self._begun = self.directory / "demo.begun"
        self._lock = self.directory / "demo.lock"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other demos out; raises PlaceInUse, PlaceUnusable. The kernel lets go when this process dies."""
        try:
            self.directory.mkdir(mode=0o711, parents=True, exist_ok=True)
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise PlaceUnusable(self.directory, error.strerror or str(error)) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise PlaceInUse(self.directory) from error
            yield
        finally:
            os.close(descriptor)

    @property
    def founded(self) -> bool:
        """Whether an earlier demo has left its data here."""
        return self._ports.exists()

    def reset(self) -> None:
        """Delete everything an earlier demo left here, and nothing else; only while it is `held`."""
        if self._begun.exists() or self.founded:
            for folder in self._folders():
                shutil.rmtree(folder, ignore_errors=True)
            for file in (self.fleet_toml, self._ports, self._begun):
                file.unlink(missing_ok=True)

    def prepare(self) -> Ports:
        """Make the folders; returns the ports to use. Raises PlaceUnusable, PortTaken when kept ones are in use.

        What a demo left that was killed before its fleet was founded is deleted.
        """
        if not self.founded:
            self.reset()
        try:
            self._make_folders()
            if not self.founded:
                return Ports(*_free_ports())
            ports = msgspec.json.decode(self._ports.read_bytes(), type=Ports)
        except OSError as error:
            raise PlaceUnusable(self.directory, error.strerror or str(error)) from error
        except msgspec.DecodeError as error:
            raise PlaceUnusable(self.directory, f"{self._ports.name} is damaged, or of an earlier version") from error
        for port in (ports.api, ports.broker, ports.witness):
            _check_free(port)
        return ports

    def _folders(self) -> list[Path]:
        return [self.logs, self.keys, self.controller, self.hosts, self.units, self.postgres, self.witness]

    def _make_folders(self) -> None:
        # PostgreSQL runs as another user when root asks: it may walk through, keys have folders of their own.
        self.directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._begun.touch()
        for folder in (self.logs, self.keys, self.controller, self.units, self.postgres):
            folder.mkdir(mode=0o700, exist_ok=True)

    def keep(self, ports: Ports) -> None:
        """Remember the ports: from now on the data here is worth keeping."""
        self._ports.write_bytes(msgspec.json.encode(ports))

    def write_controller(self, ports: Ports, dsn: str) -> None:
        """The controller's settings."""
        self.fleet_toml.write_text(
            _toml(
                {
                    "": {"state_dir": str(self.controller)},
                    "database": {"dsn": dsn},
                    "api": {"port": ports.api, "url": f"https://127.0.0.1:{ports.api}"},
                    "broker": {"port": ports.broker, "unit_port": ports.broker, "mqtt": "3.1.1", "shared_group": ""},
                    "joining": {"max_pending": 1000, "requests_per_minute": 100_000, "poll_after_s": 0.5},
                    "presence": {"grace_s": 4.0, "quiet_after_s": 30.0},
                    "new_unit": {"report_every_s": REPORT_EVERY_S},
                    "mandates": {"plain_keys_may_sign": True},
                    "media": {"addresses": ["127.0.0.1"]},
                    "alarms": {"webhook_hosts": [WEBHOOK_HOST]},
                    "[log.witnesses]": {
                        "name": WITNESS_NAME,
                        "url": f"https://127.0.0.1:{ports.witness}",
                        "ca_file": str(self.witness / "tls.crt"),
                    },
                }
            )
        )

    def client_toml(self, person_id: str) -> Path:
        """The settings file with which a person signs in."""
        return self.keys / f"{person_id}.toml"

    def key_file(self, person_id: str) -> Path:
        """A person's private SSH key."""
        return self.keys / person_id

    def write_client(self, person_id: str, ports: Ports, people_anchor: str) -> None:
        """A person's settings; `people_anchor` as the founding of the fleet returned it."""
        self.client_toml(person_id).write_text(
            _toml(
                {
                    "": {
                        "url": f"https://127.0.0.1:{ports.api}",
                        "ca_file": str(self.controller / "ca" / "root.crt"),
                        "person": person_id,
                        "key_file": str(self.key_file(person_id)),
                        "people_anchor": people_anchor,
                    }
                }
            )
        )

    def unit(self, name: str) -> Path:
        """A unit's folder."""
        return self.units / name

    def write_unit(self, name: str, root: Path, devices: Mapping[str, object]) -> Path:
        """A unit's settings; `root` is its machine, `/` for this one, `devices` what to say of its devices."""
        folder = self.unit(name)
        folder.mkdir(mode=0o700, exist_ok=True)
        toml = folder / "edge-agent.toml"
        toml.write_text(
            _toml(
                {
                    "": {
                        "state_dir": str(folder / "state"),
                        "root": str(root),
                        "voucher_file": str(folder / "voucher"),
                        "ack_timeout_s": 5.0,
                        **devices,
                    }
                }
            )
        )
        return toml


def short_socket_dir() -> Path:
    """A fresh folder for PostgreSQL's socket, whose path may have 107 bytes at most."""
    return Path(tempfile.mkdtemp(prefix="muster-"))


def _toml(sections: dict[str, dict[str, object]]) -> str:
    lines: list[str] = []
    for section, values in sections.items():
        if section:
            lines.append(f"[{section}]")
        lines += [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _free_ports() -> tuple[int, int, int]:
    with socket.socket() as one, socket.socket() as two, socket.socket() as three:
        for probe in (one, two, three):
            probe.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1], three.getsockname()[1]


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTaken(port) from error
