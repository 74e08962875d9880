"""Error reports: drafted by the controller, answered by people."""
