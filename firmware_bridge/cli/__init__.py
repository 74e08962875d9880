"""The command firmware-bridge."""
