"""The program on a unit: sample, spool, report, obey the controller."""
