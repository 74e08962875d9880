"""Paging: who is on call for an alarm is told of it, by mail and by webhook, until somebody takes it."""
