"""`firmware-bridge image`: what it shows, makes and refuses."""

import io
import json
import stat
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from firmware_bridge.cli.app import run
from firmware_bridge.images.mcuboot import read_image
from tests.support.firmware_images import BOARD, image_of, public_pem


def ran(*words: str | Path) -> tuple[int, str, str]:
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            run([str(word) for word in words])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "image.bin").write_bytes(image_of(counter=7))
    return tmp_path / "image.bin"


def test_an_image_is_shown(image: Path) -> None:
    code, out, _ = ran("image", "show", image)
    assert code == 0
    for said in ("1.2.3+4", BOARD, "security counter  7", "ed25519 by key"):
        assert said in out
    code, out, _ = ran("image", "show", image, "--json")
    told = json.loads(out)
    assert (told["version"], told["board"], len(told["file_sha256"])) == ("1.2.3+4", BOARD, 64)


def test_an_image_is_judged_as_before_an_update(image: Path, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(public_pem())
    key = ("--key", tmp_path / "key.pem")
    assert ran("image", "check", image, *key, "--board", BOARD, "--running", "1.2.3+3")[0] == 0
    for options, said in (
        (("--board", BOARD), "key that is not given"),
        ((*key, "--board", "other"), f"made for {BOARD}"),
        ((*key, "--board", BOARD, "--running", "1.2.3+5"), "older than 1.2.3+5"),
    ):
        code, _, err = ran("image", "check", image, *options)
        assert (code, said in err) == (3, True), err


def test_a_bench_key_signs_and_is_shown_to_nobody(tmp_path: Path) -> None:
    private, program, made = tmp_path / "bench.pem", tmp_path / "program.bin", tmp_path / "made.bin"
    program.write_bytes(b"program")
    code, out, err = ran("image", "keygen", private)
    assert code == 0
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert private.read_text().split("\n")[1] not in out + err
    words = ("image", "sign", program, made, "--key", private, "--version", "2.0.0", "--board", BOARD)
    assert ran(*words, "--security-counter", "3")[0] == 0
    assert read_image(made.read_bytes()).security_counter == 3
    assert ran("image", "check", made, "--key", tmp_path / "bench.pub.pem", "--board", BOARD)[0] == 0
    code, _, err = ran(*words)
    assert (code, "name a new file" in err) == (1, True)
    assert ran("image", "keygen", private)[0] == 1


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [(b"", 3, "no MCUboot image"), (image_of() + b"x", 3, "--pad"), (None, 1, "that can be read")],
)
def test_what_is_no_image_is_refused(content: bytes | None, code: int, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "image").write_bytes(content)
    told = ran("image", "show", tmp_path / "image")
    assert (told[0], said in told[2]) == (code, True), told


def test_a_private_key_for_a_public_one_and_the_other_way_round(image: Path, tmp_path: Path) -> None:
    ran("image", "keygen", tmp_path / "bench.pem")
    code, _, err = ran("image", "check", image, "--key", tmp_path / "bench.pem")
    assert (code, "private key" in err) == (3, True)
    words = ("image", "sign", image, tmp_path / "new", "--version", "1.0.0", "--key", tmp_path / "bench.pub.pem")
    code, _, err = ran(*words)
    assert (code, "no PEM of a private key" in err) == (3, True)
    assert ran("image", "sign", image, tmp_path / "new", "--version", "1.0", "--key", image)[0] == 2
    assert not (tmp_path / "new").exists()
