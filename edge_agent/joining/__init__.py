"""Joining: from a voucher in a person's hand to a unit with a name, a certificate and someone to report to."""
