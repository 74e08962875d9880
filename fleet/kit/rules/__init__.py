"""What decides about kit. Pure."""
