"""The unit's microcontroller: supply, inputs, watchdog, and the power of camera and microphone."""
