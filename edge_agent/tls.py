"""TLS as the unit speaks it: trusting the fleet's roots alone, showing the unit's own certificate."""

import ssl
import threading

from edge_agent.identity import Identity, IdentityStore
from edge_agent.keys.keystore import KeyStore


def trusting(roots_pem: list[str]) -> ssl.SSLContext:
    """TLS 1.2 or newer, trusting `roots_pem` alone, the server's name checked, showing no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata="\n".join(roots_pem))
    return context


class OwnTls:
    """Makes contexts that show the unit's certificate. Its method may be called from any thread."""

    def __init__(self, identities: IdentityStore, keystore: KeyStore) -> None:
        """Keys from `keystore`, certificates through a file of `identities`."""
        self._identities = identities
        self._keystore = keystore
        self._turn = threading.Lock()

    def context(self, identity: Identity) -> ssl.SSLContext:
        """As `trusting`, showing the certificate of `identity`; raises StateUnusable when its key does not go with it,
        or is not there."""
        context = trusting(identity.roots_pem)
        with self._turn:  # the certificate's file is put right, then read
            self._keystore.present(identity.key_name, context, self._identities.chain_file(identity))
        return context
