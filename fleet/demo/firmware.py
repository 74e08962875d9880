"""The demo's firmware: an image for the units' microcontrollers and a manifest, signed and released as people would, so
that a rollout can be begun at once.

Images are made by `firmware-bridge`, a program of another package. All the demo's microcontrollers trust one key.
"""

import asyncio
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from fleet.client import FleetClient, connect, load_client_settings
from fleet.clock import utc_now
from fleet.demo.errors import PartFailed
from fleet.demo.parts import program
from fleet.demo.place import Place
from protocols.api.releases import DraftView, SignedRole
from protocols.releases.manifest import Manifest, Part

ADMINISTRATORS = ("AD-01", "AD-02")
SIGNERS = ("SU-02", "TO-12")
BOARD = "muster_mcu"
"""What the simulated microcontrollers say their board is."""

VERSION = "1.1.0"
IMAGE = f"mcu/{BOARD}-{VERSION}.bin"
MANIFEST = Manifest(
    format=1,
    name="mcu-1.1.0",
    parts=[Part(part="mcu", version=VERSION, target=IMAGE, board=BOARD, updater="mcuboot")],
)
_PROGRAM_LIMIT_S = 30.0
_PROGRAM = b"simulated: the second program\n" * 2000


def keys_file(place: Place) -> Path:
    """The public key that the microcontrollers' bootloaders trust, PEM."""
    return place.keys / "firmware.pub.pem"


async def fit_keys(place: Place, names: Sequence[str]) -> None:
    """Make the key that signs firmware, if there is none, and have the microcontroller of each unit trust it; raises
    PartFailed. To be done before the microcontrollers are started."""
    if not keys_file(place).exists():
        await _run(place, "image", "keygen", str(_private(place)))
    for name in names:
        folder = place.unit(name) / "mcu"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = folder / "signing-key.pem"
        if not kept.exists():
            shutil.copyfile(_private(place), kept)
            kept.chmod(0o600)


async def release_firmware(place: Place) -> bool:
    """Have a root, an image and its manifest in force; False where there was a root already. Raises ClientError,
    PartFailed."""
    async with (
        connect(load_client_settings(place.client_toml(ADMINISTRATORS[0]))) as first,
        connect(load_client_settings(place.client_toml(ADMINISTRATORS[1]))) as second,
        connect(load_client_settings(place.client_toml(SIGNERS[0]))) as supervisor,
        connect(load_client_settings(place.client_toml(SIGNERS[1]))) as engineer,
    ):
        if (await first.releases()).roles:
            return False
        await sign_draft("root", await draft_root(first), first, second)
        await sign_draft("targets", await _targets(place, supervisor), supervisor, engineer)
        return True


async def draft_root(administrator: FleetClient) -> DraftView:
    """Draft the first root, of ADMINISTRATORS, with targets by SIGNERS; raises ClientError."""
    from fleet.releases import root_drafting  # noqa: PLC0415 - TUF's library is large

    return await root_drafting.draft_root(administrator, ADMINISTRATORS, SIGNERS, utc_now())


async def sign_draft(role: SignedRole, draft: DraftView, *signers: FleetClient) -> None:
    """Have each of `signers` sign a draft, the last of them putting it in force; raises ClientError."""
    from fleet.client.release_drafts import read_release  # noqa: PLC0415 - TUF's library is large

    read = read_release(role, draft.text)
    for signer in signers:
        await signer.sign_release(read)


async def _targets(place: Place, supervisor: FleetClient) -> DraftView:
    from fleet.releases.drafting import next_targets  # noqa: PLC0415 - TUF's library is large
    from fleet.releases.metadata import canonical_text  # noqa: PLC0415 - as above

    image = place.keys / f"{BOARD}-{VERSION}.bin"
    manifest = place.keys / f"{MANIFEST.name}.json"
    if not image.exists():
        plain = image.with_suffix(".program")
        plain.write_bytes(_PROGRAM)
        facts = ["--version", VERSION, "--board", BOARD, "--security-counter", "1"]
        await _run(place, "image", "sign", str(plain), str(image), "--key", str(_private(place)), *facts)
        plain.unlink()
    manifest.write_bytes(msgspec.json.encode(MANIFEST))
    files = {}
    for path, file in ((IMAGE, image), (f"manifests/{MANIFEST.name}.json", manifest)):
        kept = await supervisor.send_release_file(file, lambda _done, _total: None)
        files[path] = (kept.sha256, kept.length_bytes)
    return await supervisor.draft_release("targets", canonical_text(next_targets(None, None, files, [], utc_now())))


def _private(place: Place) -> Path:
    return place.keys / "firmware.pem"


async def _run(place: Place, *command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        program("firmware-bridge"), *command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_PROGRAM_LIMIT_S):
            _, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise PartFailed("firmware", place.keys, f"firmware-bridge {command[0]}: {complaint.decode()[-300:]}")
