"""Reports, as ingest writes and history reads them."""

from fleet.store.connection import Connection


class TelemetryStore:
    """Reports within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
