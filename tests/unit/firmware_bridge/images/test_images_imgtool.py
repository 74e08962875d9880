"""Images by MCUboot's own tool, which knows nothing of ours, and ours before that tool."""

import subprocess
import sys
from pathlib import Path

import pytest

from firmware_bridge.errors import ImageRefused
from firmware_bridge.images.judging import judge
from firmware_bridge.images.mcuboot import read_image
from protocols.releases.mcuboot import SIGNATURES, SignatureKind
from protocols.releases.version import Version
from tests.support.firmware_images import BOARD, image_of, public_pem

PROGRAM = bytes(range(256)) * 20


def imgtool(*words: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "imgtool.main", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def signed(folder: Path, key: Path | None, *options: str) -> bytes:
    (folder / "program.bin").write_bytes(PROGRAM)
    by = [] if key is None else ["-k", str(key)]
    words = ["sign", *by, "--sha", "256", "-v", "1.2.3+4", "-H", "512", "--pad-header", "-S", "65536", *options]
    imgtool(*words, folder / "program.bin", folder / "signed.bin")
    return (folder / "signed.bin").read_bytes()


@pytest.mark.parametrize("kind", sorted(SIGNATURES.values()))
def test_an_image_by_imgtool_is_read_and_found_good(kind: SignatureKind, tmp_path: Path) -> None:
    imgtool("keygen", "-k", tmp_path / "key.pem", "-t", kind)
    public = imgtool("getpub", "-k", tmp_path / "key.pem", "-e", "pem").encode()
    image = read_image(signed(tmp_path, tmp_path / "key.pem", "-s", "7", "--custom-tlv", "0x00a0", BOARD))
    assert (image.version, image.board, image.security_counter) == (Version(1, 2, 3, 4), BOARD, 7)
    assert [each.kind for each in image.signatures] == [kind]
    assert judge(image, keys=[public], board=BOARD, installed=None, permit=False) is None


def test_an_unsigned_image_by_imgtool_is_refused(tmp_path: Path) -> None:
    refused = judge(read_image(signed(tmp_path, None)), keys=[public_pem()], board="", installed=None, permit=False)
    assert refused is not None
    assert refused.reason == "unsigned"


def test_an_image_that_would_be_kept_without_a_trial_is_refused(tmp_path: Path) -> None:
    for option in ("--pad", "--confirm"):
        with pytest.raises(ImageRefused) as caught:
            read_image(signed(tmp_path, None, option))
        assert caught.value.reason == "padded"


def test_imgtool_finds_our_images_good(tmp_path: Path) -> None:
    (tmp_path / "public.pem").write_bytes(public_pem())
    (tmp_path / "ours.bin").write_bytes(image_of(counter=7))
    said = imgtool("verify", "-k", tmp_path / "public.pem", tmp_path / "ours.bin")
    assert "Image was correctly validated" in said
    assert "Image version: 1.2.3+4" in said
