"""What hangs on a unit's serial lines: its microcontroller, its modem, and the health of its receiver."""
