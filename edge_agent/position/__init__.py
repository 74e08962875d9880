"""One look at where a unit is, read inside a lease by a child process of its own. Health tells a fix's quality only."""
