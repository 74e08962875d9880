"""Plug-ins: found by their entry points, loaded when asked for, and every fault of theirs told as one."""

import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from firmware_bridge.errors import ImageRefused, PluginUnusable
from firmware_bridge.updating.carrying_out import update
from firmware_bridge.updating.device import Installed
from firmware_bridge.updating.plugins import GROUP, load_plugin, plugin_names

EXAMPLE = EntryPoint("example", "tests.support.example_updater:make_device", GROUP)
OLD, NEW = b"EXAMPLE 1.0 a", b"EXAMPLE 1.1 b"


class ExampleLine:
    """The other end of the example: a device behind a line."""

    def __init__(self) -> None:
        self.runs, self.other, self.confirmed = OLD, b"", True
        self.answers: list[bytes] = []

    @property
    def name(self) -> str:
        return "sim"

    async def read(self) -> bytes:
        return self.answers.pop(0)

    async def write(self, content: bytes) -> None:
        order, rest = content[:1], content[1:-1]
        said = "ok"
        if order == b"?":
            state = "confirmed" if self.confirmed else "trial"
            said = f"{self.runs.split()[1].decode()} {sha256(self.runs).hexdigest()} {state}"
        elif order == b"=":
            self.other = bytes.fromhex(rest.decode())
        elif order in {b"t", b"b"}:
            self.runs, self.other, self.confirmed = self.other, self.runs, order == b"b"
        elif order == b"c":
            self.confirmed = True
        elif order == b"h":
            said = "well"
        self.answers.append(said.encode() + b"\n")

    def discard(self) -> None:
        self.answers.clear()

    async def close(self) -> None:
        pass


async def no_rest(_seconds: float) -> None:
    pass


async def test_the_example_brings_its_device_to_an_image() -> None:
    line = ExampleLine()
    device = load_plugin("example", [EXAMPLE])(line)
    done = await update(device, NEW, board="", may_downgrade=False, tell=lambda _told: None, rest=no_rest)
    assert done == Installed("1.1", sha256(NEW).hexdigest(), confirmed=True)
    assert (line.runs, line.confirmed) == (NEW, True)
    with pytest.raises(ImageRefused, match=r"not known to be as new"):
        await update(device, OLD, board="", may_downgrade=False, tell=lambda _told: None, rest=no_rest)
    with pytest.raises(ImageRefused, match="no image"):
        await update(device, b"x", board="", may_downgrade=False, tell=lambda _told: None, rest=no_rest)


@pytest.fixture
def broken_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "plugin_that_fails.py").write_text("raise ZeroDivisionError('by nobody')\n")
    (tmp_path / "plugin_without_device.py").write_text("make_device = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in ("plugin_that_fails", "plugin_without_device"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no_such_module:make_device", "ModuleNotFoundError"),
        ("tests.support.example_updater:no_such_thing", "AttributeError"),
        ("plugin_that_fails:make_device", "ZeroDivisionError: by nobody"),
        ("plugin_without_device:make_device", "not callable"),
    ],
)
def test_a_plug_in_that_can_not_be_loaded_says_why(value: str, said: str, broken_modules: None) -> None:
    with pytest.raises(PluginUnusable, match=said) as caught:
        load_plugin("bad", [EntryPoint("bad", value, GROUP)])
    assert caught.value.name == "bad"


def test_names() -> None:
    assert plugin_names([EXAMPLE, EntryPoint("mcuboot", "x:y", GROUP), EntryPoint("a", "x:y", GROUP)]) == [
        "a",
        "example",
    ]
    with pytest.raises(PluginUnusable, match="not installed; installed: example"):
        load_plugin("other", [EXAMPLE])
    with pytest.raises(PluginUnusable, match="installed: none"):
        load_plugin("other", [])
    with pytest.raises(PluginUnusable, match="built in"):
        load_plugin("mcuboot", [EXAMPLE])
    with pytest.raises(PluginUnusable, match="two installed packages"):
        load_plugin("example", [EXAMPLE, EntryPoint("example", "other:make", GROUP)])


def test_this_installation_is_asked_where_nothing_is_given() -> None:
    assert "mcuboot" not in plugin_names()
    with pytest.raises(PluginUnusable, match="not installed"):
        load_plugin("no-such-plug-in")
