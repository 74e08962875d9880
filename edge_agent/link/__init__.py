"""The link: the unit's one connection to the broker, what it sends over it and what it obeys from it."""
