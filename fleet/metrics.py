"""What a controller counts, for Prometheus. One instance a process; tests give each a registry of its own."""

from http.server import HTTPServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

_FLUSH_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)


class Metrics:
    """Counters and gauges of ingest, the downlink, presence, the log and openings."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Registers everything in `registry`, a fresh one by default."""
        self.registry = registry or CollectorRegistry()
        self.messages_received = Counter(
            "muster_messages_received", "Messages received from units", registry=self.registry
        )
        self.rows_stored = Counter("muster_rows_stored", "Reports and events committed", registry=self.registry)
        self.rows_duplicate = Counter(
            "muster_rows_duplicate", "Reports and events that were already there", registry=self.registry
        )
        self.messages_rejected = Counter(
            "muster_messages_rejected", "Messages refused or flagged", ["reason"], registry=self.registry
        )
        self.rows_acknowledged = Counter(
            "muster_rows_acknowledged", "Reports and events acknowledged to units", registry=self.registry
        )
        self.flush_s = Histogram(
            "muster_flush_seconds", "One batch to commit", buckets=_FLUSH_BUCKETS_S, registry=self.registry
        )
        self.flushes_failed = Counter(
            "muster_flushes_failed", "Batches that have to be written again", ["reason"], registry=self.registry
        )
        self.messages_waiting = Gauge(
            "muster_messages_waiting", "Received messages not yet committed", registry=self.registry
        )
        self.broker_connected = Gauge(
            "muster_broker_connected", "1 while the link is up", ["link"], registry=self.registry
        )
        self.envelopes_sent = Counter("muster_envelopes_sent", "Envelopes published to units", registry=self.registry)
        self.envelopes_dropped = Counter(
            "muster_envelopes_dropped", "Envelopes not sent", ["reason"], registry=self.registry
        )
        self.presence_changes = Counter(
            "muster_presence_changes", "Units whose word changed by silence", ["word"], registry=self.registry
        )
        self.log_size = Gauge("muster_log_size", "Leaves of the deployment log", registry=self.registry)
        self.log_waiting = Gauge("muster_log_waiting", "Entries not yet in the tree", registry=self.registry)
        self.log_cosigned_at = Gauge(
            "muster_log_cosigned_at_seconds", "Unix time of the newest cosigned checkpoint", registry=self.registry
        )
        self.openings_begun = Counter(
            "muster_openings_begun", "Openings that units were asked for, or carried leases", registry=self.registry
        )
        self.openings_refused = Counter(
            "muster_openings_refused", "Openings refused, here or by units", ["rule"], registry=self.registry
        )
        self.streams_live = Gauge(
            "muster_streams_live", "Streams of units from which pictures or sounds come", registry=self.registry
        )
        self.alarming_beat_at = Gauge(
            "muster_alarming_beat_at_seconds",
            "Unix time of the last round of alarms here",
            registry=self.registry,
        )
        self.alarming_alive = Gauge(
            "muster_alarming_alive", "1 while alarming is alive, whichever controller does it", registry=self.registry
        )
        self.pages_waiting = Gauge("muster_pages_waiting", "Pages of alarms not yet sent", registry=self.registry)
        self.pages_sent = Counter("muster_pages", "Tries to send pages of alarms", ["result"], registry=self.registry)

    def serve(self, port: int) -> HTTPServer:
        """Answer scrapes on the loopback interface at `port`, in a thread; `shutdown` the result to stop."""
        server, _thread = start_http_server(port, addr="127.0.0.1", registry=self.registry)
        return server
