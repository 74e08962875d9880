"""Alarms: raised by rules or by other parts of the controller, cleared, taken. Whom they page is `fleet.paging`."""
