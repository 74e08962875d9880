"""TLS client authentication with a key that stays in its token.

Python's `ssl` takes keys from files only. So the key is given to the SSLContext's own OpenSSL as what OpenSSL calls
an EC_KEY with a method of its own: its public half, and a function of ours that signs. Handshakes then run as
always, in `ssl`, asyncio and everything above, and each asks the token for one signature.
"""

import ctypes
import ssl
import threading
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hardware_keys.ec_key import EcKey
from hardware_keys.errors import HardwareKeyError, PresentingFailed
from hardware_keys.openssl import OpenSsl, openssl

_log = structlog.get_logger(__name__)

_SIGN = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_uint),
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
)
"""`sign` of EC_KEY_METHOD_set_sign(3): type, digest, its length, signature, its length, kinv, r, the EC_KEY."""
_DONE, _FAILED = 1, 0


def present(context: ssl.SSLContext, chain: Path, key: EcKey) -> None:
    """Make `context` answer with the certificates in the PEM file `chain`, leaf first, and `key`.

    Raises PresentingFailed when they do not go together, or this Python's OpenSSL can not do it. A handshake for which
    the token does not sign fails as ssl.SSLError, and the reason is logged.
    """
    library = openssl()
    target = library.context(context)
    if library.SSL_CTX_use_certificate_chain_file(target, bytes(chain)) != _DONE:
        raise PresentingFailed(f"the certificates in {chain} can not be used ({library.failures()}); join again")
    if (
        library.SSL_CTX_use_PrivateKey(target, _signers.handle(library, key)) != _DONE
        or library.SSL_CTX_check_private_key(target) != _DONE
    ):
        raise PresentingFailed(f"the certificate in {chain} is not of {key!r} ({library.failures()}); join again")


class _Signers:
    """The keys that OpenSSL has been given, by the address of their EC_KEY.

    OpenSSL may keep a key for as long as a context or a connection lives, and does not say when it is done with it. So
    none is ever freed: a few hundred bytes for each certificate the program has ever shown, one a month.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: dict[bytes, int] = {}
        self._keys: dict[int, EcKey] = {}
        self._callback = _SIGN(self._sign)
        self._method: int | None = None

    def handle(self, library: OpenSsl, key: EcKey) -> int:
        """An EVP_PKEY* for `key`, the same one for the same key; raises PresentingFailed."""
        der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        with self._lock:
            if der not in self._handles:
                self._handles[der] = self._new_handle(library, key, der)
            return self._handles[der]

    def _new_handle(self, library: OpenSsl, key: EcKey, der: bytes) -> int:
        ec_key = library.d2i_EC_PUBKEY(None, ctypes.byref(ctypes.c_char_p(der)), len(der))
        handle = library.EVP_PKEY_new()
        # The method first: OpenSSL 3 decides when the EVP_PKEY is filled that it must not copy this key elsewhere.
        if (
            not ec_key
            or not handle
            or library.EC_KEY_set_method(ec_key, self._own_method(library)) != _DONE
            or library.EVP_PKEY_set1_EC_KEY(handle, ec_key) != _DONE
        ):
            raise PresentingFailed(f"OpenSSL does not take {key!r} ({library.failures()})")
        self._keys[ec_key] = key
        return int(handle)

    def _own_method(self, library: OpenSsl) -> int:
        """OpenSSL's own way with EC keys, but for the signing."""
        if self._method is None:
            method = library.EC_KEY_METHOD_new(library.EC_KEY_OpenSSL())
            setup, sign_parts = ctypes.c_void_p(), ctypes.c_void_p()
            library.EC_KEY_METHOD_get_sign(method, None, ctypes.byref(setup), ctypes.byref(sign_parts))
            library.EC_KEY_METHOD_set_sign(method, ctypes.cast(self._callback, ctypes.c_void_p), setup, sign_parts)
            self._method = int(method)
        return self._method

    def _sign(
        self,
        _type: int,
        digest: int,
        digest_bytes: int,
        signature: int,
        signature_bytes: Any,
        _kinv: int | None,
        _r: int | None,
        ec_key: int,
    ) -> int:
        """Called by OpenSSL in the thread that shakes hands; `signature` has room for the longest one."""
        try:
            made = self._keys[ec_key].sign_digest(ctypes.string_at(digest, digest_bytes))
        except HardwareKeyError as error:
            _log.warning("the key did not sign for TLS", detail=str(error))
            return _FAILED
        except Exception:  # noqa: BLE001 - C called this, and no exception can pass through it
            _log.exception("signing for TLS failed in a way that is not foreseen")
            return _FAILED
        ctypes.memmove(signature, made, len(made))
        signature_bytes[0] = len(made)
        return _DONE


_signers = _Signers()
