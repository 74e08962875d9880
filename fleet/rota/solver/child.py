"""`python -I child.py`: the process that solves. Only `fleet.rota.solver.worker` starts it.

One line with a `SolveTask` comes in; `SolverMessage`s go out, one a line, the last of them `Solved` or `SolveFailed`.
It ends at once when its input is closed, which it is when the controller ends; SIGTERM lets it give its best so far.
"""

import os
import resource
import signal
import sys
import threading
from pathlib import Path

MEMORY_BYTES = 2 * 1024**3
_NICE = 10


def main() -> None:
    """Solve what comes in."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: stop.set())
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.path.insert(0, str(Path(__file__).parents[3]))
    _serve(stop)
    sys.stdout.flush()
    os._exit(0)  # a thread waits for input, and would be waited for


def _serve(stop: threading.Event) -> None:
    import msgspec  # noqa: PLC0415 - only now does the path name the tree that this file is in, for -I names none

    from fleet.rota.solver.errors import SolverError  # noqa: PLC0415 - as above
    from fleet.rota.solver.solve import solve  # noqa: PLC0415 - as above
    from protocols.rota.solving import MAX_SENTENCE, SolveFailed, SolverMessage, SolveTask  # noqa: PLC0415 - as above

    def tell(message: SolverMessage) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
        sys.stdout.buffer.flush()

    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=SolveTask)
    threading.Thread(target=_end_with_input, name="input", daemon=True).start()
    try:
        tell(solve(task.book, limits=task.limits, on_progress=tell, should_stop=stop.is_set))
    except (SolverError, MemoryError) as error:
        tell(SolveFailed(detail=(str(error) or type(error).__name__)[:MAX_SENTENCE]))


def _end_with_input() -> None:
    sys.stdin.buffer.read(1)
    os._exit(1)


if __name__ == "__main__":
    main()
