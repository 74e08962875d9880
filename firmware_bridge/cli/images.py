"""`firmware-bridge image show|check|sign|keygen`: images as files, without a device."""

from hashlib import sha256
from pathlib import Path
from typing import Annotated

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cyclopts import App, Parameter

from firmware_bridge.cli.given_files import check_new, read_given, write_new
from firmware_bridge.cli.options import Json, WholeNumber
from firmware_bridge.cli.output import print_facts, print_json, print_line, print_remark
from firmware_bridge.errors import ImageRefused
from firmware_bridge.images.installed import Installed
from firmware_bridge.images.judging import judge
from firmware_bridge.images.keys import MAX_KEY_BYTES, PrivateKey, signing_key
from firmware_bridge.images.mcuboot import read_image
from firmware_bridge.images.signing import make_image
from protocols.releases.mcuboot import MAX_IMAGE_BYTES, Image
from protocols.releases.version import Version, read_version

app = App(name="image", help="Images of microcontrollers: show, check, sign for the bench.")

ImageFile = Annotated[Path, Parameter(help="The signed image, a .bin.")]
KeyFiles = Annotated[
    list[Path] | None,
    Parameter(name="--key", negative="", help="PEM of a public key of the device's bootloader; give it for each."),
]
Board = Annotated[str, Parameter(help="The board that the device is; empty for an image that names none.")]


def _check_version(_type: object, value: str | None) -> None:
    if value is not None and read_version(value) is None:
        raise ValueError("a version as 1.2.3 or 1.2.3+4")


_VersionText = Annotated[str, Parameter(validator=_check_version, help="The version, as 1.2.3+4.")]


@app.command
def show(image: ImageFile, *, json: Json = False) -> None:
    """Show what an image says of itself. Its hash is checked; its signatures are not."""
    content = read_given(image, MAX_IMAGE_BYTES)
    read = read_image(content)
    facts = _facts(read, content)
    if json:
        print_json({name.lower().replace(" ", "_").replace("-", ""): value for name, value in facts})
    else:
        print_facts([(name, ", ".join(value) if isinstance(value, list) else value) for name, value in facts])


@app.command
def check(
    image: ImageFile,
    *,
    key: KeyFiles = None,
    board: Board = "",
    running: Annotated[
        str | None, Parameter(validator=_check_version, help="The version that the device runs, as 1.2.3+4.")
    ] = None,
) -> None:
    """Judge an image as `update` would before it sends a byte; exit code 3 when it must not be sent."""
    read = read_image(read_given(image, MAX_IMAGE_BYTES))
    installed = None if running is None else Installed(running, "", confirmed=True)
    refused = judge(read, keys=read_keys(key), board=board, installed=installed, permit=False)
    if refused is not None:
        raise refused
    print_line(f"{image}: {read.version} for {read.board or 'any board'} may be sent")


@app.command
def sign(
    program: Annotated[Path, Parameter(help="The program, a .bin.")],
    image: Annotated[Path, Parameter(help="A new file for the image.")],
    *,
    key: Annotated[Path, Parameter(help="PEM of the private key, without a passphrase: firmware-bridge image keygen.")],
    version: _VersionText,
    board: Board = "",
    security_counter: Annotated[int | None, Parameter(validator=WholeNumber(0, 0xFFFFFFFF))] = None,
    header_bytes: Annotated[
        int, Parameter(validator=WholeNumber(32, 0xFFFF), help="Room before the program, as it was linked for.")
    ] = 512,
) -> None:
    """Make a signed image of a program, for benches and simulators. Images of the field are signed elsewhere."""
    check_new(image)
    numbers = read_version(version)
    assert numbers is not None, "its form was checked"
    content = make_image(
        read_given(program, MAX_IMAGE_BYTES),
        version=Version(*numbers),
        key=_private(key),
        board=board,
        security_counter=security_counter,
        header_bytes=header_bytes,
    )
    write_new(image, content)
    print_line(f"{image}: {numbers}, {len(content)} bytes, hash {read_image(content).digest_hex}")


@app.command
def keygen(
    file: Annotated[Path, Parameter(help="A new file for the private key; the public one is put beside it.")],
) -> None:
    """Make an Ed25519 key that signs images for benches and simulators. The private half is shown to nobody."""
    public_file = file.with_name(f"{file.stem}.pub.pem")
    for each in (file, public_file):
        check_new(each)
    private = Ed25519PrivateKey.generate()
    write_new(file, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), private=True)
    write_new(public_file, private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    print_line(f"{public_file}: give this to bootloaders and to firmware-bridge update --key")
    print_remark(f"{file}: keep this one; who has it signs images")


def read_keys(files: list[Path] | None) -> list[bytes]:
    """The PEMs that `--key` names; raises BridgeError."""
    return [read_given(each, MAX_KEY_BYTES) for each in files or ()]


def _private(file: Path) -> PrivateKey:
    remedy = "make one: firmware-bridge image keygen"
    try:
        key = load_pem_private_key(read_given(file, MAX_KEY_BYTES), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        said = f"{file}: this is no PEM of a private key without a passphrase"
        raise ImageRefused("key-unusable", said, remedy) from error
    if not isinstance(key, PrivateKey):
        raise ImageRefused("key-unusable", f"{file}: a key of this kind signs no images", remedy)
    signing_key(key.public_key())
    return key


def _facts(image: Image, content: bytes) -> list[tuple[str, object]]:
    return [
        ("version", str(image.version)),
        ("board", image.board or None),
        ("security counter", image.security_counter),
        ("hash", image.digest_hex),
        ("file SHA-256", sha256(content).hexdigest()),
        ("bytes", len(content)),
        ("program bytes", image.image_bytes),
        ("flags", f"{image.flags:#x}"),
        ("signatures", [f"{each.kind} by key {each.key_hash.hex() or 'unnamed'}" for each in image.signatures]),
    ]
