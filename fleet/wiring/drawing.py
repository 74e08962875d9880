"""Drawings of wiring plans, by WireViz and Graphviz as programs of their own.

WireViz writes Graphviz's language into a private directory that goes away again, and `dot` draws that. Neither gets
a shell, this program's environment, or text that it takes for markup.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from fleet.errors import DrawingFailed
from fleet.wiring.rules.wireviz_layout import outwards
from fleet.wiring.rules.wireviz_out import wireviz_text
from fleet.wiring.rules.wireviz_words import shown
from protocols.text import one_line
from protocols.wiring.plan import Plan

Form = Literal["svg", "png", "pdf"]
FORMS: tuple[Form, ...] = get_args(Form)

WIREVIZ_LIMIT_S = 30.0
DOT_LIMIT_S = 30.0
"""How long each of the two programs may take."""
MAX_BYTES = 32 * 1024 * 1024
_MAX_SAID = 200

_IDLE = re.compile(rb"<!DOCTYPE[^>]*>\s*|<!--.*?-->\s*|<title>%3</title>\s*", re.DOTALL)
"""A document type, comments, and what dot calls a graph without a name."""

_TAG = re.compile(rb"<[/?]?([A-Za-z:]+)[^>]*>")
_TAGS = frozenset(b"xml svg g title polygon polyline path ellipse rect text defs linearGradient stop".split())
_REACHES_OUT = re.compile(rb"\s(on\w+|[\w:]*href|src)\s*=|url\((?!#)")


def draw(plan: Plan, form: Form) -> bytes:
    """The file of a consistent plan's drawing, at most `MAX_BYTES`. An SVG has no script in it and refers to nothing
    outside. Blocks for seconds, a minute at most. Raises DrawingFailed."""
    if importlib.util.find_spec("wireviz") is None:
        raise DrawingFailed("wireviz", "is not installed", "run `pip install 'muster[drawing]'`")
    dot = shutil.which("dot")
    if dot is None:
        raise DrawingFailed("dot", "is not installed", "install graphviz, on Debian `apt install graphviz`")
    try:
        with TemporaryDirectory(prefix="muster-drawing-") as name:
            drawn = _drawn(plan, form, Path(name), dot)
    except OSError as error:
        remedy = "free some room, or let TMPDIR name a directory that can be written"
        raise DrawingFailed("wireviz", f"has no directory to work in ({error.strerror})", remedy) from error
    return harmless(drawn) if form == "svg" else drawn


def _drawn(plan: Plan, form: Form, folder: Path, dot: str) -> bytes:
    (folder / "plan.yml").write_text(wireviz_text(outwards(plan)), encoding="utf-8")
    wireviz = [sys.executable, "-P", "-m", "wireviz.wv_cli", "--format", "g", "plan.yml"]
    _run("wireviz", wireviz, folder, WIREVIZ_LIMIT_S)
    _run("dot", [dot, f"-T{form}", *_title(plan), "-o", f"plan.{form}", "plan.gv"], folder, DOT_LIMIT_S)
    return _read(folder / f"plan.{form}")


def _title(plan: Plan) -> list[str]:
    """What stands above the drawing."""
    second = " · ".join(part for part in (plan.name, f"revision {plan.revision}" if plan.revision else "") if part)
    label = "\\l".join(shown(line) for line in (plan.title, second) if line)
    return [f"-Glabel={label}\\l", "-Glabelloc=t", "-Glabeljust=l", "-Gfontsize=22", "-Gpad=0.3"]


def _run(program: str, command: Sequence[str], folder: Path, time_limit_s: float) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - a list of our own words and file names, without a shell
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=time_limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        remedy = "draw a part of the plan, or export it and draw it where there is time"
        raise DrawingFailed(program, f"takes longer than {time_limit_s:g} s", remedy) from error
    except OSError as error:
        raise DrawingFailed(program, f"can not be started ({error.strerror})", f"install {program} again") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        said = one_line(last, _MAX_SAID) or "nothing"
        raise DrawingFailed(
            program, f"ended with {done.returncode} and said {said}", f"see whether {program} works alone"
        )


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if 0 < size <= MAX_BYTES:
            return path.read_bytes()
    except OSError as error:
        raise DrawingFailed("dot", f"wrote nothing ({error.strerror})", "see whether dot works alone") from error
    raise DrawingFailed("dot", f"wrote {size} bytes", f"draw a part of the plan, to stay within {MAX_BYTES}")


def harmless(svg: bytes) -> bytes:
    """An SVG of dot without its document type, which is a reference to a server, and without comments. Raises
    DrawingFailed where anything in it is no plain shape or text."""
    plain = _IDLE.sub(b"", svg)
    for tag in _TAG.finditer(plain):
        if tag[1] not in _TAGS or _REACHES_OUT.search(tag[0]) is not None:
            raise DrawingFailed("dot", "drew something else than shapes and text", "draw a PNG instead")
    return plain
