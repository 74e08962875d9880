"""docs/threats.md names a test behind every line, or says that there is none."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threats.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
UNSHOWN = re.compile(r"\bnot shown by a test\b", re.IGNORECASE)


def actors() -> dict[str, str]:
    """What the page says of each actor, by heading."""
    parts = re.split(r"^## (.+)$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def lines_of(section: str) -> list[str]:
    """The items of a section's lists, each with its continuation."""
    return [" ".join(item.split()) for item in re.findall(r"^- (.+(?:\n  .+)*)", section, flags=re.MULTILINE)]


@cache
def names_in(path: Path) -> frozenset[str]:
    """The test functions in a file, without importing it."""
    tree = ast.parse(path.read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(function.name for function in functions if function.name.startswith("test_"))


@pytest.mark.parametrize("actor", actors())
def test_every_line_has_its_test_or_says_that_there_is_none(actor: str) -> None:
    bare = [line for line in lines_of(actors()[actor]) if not NAMED.search(line) and not UNSHOWN.search(line)]
    assert bare == []


@pytest.mark.parametrize("actor", actors())
def test_every_actor_can_and_can_not(actor: str) -> None:
    section = actors()[actor]
    can, can_not = section.index("\nCan:\n"), section.index("\nCan not:\n")
    assert lines_of(section[can:can_not])
    assert lines_of(section[can_not:])


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED.findall(PAGE))))
def test_a_named_test_exists(file: str, name: str) -> None:
    path = ROOT / file
    assert path.is_file()
    assert name in names_in(path)


def test_the_page_names_tests_in_one_way_only() -> None:
    assert len(re.findall(r"::test_", PAGE)) == len(NAMED.findall(PAGE))
