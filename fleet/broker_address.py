"""Where the broker listens for controllers."""

import ssl
from typing import Literal, NamedTuple


class BrokerAddress(NamedTuple):
    """Host, port, the TLS context with the controller's certificate, and the newest MQTT version the broker speaks."""

    host: str
    port: int
    tls: ssl.SSLContext
    mqtt: Literal["3.1.1", "5"] = "5"
