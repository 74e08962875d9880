"""Files and settings of a device are for the bench: nothing on a unit asks for them."""

import ast
from pathlib import Path

from firmware_bridge.smp.device import SmpDevice

_ROOT = Path(__file__).parents[4]
BENCH_ONLY = {"read_file", "write_file", "read_setting", "write_setting"}


def test_the_unit_s_agent_asks_for_neither() -> None:
    assert all(hasattr(SmpDevice, name) for name in BENCH_ONLY)
    sources = sorted((_ROOT / "edge_agent").rglob("*.py"))
    assert sources
    calls = [
        f"{path.relative_to(_ROOT)}:{node.lineno}"
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in BENCH_ONLY
    ]
    assert calls == []
