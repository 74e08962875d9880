"""Entries of the deployment log, and the leaves they become. Pure."""
