"""The OpenSSL inside Python's `ssl`: the few functions that `ssl` does not offer, through ctypes.

They are looked up in the very library that `ssl` was linked with: a lookup through `_ssl`'s own handle goes through
that library's dependencies and nowhere else. Signatures as in OpenSSL's manual pages of the same names, 1.1.1 to 3.x.
"""

import _ssl
import ctypes
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from hardware_keys.errors import PresentingFailed

_P, _I, _L, _S = ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_char_p
_SIGNATURES: dict[str, tuple[type | None, tuple[type, ...]]] = {
    "OpenSSL_version": (_S, (_I,)),
    "ERR_get_error": (ctypes.c_ulong, ()),
    "ERR_set_mark": (_I, ()),
    "ERR_pop_to_mark": (_I, ()),
    "ERR_error_string_n": (None, (ctypes.c_ulong, _S, ctypes.c_size_t)),
    "SSL_CTX_get_options": (ctypes.c_uint64, (_P,)),
    "SSL_CTX_use_certificate_chain_file": (_I, (_P, _S)),
    "SSL_CTX_use_PrivateKey": (_I, (_P, _P)),
    "SSL_CTX_check_private_key": (_I, (_P,)),
    "EVP_PKEY_new": (_P, ()),
    "EVP_PKEY_set1_EC_KEY": (_I, (_P, _P)),
    "d2i_EC_PUBKEY": (_P, (_P, ctypes.POINTER(_S), _L)),
    "EC_KEY_OpenSSL": (_P, ()),
    "EC_KEY_METHOD_new": (_P, (_P,)),
    "EC_KEY_METHOD_get_sign": (None, (_P, _P, ctypes.POINTER(_P), ctypes.POINTER(_P))),
    "EC_KEY_METHOD_set_sign": (None, (_P, _P, _P, _P)),
    "EC_KEY_set_method": (_I, (_P, _P)),
}
_PYTHONS = ((3, 11), (3, 12), (3, 13))
"""Where an SSLContext is known to hold its SSL_CTX* right behind the object's header (Modules/_ssl.c)."""


class OpenSsl:
    """The functions above as attributes; see `openssl`."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """Look the functions up; raises PresentingFailed when one is missing, or they are of another OpenSSL."""
        for name, (result, arguments) in _SIGNATURES.items():
            try:
                function = getattr(library, name)
            except AttributeError as error:
                raise PresentingFailed(
                    f"this Python's OpenSSL ({ssl.OPENSSL_VERSION}) does not offer {name}; use the Python and OpenSSL "
                    "of the distribution"
                ) from error
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        own = self.OpenSSL_version(0).decode("ascii", "replace")
        if own != ssl.OPENSSL_VERSION:
            raise PresentingFailed(
                f"Python's ssl uses {ssl.OPENSSL_VERSION}, and {own} was found; use the Python and OpenSSL of the "
                "distribution"
            )

    def __getattr__(self, name: str) -> Any:
        # Only asked for what __init__ has not set; here for type checkers, who can not know what it does set.
        raise AttributeError(name)

    def context(self, context: ssl.SSLContext) -> int:
        """The SSL_CTX* inside `context`; raises PresentingFailed when it is not where it should be."""
        if sys.implementation.name != "cpython" or sys.version_info[:2] not in _PYTHONS:
            raise PresentingFailed(
                f"not known how with {sys.implementation.name} {sys.version.split()[0]}; use CPython 3.11"
            )
        address = ctypes.c_void_p.from_address(id(context) + object.__basicsize__).value
        if not address or self.SSL_CTX_get_options(address) != context.options & 0xFFFF_FFFF_FFFF_FFFF:
            raise PresentingFailed("Python's ssl is built in an unknown way; use the Python of the distribution")
        return int(address)

    def failures(self) -> str:
        """What OpenSSL says went wrong in this thread, newest last, forgotten afterwards; 'no reason' if nothing."""
        said: list[str] = []
        while code := self.ERR_get_error():
            text = ctypes.create_string_buffer(256)
            self.ERR_error_string_n(code, text, len(text))
            said.append(text.value.decode("ascii", "replace"))
        return "; ".join(said) or "no reason given"


@contextmanager
def errors_kept_apart() -> Iterator[None]:
    """Forget what the block leaves in this thread's queue of OpenSSL errors.

    PKCS#11 modules are often linked with the OpenSSL that `ssl` uses, and leave their errors there, after success too:
    SoftHSM does when it starts. `ssl` would take them for failures of a connection that it serves in this thread.
    """
    try:
        library = openssl()
    except PresentingFailed:
        # An OpenSSL that is built into Python is not shared with a module.
        yield
        return
    library.ERR_set_mark()
    try:
        yield
    finally:
        library.ERR_pop_to_mark()


@cache
def openssl() -> OpenSsl:
    """The OpenSSL of this process's `ssl`; raises PresentingFailed."""
    path = getattr(_ssl, "__file__", None)
    if path is None:
        raise PresentingFailed("Python's ssl is built into Python; use the Python and OpenSSL of the distribution")
    return OpenSsl(ctypes.CDLL(path))
