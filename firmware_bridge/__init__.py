"""The serial side of a unit and of the bench: SMP to microcontrollers, GNSS receivers, modems."""
