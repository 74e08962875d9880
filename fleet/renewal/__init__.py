"""Identity over time: proofs that are kept, certificates that are renewed, units that come back, and their door."""
