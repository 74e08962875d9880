"""The one last position of a unit: looked at under a mandate, each look an entry of the log."""
