"""The rules of wiring and everything else about plans that needs no I/O. The console runs them too."""
