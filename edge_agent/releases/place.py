"""Where releases are kept: their directories, and the files by which agent and launcher agree. Standard library and
msgspec only, since the launcher is the one program that no update replaces."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from edge_agent.durable import ensure_directory, read_bounded, write_durably
from edge_agent.errors import StateUnusable
from edge_agent.releases.rules import FACTORY, Asked, Pointers, Said

DEFAULT_RELEASES = Path("/opt/muster/releases")
DEFAULT_SETTINGS = Path("/etc/muster/edge-agent.toml")
RELEASE_VARIABLE = "MUSTER_LAUNCHED_RELEASE"
"""What the launcher tells the agent: the name of the release it has started, empty for the factory's."""

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,31}-[0-9a-f]{8}")
_Content = TypeVar("_Content", Pointers, Asked, Said)


def releases_dir(environ: Mapping[str, str], settings: Path | None) -> Path:
    """The directory that the agent's settings name: setting `releases_dir`, as `edge_agent.settings` reads it.

    What can not be read counts as not there: the agent, which reads the same file, says what is wrong with it.
    """
    named = environ.get("MUSTER_AGENT_RELEASES_DIR")
    if named:
        return Path(named)
    file = settings or Path(environ.get("MUSTER_AGENT_CONFIG") or DEFAULT_SETTINGS)
    try:
        with file.open("rb") as stream:
            value = tomllib.load(stream).get("releases_dir")
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return DEFAULT_RELEASES
    return Path(value) if isinstance(value, str) and value else DEFAULT_RELEASES


def release_name(version: str, sha256: str) -> str | None:
    """The name of the release in the bundle `sha256`; None for a version that can not be part of a name."""
    name = f"{version}-{sha256[:8]}"
    return name if _NAME.fullmatch(name) else None


class ReleasePlace:
    """One releases directory. Reading raises nothing: a file that can not be read is as one that is not there."""

    def __init__(self, root: Path) -> None:
        """`root` may not be there yet."""
        self.root = root

    def directory(self, release: str) -> Path:
        """Where `release` is, once it is installed."""
        return self.root / release

    def executable(self, release: str) -> Path:
        """The program of `release`."""
        return self.directory(release) / "bin" / "edge-agent"

    def usable(self, release: str) -> bool:
        """Whether `release` is installed and its program can be started; the factory's always can."""
        return release == FACTORY or (
            _NAME.fullmatch(release) is not None and os.access(self.executable(release), os.X_OK)
        )

    def installed(self) -> list[str]:
        """The names of the releases there are."""
        try:
            return sorted(entry.name for entry in self.root.iterdir() if _NAME.fullmatch(entry.name))
        except OSError:
            return []

    def pointers(self) -> Pointers:
        """What is started, as the launcher keeps it; the factory's release where that can not be read."""
        return self._read("pointers.json", Pointers) or Pointers()

    def keep(self, pointers: Pointers) -> None:
        """Keep them over a power cut; for the launcher only. Raises StateUnusable."""
        self._write("pointers.json", pointers)

    def asked(self) -> Asked | None:
        """What the agent has asked for last."""
        return self._read("asked.json", Asked)

    def ask(self, asked: Asked) -> None:
        """Ask the launcher, for when the agent has ended; for the agent only. Raises StateUnusable."""
        self._write("asked.json", asked)

    def said(self) -> Said | None:
        """What the agent on trial has said of itself."""
        return self._read("said.json", Said)

    def say(self, said: Said) -> None:
        """Tell the launcher; for the agent only. Raises StateUnusable."""
        self._write("said.json", said)

    def _read(self, name: str, kind: type[_Content]) -> _Content | None:
        try:
            content = read_bounded(self.root / name)
            return None if content is None else msgspec.json.decode(content, type=kind)
        except (StateUnusable, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _write(self, name: str, content: Pointers | Asked | Said) -> None:
        ensure_directory(self.root)
        write_durably(self.root / name, msgspec.json.encode(content))
