"""A backup holds what can not be made again, and gives it to nobody without the passphrase."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleet.ca import backup
from fleet.ca.backup import LEAST_PASSPHRASE, restore_backup, write_backup
from fleet.ca.errors import AuthorityExists, BackupUnusable
from fleet.credentials import create_credentials, load_credentials

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    create_credentials(tmp_path / "state", NOW)
    load_credentials(tmp_path / "state", ["localhost"], ["localhost"], NOW)
    (tmp_path / "state" / "ca" / "retired").mkdir()
    (tmp_path / "state" / "ca" / "retired" / "issuing-7.crt").write_bytes(b"of old")
    return tmp_path / "state"


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_what_comes_back_is_what_can_not_be_made_again(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "muster.backup"
    names = write_backup(state, file, PASSPHRASE, NOW)
    authority = ["issuing.crt", "issuing.key", "retired/issuing-7.crt", "root.crt", "root.key"]
    assert names == [*(f"ca/{name}" for name in authority), "down.key", "log.key", "release.key"]
    assert file.stat().st_mode & 0o777 == 0o600
    again = tmp_path / "again"
    assert restore_backup(file, again, PASSPHRASE) == names
    assert contents(again) == {name: (state / name).read_bytes() for name in names}
    assert {path.stat().st_mode & 0o777 for path in again.rglob("*") if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in [again, *again.rglob("*")] if path.is_dir()} == {0o700}
    restored = load_credentials(again, ["localhost"], ["localhost"], NOW)
    assert restored.down_public_hex == load_credentials(state, ["localhost"], ["localhost"], NOW).down_public_hex


def test_nothing_of_it_can_be_read_without_the_passphrase(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "muster.backup"
    write_backup(state, file, PASSPHRASE, NOW)
    raw = file.read_bytes()
    assert b"PRIVATE" not in raw
    assert b"issuing" not in raw
    for wrong in ("", PASSPHRASE + " ", PASSPHRASE.upper()):
        with pytest.raises(BackupUnusable, match="passphrase is another"):
            restore_backup(file, tmp_path / "again", wrong)
    other = tmp_path / "other.backup"
    write_backup(state, other, PASSPHRASE, NOW)
    assert other.read_bytes()[16:60] != raw[16:60], "salt and nonce are fresh"
    assert not (tmp_path / "again").exists()


def test_every_changed_byte_is_noticed(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "muster.backup"
    write_backup(state, file, PASSPHRASE, NOW)
    raw = file.read_bytes()
    for at in (0, 15, 20, 40, len(raw) // 2, len(raw) - 1):
        file.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        with pytest.raises(BackupUnusable):
            restore_backup(file, tmp_path / "again", PASSPHRASE)
    for short in (b"", raw[:30], raw[:-1]):
        file.write_bytes(short)
        with pytest.raises(BackupUnusable):
            restore_backup(file, tmp_path / "again", PASSPHRASE)


def test_nothing_is_written_over(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "muster.backup"
    with pytest.raises(BackupUnusable, match=str(LEAST_PASSPHRASE)):
        write_backup(state, file, "short", NOW)
    write_backup(state, file, PASSPHRASE, NOW)
    with pytest.raises(BackupUnusable, match="a file already"):
        write_backup(state, file, PASSPHRASE, NOW)
    with pytest.raises(AuthorityExists):
        restore_backup(file, state, PASSPHRASE)


def test_a_backup_can_not_write_outside_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state" / "ca").mkdir(parents=True)
    (tmp_path / "state" / "down.key").write_bytes(b"key")
    (tmp_path / "outside").write_bytes(b"theirs")
    monkeypatch.setattr(backup, "_names", lambda _state: ["../outside"])
    write_backup(tmp_path / "state", tmp_path / "file", PASSPHRASE, NOW)
    with pytest.raises(BackupUnusable, match="outside"):
        restore_backup(tmp_path / "file", tmp_path / "again", PASSPHRASE)
