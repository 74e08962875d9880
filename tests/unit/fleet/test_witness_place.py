"""What a witness keeps on its disk, and what it does when the disk is not as it left it."""

import stat
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from cryptography import x509

from fleet.witness import evidence, place
from fleet.witness.errors import (
    AlreadyRunning,
    HostUnusable,
    MemoryDamaged,
    NotALogKey,
    PlaceTaken,
    PlaceUnusable,
)
from fleet.witness.files import held
from fleet.witness.place import Place, origin_hash
from fleet.witness.rules import MAX_KEYS
from fleet.witness.witness import Witness
from protocols.errors import InvalidNote
from protocols.tlog.cosignature import cosigned_at
from protocols.tlog.note import read_note, read_signature, verify_note
from tests.support.tlog import TestLog, request

NAME = "witness.example/north"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Place:
    return Place.create(tmp_path / "witness", NAME, ["localhost", "10.0.0.7"], NOW)


def latest_file(home: Place, log: TestLog) -> Path:
    return home.path / "logs" / origin_hash(log.origin) / "latest"


def cosigned_at_size(home: Place, log: TestLog, size: int) -> None:
    home.trust(log.vkey)
    assert Witness(home, lambda: NOW).add_checkpoint(log.request(0, size)).status == HTTPStatus.OK


def test_everything_in_it_is_for_its_owner_only(home: Place) -> None:
    home.trust(TestLog().vkey)
    for path in [home.path, *home.path.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_certificate_is_for_the_hosts_that_were_named(home: Place) -> None:
    certificate = x509.load_pem_x509_certificate(home.tls_files()[0].read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.7"]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_witness_is_never_made_over_another(home: Place) -> None:
    before = home.vkey()
    with pytest.raises(PlaceTaken):
        Place.create(home.path, NAME, ["localhost"], NOW)
    assert home.vkey() == before


def test_what_can_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(HostUnusable):
        Place.create(tmp_path / "w", NAME, ["not a host"], NOW)
    with pytest.raises(InvalidNote):
        Place.create(tmp_path / "w", "two words", ["localhost"], NOW)
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaceTaken):
        Place.create(tmp_path / "file", NAME, ["localhost"], NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_key_is_used_only_when_nobody_else_may_read_it(home: Place) -> None:
    (home.path / "witness.key").chmod(0o640)
    with pytest.raises(PlaceUnusable, match="chmod 600"):
        home.identity()


def test_key_and_verifier_key_belong_together(home: Place, tmp_path: Path) -> None:
    other = Place.create(tmp_path / "other", NAME, ["localhost"], NOW)
    (home.path / "witness.vkey").write_bytes((other.path / "witness.vkey").read_bytes())
    with pytest.raises(PlaceUnusable, match=r"witness\.vkey"):
        home.identity()


def test_the_key_is_in_no_repr(home: Place) -> None:
    assert "Ed25519" not in repr(home.identity())
    assert "object at" in repr(home.identity())


def test_a_log_may_have_several_keys(home: Place) -> None:
    log = TestLog()
    keys = [TestLog(log.origin).vkey for _ in range(MAX_KEYS)]
    for key in [*keys, keys[0]]:
        home.trust(key)
    assert home.logs()[log.origin].keys == tuple(keys)
    with pytest.raises(PlaceUnusable, match="can not have more"):
        home.trust(log.vkey)


def test_only_keys_of_logs_are_trusted(home: Place) -> None:
    with pytest.raises(NotALogKey):
        home.trust(home.vkey())
    assert home.logs() == {}


def test_a_new_log_is_trusted_wholly_or_not_at_all(home: Place) -> None:
    log = TestLog()
    begun = latest_file(home, log).parent
    begun.with_name(f".{begun.name}").mkdir()  # as a power cut in the middle leaves it
    assert home.logs() == {}
    (home.path / "trusted").write_text(f"{begun.name}\n")  # and one that came a little later
    assert home.logs() == {}
    home.trust(log.vkey)
    assert list(home.logs()) == [log.origin]
    assert (home.path / "trusted").read_text() == f"{begun.name}\n"


def test_what_was_cosigned_is_known_to_the_next_process(home: Place) -> None:
    log = TestLog().grow(9)
    cosigned_at_size(home, log, 5)
    again = Witness(home, lambda: NOW - timedelta(hours=1))
    assert again.add_checkpoint(log.request(0, 5)).body == "5\n"
    told = again.add_checkpoint(log.request(5, 9))
    note = read_note(log.checkpoint(9))
    assert cosigned_at(note.body, read_signature(told.body[:-1]), home.vkey()) == int(NOW.timestamp())
    shown = read_note(again.checkpoint(origin_hash(log.origin)).body)
    assert set(verify_note(shown, [log.vkey, home.vkey()])) == {log.vkey, home.vkey()}


def test_a_log_that_was_never_cosigned_has_no_checkpoint_to_show(home: Place) -> None:
    log = TestLog()
    home.trust(log.vkey)
    witness = Witness(home)
    for wanted in (origin_hash(log.origin), origin_hash("unknown"), ""):
        assert witness.checkpoint(wanted).status == HTTPStatus.NOT_FOUND


def test_any_changed_byte_of_its_memory_is_found(home: Place) -> None:
    log = TestLog().grow(9)
    cosigned_at_size(home, log, 5)
    path = latest_file(home, log)
    whole = path.read_bytes()
    for damaged in [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]:
        path.write_bytes(damaged)
        with pytest.raises(MemoryDamaged):
            Witness(home)
    path.write_bytes(whole)
    assert home.logs()[log.origin].latest_size == 5


@pytest.mark.parametrize("damage", [b"", b"no checkpoint", b"\xff" * 9, b"x" * 70_000])
def test_a_memory_that_is_something_else_is_not_begun_anew(home: Place, damage: bytes) -> None:
    log = TestLog().grow()
    cosigned_at_size(home, log, 1)
    latest_file(home, log).write_bytes(damage)
    with pytest.raises(MemoryDamaged, match="must not forget"):
        Witness(home)


def test_a_memory_that_is_gone_is_not_begun_anew(home: Place) -> None:
    log = TestLog().grow()
    cosigned_at_size(home, log, 1)
    latest_file(home, log).unlink()
    with pytest.raises(MemoryDamaged):
        Witness(home)
    with pytest.raises(MemoryDamaged):
        home.trust(TestLog(log.origin).vkey)


def test_a_log_whose_folder_is_gone_is_not_begun_anew(home: Place) -> None:
    """As after a disk repair or a careless restore. Trusting the log again is no way out, nor is trusting another."""
    log, other = TestLog("log.example/1").grow(9), TestLog("log.example/2")
    cosigned_at_size(home, log, 5)
    home.trust(other.vkey)
    folder = latest_file(home, log).parent
    folder.rename(home.path / "away")
    for again in (lambda: Witness(home), lambda: home.trust(log.vkey), lambda: home.trust(TestLog("new").vkey)):
        with pytest.raises(MemoryDamaged, match="must not forget") as error:
            again()
        assert error.value.path == folder
    (home.path / "away").rename(folder)
    assert home.logs()[log.origin].latest_size == 5
    assert set(home.logs()) == {log.origin, other.origin}


@pytest.mark.parametrize("damage", [None, b"", b"nothing\n", b"\xff", b"x" * 70_000])
def test_a_list_of_logs_that_is_gone_or_another_stops_the_witness(home: Place, damage: bytes | None) -> None:
    log = TestLog().grow(9)
    cosigned_at_size(home, log, 5)
    listed = home.path / "trusted"
    whole = listed.read_bytes()
    listed.unlink()
    if damage is not None:
        listed.write_bytes(damage)
    for again in (lambda: Witness(home), lambda: home.trust(log.vkey)):
        with pytest.raises(MemoryDamaged) as error:
            again()
        assert error.value.path == listed
    listed.write_bytes(whole)
    assert list(home.logs()) == [log.origin]


def test_the_memory_of_another_log_is_not_taken(home: Place) -> None:
    one, two = TestLog("log.example/1").grow(3), TestLog("log.example/2").grow(3)
    for log in (one, two):
        cosigned_at_size(home, log, 3)
    latest_file(home, one).write_bytes(latest_file(home, two).read_bytes())
    with pytest.raises(MemoryDamaged):
        Witness(home)


def test_nothing_is_cosigned_that_can_not_be_remembered(home: Place) -> None:
    log = TestLog().grow(9)
    cosigned_at_size(home, log, 5)
    witness, folder = Witness(home), latest_file(home, log).parent
    moved = folder.rename(folder.with_name("away"))
    told = witness.add_checkpoint(log.request(5, 9))
    assert (told.status, "—" in told.body) == (HTTPStatus.SERVICE_UNAVAILABLE, False)
    moved.rename(folder)
    assert witness.add_checkpoint(log.fork(5).grow(9).request(5)).status == HTTPStatus.OK
    assert witness.add_checkpoint(log.request(5, 9)).status == HTTPStatus.CONFLICT


def test_one_directory_has_one_witness(home: Place) -> None:
    with held(home.path):
        with pytest.raises(AlreadyRunning), held(home.path):
            pass
        with pytest.raises(AlreadyRunning):
            home.trust(TestLog().vkey)
    home.trust(TestLog().vkey)


def test_what_a_log_should_not_have_signed_is_kept_beside_what_was_cosigned(home: Place) -> None:
    log = TestLog().grow(8)
    cosigned_at_size(home, log, 8)
    witness = Witness(home, lambda: NOW)
    split = request(8, [], log.fork(2).grow(6).checkpoint())
    for body in (split, split, log.fork(2).grow(30).request(8), log.request(3, 3), log.request(0)):
        assert witness.add_checkpoint(body).status != HTTPStatus.OK
    kept = {path.name.rsplit("-", 1)[0]: path.read_text() for path in home.evidence.iterdir()}
    assert set(kept) == {"split-view", "unproven", "rolled-back"}
    assert split.decode() in kept["split-view"]
    assert all(latest_file(home, log).read_text() in text for text in kept.values())


def test_strangers_leave_no_evidence(home: Place) -> None:
    log = TestLog().grow(8)
    cosigned_at_size(home, log, 8)
    impostor = TestLog().grow(8)
    assert Witness(home).add_checkpoint(impostor.request(8)).status == HTTPStatus.FORBIDDEN
    assert list(home.evidence.iterdir()) == []


def test_evidence_is_bounded_for_each_kind(home: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MAX_FILES", 3)
    log = TestLog().grow(9)
    cosigned_at_size(home, log, 9)
    witness = Witness(home)
    for size in range(8):
        witness.add_checkpoint(log.request(0, size))
    witness.add_checkpoint(request(9, [], log.fork(2).grow(7).checkpoint()))
    kept = sorted(path.name.rsplit("-", 1)[0] for path in home.evidence.iterdir())
    assert kept == ["rolled-back"] * 3 + ["split-view"]


def test_logs_are_bounded(home: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "MAX_LOGS", 2)
    for number in range(2):
        home.trust(TestLog(f"log.example/{number}").vkey)
    with pytest.raises(PlaceUnusable, match="can not have more"):
        home.trust(TestLog("log.example/more").vkey)
