"""The names of a receiver's figures, for whoever does not need the parsers."""

GNSS_FIGURES = ("gnss_fix_quality", "gnss_hdop", "gnss_satellites", "gnss_antenna")
