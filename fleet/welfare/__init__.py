"""Welfare timers: somebody who is out says from time to time that all is well; without an answer others are paged."""
