"""What the controller sends to units: signed envelopes, in order, bounded."""
