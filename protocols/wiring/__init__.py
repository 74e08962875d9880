"""Vehicle wiring: what a harness is, what the rules find in it, and what was measured once it was fitted."""
