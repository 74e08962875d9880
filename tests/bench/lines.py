"""How the benchmarks speak: results and answers on standard output, progress on standard error."""

import sys


def tell(line: str) -> None:
    """A line for the program that started this one."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def say(line: str) -> None:
    """A line for a person."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
