"""The agent's own releases: directories side by side, of which one is started, and the one before when it fails."""
