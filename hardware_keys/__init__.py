"""Keys that live in hardware and can not be copied: PKCS#11 tokens, a TPM behind its PKCS#11 module among them.

address = TokenAddress(Path("/usr/lib/softhsm/libsofthsm2.so"), "muster", Path("/etc/muster/token.pin"))
key = ec_key(address, "issuing-2")  # make_ec_key makes a new one

`key` is an `EllipticCurvePrivateKey`, so certificates, requests and revocation lists are signed with it as with any
other. `hardware_keys.tls.present` shows it in TLS. Importing this package loads no PKCS#11 library.
"""

from hardware_keys.ec_key import EcKey, ec_key, make_ec_key
from hardware_keys.errors import (
    HardwareKeyError,
    KeyAmbiguous,
    KeyNotFound,
    KeyTaken,
    KeyUnsuitable,
    ModuleUnusable,
    PinRefused,
    PinUnusable,
    PresentingFailed,
    TokenAway,
    TokenRefused,
)
from hardware_keys.token import Token, TokenAddress, open_token

__all__ = [
    "EcKey",
    "HardwareKeyError",
    "KeyAmbiguous",
    "KeyNotFound",
    "KeyTaken",
    "KeyUnsuitable",
    "ModuleUnusable",
    "PinRefused",
    "PinUnusable",
    "PresentingFailed",
    "Token",
    "TokenAddress",
    "TokenAway",
    "TokenRefused",
    "ec_key",
    "make_ec_key",
    "open_token",
]
