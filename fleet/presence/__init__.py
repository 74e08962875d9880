"""How fresh a unit's reports are: pure rules, and the sweeper that lets a word change with time."""
