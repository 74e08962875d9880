"""Alarms: raised by rules or by other parts of the controller, paged to who is on call, until somebody takes them."""
