"""A unit's side of joining, as small as the wire contract allows: for tests of the controller's door."""

import ssl
from pathlib import Path

import httpx
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from protocols.joining import JoinRefusal, JoinReply, JoinRequest, Voucher, fingerprint

_reply: msgspec.json.Decoder[JoinReply] = msgspec.json.Decoder(JoinReply)


class Knocker:
    """Presents vouchers with one key."""

    def __init__(self, ca_file: Path, claimed_name: str = "anything") -> None:
        self._tls = ssl.create_default_context(cafile=str(ca_file))
        self.key = generate_private_key(SECP256R1())
        self.fingerprint = fingerprint(self.key.public_key())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, claimed_name)])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(self.key, SHA256())
        self.csr_pem = request.public_bytes(Encoding.PEM).decode()

    async def knock(self, voucher_text: str, *, csr_pem: str | None = None) -> JoinReply | JoinRefusal:
        """Present a voucher once; returns the answer, refused or not."""
        voucher = Voucher.read(voucher_text)
        request = JoinRequest(
            secret=voucher.secret.hex(),
            csr_pem=csr_pem or self.csr_pem,
            key_protection="soft",
            model="test unit",
            agent_version="0",
        )
        async with httpx.AsyncClient(verify=self._tls, trust_env=False) as door:
            answer = await door.post(f"{voucher.url}/join", content=msgspec.json.encode(request))
        if answer.status_code == 200:
            return _reply.decode(answer.content)
        return msgspec.json.decode(answer.content, type=JoinRefusal)
