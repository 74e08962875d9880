"""A PKCS#11 module (the shared library that speaks for tokens) in this process.

PKCS#11 is stateful per process: one initialisation, one login per token. So a module is loaded once, and whoever
uses it holds its lock. Modules are not told to lock for themselves, and some do it badly.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import structlog

from hardware_keys.errors import ModuleUnusable, TokenAway
from hardware_keys.openssl import errors_kept_apart

if TYPE_CHECKING:
    import pkcs11
    from pkcs11._pkcs11 import lib

_LOCK_LIMIT_S = 60.0
"""A key made in a slow TPM takes seconds; a module that hangs for longer does not come back."""

_loaded: dict[Path, "Module"] = {}
_loading = threading.Lock()
_log = structlog.get_logger(__name__)


class Module:
    """The module at `path`, loaded. `generation` counts initialisations: what was opened under an older one is gone."""

    def __init__(self, path: Path) -> None:
        """Load and initialise; raises ModuleUnusable."""
        pkcs11 = library(path)
        self.path = path
        self.generation = 0
        self._lock = threading.RLock()
        self._failure: type[Exception] = pkcs11.PKCS11Error
        try:
            with errors_kept_apart():
                self._lib: lib = pkcs11.lib(str(path))
        except self._failure as error:
            raise ModuleUnusable(
                path, f"does not load ({reason(error)}); install it, or name another, and check its token"
            ) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """The module for this thread alone; raises ModuleUnusable when another keeps it for more than a minute."""
        if not self._lock.acquire(timeout=_LOCK_LIMIT_S):
            raise ModuleUnusable(self.path, "hangs; check the token, then start the program again")
        try:
            with errors_kept_apart():
                yield
        finally:
            self._lock.release()

    def restart(self) -> None:
        """Initialise again, which forgets every session of this process; raises ModuleUnusable. For who holds it."""
        self.generation += 1
        try:
            if self._lib.initialized:
                self._lib.finalize()
        except self._failure as error:
            # A module whose token has gone may refuse to end. If it has not ended, it refuses to begin, below.
            _log.warning("PKCS#11 module ended badly", module=str(self.path), detail=reason(error))
        try:
            self._lib.initialize()
        except self._failure as error:
            raise ModuleUnusable(self.path, f"does not start again ({reason(error)}); check the token") from error

    def find(self, label: str) -> "pkcs11.Token":
        """The one token with this label; raises TokenAway. For who holds it."""
        try:
            found = list(self._lib.get_tokens(token_label=label))
        except self._failure as error:
            raise TokenAway(label, self.path, reason(error)) from error
        if len(found) != 1:
            raise TokenAway(label, self.path, f"{len(found)} tokens have this label")
        return found[0]


def load_module(path: Path) -> Module:
    """The module at `path`, loaded at most once in this process; raises ModuleUnusable."""
    with _loading:
        if path not in _loaded:
            _loaded[path] = Module(path)
        return _loaded[path]


def library(path: Path) -> ModuleType:
    """The Python library for PKCS#11, for the module at `path`; raises ModuleUnusable where it is not installed."""
    try:
        import pkcs11  # noqa: PLC0415 - only machines with a token have it
    except ImportError as error:
        raise ModuleUnusable(
            path, "the Python library python-pkcs11 is missing; install muster with its extra 'hardware'"
        ) from error
    return pkcs11


def reason(error: Exception) -> str:
    """The failure in PKCS#11's own word, with the library's message if there is one."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
