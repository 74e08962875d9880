"""Metrics as Prometheus scrapes them: over HTTP, on the loopback interface only."""

import asyncio

import httpx

from fleet.metrics import Metrics
from tests.support.ports import free_port


async def test_a_scrape_shows_what_was_counted() -> None:
    metrics = Metrics()
    metrics.rows_stored.inc(3)
    metrics.messages_rejected.labels("malformed").inc()
    port = free_port()
    server = metrics.serve(port)
    try:
        assert server.server_address[0] == "127.0.0.1"
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
    assert "muster_rows_stored_total 3.0" in text
    assert 'muster_messages_rejected_total{reason="malformed"} 1.0' in text
