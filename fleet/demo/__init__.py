"""A whole fleet on one machine: database, broker, controller, units, and the console on top."""
