"""The log's key: its name, what it signs, and how many witnesses a policy asks for."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.errors import SettingsInvalid
from fleet.log.key import LOG_KEY_FILE, LogKey, load_log_key, write_log_key
from fleet.log.status import fewest
from protocols.errors import InvalidCheckpoint
from protocols.tlog.cosignature import cosigner_key
from protocols.tlog.policy import read_policy

KEY = LogKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def test_the_name_is_made_from_the_key_alone() -> None:
    """It must never change: it stands in signed people lists and in witnesses' memories."""
    assert KEY.origin == "muster-log-56475aa75463474c"
    assert KEY.verifier.name == KEY.origin
    assert LogKey.new().origin != KEY.origin


def test_a_tree_is_signed_in_one_way_only() -> None:
    """So a log that rests and one that was killed half-way never say two things."""
    root = bytes(range(100, 132))
    assert KEY.sign(7, root) == KEY.sign(7, root)
    assert KEY.alone.check(KEY.sign(7, root).text).checkpoint.size == 7
    with pytest.raises(InvalidCheckpoint, match="no log of the policy"):
        LogKey.new().alone.check(KEY.sign(7, root).text)


def test_the_key_is_kept_once_and_for_its_owner_only(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="fleet migrate"):
        load_log_key(tmp_path)
    write_log_key(tmp_path, KEY)
    assert load_log_key(tmp_path).public == KEY.public
    assert (tmp_path / LOG_KEY_FILE).stat().st_mode & 0o777 == 0o600
    with pytest.raises(SettingsInvalid, match="already"):
        write_log_key(tmp_path, LogKey.new())
    assert "private" not in repr(KEY)


@pytest.mark.parametrize(
    ("groups", "quorum", "needed"),
    [
        ("", "none", 0),
        ("", "b", 1),
        ("group g 2 a b c\n", "g", 2),
        ("group g all a b c\ngroup any any g d\n", "any", 1),
        ("group g all a b c\ngroup both all g d\n", "both", 4),
    ],
)
def test_a_quorum_is_told_as_the_fewest_witnesses_that_reach_it(groups: str, quorum: str, needed: int) -> None:
    keys = [cosigner_key(f"witness.example/{name}", bytes([ord(name)]) * 32).line for name in "abcd"]
    witnesses = "".join(f"witness {name} {key}\n" for name, key in zip("abcd", keys, strict=True))
    policy = read_policy(f"log {KEY.verifier.line}\n{witnesses}{groups}quorum {quorum}\n")
    assert fewest(policy) == needed
