"""What opens over a room and closes with esc."""
