"""The unit's certificate through the years: renewed with a new key, or asked for again after it has ended."""
