"""Authorities: what was authorised elsewhere, as an approver recorded it."""
