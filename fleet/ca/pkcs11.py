"""The authority's keys in a PKCS#11 token."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurveSignatureAlgorithm

from fleet.ca.errors import TokenUnusable
from hardware_keys import EcKey, HardwareKeyError, TokenAddress, make_ec_key, open_token


class _AuthorityKey(EcKey):
    """As `EcKey`; where the token does not sign, that is TokenUnusable."""

    def sign(self, data: bytes | bytearray | memoryview, signature_algorithm: EllipticCurveSignatureAlgorithm) -> bytes:
        """See EcKey; raises TokenUnusable."""
        with _explained(self.token.address):
            return super().sign(data, signature_algorithm)


def open_key(*, module: str, token: str, key: str, pin_file: Path) -> EllipticCurvePrivateKey:
    """The P-256 key `key` in the token labelled `token`, that is there already; raises TokenUnusable.

    It signs for as long as the process runs, also when the token was away for a time.
    """
    address = TokenAddress(Path(module), token, pin_file)
    with _explained(address):
        return _AuthorityKey(open_token(address), key)


def make_key(*, module: str, token: str, key: str, pin_file: Path) -> EllipticCurvePrivateKey:
    """A new P-256 key `key` in the token labelled `token`, that can not be taken out of it.

    Raises TokenUnusable, also when there is a key of this name: an authority never takes over a key.
    """
    address = TokenAddress(Path(module), token, pin_file)
    with _explained(address):
        make_ec_key(address, key)
        return _AuthorityKey(open_token(address), key)


@contextmanager
def _explained(address: TokenAddress) -> Iterator[None]:
    try:
        yield
    except HardwareKeyError as error:
        raise TokenUnusable(address.token, str(error)) from error
