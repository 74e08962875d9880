"""Identity over time: proofs of who is connected, and certificates that are renewed."""
