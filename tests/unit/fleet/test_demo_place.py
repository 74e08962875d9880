"""A demo's directory: what stops it is one known error, and what is not the demo's stays."""

import socket
from pathlib import Path

import pytest

from fleet.cli.demo import demo
from fleet.demo.errors import PlaceInUse, PlaceUnusable, PortTaken
from fleet.demo.place import Place


def test_a_place_that_can_not_hold_a_demo_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for directory in (tmp_path / "file", Path("/proc/nowhere")):
        with pytest.raises(PlaceUnusable, match="--directory"):
            Place(directory).prepare()


def test_damaged_ports_are_said(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("{")
    with pytest.raises(PlaceUnusable, match="damaged"):
        Place(tmp_path).prepare()


def test_a_kept_port_that_is_in_use_is_said(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ports = place.prepare()
    place.keep(ports)
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.api))
        other.listen()
        with pytest.raises(PortTaken) as caught:
            place.prepare()
    assert caught.value.port == ports.api
    assert place.prepare() == ports


def test_what_was_never_founded_is_begun_anew_and_what_is_not_the_demo_s_stays(tmp_path: Path) -> None:
    place = Place(tmp_path / "demo")
    place.prepare()
    (place.postgres / "data").mkdir()
    own = place.directory / "mine"
    own.touch()
    place.prepare()
    assert not (place.postgres / "data").exists()
    place.reset()
    assert list(place.directory.iterdir()) == [own]


def test_folders_that_no_demo_made_are_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "keys" / "mine"
    mine.parent.mkdir()
    mine.touch()
    Place(tmp_path).reset()
    assert mine.exists()


def test_a_place_where_a_demo_runs_is_neither_used_nor_reset(tmp_path: Path) -> None:
    with Place(tmp_path / "demo").held():
        place = Place(tmp_path / "demo")
        place.keep(place.prepare())
        with pytest.raises(PlaceInUse, match="stop that one first") as caught:
            demo(headless=True, reset=True, directory=place.directory)
        assert "reset" not in str(caught.value)
        assert place.founded
    with place.held():
        place.reset()
    assert not place.founded
