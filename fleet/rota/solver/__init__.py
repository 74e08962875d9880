"""Filling a rota's period fairly, with OR-Tools CP-SAT. `solve` is the whole of it; `worker` runs it in a process of
its own, and imports no solver itself."""
