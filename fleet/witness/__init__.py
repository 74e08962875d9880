"""A witness of deployment logs: a small program for a machine that is not the controller's.

It keeps the latest checkpoint of each log that it trusts, and cosigns only what continues it (C2SP tlog-witness). It
imports `protocols` and nothing else of the house.
"""
