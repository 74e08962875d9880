"""What ships for a witness's machine, held to what can be held without a container engine."""

import re
import subprocess
from pathlib import Path

from fleet.cli.witness import DEFAULT_PORT

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docker" / "witness"
UNIT_FILE = FOLDER / "muster-witness.service"
DOCKERFILE = FOLDER / "Dockerfile"


def test_the_service_is_understood_by_systemd(tmp_path: Path) -> None:
    here = tmp_path / UNIT_FILE.name
    # The program itself is not installed where the tests run.
    here.write_text(re.sub(r"ExecStart=\S+ witness run .*", "ExecStart=/bin/true", UNIT_FILE.read_text()))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", here], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_service_is_confined() -> None:
    """systemd's own judgement, 0 (nothing can go wrong) to 100; 11 when this was written."""
    analyze = ["systemd-analyze", "security", "--offline=yes", "--threshold=12", "--no-pager", str(UNIT_FILE)]
    done = subprocess.run(analyze, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


def test_service_and_image_use_the_port_that_the_command_has() -> None:
    assert re.findall(r"--port (\d+)|SocketBindAllow=tcp:(\d+)", UNIT_FILE.read_text()) == [
        (str(DEFAULT_PORT), ""),
        ("", str(DEFAULT_PORT)),
    ]
    assert f"EXPOSE {DEFAULT_PORT}\n" in DOCKERFILE.read_text()


def test_the_image_holds_the_witness_extra_and_the_packages_it_may_import() -> None:
    text = DOCKERFILE.read_text()
    assert re.findall(r"--extra (\S+)", text) == ["witness", "witness"]
    assert re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE) == ["protocols", "fleet"]
