"""One PKCS#11 token: P-256 keys in it under labels, made there, signing there, never leaving it.

A token may be unplugged, its driver restarted, its sessions closed under us. Whatever fails on a session that was
opened earlier is tried once more on a new one; only then it is an error.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from hardware_keys import objects
from hardware_keys.errors import KeyNotFound, PinRefused, TokenAway, TokenRefused
from hardware_keys.module import Module, library, load_module, reason
from hardware_keys.pin import Pin, read_pin

if TYPE_CHECKING:
    from pkcs11 import Session

Answer = TypeVar("Answer")

_WRONG_PIN = ("PinIncorrect", "PinInvalid", "PinLenRange")
_NO_LOGIN = (*_WRONG_PIN, "PinExpired", "PinLocked", "UserPinNotInitialized")
_LOGGED_IN = "UserAlreadyLoggedIn"
"""Another address of the same token has logged in: a login is of the process, not of a session."""
_AWAY = (
    "DeviceError",
    "DeviceRemoved",
    "SessionClosed",
    "SessionHandleInvalid",
    "SlotIDInvalid",
    "TokenNotPresent",
    "TokenNotRecognised",
    "UserNotLoggedIn",
)

_log = structlog.get_logger(__name__)
_opened: dict["TokenAddress", "Token"] = {}


@dataclass(frozen=True, slots=True)
class TokenAddress:
    """Where a token is: the PKCS#11 module that speaks for it, its label, and the file with its user PIN (0600)."""

    module: Path
    token: str
    pin_file: Path


@dataclass(slots=True)
class _Opened:
    """A session, of the module's `generation`, and the handles of keys that have signed in it."""

    session: "Session"
    generation: int
    keys: dict[str, Any] = field(default_factory=dict)


class Token:
    """The token at `address`. It is reached when it is first used. Threads may share it; each call waits its turn.

    Every method raises HardwareKeyError: ModuleUnusable, PinUnusable, PinRefused, TokenAway or TokenRefused.
    """

    def __init__(self, address: TokenAddress) -> None:
        """See `open_token`, which gives every user of an address the same one."""
        self.address = address
        self._current: _Opened | None = None
        self._refused: Pin | None = None

    def __repr__(self) -> str:
        return f"Token({self.address.token!r})"

    def exists(self, label: str) -> bool:
        """Whether there is a whole key `label`, private and public half; raises KeyAmbiguous, KeyUnsuitable too."""
        try:
            self.public_key(label)
        except KeyNotFound:
            return False
        return True

    def make(self, label: str) -> None:
        """Make a P-256 key `label` that can not be taken out; one that is there stays as it is.

        Raises KeyAmbiguous, and KeyUnsuitable when the token makes keys only that can be taken out.
        """

        def ensure(opened: _Opened) -> None:
            try:
                objects.public_key(opened.session, self.address.token, label)
            except KeyNotFound:
                objects.make(opened.session, self.address.token, label)

        self._run(f"make the key {label!r}", ensure)

    def public_key(self, label: str) -> EllipticCurvePublicKey:
        """The public half of the key `label`; raises KeyNotFound, KeyAmbiguous, KeyUnsuitable."""
        return self._run(
            f"show the key {label!r}",
            lambda opened: objects.public_key(opened.session, self.address.token, label),
        )

    def sign_digest(self, label: str, digest: bytes) -> bytes:
        """The ECDSA signature of the key `label` over `digest` (32 bytes or more, the first 32 count), in DER.

        Raises KeyNotFound, KeyAmbiguous, KeyUnsuitable.
        """

        def sign(opened: _Opened) -> bytes:
            if label not in opened.keys:
                opened.keys[label] = objects.private_key(opened.session, self.address.token, label)
            return objects.sign(opened.keys[label], digest)

        return self._run(f"sign with the key {label!r}", sign)

    def remove(self, label: str) -> None:
        """Destroy what there is of the key `label`, for good."""

        def destroy(opened: _Opened) -> None:
            opened.keys.pop(label, None)
            objects.destroy(opened.session, label)

        self._run(f"remove the key {label!r}", destroy)

    def _run(self, task: str, action: Callable[[_Opened], Answer]) -> Answer:
        module = load_module(self.address.module)
        failure: type[Exception] = library(module.path).PKCS11Error
        with module.held():
            known = self._current
            if known is not None and known.generation == module.generation:
                try:
                    return action(known)
                except (failure, KeyNotFound) as error:
                    # A key may seem to be missing only because its token was away.
                    _log.info("opening the token again", token=self.address.token, detail=reason(error))
                module.restart()
            opened = self._open(module, failure)
            try:
                return action(opened)
            except failure as error:
                if type(error).__name__ in _AWAY:
                    raise TokenAway(self.address.token, module.path, reason(error)) from error
                raise TokenRefused(self.address.token, task, reason(error)) from error

    def _open(self, module: Module, failure: type[Exception]) -> _Opened:
        """A new session that is logged in, kept for the next calls."""
        self._current = None
        pin = read_pin(self.address.pin_file)
        if pin == self._refused:
            raise PinRefused(self.address.token, self.address.pin_file, "the same one was refused before")
        try:
            session = self._log_in(module, failure, pin)
        except TokenAway:
            # What tokens there are is often looked up only when a module starts.
            module.restart()
            session = self._log_in(module, failure, pin)
        self._current = _Opened(session, module.generation)
        return self._current

    def _log_in(self, module: Module, failure: type[Exception], pin: Pin) -> "Session":
        found = module.find(self.address.token)
        try:
            return found.open(rw=True, user_pin=pin.reveal())
        except failure as error:
            word = type(error).__name__
            if word == _LOGGED_IN:
                return found.open(rw=True)
            if word in _WRONG_PIN:
                self._refused = pin
            if word in _NO_LOGIN:
                raise PinRefused(self.address.token, self.address.pin_file, word) from error
            raise TokenAway(self.address.token, module.path, reason(error)) from error


def open_token(address: TokenAddress) -> Token:
    """The token at `address`, one for all its users in this process. Nothing is opened yet."""
    return _opened.setdefault(address, Token(address))
