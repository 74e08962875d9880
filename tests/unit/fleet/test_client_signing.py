"""Signatures of the client, checked by OpenSSH's own ssh-keygen."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from fleet.client.errors import NoSigningKey
from fleet.client.signing import sign

NAMESPACE = "login@muster"
MESSAGE = b"muster login v1\nTO-12\n00ff\nabc\n"


def run(*command: str, text: str = "") -> str:
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=20).stdout


def make_key(path: Path, passphrase: str = "", kind: str = "ed25519") -> Path:
    run("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path))
    return path


def openssh_accepts(signature: str, public: Path, folder: Path, namespace: str = NAMESPACE) -> bool:
    (folder / "signers").write_text(f"TO-12 {public.read_text()}")
    (folder / "signature").write_text(signature)
    command = ["ssh-keygen", "-Y", "verify", "-f", str(folder / "signers"), "-I", "TO-12", "-n", namespace]
    command += ["-s", str(folder / "signature")]
    return subprocess.run(command, input=MESSAGE, capture_output=True, check=False, timeout=20).returncode == 0


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    socket = str(tmp_path / "agent.sock")
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield socket
        process.terminate()


def add(agent: str, key: Path) -> None:
    subprocess.run(["ssh-add", "-q", str(key)], env={"SSH_AUTH_SOCK": agent}, check=True, timeout=20)


async def test_a_key_file_signs(tmp_path: Path) -> None:
    key = make_key(tmp_path / "mine")
    signature = await sign(MESSAGE, NAMESPACE, key)
    assert openssh_accepts(signature, tmp_path / "mine.pub", tmp_path)
    assert not openssh_accepts(signature, tmp_path / "mine.pub", tmp_path, "mandate@muster")


async def test_a_key_file_of_another_form_signs_too(tmp_path: Path) -> None:
    made, key = asyncssh.generate_private_key("ssh-ed25519"), tmp_path / "mine"
    key.write_bytes(made.export_private_key("pkcs8-pem"))
    key.chmod(0o600)
    made.write_public_key(tmp_path / "mine.pub")
    assert openssh_accepts(await sign(MESSAGE, NAMESPACE, key), tmp_path / "mine.pub", tmp_path)


async def test_the_only_usable_key_of_the_agent_signs(tmp_path: Path, agent: str) -> None:
    add(agent, make_key(tmp_path / "old", kind="ecdsa"))
    add(agent, make_key(tmp_path / "mine"))
    signature = await sign(MESSAGE, NAMESPACE, None, agent)
    assert openssh_accepts(signature, tmp_path / "mine.pub", tmp_path)


async def test_key_file_chooses_among_the_keys_of_the_agent(tmp_path: Path, agent: str) -> None:
    for name in ("mine", "other"):
        add(agent, make_key(tmp_path / name))
    with pytest.raises(NoSigningKey, match="2 Ed25519 keys"):
        await sign(MESSAGE, NAMESPACE, None, agent)
    signature = await sign(MESSAGE, NAMESPACE, tmp_path / "mine.pub", agent)
    assert openssh_accepts(signature, tmp_path / "mine.pub", tmp_path)
    with pytest.raises(NoSigningKey, match="does not hold"):
        await sign(MESSAGE, NAMESPACE, make_key(tmp_path / "third").with_suffix(".pub"), agent)


async def test_a_key_with_a_passphrase_is_left_to_the_agent(tmp_path: Path, agent: str) -> None:
    key = make_key(tmp_path / "locked", passphrase="correct horse")
    with pytest.raises(NoSigningKey, match="does not hold"):
        await sign(MESSAGE, NAMESPACE, key, agent)


@pytest.mark.parametrize("socket", ["", "/nowhere/agent.sock"])
async def test_says_what_to_do_without_an_agent(socket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(NoSigningKey, match=r"ssh-add -l|set key_file"):
        await sign(MESSAGE, NAMESPACE, None, socket)


async def test_refuses_a_key_that_others_can_read_or_that_is_none(tmp_path: Path) -> None:
    key = make_key(tmp_path / "mine")
    key.chmod(0o644)
    with pytest.raises(NoSigningKey, match="chmod 600"):
        await sign(MESSAGE, NAMESPACE, key)
    (tmp_path / "rubbish").write_text("no key")
    (tmp_path / "rubbish").chmod(0o600)
    with pytest.raises(NoSigningKey, match="can not be read"):
        await sign(MESSAGE, NAMESPACE, tmp_path / "rubbish")
