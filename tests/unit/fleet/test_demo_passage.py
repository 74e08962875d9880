"""Folders opened for another user get back the modes they had, once nobody needs them."""

import stat
from pathlib import Path

import pytest

from fleet.demo.passage import Passage


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


def _mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def test_a_folder_on_the_way_is_open_only_meanwhile(closed: Path) -> None:
    passage = Passage()
    passage.open_to(closed / "inside")
    assert _mode(closed) == 0o701
    passage.close()
    assert _mode(closed) == 0o700
    passage.close()


def test_the_last_to_leave_closes(closed: Path) -> None:
    first, second = Passage(), Passage()
    first.open_to(closed / "inside")
    second.open_to(closed / "inside")
    first.close()
    assert _mode(closed) == 0o701
    second.close()
    assert _mode(closed) == 0o700


def test_a_folder_that_was_open_stays_as_it_was(closed: Path) -> None:
    closed.chmod(0o755)
    passage = Passage()
    passage.open_to(closed / "inside")
    passage.close()
    assert _mode(closed) == 0o755
