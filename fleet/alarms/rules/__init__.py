"""What decides about alarms: pure, facts in, answer out."""
