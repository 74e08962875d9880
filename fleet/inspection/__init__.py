"""Reading the log and taking it away."""
