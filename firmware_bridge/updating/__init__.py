"""Firmware onto a device: judged before a byte is sent, tried once, confirmed when it is well, else taken back."""
