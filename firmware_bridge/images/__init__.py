"""Firmware images, read and judged before a byte of them is sent. Pure."""
