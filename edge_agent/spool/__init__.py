"""The spool: what a unit has to report and the controller has not yet acknowledged as committed."""
