"""The unit's own keys: made on the unit, never leaving it, one after another under names."""
