"""A person's key is one public key line; a private key goes nowhere and is shown nowhere."""

from pathlib import Path

import asyncssh
import pytest

from fleet.cli.person_key import read_key_file
from fleet.errors import RequestRefused, SettingsInvalid
from fleet.people.key_line import public_key_line
from fleet.people.keys import read_person_key

KEY = asyncssh.generate_private_key("ssh-ed25519", comment="Tom Example")
PUBLIC = KEY.export_public_key().decode()
PRIVATE = KEY.export_private_key().decode()


def test_the_one_line_of_a_pub_file_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "tom.pub"
    file.write_text(PUBLIC)
    assert read_key_file(file) == PUBLIC.strip()
    assert read_person_key(PUBLIC).fingerprint == KEY.get_fingerprint()


@pytest.mark.parametrize(
    "text",
    [
        PRIVATE,
        KEY.export_private_key("pkcs8-pem").decode(),
        PUBLIC + PRIVATE,
        PRIVATE.replace("\n", " "),
        PUBLIC + PUBLIC,
        KEY.export_public_key("rfc4716").decode(),
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "a" * 20_000,
    ],
)
def test_anything_else_is_refused_and_not_repeated(text: str, tmp_path: Path) -> None:
    assert public_key_line(text) is None
    file = tmp_path / "id_ed25519"
    file.write_text(text)
    with pytest.raises(SettingsInvalid, match=r"give the \.pub file") as here:
        read_key_file(file)
    with pytest.raises(RequestRefused) as there:
        read_person_key(text)
    assert ".pub file" in there.value.problem.remedy
    for line in filter(None, text.splitlines()):
        assert line not in str(here.value) + str(there.value.problem)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_file_that_can_not_be_read_is_said_in_one_line(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsInvalid, match=r"key\.pub"):
        read_key_file(file)
