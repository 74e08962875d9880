"""People's SSH keys, and the check of a signature made with one to sign in."""

from fleet.errors import RequestRefused
from fleet.people.key_line import public_key_line
from protocols.api.sessions import LOGIN_NAMESPACE
from protocols.errors import InvalidSshSignature
from protocols.sshsig import PersonKey, read_key, verify

_ALLOWED = {"ssh-ed25519", "sk-ssh-ed25519@openssh.com"}


def read_person_key(text: str) -> PersonKey:
    """Read an OpenSSH public key line; raises RequestRefused for anything but an Ed25519 key."""
    given = public_key_line(text)
    if given is None:
        raise _unreadable()
    kind = given.split(" ")[0]
    if kind not in _ALLOWED:
        raise RequestRefused(
            "key-kind",
            f"keys of kind {kind} are not used here",
            "make one with: ssh-keygen -t ed25519-sk (or -t ed25519)",
        )
    try:
        return read_key(given)
    except InvalidSshSignature as error:
        raise _unreadable() from error


def _unreadable() -> RequestRefused:
    return RequestRefused(
        "key-unreadable", "this is not one OpenSSH public key line", "give the .pub file, never the private key"
    )


def login_signature_fits(key_line: str, text: bytes, signature: str) -> bool:
    """Whether the armored SSHSIG `signature` over `text` is by `key_line` in the namespace for signing in.

    A token's has to say that somebody touched it: a stolen session of its host could sign without a hand otherwise.
    """
    try:
        verify(key_line, LOGIN_NAMESPACE, text, signature)
    except InvalidSshSignature:
        return False
    return True
