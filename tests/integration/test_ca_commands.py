"""`fleet ca` as an administrator uses it: on the controller's host, and on the machine that keeps the root key."""

import asyncio
import json
import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography import x509

from fleet.ca.authority import CertificateAuthority
from fleet.ca.holdings import digest
from fleet.ca.roots import PUBLIC_NAME
from fleet.credentials import create_credentials, load_credentials
from fleet.entries.people_and_units import AuthorityChanged, CertificateRevoked
from fleet.store.store import Store
from protocols.joining import API_TLS_NAME
from tests.support.fleet_rows import add_units
from tests.support.people import FOUNDERS, found_people
from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.softhsm import MODULE, SoftHsm, hsm
from tests.support.waiting import until

__all__ = ["hsm"]

FLEET = Path(sys.executable).parent / "fleet"
LIMIT_S = 60
PASSPHRASE = "correct horse battery staple"


class Host:
    """The controller's host: a state directory, settings, and a database."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.state = folder / "state"
        self.config = folder / "fleet.toml"
        self.port = free_port()
        self.dsn = dsn
        create_credentials(self.state, datetime.now(UTC))
        load_credentials(self.state, ["localhost", "127.0.0.1"], ["127.0.0.1", "127.0.0.1"], datetime.now(UTC))
        self.say(dsn)

    def say(self, dsn: str) -> None:
        """Write the settings, with this database in them."""
        url = f"https://127.0.0.1:{self.port}"
        self.config.write_text(
            f'state_dir = "{self.state}"\n[database]\ndsn = "{dsn}"\n[api]\nport = {self.port}\nurl = "{url}"\n'
        )

    @property
    def ca(self) -> Path:
        """The authority's directory."""
        return self.state / "ca"

    def authority(self) -> CertificateAuthority:
        """The authority as it is now."""
        return CertificateAuthority.load(self.ca)

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """A `fleet ca` command with this host's settings."""
        return elsewhere(*arguments, "--config", self.config)

    def did(self, *arguments: str | Path) -> Any:
        """What a command that has to succeed says in JSON."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refused(self, *arguments: str | Path) -> str:
        """The one line with which a command fails."""
        done = self.run(*arguments)
        assert done.returncode != 0, done.stdout
        (line,) = done.stderr.splitlines()
        return line


def elsewhere(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A `fleet ca` command on a machine without settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
    return subprocess.run(
        [FLEET, "ca", *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def host(dsn: str, tmp_path: Path) -> Host:
    return Host(tmp_path, dsn)


async def entries(host: Host, kind: str) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(host.dsn)
    try:
        rows = await connection.fetch("SELECT body FROM log_entry WHERE kind = $1 ORDER BY entry_id", kind)
    finally:
        await connection.close()
    return [json.loads(row["body"]) for row in rows]


AUTHORITY_CHANGED = str(AuthorityChanged.__struct_config__.tag)
CERTIFICATE_REVOKED = str(CertificateRevoked.__struct_config__.tag)


def test_status_shows_what_there_is_how_long_it_lasts_and_where_its_key_is(host: Host) -> None:
    held = host.did("status")
    kinds = ["root", "issuing", "crl", "server", "controller", "server"]
    assert [each["kind"] for each in held] == kinds
    assert [each["key"] for each in held] == ["file", "file", None, "file", "file", "file"]
    assert [each["days_left"] for each in held] == [3649, 729, 29, 89, 89, 89]
    assert {each["end"] for each in held} == {"good"}
    root = host.authority().holdings.roots[0].certificate
    assert held[0]["sha256"] == digest(root).hex() == host.authority().ca_sha256.hex()
    (host.ca / "root.key").unlink()
    table = host.run("status").stdout.splitlines()
    assert len(table) == 1 + len(kinds)
    assert table[1].startswith("root")
    assert table[1].endswith("absent")
    assert digest(root).hex()[:16] in table[1]


async def test_the_root_key_leaves_and_signs_where_it_is(host: Host, tmp_path: Path) -> None:
    medium, request, signed = tmp_path / "medium", tmp_path / "request.pem", tmp_path / "issuing.pem"
    host.did("move-root", medium)
    assert not (host.ca / "root.key").exists()
    assert host.did("status")[0]["key"] == "absent"

    line = host.refused("rotate-issuing")
    assert "is not in" in line
    assert "--root" in line
    assert await entries(host, AUTHORITY_CHANGED) == []
    assert [entry["step"] for entry in await entries(host, "ca.step")] == ["move-root-key", "rotate-issuing"]

    host.did("request", request)
    assert [each["kind"] for each in host.did("status")].count("issuing-waits") == 1
    done = elsewhere("sign", request, "--root", medium, "--out", signed)
    assert done.returncode == 0, done.stderr
    (change,) = host.did("install", signed)
    newest = host.authority().holdings.issuers[0]
    assert (newest.number, digest(newest.certificate).hex()) == (2, change["sha256"])
    (entry,) = await entries(host, AUTHORITY_CHANGED)
    assert (entry["change"], entry["sha256"]) == ("issuing-added", change["sha256"])
    assert "no issuing key waits" in host.refused("install", signed)

    (again,) = host.did("rotate-issuing", "--root", medium)
    assert again["sha256"] != change["sha256"]
    assert host.authority().holdings.issuers[0].number == 3


async def test_a_new_root_comes_into_use_and_the_old_one_goes(host: Host, tmp_path: Path) -> None:
    old, offline = tmp_path / "old", tmp_path / "offline"
    host.did("move-root", old)
    old_sha256 = host.authority().ca_sha256.hex()
    assert "the only one" in host.refused("retire-root", old_sha256)
    done = elsewhere("rotate-root", "--root", old, "--out", offline, "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    public = offline / PUBLIC_NAME
    assert made["public"] == str(public)
    assert b"PRIVATE" not in public.read_bytes()
    host.did("install-root", made["public"])
    assert "in force already" in host.refused("install-root", made["public"])
    host.did("rotate-issuing", "--root", offline)
    assert "--at-once" in host.refused("retire-root", old_sha256)
    host.did("retire-root", old_sha256[:16], "--at-once")
    assert host.authority().ca_sha256.hex() == made["sha256"]
    changes = [entry["change"] for entry in await entries(host, AUTHORITY_CHANGED)]
    assert changes == ["root-added", "issuing-added", "issuing-retired", "root-retired"]
    kinds = [each["kind"] for each in host.did("status")]
    assert kinds[:3] == ["root", "cross", "issuing"]


def test_nothing_changes_that_can_not_be_logged(host: Host) -> None:
    host.say(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    before = sorted(path.name for path in host.ca.iterdir())
    assert "PostgreSQL is not available" in host.refused("rotate-issuing")
    assert "PostgreSQL is not available" in host.refused("move-root", host.state.parent / "medium")
    assert sorted(path.name for path in host.ca.iterdir()) == before
    said, file = host.state.parent / "passphrase", host.state.parent / "backup"
    said.write_text(PASSPHRASE)
    assert "PostgreSQL is not available" in host.refused("backup", file, "--passphrase-file", said)
    assert not file.exists()


def test_files_that_are_not_there_are_one_clear_line(host: Host, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "file"
    for arguments in (
        ("request", nowhere),
        ("install", nowhere),
        ("install-root", nowhere),
        ("rotate-issuing", "--token", nowhere),
        ("rotate-issuing", "--root", nowhere),
    ):
        assert str(nowhere) in host.refused(*arguments)
    done = elsewhere("sign", nowhere, "--root", nowhere, "--out", nowhere)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


def test_a_new_issuing_key_can_be_made_in_a_token(host: Host, hsm: SoftHsm, tmp_path: Path) -> None:
    token, request, signed = tmp_path / "token.toml", tmp_path / "request.pem", tmp_path / "issuing.pem"
    token.write_text(
        f'[pkcs11]\nmodule = "{MODULE}"\ntoken = "{hsm.label}"\nkey = "issuing-2"\npin_file = "{hsm.pin_file}"\n'
    )
    token.chmod(0o600)
    host.did("request", request, "--token", token)
    host.did("request", request, "--token", token)
    assert elsewhere("sign", request, "--root", host.ca, "--out", signed).returncode == 0
    host.did("install", signed)
    (issuing,) = [each for each in host.did("status") if each["file"] == "ca/issuing-2.crt"]
    assert issuing["key"] == "pkcs11"
    assert b"PRIVATE" not in (host.ca / "issuing-2.key").read_bytes()
    chain = host.authority().issue_server(["localhost"], datetime.now(UTC)).chain_pem
    leaf, issuer = x509.load_pem_x509_certificates(chain)
    leaf.verify_directly_issued_by(issuer)
    token.write_text(token.read_text().replace("issuing-2", "issuing-3").replace(hsm.label, "another"))
    assert "another" in host.refused("rotate-issuing", "--token", token)
    assert host.authority().holdings.issuers[0].number == 2


def test_a_backup_comes_back_and_its_passphrase_is_in_no_argument(host: Host, tmp_path: Path) -> None:
    file, said, again = tmp_path / "muster.backup", tmp_path / "passphrase", tmp_path / "again"
    assert "--passphrase-file" in host.refused("backup", file)
    said.write_text("short\n")
    assert "at least" in host.refused("backup", file, "--passphrase-file", said)
    said.write_text(f"{PASSPHRASE}\nnot this line\n")
    held = host.did("backup", file, "--passphrase-file", said)
    assert held["files"] == [
        *(f"ca/{name}" for name in ("issuing.crt", "issuing.key", "root.crt", "root.key")),
        *("down.key", "log.key", "release.key"),
    ]
    assert file.stat().st_mode & 0o777 == 0o600
    assert "a file already" in host.refused("backup", file, "--passphrase-file", said)

    wrong = tmp_path / "wrong"
    wrong.write_text("another passphrase\n")
    refused = elsewhere("restore", file, again, "--passphrase-file", wrong)
    assert (refused.returncode, again.exists()) == (1, False)
    assert "passphrase is another" in refused.stderr
    reading, writing = os.pipe()
    os.write(writing, PASSPHRASE.encode() + b"\n")
    os.close(writing)
    command: list[str | Path] = [FLEET, "ca", "restore", file, again, "--passphrase-file", f"/dev/fd/{reading}"]
    done = subprocess.run(command, pass_fds=[reading], capture_output=True, text=True, timeout=LIMIT_S, check=False)
    os.close(reading)
    assert done.returncode == 0, done.stderr
    for name in held["files"]:
        assert (again / name).read_bytes() == (host.state / name).read_bytes()
    assert "not empty" in elsewhere("restore", file, again, "--passphrase-file", said).stderr


async def test_a_stolen_certificate_of_our_own_is_revoked_after_another_was_made(host: Host, store: Store) -> None:
    def own(name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificates((host.state / f"{name}.crt").read_bytes())[0]

    stolen, untouched = own("tls/controller"), own("tls/server")
    serial = f"{stolen.serial_number:040X}"
    pairs = ":".join(serial[at : at + 2] for at in range(0, len(serial), 2))
    done = host.did("revoke", pairs, "--holder", "the old controller's disk")
    assert done == {"serial": f"{stolen.serial_number:x}", "holder": "the old controller's disk", "own": True}
    assert own("tls/controller") != stolen
    assert own("tls/server") == untouched
    async with store.transaction() as transaction:
        revoked = await transaction.revocation.revoked(datetime.now(UTC))
    assert list(revoked) == [f"{stolen.serial_number:x}"]
    (entry,) = await entries(host, CERTIFICATE_REVOKED)
    assert entry["certificate"] == done["serial"]
    assert "disk" not in str(entry), "who held it is free text"
    assert host.did("revoke", "0abc", "--holder", "a broker elsewhere") == {
        "serial": "abc",
        "holder": "a broker elsewhere",
        "own": False,
    }
    for wrong in ("xyz", "0", "00:00", "1" * 41):
        assert host.run("revoke", wrong, "--holder", "x").returncode == 2


async def test_a_units_certificate_is_revoked_with_its_unit(host: Host, store: Store) -> None:
    await found_people(store)
    await add_units(store, FOUNDERS[0].person_id, {"unit-aaaa": "first", "unit-bbbb": "second"}, datetime.now(UTC))
    done = await asyncio.to_thread(host.run, "revoke", "1", "--holder", "a unit")
    assert done.returncode == 3
    assert "fleet unit revoke" in done.stderr
    assert await entries(host, CERTIFICATE_REVOKED) == []


@pytest.mark.long
async def test_a_running_controller_shows_what_fleet_ca_made(host: Host, tmp_path: Path) -> None:
    """In a process of its own, as it is in life: about ten seconds until it looks."""
    command = [str(FLEET), "serve", "--config", str(host.config)]
    serving = ServerProcess(command, [host.port], tmp_path / "log")
    trust = host.authority().roots_pem

    async def issuer() -> x509.Name:
        context = ssl.create_default_context(cadata=trust.decode())
        _, writer = await asyncio.open_connection("127.0.0.1", host.port, ssl=context, server_hostname=API_TLS_NAME)
        try:
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            return x509.load_der_x509_certificate(shown).issuer
        finally:
            writer.transport.abort()

    await serving.start()
    try:
        assert await issuer() == host.authority().holdings.issuers[0].certificate.subject
        await asyncio.to_thread(host.did, "rotate-issuing")
        rotated = host.authority().holdings.issuers[0].certificate.subject

        async def shows_it() -> bool:
            return await issuer() == rotated

        await until(shows_it)
    finally:
        assert await serving.terminate() == 0
