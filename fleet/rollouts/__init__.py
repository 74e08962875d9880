"""Rollouts: units are brought to a manifest ring by ring, and it stops by itself when too many fail."""
