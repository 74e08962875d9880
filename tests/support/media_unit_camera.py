"""The synthetic camera as a process of a test, and what it said."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

_LIMIT_S = 60.0


class SyntheticCamera:
    """`with SyntheticCamera(tmp_path / "camera", "--fps", "15") as camera: …`; ended when left."""

    def __init__(self, socket: Path, *options: str) -> None:
        self.socket = socket
        self.source = f"unix:{socket}"
        self.events: list[dict[str, Any]] = []
        self._options = options
        self._changed = threading.Condition()

    def __enter__(self) -> "SyntheticCamera":
        command = [sys.executable, "-m", "edge_agent.media.synthetic", "--socket", str(self.socket), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.until_said("listening")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(_LIMIT_S)
        self._reader.join(_LIMIT_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def named(self, event: str) -> list[dict[str, Any]]:
        return [said for said in self.events if said["event"] == event]

    def until_said(self, event: str, times: int = 1) -> None:
        """Wait until the camera has said `event` that often; raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.named(event)) >= times, _LIMIT_S):
                raise TimeoutError(f"the camera said only {self.events}")

    def kill(self) -> None:
        self._process.kill()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()
