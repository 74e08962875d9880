"""People's SSH keys, and the check of a signature made with one.

Keys and signatures are OpenSSH's: the public key line, and SSHSIG (OpenSSH's PROTOCOL.sshsig).
"""

import asyncssh
import msgspec

from fleet.errors import RequestRefused
from fleet.people.key_line import public_key_line
from protocols.api.sessions import LOGIN_NAMESPACE

_ALLOWED = {"ssh-ed25519", "sk-ssh-ed25519@openssh.com"}


class PersonKey(msgspec.Struct, frozen=True):
    """`line` is algorithm and base64 without comment, `fingerprint` as `ssh-keygen -l` shows it."""

    line: str
    fingerprint: str


def read_person_key(text: str) -> PersonKey:
    """Read an OpenSSH public key line; raises RequestRefused for anything but an Ed25519 key."""
    given = public_key_line(text)
    if given is None:
        raise _unreadable()
    try:
        key = asyncssh.import_public_key(given)
    except (asyncssh.KeyImportError, ValueError, UnicodeError) as error:
        raise _unreadable() from error
    if key.get_algorithm() not in _ALLOWED:
        raise RequestRefused(
            "key-kind",
            f"keys of kind {key.get_algorithm()} are not used here",
            "make one with: ssh-keygen -t ed25519-sk (or -t ed25519)",
        )
    line = " ".join(key.export_public_key().decode().split()[:2])
    return PersonKey(line, key.get_fingerprint())


def _unreadable() -> RequestRefused:
    return RequestRefused(
        "key-unreadable", "this is not one OpenSSH public key line", "give the .pub file, never the private key"
    )


def login_signature_fits(person_id: str, key_line: str, text: bytes, signature: str) -> bool:
    """Whether the armored SSHSIG `signature` over `text` is by `key_line` in the namespace for signing in."""
    signers = f'{person_id} namespaces="{LOGIN_NAMESPACE}" {key_line}'.encode()
    try:
        return asyncssh.validate_sshsig(text, signature.encode(), person_id, signers)
    except (ValueError, asyncssh.KeyImportError, UnicodeError):
        return False
