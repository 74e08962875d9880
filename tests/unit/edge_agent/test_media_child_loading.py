"""What the media child is loaded without, so that the first picture comes sooner."""

import json
import subprocess
import sys

CHILD = """
import sys
from edge_agent.media.child import leave_out_colours
assert "structlog" not in sys.modules, "too late"
leave_out_colours()
import edge_agent.media.serving
import structlog
from edge_agent.logs import configure_logs
configure_logs()
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger("edge_agent.media").exception("media-reader-failed")
print(sorted(name for name in sys.modules if name.startswith(("rich.", "pygments"))))
"""


def test_the_child_logs_tracebacks_without_loading_what_colours_them() -> None:
    ran = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout == "[]\n", ran.stderr
    said = json.loads(ran.stderr)
    assert (said["event"], "ZeroDivisionError" in said["exception"]) == ("media-reader-failed", True)
