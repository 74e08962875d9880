"""Signing in with the person's SSH key: from ssh-agent, or from a key file.

An SSHSIG is the string `SSHSIG`, version 1, public key, namespace, a reserved empty string, hash name and signature;
what is signed is the same without version and key, with the message's hash in place of the signature
(OpenSSH PROTOCOL.sshsig).
"""

import asyncio
import os
import stat
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha512
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from fleet.client.errors import NoSigningKey
from fleet.client.files import read_small

AGENT_WAIT_S = 60.0
"""How long a person has to touch the token or to confirm in the agent."""

_PLAIN = b"ssh-ed25519"
_USABLE = (_PLAIN, b"sk-ssh-ed25519@openssh.com")
_MAGIC = b"SSHSIG"
_HASH_NAME = b"sha512"
_LINE = 70

_Signer = tuple[bytes, Callable[[bytes], bytes]]
"""A public key, and what signs with its private one; both as SSH writes them."""


async def sign(message: bytes, namespace: str, key_file: Path | None, agent_socket: str | None = None) -> str:
    """The armored SSHSIG of `message` in `namespace`; raises NoSigningKey.

    A private `key_file` signs here; a `.pub`, or none, asks the agent at `agent_socket` (default SSH_AUTH_SOCK), and
    so does a private key with a passphrase, through its `.pub` beside it.
    """
    if key_file is not None and key_file.suffix != ".pub":
        signer = await asyncio.to_thread(_load_private, key_file)
        if signer is not None:
            public, signed = signer
            return _armored(public, namespace, signed(_to_sign(message, namespace)))
        key_file = key_file.with_name(key_file.name + ".pub")
    wanted = None if key_file is None else await asyncio.to_thread(_read_public, key_file)
    return await _sign_by_agent(message, namespace, wanted, agent_socket or os.environ.get("SSH_AUTH_SOCK", ""))


def _load_private(path: Path) -> _Signer | None:
    """The key in `path`, None when only an agent can use it: it needs a passphrase or a hardware token."""
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise NoSigningKey(f"the key {path} is readable by others: chmod 600 it")
        text = read_small(path)
    except OSError as error:
        raise NoSigningKey(f"the key {path} can not be read: {error}") from error
    return _plain_key(text) or _other_key(text, path)


def _plain_key(text: bytes) -> _Signer | None:
    """An Ed25519 key without a passphrase, in OpenSSH's form; None for every other."""
    try:
        key = load_ssh_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, Ed25519PrivateKey):
        return None
    public = _string(_PLAIN) + _string(key.public_key().public_bytes_raw())
    return public, lambda data: _string(_PLAIN) + _string(key.sign(data))


def _other_key(text: bytes, path: Path) -> _Signer | None:
    """A key of another kind or form; None when only an agent can use it."""
    import asyncssh  # noqa: PLC0415  a third of a second of imports that few keys and agents need

    try:
        pair = asyncssh.load_keypairs([asyncssh.import_private_key(text)])[0]
    except asyncssh.KeyImportError as error:
        if "passphrase" in str(error).lower():
            return None
        raise NoSigningKey(f"the key {path} can not be read: {error}") from error
    return None if pair.algorithm.startswith(b"sk-") else (pair.public_data, pair.sign)


def _read_public(path: Path) -> bytes:
    import asyncssh  # noqa: PLC0415  see above

    try:
        blob: bytes = asyncssh.import_public_key(read_small(path)).public_data
    except (OSError, asyncssh.KeyImportError) as error:
        raise NoSigningKey(f"the public key {path} can not be read: {error}") from error
    return blob


async def _sign_by_agent(message: bytes, namespace: str, wanted: bytes | None, socket: str) -> str:
    from asyncssh.agent import SSHAgentClient  # noqa: PLC0415  see above

    if not socket:
        raise NoSigningKey("ssh-agent is not running here (SSH_AUTH_SOCK is not set): start it, or set key_file")
    try:
        async with asyncio.timeout(AGENT_WAIT_S), SSHAgentClient(socket) as agent:
            blob = _choose([pair.public_data for pair in await agent.get_keys()], wanted)
            signature = await agent.sign(blob, _to_sign(message, namespace))
    except TimeoutError as error:
        raise NoSigningKey(f"ssh-agent did not sign within {AGENT_WAIT_S:.0f} s: touch the token in time") from error
    except (OSError, ValueError) as error:
        raise NoSigningKey(f"ssh-agent at {socket} did not sign ({error}): check `ssh-add -l`") from error
    return _armored(blob, namespace, signature)


def _choose(held: list[bytes], wanted: bytes | None) -> bytes:
    """The key to use of those the agent holds: the wanted one, or the only one of a kind Muster knows."""
    if wanted is not None:
        if wanted not in held:
            raise NoSigningKey("ssh-agent does not hold the key of key_file: ssh-add it")
        return wanted
    usable = [blob for blob in held if _algorithm(blob) in _USABLE]
    if not usable:
        raise NoSigningKey("ssh-agent holds no Ed25519 key: ssh-add yours, or set key_file")
    if len(usable) > 1:
        raise NoSigningKey(f"ssh-agent holds {len(usable)} Ed25519 keys: set key_file to the .pub of yours")
    return usable[0]


def _algorithm(blob: bytes) -> bytes:
    return blob[4 : 4 + int.from_bytes(blob[:4], "big")]


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _to_sign(message: bytes, namespace: str) -> bytes:
    hashed = sha512(message).digest()
    return _MAGIC + _string(namespace.encode()) + _string(b"") + _string(_HASH_NAME) + _string(hashed)


def _armored(public: bytes, namespace: str, signature: bytes) -> str:
    body = _MAGIC + (1).to_bytes(4, "big") + _string(public) + _string(namespace.encode())
    body += _string(b"") + _string(_HASH_NAME) + _string(signature)
    text = b64encode(body).decode()
    lines = [text[i : i + _LINE] for i in range(0, len(text), _LINE)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])
