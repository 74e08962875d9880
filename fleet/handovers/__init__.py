"""Handover: what the primary on call hands to the next one, on a sheet that both acknowledge."""
