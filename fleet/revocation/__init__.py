"""Revocation and quarantine: what a person says of a unit, and the work that makes a broker obey."""
