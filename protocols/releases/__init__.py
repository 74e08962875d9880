"""Releases: what units are to run, who has to have signed it, and what units say of bringing it in."""
