"""Making a fleet, and starting a controller where something is missing: one clear line each."""

import subprocess
import sys
from pathlib import Path

import asyncssh
import pytest

from fleet.demo.postgres import PostgresServer

FLEET = Path(sys.executable).parent / "fleet"
LIMIT_S = 60


def _fleet(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([FLEET, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """An administrator's public key."""
    path = tmp_path / "ada.pub"
    path.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_public_key())
    return path


def _config(tmp_path: Path, dsn: str) -> Path:
    path = tmp_path / "fleet.toml"
    path.write_text(f'state_dir = "{tmp_path / "state"}"\n[database]\ndsn = "{dsn}"\n')
    return path


def test_a_fleet_is_made_once(tmp_path: Path, empty_dsn: str, key: Path) -> None:
    config = _config(tmp_path, empty_dsn)
    made = _fleet("init", "AD-01", "Ada", "--key", key, "--config", config)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "state" / "ca" / "root.crt").exists()
    again = _fleet("init", "AD-02", "Eve", "--key", key, "--config", config)
    assert again.returncode == 3
    assert again.stderr.splitlines() == ["fleet: this database holds a fleet already: name another database"]


@pytest.mark.parametrize(("line", "code"), [("ssh-rsa nonsense", 5), (f"ssh-ed25519 {'A' * 60}", 3)])
def test_a_key_that_can_not_be_used_changes_nothing(tmp_path: Path, empty_dsn: str, line: str, code: int) -> None:
    bad = tmp_path / "bad.pub"
    bad.write_text(line)
    refused = _fleet("init", "AD-01", "Ada", "--key", bad, "--config", _config(tmp_path, empty_dsn))
    assert refused.returncode == code
    assert len(refused.stderr.splitlines()) == 1
    assert not (tmp_path / "state").exists()


def test_serving_says_what_is_missing(tmp_path: Path, empty_dsn: str, dsn: str, postgres: PostgresServer) -> None:
    del postgres
    no_file = _fleet("serve", "--config", tmp_path / "none.toml")
    assert (no_file.returncode, len(no_file.stderr.splitlines())) == (5, 1)
    absent = "postgresql://nobody@127.0.0.1:1/none"
    for database in (dsn.replace("test_", "gone_"), absent):
        refused = _fleet("migrate", "--config", _config(tmp_path, database))
        assert refused.returncode != 0
        assert len(refused.stderr.splitlines()) == 1, refused.stderr
    for database in (empty_dsn, dsn, dsn.replace("test_", "gone_")):
        refused = _fleet("serve", "--config", _config(tmp_path, database))
        assert refused.returncode != 0
        assert "Traceback" not in refused.stderr, database
        assert "fleet: " in refused.stderr.splitlines()[-1]
