"""Vehicle wiring: plans of harnesses, kept, given to deployments, and compared with what was fitted."""
