"""The controller: ingest, store, registry, joining, presence, deployment log, API."""
