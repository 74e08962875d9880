"""What decides about rollouts, without I/O."""
