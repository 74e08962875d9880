"""A SoftHSM token in a directory: PKCS#11 as a hardware token speaks it, for this process or another."""

import os
import subprocess
from pathlib import Path
from secrets import token_hex

import pytest

from hardware_keys import TokenAddress

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
_CONF = "SOFTHSM2_CONF"


class SoftHsm:
    """A token with a label and a PIN of its own; `environ` leads SoftHSM to it."""

    def __init__(self, directory: Path) -> None:
        self.tokens = directory / "tokens"
        self.tokens.mkdir(parents=True)
        self.label = f"muster-{token_hex(4)}"
        self.pin = token_hex(8)
        self.pin_file = directory / "pin"
        self.pin_file.write_text(f"{self.pin}\n")
        self.pin_file.chmod(0o600)
        conf = directory / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.environ = {_CONF: str(conf)}
        self.add_token(self.label)

    @property
    def address(self) -> TokenAddress:
        """The token's address."""
        return TokenAddress(MODULE, self.label, self.pin_file)

    @property
    def agent_environ(self) -> dict[str, str]:
        """What makes an agent keep its keys in this token."""
        return self.environ | {
            "MUSTER_AGENT_KEY_MODULE": str(MODULE),
            "MUSTER_AGENT_KEY_TOKEN": self.label,
            "MUSTER_AGENT_KEY_PIN_FILE": str(self.pin_file),
        }

    def add_token(self, label: str) -> None:
        """Initialise a token, perhaps a second one of the same label."""
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", self.pin, "--pin", self.pin]
        made = subprocess.run(
            command, env=os.environ | self.environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert made.returncode == 0, made.stderr

    def unplug(self) -> None:
        """Take the token away, with sessions open on it."""
        self.tokens.rename(self._aside)
        self.tokens.mkdir()

    def plug_in(self) -> None:
        """Bring it back."""
        self.tokens.rmdir()
        self._aside.rename(self.tokens)

    @property
    def _aside(self) -> Path:
        return self.tokens.with_name("unplugged")


@pytest.fixture
def hsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    """A token that this process reaches."""
    made = SoftHsm(tmp_path / "hsm")
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    return made
