"""Key files: a key, or the name of one in a token."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key

from fleet.ca.errors import AuthorityUnreadable, KeyExposed
from fleet.ca.files import key_to_pem, write_private
from fleet.ca.key_ring import load_key, make_key
from fleet.ca.keys import Pkcs11Key, key_place, read_token_file

NAMED = Pkcs11Key(module="/usr/lib/a token's.so", token='the "first"', key="issuing-2", pin_file="/etc/pin\\file")


def test_a_key_is_made_in_a_private_file_and_comes_back(tmp_path: Path) -> None:
    key = make_key(tmp_path / "issuing.key", None)
    assert (tmp_path / "issuing.key").stat().st_mode & 0o777 == 0o600
    assert load_key(tmp_path, "issuing.key").public_key() == key.public_key()
    assert key_place(tmp_path, "issuing.key") == "file"
    assert key_place(tmp_path, "root.key") == "absent"


def test_a_named_key_is_written_and_read_the_same(tmp_path: Path) -> None:
    write_private(tmp_path / "issuing.key", NAMED.toml())
    assert key_place(tmp_path, "issuing.key") == "pkcs11"
    assert read_token_file(tmp_path, "issuing.key", NAMED.toml()) == NAMED


@pytest.mark.parametrize(
    "content",
    [
        b"garbage",
        b"\xff\xfe",
        b"[pkcs11]\nmodule = 'm'\n",
        NAMED.toml() + b"pin = '1234'\n",
        b"[other]\n",
        NAMED.toml().replace(b'"issuing-2"', b"2"),
        b"",
    ],
)
def test_what_is_neither_is_refused_without_being_quoted(tmp_path: Path, content: bytes) -> None:
    write_private(tmp_path / "issuing.key", content)
    with pytest.raises(AuthorityUnreadable, match=r"issuing\.key") as caught:
        load_key(tmp_path, "issuing.key")
    assert "1234" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_another_curve_and_an_open_file_are_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "issuing.key", key_to_pem(generate_private_key(SECP384R1())))
    with pytest.raises(AuthorityUnreadable, match="P-256"):
        load_key(tmp_path, "issuing.key")
    write_private(tmp_path / "issuing.key", key_to_pem(generate_private_key(SECP256R1())))
    (tmp_path / "issuing.key").chmod(0o604)
    for judge in (load_key, key_place):
        with pytest.raises(KeyExposed, match="0604"):
            judge(tmp_path, "issuing.key")
