"""Signatures as OpenSSH's tools make them, and a FIDO token in software."""

import shutil
import subprocess
from base64 import b64encode
from hashlib import sha256, sha512
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SSH_KEYGEN = shutil.which("ssh-keygen") or "ssh-keygen"
LIMIT_S = 30
_SK = b"sk-ssh-ed25519@openssh.com"


def string(value: bytes) -> bytes:
    """An SSH wire string."""
    return len(value).to_bytes(4, "big") + value


def armored(blob: bytes) -> str:
    """An SSHSIG between its two lines."""
    text = b64encode(blob).decode()
    lines = [text[i : i + 70] for i in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


class SoftToken:
    """A key that signs as a FIDO token does (OpenSSH PROTOCOL.u2f), without the plastic."""

    def __init__(self, application: bytes = b"ssh:") -> None:
        self.key = Ed25519PrivateKey.generate()
        self.application = application
        self.counter = 0

    @property
    def blob(self) -> bytes:
        """The public key's wire form."""
        return string(_SK) + string(self.key.public_key().public_bytes_raw()) + string(self.application)

    @property
    def line(self) -> str:
        """The public key line."""
        return f"{_SK.decode()} {b64encode(self.blob).decode()}"

    def sshsig(self, message: bytes, namespace: str, *, flags: int = 1, hash_name: str = "sha512") -> bytes:
        """The SSHSIG's bytes; flag 1 says that somebody touched the token, 4 that they gave its PIN."""
        self.counter += 1
        digest = {"sha512": sha512, "sha256": sha256}[hash_name](message).digest()
        middle = string(namespace.encode()) + string(b"") + string(hash_name.encode())
        told = bytes([flags]) + self.counter.to_bytes(4, "big")
        raw = self.key.sign(
            sha256(self.application).digest() + told + sha256(b"SSHSIG" + middle + string(digest)).digest()
        )
        signature = string(_SK) + string(raw) + told
        return b"SSHSIG" + (1).to_bytes(4, "big") + string(self.blob) + middle + string(signature)


def keygen_signs(folder: Path, message: bytes, namespace: str, hash_name: str = "sha512") -> tuple[str, str]:
    """A fresh key's line, and its armored signature by `ssh-keygen -Y sign`."""
    key = folder / "key"
    subprocess.run([SSH_KEYGEN, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True, timeout=LIMIT_S)
    options = ["-O", f"hashalg={hash_name}"]
    made = subprocess.run(
        [SSH_KEYGEN, "-Y", "sign", "-n", namespace, *options, "-f", key],
        input=message,
        capture_output=True,
        check=True,
        timeout=LIMIT_S,
    )
    return key.with_suffix(".pub").read_text(), made.stdout.decode()


def keygen_verifies(folder: Path, line: str, message: bytes, namespace: str, signature: str) -> bool:
    """Whether `ssh-keygen -Y verify` takes the signature for that of the key `line`."""
    (folder / "signers").write_text(f'AD-01 namespaces="{namespace}" {line.strip()}\n')
    (folder / "signature").write_text(signature)
    done = subprocess.run(
        [
            SSH_KEYGEN,
            "-Y",
            "verify",
            "-n",
            namespace,
            "-I",
            "AD-01",
            "-f",
            folder / "signers",
            "-s",
            folder / "signature",
        ],
        input=message,
        capture_output=True,
        check=False,
        timeout=LIMIT_S,
    )
    return done.returncode == 0
