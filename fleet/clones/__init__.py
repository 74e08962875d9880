"""Telling one unit from two: what a proved connection says about copies of the unit."""
