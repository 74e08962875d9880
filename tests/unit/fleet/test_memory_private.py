"""The controller's memory is its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
_SCRIPT = """
import ctypes, resource, sys
sys.path.insert(0, sys.argv[1])
from fleet.memory import keep_private
keep_private()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE))
print(open("/proc/self/fd/0").read())
"""


def test_it_is_not_dumped_nor_traced_and_its_own_descriptors_can_still_be_read() -> None:
    with (ROOT / "Makefile").open() as given:
        ended = subprocess.run(
            [sys.executable, "-I", "-c", _SCRIPT, str(ROOT)],
            stdin=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    first, *rest = ended.stdout.splitlines()
    assert first == "0 0 0"
    assert rest
