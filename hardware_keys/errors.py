"""Errors of keys in hardware.

    HardwareKeyError
    ├── ModuleUnusable      the PKCS#11 module, or the Python library for such modules, is missing or does not load
    ├── PinUnusable         the PIN's file is missing, open to others, or holds no PIN
    ├── PinRefused          the token does not take the PIN
    ├── TokenAway           no token with this label answers; worth trying again
    ├── TokenRefused        the token answers and will not do it
    ├── KeyNotFound         the token holds no key of this name
    ├── KeyTaken            the token holds a key of this name already
    ├── KeyAmbiguous        the token holds several keys of this name
    ├── KeyUnsuitable       the key is of another kind, or its halves do not belong together
    └── PresentingFailed    the key can not be shown in TLS here

Messages say what to do; facts are attributes. No error carries a PIN.
"""

from pathlib import Path


class HardwareKeyError(Exception):
    """Base of everything raised by this package."""


class ModuleUnusable(HardwareKeyError):
    """The PKCS#11 module at `path` can not be used; `detail` says why and what to do."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"PKCS#11 module {path}: {detail}")
        self.path = path
        self.detail = detail


class PinUnusable(HardwareKeyError):
    """There is no usable PIN in the file `path`; `detail` says why and what to do."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"PIN file {path}: {detail}")
        self.path = path
        self.detail = detail


class PinRefused(HardwareKeyError):
    """The token `token` does not take the PIN in `path`, because of `reason` (the token's word for it).

    The same PIN is not tried again by this process: tokens lock after a few tries.
    """

    def __init__(self, token: str, path: Path, reason: str) -> None:
        super().__init__(
            f"token {token!r} refuses the PIN in {path} ({reason}); write the right one there before trying again, "
            "because tokens lock after a few tries"
        )
        self.token = token
        self.path = path
        self.reason = reason


class TokenAway(HardwareKeyError):
    """No token labelled `token` answers through the module `module`; `detail` says how it failed."""

    def __init__(self, token: str, module: Path, detail: str) -> None:
        super().__init__(
            f"token {token!r} does not answer through {module} ({detail}); check that it is plugged in and that the "
            "settings name its label"
        )
        self.token = token
        self.module = module
        self.detail = detail


class TokenRefused(HardwareKeyError):
    """The token `token` answers and will not `task`, because of `reason` (the token's word for it)."""

    def __init__(self, token: str, task: str, reason: str) -> None:
        super().__init__(
            f"token {token!r} will not {task} ({reason}); check its free space and that it supports ECDSA on P-256"
        )
        self.token = token
        self.task = task
        self.reason = reason


class KeyNotFound(HardwareKeyError):
    """The token `token` holds no whole key labelled `label`."""

    def __init__(self, token: str, label: str) -> None:
        super().__init__(f"token {token!r} holds no key {label!r}; make it, or name another token or key")
        self.token = token
        self.label = label


class KeyTaken(HardwareKeyError):
    """The token `token` holds a key labelled `label`, where a new one was to be made."""

    def __init__(self, token: str, label: str) -> None:
        super().__init__(f"token {token!r} holds a key {label!r} already; choose another name for the new one")
        self.token = token
        self.label = label


class KeyAmbiguous(HardwareKeyError):
    """The token `token` holds `count` keys labelled `label`."""

    def __init__(self, token: str, label: str, count: int) -> None:
        super().__init__(
            f"token {token!r} holds {count} keys {label!r}; remove or rename the wrong ones with the token's own tool"
        )
        self.token = token
        self.label = label
        self.count = count


class KeyUnsuitable(HardwareKeyError):
    """The key `label` in `token` can not be used; `detail` says why."""

    def __init__(self, token: str, label: str, detail: str) -> None:
        super().__init__(f"key {label!r} in token {token!r} {detail}; make another key under a new name")
        self.token = token
        self.label = label
        self.detail = detail


class PresentingFailed(HardwareKeyError):
    """A key can not be shown in TLS by this Python's OpenSSL; `detail` says why and what to do."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the key can not be shown in TLS: {detail}")
        self.detail = detail
