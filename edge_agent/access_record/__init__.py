"""The unit's own chain of what it did: kept on its disk, never rewritten, shown to whoever asks."""
