"""Making a fleet, and starting a controller where something is missing: one clear line each."""

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg
import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.demo.postgres import PostgresServer
from fleet.log.key import load_log_key
from protocols.people import PeopleList, people_hash, read_list
from protocols.tlog.cosignature import cosigner_key
from protocols.tlog.policy import read_policy

FLEET = Path(sys.executable).parent / "fleet"
LIMIT_S = 60


def _fleet(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([FLEET, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False)


def _administrators(tmp_path: Path, *ids: str) -> list[str | Path]:
    """The options that name administrators; a colon in a file's name is just a sign."""
    options: list[str | Path] = []
    for person_id in ids:
        path = tmp_path / f"{len(options)}:key.pub"
        path.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_public_key())
        options += ["--administrator", person_id, f"Person {person_id}", path]
    return options


def _config(tmp_path: Path, dsn: str) -> Path:
    path = tmp_path / "fleet.toml"
    path.write_text(f'state_dir = "{tmp_path / "state"}"\n[database]\ndsn = "{dsn}"\n')
    return path


def test_a_fleet_is_made_once_and_says_what_to_pin(tmp_path: Path, empty_dsn: str) -> None:
    config = _config(tmp_path, empty_dsn)
    made = _fleet("init", *_administrators(tmp_path, "AD-01", "AD-02"), "--config", config)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "state" / "ca" / "root.crt").exists()
    anchor, pinned = asyncio.run(_anchor(empty_dsn))
    assert f'people_anchor = "{pinned}"' in made.stdout.splitlines()
    assert [(person.person_id, person.role) for person in anchor.people] == [
        ("AD-01", "administrator"),
        ("AD-02", "administrator"),
    ]
    assert "Add a third soon" in made.stderr
    again = _fleet("init", *_administrators(tmp_path, "AD-03", "AD-04"), "--config", config)
    assert again.returncode == 3
    assert again.stderr.splitlines() == ["fleet: this database holds a fleet already: name another database"]


def test_a_fleet_begins_with_the_witnesses_of_its_log(tmp_path: Path, empty_dsn: str) -> None:
    """Units believe the log by the policy in the list; each witness is given the log's key that is printed."""
    config = _config(tmp_path, empty_dsn)
    keys = [Ed25519PrivateKey.generate().public_key().public_bytes_raw() for _ in range(3)]
    vkeys = [cosigner_key(f"witness.example/{number}", key).line for number, key in enumerate(keys)]
    people = _administrators(tmp_path, "AD-01", "AD-02", "AD-03")
    for bad in (["--witness", "nonsense"], ["--witness", vkeys[0], "--quorum", "2"]):
        refused = _fleet("init", *people, *bad, "--config", config)
        assert refused.returncode != 0
        assert "fleet witness init" in refused.stderr
        assert not (tmp_path / "state").exists()
    witnesses = [word for vkey in vkeys for word in ("--witness", vkey)]
    made = _fleet("init", *people, *witnesses, "--config", config)
    assert made.returncode == 0, made.stderr
    anchor, _ = asyncio.run(_anchor(empty_dsn))
    policy = read_policy(anchor.log_policy)
    assert [key.line for _, key in policy.witnesses] == vkeys
    assert policy.quorum_words == "2 of (witness.example/0, witness.example/1, witness.example/2)"
    log_key = load_log_key(tmp_path / "state").verifier
    assert policy.log_keys == (log_key,)
    assert f"log_key = {log_key.line}" in made.stdout.splitlines()
    assert "WARNING" not in made.stderr


def test_a_quorum_of_half_of_the_witnesses_is_warned_of(tmp_path: Path, empty_dsn: str) -> None:
    """A controller that keeps two histories would find a witness for each."""
    keys = [Ed25519PrivateKey.generate().public_key().public_bytes_raw() for _ in range(2)]
    words = [word for at, key in enumerate(keys) for word in ("--witness", cosigner_key(f"w{at}", key).line)]
    people = _administrators(tmp_path, "AD-01", "AD-02")
    made = _fleet("init", *people, *words, "--quorum", "1", "--config", _config(tmp_path, empty_dsn))
    assert made.returncode == 0, made.stderr
    assert "WARNING: two groups of these 2 witnesses could each vouch for another history" in made.stderr
    assert "--quorum 2" in made.stderr


def test_a_fleet_from_before_the_log_gets_its_key_when_it_is_migrated(tmp_path: Path, empty_dsn: str) -> None:
    config = _config(tmp_path, empty_dsn)
    assert _fleet("init", *_administrators(tmp_path, "AD-01", "AD-02"), "--config", config).returncode == 0
    key = tmp_path / "state" / "log.key"
    key.unlink()
    missing = _fleet("serve", "--config", config)
    assert missing.returncode != 0
    assert "fleet migrate" in missing.stderr
    migrated = _fleet("migrate", "--config", config)
    assert migrated.returncode == 0, migrated.stderr
    assert "back it up" in migrated.stderr
    made = key.read_bytes()
    assert _fleet("migrate", "--config", config).returncode == 0
    assert key.read_bytes() == made


async def _anchor(dsn: str) -> tuple[PeopleList, str]:
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow("SELECT text, sha256 FROM people_list WHERE anchor")
    finally:
        await connection.close()
    assert row is not None
    assert people_hash(row["text"]) == row["sha256"]
    return read_list(row["text"]), row["sha256"].hex()


@pytest.mark.parametrize(
    ("ids", "said"),
    [(["AD-01"], "two administrators"), (["AD-01", "AD-01"], "twice"), (["AD-01", "ad-2"], "two capitals, a dash")],
)
def test_a_fleet_that_nobody_could_ever_change_is_not_made(
    tmp_path: Path, empty_dsn: str, ids: list[str], said: str
) -> None:
    refused = _fleet("init", *_administrators(tmp_path, *ids), "--config", _config(tmp_path, empty_dsn))
    assert refused.returncode == 3
    assert said in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert not (tmp_path / "state").exists()


def test_two_administrators_with_one_key_are_one(tmp_path: Path, empty_dsn: str) -> None:
    key = _administrators(tmp_path, "AD-01")[-1]
    both = ["--administrator", "AD-01", "Ada", key, "--administrator", "AD-02", "Bo", key]
    refused = _fleet("init", *both, "--config", _config(tmp_path, empty_dsn))
    assert refused.returncode == 3
    assert "the same key" in refused.stderr


@pytest.mark.parametrize(("line", "code"), [("ssh-rsa nonsense", 5), (f"ssh-ed25519 {'A' * 60}", 3)])
def test_a_key_that_can_not_be_used_changes_nothing(tmp_path: Path, empty_dsn: str, line: str, code: int) -> None:
    bad = tmp_path / "bad.pub"
    bad.write_text(line)
    named = [*_administrators(tmp_path, "AD-01"), "--administrator", "AD-02", "Bo", bad]
    refused = _fleet("init", *named, "--config", _config(tmp_path, empty_dsn))
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
