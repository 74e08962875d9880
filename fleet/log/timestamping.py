"""Timestamps by an authority that is neither ours nor a witness's (RFC 3161): a checkpoint was there by that time.

What is kept is the whole response, DER, so that `openssl ts -verify -data checkpoint -in … -CAfile …` reads it.
"""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

import httpx
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from fleet.client.files import read_small
from fleet.errors import SettingsInvalid, TimestampFailed
from fleet.log.timestamp_order import with_sorted_certificates
from protocols.text import one_line

_QUERY = "application/timestamp-query"
_MAX_RESPONSE_BYTES = 64 * 1024
_LIMIT_S = 30.0
_SHOWN_SIGNS = 200


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A verified timestamp: the authority's `response` (DER of a TimeStampResp) and the time `at` that it states."""

    response: bytes
    at: datetime


class Timestamper:
    """The authority at `url`, whose timestamps are held to the certificates in `ca_file` (PEM).

    A TLS connection is trusted under those or the public authorities: what counts is the timestamp's own signature.
    Raises SettingsInvalid for a file that can not be used.
    """

    def __init__(self, url: str, ca_file: Path, limit_s: float = _LIMIT_S) -> None:
        self._url = url
        self._ca_pem = _read_roots(ca_file)
        self._limit_s = limit_s
        tls = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
        tls.load_verify_locations(cadata=self._ca_pem.decode("ascii"))
        self._client = httpx.AsyncClient(
            verify=tls, trust_env=False, timeout=limit_s, headers={"accept-encoding": "identity"}
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def stamp(self, note_text: str) -> Timestamp:
        """A new timestamp over the bytes of `note_text`, verified; raises TimestampFailed."""
        request = TimestampRequestBuilder().data(note_text.encode()).hash_algorithm(HashAlgorithm.SHA256).build()
        response = await self._post(request.as_bytes())
        at = _verified(response, note_text, self._ca_pem, VerifierBuilder.from_request(request))
        return Timestamp(response, at)

    async def _post(self, query: bytes) -> bytes:
        content = b""
        try:
            async with (
                asyncio.timeout(self._limit_s),
                self._client.stream("POST", self._url, content=query, headers={"content-type": _QUERY}) as response,
            ):
                if response.status_code != HTTPStatus.OK:
                    raise TimestampFailed("refused", f"the authority answered {response.status_code}")
                async for chunk in response.aiter_raw():
                    content += chunk
                    if len(content) > _MAX_RESPONSE_BYTES:
                        raise TimestampFailed("refused", f"the answer has more than {_MAX_RESPONSE_BYTES} bytes")
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TimestampFailed("timeout", f"no answer within {self._limit_s:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TimestampFailed("unreachable", one_line(str(error), _SHOWN_SIGNS) or type(error).__name__) from error
        self._client.cookies.clear()
        return content


def timestamped_at(response: bytes, note_text: str, ca_pem: bytes) -> datetime:
    """When the RFC 3161 `response` says that `note_text` was there, under the certificates in `ca_pem`.

    Certificates need to have been valid at that time, not now. Raises TimestampFailed `refused` or `unverified`.
    """
    return _verified(response, note_text, ca_pem, VerifierBuilder())


def _verified(response: bytes, note_text: str, ca_pem: bytes, builder: VerifierBuilder) -> datetime:
    try:
        for certificate in x509.load_pem_x509_certificates(ca_pem):
            is_root = certificate.issuer == certificate.subject
            builder = (builder.add_root_certificate if is_root else builder.add_intermediate_certificate)(certificate)
        decoded = decode_timestamp_response(with_sorted_certificates(response))
        if decoded.status != 0:
            raise TimestampFailed("refused", _said(decoded))
        builder.build().verify_message(decoded, note_text.encode())
        at = decoded.tst_info.gen_time
    except (ValueError, TypeError, KeyError, x509.DuplicateExtension, VerificationError) as error:
        raise TimestampFailed("unverified", one_line(str(error), _SHOWN_SIGNS)) from error
    return at


def _said(response: TimeStampResponse) -> str:
    words = one_line(" ".join(response.status_string), _SHOWN_SIGNS)
    return f"the authority's status is {response.status}{f': {words}' if words else ''}"


def _read_roots(ca_file: Path) -> bytes:
    try:
        pem = read_small(ca_file)
        certificates = x509.load_pem_x509_certificates(pem)
        pem.decode("ascii")
    except (OSError, ValueError) as error:
        raise SettingsInvalid(str(ca_file), f"the authority's certificates can not be read: {error}") from error
    if not any(certificate.issuer == certificate.subject for certificate in certificates):
        raise SettingsInvalid(str(ca_file), "must hold the root certificate that the authority's is under")
    return pem
