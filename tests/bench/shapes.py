"""The load of the ingest benchmark: how many units send how many reports in which shape, and the very messages."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

from protocols.health import HealthReport
from protocols.uplink import HealthBatch, encode_up

FIRST_SAMPLE_AGO_MS = 60_000


@dataclass(frozen=True, kw_only=True)
class Shape:
    """`units` send `messages` each with `batch` reports in every message, and at most `window` unanswered ones."""

    name: str
    units: int
    messages: int
    batch: int
    window: int

    @property
    def total_messages(self) -> int:
        """Messages in all."""
        return self.units * self.messages

    @property
    def total_reports(self) -> int:
        """Reports in all."""
        return self.total_messages * self.batch

    def to_json(self) -> dict[str, Any]:
        """As builtins."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """From `to_json`."""
        return cls(**fields)


LIVE = Shape(name="live", units=500, messages=60, batch=1, window=2)
"""A fleet that reports as it samples: one report a message, hardly two of the same unit under way at once, so that
nearly every report needs an acknowledgement of its own."""

CATCH_UP = Shape(name="catch-up", units=200, messages=15, batch=100, window=1)
"""A fleet after an outage: full batches, one under way for each unit."""


def unit_ids(count: int) -> list[str]:
    """The units' ids."""
    return [f"unit-bench{number:04}" for number in range(count)]


def report(seq: int, sampled_at_ms: int) -> HealthReport:
    """A report with the figures that a unit with LTE and GNSS has."""
    return HealthReport(
        seq=seq,
        sampled_at_ms=sampled_at_ms,
        uptime_s=100_000 + seq,
        cpu_used_percent=5 + seq % 50,
        load_1m=0.25,
        memory_used_percent=41.5,
        soc_temp_c=45 + seq % 20,
        throttled_bits=0,
        supply_mv=5000 + seq % 60,
        supply_ma=820,
        undervolted=False,
        storage_used_percent=37.2,
        storage_read_only=False,
        clock_synchronised=True,
        clock_offset_ms=0.75,
        link_kind="lte",
        link_rx_bytes=1_000_000 + seq * 512,
        link_tx_bytes=2_000_000 + seq * 900,
        rsrp_dbm=-90 - seq % 10,
        rsrq_db=-10.5,
        sinr_db=12.5,
        gnss_fix_quality=1,
        gnss_hdop=1.2,
        gnss_satellites=11,
        spool_waiting=1,
        spool_dropped=0,
    )


def messages(shape: Shape, unit_id: str, session: str, spool_id: int, now_ms: int) -> Iterator[HealthBatch]:
    """All messages of one unit."""
    seq = 0
    for _ in range(shape.messages):
        reports = []
        for _ in range(shape.batch):
            seq += 1
            reports.append(report(seq, now_ms - FIRST_SAMPLE_AGO_MS + seq))
        yield HealthBatch(unit=unit_id, session=session, spool_id=spool_id, settings_version=1, reports=reports)


def payloads(shape: Shape, unit_id: str, session: str, spool_id: int, now_ms: int) -> list[bytes]:
    """All messages of one unit, encoded."""
    return [encode_up(message) for message in messages(shape, unit_id, session, spool_id, now_ms)]
