"""Who opened what, and whether it was inside the mandate."""
