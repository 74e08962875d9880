"""What a unit is told with every new certificate."""

from dataclasses import dataclass

from fleet.ca.authority import CertificateAuthority
from protocols.joining import BrokerAddress, Renewed


@dataclass(frozen=True, slots=True)
class Terms:
    """What may have changed since a unit joined: `controller_keys` in hexadecimal, `url` of the API."""

    authority: CertificateAuthority
    controller_keys: list[str]
    broker: BrokerAddress
    url: str

    def renewed(self, unit_id: str, chain_pem: str) -> Renewed:
        """The answer that brings a unit its certificate, and all the fleet's roots in force."""
        return Renewed(
            unit_id=unit_id,
            certificate_chain_pem=chain_pem,
            roots=self.authority.root_offers(),
            controller_keys=self.controller_keys,
            broker=self.broker,
            url=self.url,
        )
