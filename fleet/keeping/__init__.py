"""How long free texts of entries are kept."""
