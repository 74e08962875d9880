"""`python -m edge_agent.media.synthetic --socket PATH`: a camera and a microphone that nobody had to buy."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from edge_agent.media.synthetic.camera import Look
from edge_agent.media.synthetic.service import CameraService

app = App(name="synthetic-camera", help=__doc__)


@app.default
def serve(
    *,
    socket: Path,
    size: str = "640x360",
    fps: Annotated[int, Parameter(validator=Number(gte=1, lte=60))] = 25,
    gop_s: Annotated[float, Parameter(validator=Number(gt=0, lte=60))] = 2.0,
    kbit_s: int = 0,
    canary_seed: int | None = None,
    die_after_s: float = 0.0,
    freeze_after_s: float = 0.0,
    black: bool = False,
    silent: bool = False,
    grain: bool = False,
    busy: bool = False,
) -> None:
    """Serve until the process is ended, one client at a time.

    Parameters
    ----------
    socket: where to listen; only this user may connect.
    size: width and height of the picture, both even.
    fps: pictures a second.
    gop_s: seconds between key frames.
    kbit_s: kilobits a second of the picture; 0 chooses by size and fps.
    canary_seed: draw and play a pattern that can be searched for.
    die_after_s: end each opening after that time.
    freeze_after_s: show the same picture from that time after the opening on.
    black: show nothing.
    silent: play nothing.
    grain: draw noise in place of the colour bars, which needs every bit that the camera may use.
    busy: let nobody in.
    """
    width, _, height = size.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        sys.exit(f"--size {size!a}: write it as 640x360")
    look = Look(int(width), int(height), fps, gop_s, kbit_s, canary_seed, freeze_after_s, black, silent, grain)
    try:
        service = CameraService(socket, look, sys.stdout, die_after_s=die_after_s, busy=busy)
    except (OSError, ValueError) as error:
        sys.exit(f"the camera can not be served on {socket}: {error}")
    service.serve()


if __name__ == "__main__":
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
