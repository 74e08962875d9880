"""One look at where a unit is, read inside a lease by a child process of its own. Health tells only how good a fix is."""
