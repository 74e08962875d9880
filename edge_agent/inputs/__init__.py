"""Lines that any unit watches at all times: tamper, door, PIR, power, lid; and whether it stands in the workshop."""
