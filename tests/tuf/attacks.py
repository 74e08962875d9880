"""Everything that somebody between a unit and its releases can try, each with what has to come of it."""

from tests.tuf import attacks_on_metadata, attacks_on_roots
from tests.tuf.scene import ATTACKS, Attack, Scene

__all__ = ["ATTACKS", "Attack", "Scene", "attacks_on_metadata", "attacks_on_roots"]
