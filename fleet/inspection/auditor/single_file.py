"""The auditor's modules as one file, verify.py: their sources one after the other, word for word."""

import ast
from functools import cache
from pathlib import Path

PARTS = ("finding", "curve", "trust", "hashing", "reading", "pages", "verify_log")
"""In reading order: none uses what comes after it."""


@cache
def single_file() -> bytes:
    """verify.py: the first module's docstring, the imports of all, then each module under a line with its docstring."""
    sources = [Path(__file__).with_name(f"{part}.py").read_text(encoding="utf-8") for part in PARTS]
    opening = ast.get_docstring(ast.parse(sources[0]), clean=False)
    head = f'"""{opening}"""\n\nfrom __future__ import annotations\n\n{_imports_of(sources)}\n'
    return "\n\n".join([head, _body(sources[0]), *map(_chapter, sources[1:])]).encode()


def _imports_of(sources: list[str]) -> str:
    """The imports from the standard library, each name once."""
    modules, names = set[str](), dict[str, set[str]]()
    for node in (node for source in sources for node in ast.parse(source).body):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith(("fleet.", "__future__")):
            names.setdefault(node.module, set()).update(alias.name for alias in node.names)
    lines = [f"import {module}" for module in sorted(modules)]
    lines += [f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names)]
    return "\n".join(lines)


def _chapter(source: str) -> str:
    """The module's body under a line that says what it is about."""
    title = str(ast.get_docstring(ast.parse(source))).splitlines()[0].rstrip(".")
    return f"# ---- {title}\n\n\n{_body(source)}"


def _body(source: str) -> str:
    """The module's own lines, after its docstring and imports."""
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(source.splitlines()[imports[-1].end_lineno :]).strip("\n") + "\n"
