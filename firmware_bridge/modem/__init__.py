"""Modems: signal, registration, SIM and temperature, by AT commands or ModemManager."""
