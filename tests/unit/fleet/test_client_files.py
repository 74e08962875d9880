"""Files that a person names may be anything: what has no end is not read."""

import errno
import os
from pathlib import Path

import pytest

from fleet.client import InvalidClientSettings, NoSigningKey, load_client_settings
from fleet.client.files import MOST_BYTES, read_small
from fleet.client.signing import sign
from fleet.client.trust import load_pin
from fleet.errors import SettingsInvalid
from fleet.settings import load_settings


@pytest.fixture(params=["device", "pipe", "folder", "long"])
def endless(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Something that is no small file."""
    path = tmp_path / "named"
    if request.param == "pipe":
        os.mkfifo(path, 0o600)
    elif request.param == "folder":
        path.mkdir()
    elif request.param == "long":
        path.write_bytes(b"#" * (MOST_BYTES + 1))
        path.chmod(0o600)
    else:
        path.symlink_to("/dev/zero")
    return path


def test_what_is_no_small_file_is_refused(endless: Path) -> None:
    with pytest.raises(OSError, match=r"regular|directory|longer") as refused:
        read_small(endless)
    assert refused.value.errno in {errno.EINVAL, errno.EISDIR, errno.EFBIG}


def test_a_file_of_just_the_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * MOST_BYTES)
    assert len(read_small(tmp_path / "file")) == MOST_BYTES


async def test_settings_certificates_and_keys_are_read_that_way(endless: Path) -> None:
    with pytest.raises(InvalidClientSettings):
        load_client_settings(endless, environment={})
    with pytest.raises(SettingsInvalid):
        load_settings(endless, {})
    with pytest.raises(InvalidClientSettings):
        load_pin(endless)
    with pytest.raises(NoSigningKey):
        await sign(b"text", "login@muster", endless)
