"""Devices for people without hardware: a microcontroller with MCUboot, a receiver and a modem, on ptys."""
