"""What is in docker/, held to everything that can be held without a container engine."""

import asyncio
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import asyncssh
import pytest
import yaml

from fleet.demo.postgres import PostgresServer, programs
from fleet.settings import load_settings
from protocols.topics import CONTROLLER_NAME, DOWN_CHANNELS, MOUNT_POINT, UP_CHANNELS
from tests.support.mosquitto import MosquittoBroker
from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.tls import ClientFiles, Pki
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
DOCKERFILES = sorted(DOCKER.glob("*/Dockerfile"))
UNIT_FILE = DOCKER / "agent" / "muster-agent.service"
LIMIT_S = 60.0


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    return loaded


def name_of(path: Path) -> str:
    return str(path.relative_to(DOCKER))


def instructions(dockerfile: Path) -> list[list[str]]:
    joined = dockerfile.read_text().replace("\\\n", " ")
    return [shlex.split(line) for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def allowed_by_ignore_file(dockerfile: Path, source: str) -> bool:
    lines = Path(f"{dockerfile}.dockerignore").read_text().split()
    return lines[0] == "*" and f"!{source}" in lines


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=name_of)
def test_everything_copied_from_here_is_here_and_reaches_the_build(dockerfile: Path) -> None:
    copied = [words for words in instructions(dockerfile) if words[0] == "COPY"]
    assert copied
    for words in copied:
        arguments = [word for word in words[1:] if not word.startswith("--")]
        if any(word.startswith("--from=") for word in words):
            continue
        for source in arguments[:-1]:
            assert (ROOT / source).exists(), source
            assert allowed_by_ignore_file(dockerfile, source), source


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=name_of)
def test_images_run_as_a_user_without_rights(dockerfile: Path) -> None:
    users = [words[1] for words in instructions(dockerfile) if words[0] == "USER"]
    assert users == ["10001:10001"]


def test_images_take_the_locked_dependencies_and_the_uv_of_the_repository() -> None:
    pinned = re.search(r"^uv==([0-9.]+)", (ROOT / "scripts" / "uv.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    for name, extra in (("controller", "controller"), ("agent", "agent")):
        lines = instructions(DOCKER / name / "Dockerfile")
        assert next(words[1] for words in lines if words[0] == "FROM") == f"ghcr.io/astral-sh/uv:{pinned[1]}"
        syncs = [words for words in lines if words[:3] == ["RUN", "uv", "sync"]]
        assert len(syncs) == 2
        for words in syncs:
            assert {"--frozen", "--no-dev"} <= set(words)
            assert [words[at + 1] for at, word in enumerate(words) if word == "--extra"] == [extra]


def test_docker_is_no_python_package() -> None:
    assert not list(DOCKER.rglob("__init__.py"))


def test_only_the_units_door_the_api_and_coturn_are_published(compose: dict[str, Any]) -> None:
    published = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert {name: ports for name, ports in published.items() if ports} == {
        "mosquitto": ["8883:8883"],
        "controller": ["8443:8443"],
        "coturn": ["3478:3478/udp", "49160-49400:49160-49400/udp"],
    }


def test_the_controllers_door_and_the_database_have_no_way_out(compose: dict[str, Any]) -> None:
    services, networks = compose["services"], compose["networks"]
    assert {name for name, network in networks.items() if network.get("internal")} == {"broker", "database", "media"}
    members = {name: {each for each, service in services.items() if name in service["networks"]} for name in networks}
    assert members == {
        "units": {"mosquitto", "coturn"},
        "media": {"coturn", "controller"},
        "api": {"controller"},
        "broker": {"mosquitto", "controller"},
        "database": {"database", "controller", "setup"},
    }


def test_every_container_is_confined(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service
        assert "cap_add" not in service
        assert name == "setup" or "healthcheck" in service


def test_passwords_are_files_and_the_owners_is_not_the_controllers(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert "database_owner" not in services["controller"]["secrets"]
    assert "secrets" not in services["mosquitto"]
    for name, service in services.items():
        for key, value in service.get("environment", {}).items():
            assert key.endswith("_FILE") or "PASSWORD" not in key, name
            assert not re.search(r"://[^/@]*:[^/@]*@", value), name
    tracked = subprocess.run(
        ["git", "ls-files", "docker/secrets"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert tracked.stdout.split() in ([], ["docker/secrets/.gitignore"])


def test_every_mounted_file_and_named_volume_exists(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert (DOCKER / source).exists() if source.startswith(".") else source in compose["volumes"], mount
        if "build" in service:
            assert (DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).exists()
    assert {service["image"] for service in compose["services"].values()} == {
        "postgres:18-bookworm",
        "muster-controller",
        "muster-mosquitto",
        "muster-coturn",
    }


def test_coturn_relays_to_the_controller_and_to_nobody_else(compose: dict[str, Any]) -> None:
    address = compose["services"]["controller"]["networks"]["media"]["ipv4_address"]
    assert compose["services"]["coturn"]["environment"]["TURN_PEERS"] == address
    conf = (DOCKER / "coturn" / "turnserver.conf").read_text()
    assert "denied-peer-ip=0.0.0.0-255.255.255.255" in conf
    assert not any(line.startswith("allowed-peer-ip") for line in conf.splitlines())
    ports = dict(line.split("=") for line in conf.splitlines() if "=" in line and not line.startswith("#"))
    assert f"{ports['min-port']}-{ports['max-port']}" in compose["services"]["coturn"]["ports"][1]
    assert f"{ports['listening-port']}:{ports['listening-port']}/udp" == compose["services"]["coturn"]["ports"][0]


def test_the_healthcheck_looks_for_the_ports_of_the_shipped_configuration(compose: dict[str, Any]) -> None:
    conf = (DOCKER / "mosquitto" / "mosquitto.conf").read_text()
    ports = [int(port) for port in re.findall(r"^listener (\d+)$", conf, re.MULTILINE)]
    looked_for = re.findall(r":([0-9A-F]{4}) 0{8}:", compose["services"]["mosquitto"]["healthcheck"]["test"][1])
    assert [int(port, 16) for port in looked_for] == ports == [8883, 8884]


def test_both_doors_of_the_broker_are_mounted_alike() -> None:
    conf = (DOCKER / "mosquitto" / "mosquitto.conf").read_text()
    assert re.findall(r"^mount_point (.*)$", conf, re.MULTILINE) == [MOUNT_POINT, MOUNT_POINT]


def rules(name: str) -> list[str]:
    lines = (DOCKER / "mosquitto" / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_access_lists_say_what_the_topic_rules_say() -> None:
    assert rules("units.acl") == [
        f"user {CONTROLLER_NAME}",
        "topic deny #",
        *(f"pattern write {MOUNT_POINT}up/%u/{channel}" for channel in UP_CHANNELS),
        *(f"pattern read {MOUNT_POINT}down/%u/{channel}" for channel in DOWN_CHANNELS),
    ]
    assert rules("controllers.acl") == [
        f"user {CONTROLLER_NAME}",
        *(f"topic read {MOUNT_POINT}up/+/{channel}" for channel in UP_CHANNELS),
        *(f"topic write {MOUNT_POINT}down/+/{channel}" for channel in DOWN_CHANNELS),
    ]


def systemd_analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.fail("systemd-analyze is not installed: apt-get install systemd")


def test_the_units_service_is_understood_by_systemd(tmp_path: Path) -> None:
    here = tmp_path / UNIT_FILE.name
    # The program itself is not installed where the tests run.
    here.write_text(UNIT_FILE.read_text().replace("/opt/muster/bin/edge-agent run", "/bin/true"))
    done = systemd_analyze("verify", "--man=no", here)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_units_service_is_confined() -> None:
    """systemd's own judgement, 0 (nothing can go wrong) to 100; 21 when this was written."""
    done = systemd_analyze("security", "--offline=yes", "--threshold=22", "--no-pager", UNIT_FILE)
    assert done.returncode == 0, done.stdout


def test_the_units_service_names_no_group_that_a_plain_debian_has_not() -> None:
    """systemd does not start a service that does."""
    groups = {line.split(":")[0] for line in Path("/usr/share/base-passwd/group.master").read_text().splitlines()}
    (named,) = re.findall(r"^SupplementaryGroups=(.+)$", UNIT_FILE.read_text(), re.MULTILINE)
    assert set(named.split()) <= groups


def test_the_units_service_takes_gpio_and_serial_lines_from_drop_ins(tmp_path: Path) -> None:
    here = tmp_path / UNIT_FILE.name
    here.write_text(UNIT_FILE.read_text().replace("/opt/muster/bin/edge-agent run", "/bin/true"))
    place = tmp_path / f"{UNIT_FILE.name}.d"
    place.mkdir()
    for what in ("gpio", "serial"):
        (place / f"{what}.conf").write_text((UNIT_FILE.parent / f"muster-agent-{what}.conf").read_text())
    done = systemd_analyze("verify", "--man=no", here)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    (place / "gpio.conf").write_text("[Service]\nSupplementaryGroups=no/group\n")
    assert "no/group" in systemd_analyze("verify", "--man=no", here).stderr, "drop-ins are read"


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **more}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The passwords that docker/make-secrets makes, in a copy of its place."""
    script = tmp_path / "make-secrets"
    script.write_text((DOCKER / "make-secrets").read_text())
    (tmp_path / "secrets").mkdir()
    subprocess.run(["sh", script], check=True, capture_output=True)
    return tmp_path / "secrets"


def test_passwords_are_made_once_and_are_different(secrets: Path) -> None:
    names = ("database_controller", "database_owner", "turn")
    made = {name: (secrets / name).read_text() for name in names}
    assert all(re.fullmatch(r"[0-9a-f]{64}", password) for password in made.values())
    assert len(set(made.values())) == 3
    assert sorted(path.name for path in secrets.iterdir()) == sorted((*names, "smtp"))
    assert (secrets / "smtp").read_text() == ""
    (secrets / "smtp").write_text("as it was given")
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    again = subprocess.run(["sh", secrets.parent / "make-secrets"], check=True, capture_output=True, text=True)
    assert made == {name: (secrets / name).read_text() for name in names}
    assert (secrets / "smtp").read_text() == "as it was given"
    assert again.stdout == ""
    assert not any(password in again.stderr for password in made.values())


@pytest.fixture
def database(secrets: Path) -> Iterator[Path]:
    """The socket of a PostgreSQL that asks for passwords, with the owner the image makes and the shipped roles."""
    server = PostgresServer.create()
    try:
        (server.home / "data" / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        server.stop()
        server.start()
        owner = (secrets / "database_owner").read_text()
        make_owner = f"CREATE ROLE muster_owner SUPERUSER LOGIN PASSWORD '{owner}';\nCREATE DATABASE muster;\n"
        roles = (DOCKER / "postgres" / "roles.sql").read_text().replace("/run/secrets", str(secrets))
        for name, sql in (("postgres", make_owner), ("muster", roles)):
            psql = [
                str(programs() / "psql"),
                "--quiet",
                "--no-psqlrc",
                "--set=ON_ERROR_STOP=1",
                f"--host={server.home}",
            ]
            command = [*psql, "--username=postgres", f"--dbname={name}"]
            subprocess.run(command, input=sql, text=True, check=True, timeout=LIMIT_S)
        yield server.home
    finally:
        server.remove()


class VolumePki(Pki):
    """What the controller wrote for the broker beside it, as the shared volume shows it to Mosquitto."""

    def __init__(self, broker_folder: Path) -> None:
        self._broker_folder = broker_folder

    def server(self, directory: Path) -> ClientFiles:
        shutil.copytree(self._broker_folder, directory)
        return ClientFiles(directory / "server.key", directory / "server.crt")


def settings_for(tmp_path: Path, secrets: Path, database: Path, api_port: int, broker_port: int) -> Path:
    """The shipped settings, with this test's places in the places of the compose file's."""
    text = (DOCKER / "controller" / "fleet.toml").read_text()
    for shipped, ours in (
        ('"/var/lib/muster"', f'"{tmp_path}/state"'),
        ("@database/muster", f"@/muster?host={database}"),
        ("/run/secrets/turn", str(secrets / "turn")),
        ('listen = "0.0.0.0"', f'listen = "127.0.0.1"\nport = {api_port}'),
        ('host = "mosquitto"', f'host = "127.0.0.1"\nport = {broker_port}'),
    ):
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, ours)
    path = tmp_path / "fleet.toml"
    path.write_text(text)
    return path


def test_the_shipped_settings_are_read_and_subscribe_plainly() -> None:
    settings = load_settings(DOCKER / "controller" / "fleet.toml", {})
    assert (settings.broker.port, settings.broker.unit_port, settings.api.port) == (8884, 8883, 8443)
    assert settings.broker.shared_group == ""
    assert settings.database.owner_dsn is None


def test_what_the_shipped_settings_propose_is_read_too(tmp_path: Path, compose: dict[str, Any]) -> None:
    shipped = (DOCKER / "controller" / "fleet.toml").read_text()
    path = tmp_path / "fleet.toml"
    path.write_text(re.sub(r"^# (?=\[|[a-z_]+ = )", "", shipped, flags=re.MULTILINE))
    alarms = load_settings(path, {}).alarms
    assert (alarms.smtp_host, alarms.smtp_mode, alarms.webhook_hosts) == ("mail.example", "starttls", ["hooks.example"])
    assert Path(alarms.smtp_password_file or "").name in compose["services"]["controller"]["secrets"]


def entrypoint(arguments: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(DOCKER / "controller" / "entrypoint"), *arguments]
    return subprocess.run(
        command, env=environment(**variables), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


def healthy(config: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DOCKER / "controller" / "healthy.py")]
    return subprocess.run(
        command,
        env=environment(MUSTER_CONFIG=str(config)),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


@asynccontextmanager
async def served(config: Path, secrets: Path, port: int, log: Path) -> AsyncIterator[ServerProcess]:
    command = ["env", f"MUSTER_SECRETS={secrets}", f"MUSTER_CONFIG={config}", f"PATH={environment()['PATH']}"]
    process = ServerProcess([*command, "sh", str(DOCKER / "controller" / "entrypoint"), "serve"], [port], log)
    await process.start()
    try:
        yield process
    finally:
        await process.terminate()


async def until_logged(broker: MosquittoBroker, pattern: str) -> None:
    async def logged() -> bool:
        return re.search(pattern, broker.log()) is not None

    await until(logged)


async def test_a_fleet_is_made_and_served_as_in_the_containers(tmp_path: Path, secrets: Path, database: Path) -> None:
    """Passwords, roles, entrypoint, settings, health check and the broker's certificate, without the containers."""
    api_port = free_port()
    mosquitto = MosquittoBroker(VolumePki(tmp_path / "state" / "broker"))
    config = settings_for(tmp_path, secrets, database, api_port, mosquitto.controller_port)
    administrators: list[str] = []
    for person_id in ("AD-01", "AD-02", "AD-03"):
        key = tmp_path / f"{person_id}.pub"
        key.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_public_key())
        administrators += ["--administrator", person_id, f"Person {person_id}", str(key)]
    owner = f"postgresql://muster_owner@/muster?host={database}"
    variables = {"MUSTER_SECRETS": str(secrets), "MUSTER_CONFIG": str(config), "TMPDIR": str(tmp_path)}
    assert healthy(config).returncode == 1

    made = await asyncio.to_thread(
        entrypoint,
        ["init", *administrators],
        {**variables, "MUSTER_DATABASE__OWNER_DSN": owner},
    )
    assert made.returncode == 0, made.stderr
    for name in ("database_owner", "database_controller"):
        assert (secrets / name).read_text() not in made.stdout + made.stderr

    # As the controller container: without the owner's password.
    (secrets / "database_owner").unlink()
    async with served(config, secrets, api_port, tmp_path / "log"):
        answer = await asyncio.to_thread(healthy, config)
        assert (answer.returncode, answer.stderr) == (0, "")
        async with mosquitto:
            await until_logged(mosquitto, r"New client connected from \S+ as controller-ingest-\w+ .* u'controller'")
    assert healthy(config).returncode == 1


async def test_the_controllers_role_can_do_nothing_by_itself(secrets: Path, database: Path) -> None:
    password = (secrets / "database_controller").read_text()
    connection = await asyncpg.connect(f"postgresql://muster:{password}@/muster?host={database}")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE public.mine (x int)")
        await connection.execute("SET ROLE muster_controller")
    finally:
        await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://muster:wrong@/muster?host={database}")
