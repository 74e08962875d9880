"""Rules of the house that no linter knows. CONTRIBUTING.md says why each is there."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = ("protocols", "hardware_keys", "firmware_bridge", "edge_agent", "fleet", "tui")
MAX_LINES = 500
MAX_SLEEP_S = 0.5
SHAPELESS = {"utils", "util", "helpers", "helper", "common", "misc", "stuff", "base", "core"}

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
HOME_PATH = re.compile(r"(?<![\w.$})-])/(home/[a-z]|Users/[A-Za-z]|root/|work/|mnt/[a-z])")
EXEMPTION = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[^]]*\])?(?P<reason>.*)")
REASON = re.compile(r"[A-Za-z]{2}.*[A-Za-z]{2}")


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository, new ones included, ignored ones not."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return [path for line in listing.stdout.splitlines() if (path := ROOT / line).is_file()]


def shown(path: Path, line: int | None = None) -> str:
    return f"{path.relative_to(ROOT)}{'' if line is None else f':{line}'}"


def text_of(path: Path) -> str:
    """The file's text; empty for what is not text, or was removed meanwhile."""
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, FileNotFoundError):
        return ""


PYTHON = [path for path in tracked("*.py") if path != Path(__file__)]
SOURCES = [path for path in PYTHON if path.relative_to(ROOT).parts[0] in SHIPPED]
EVERYTHING = [path for path in tracked() if path not in {Path(__file__), ROOT / "uv.lock"}]


def lines_matching(paths: list[Path], pattern: re.Pattern[str]) -> Iterator[str]:
    for path in paths:
        for number, line in enumerate(text_of(path).splitlines(), start=1):
            if pattern.search(line):
                yield f"{shown(path, number)}: {line.strip()[:100]}"


def test_there_are_sources_to_judge() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == set(SHIPPED)


def test_no_module_is_too_long() -> None:
    long = {shown(path): count for path in PYTHON if (count := len(text_of(path).splitlines())) > MAX_LINES}
    assert long == {}


def test_nothing_hides_the_docker_sdk() -> None:
    assert not (ROOT / "docker" / "__init__.py").exists()


def test_every_module_is_named_for_what_it_holds() -> None:
    assert [shown(path) for path in PYTHON if set(path.relative_to(ROOT).with_suffix("").parts) & SHAPELESS] == []


def test_every_package_of_the_house_has_its_init() -> None:
    folders = {parent for path in SOURCES for parent in path.parents if parent.is_relative_to(ROOT) and parent != ROOT}
    assert [shown(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_test_folders_have_no_init_and_test_files_have_names_of_their_own() -> None:
    tests = [path for path in PYTHON if path.is_relative_to(ROOT / "tests")]
    assert [shown(path) for path in tests if path.name == "__init__.py"] == []
    names = [path.name for path in tests if path.name not in {"conftest.py", "__main__.py"}]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_nothing_is_left_for_later() -> None:
    assert list(lines_matching(EVERYTHING, UNFINISHED)) == []


def test_no_path_of_one_machine_is_written_down() -> None:
    assert list(lines_matching(EVERYTHING, HOME_PATH)) == []


def exemptions(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        for found in EXEMPTION.finditer(line):
            if not REASON.search(found["reason"]):
                yield number, line.strip()


def test_every_exemption_says_why() -> None:
    assert [f"{shown(path, n)}: {line[:100]}" for path in PYTHON for n, line in exemptions(path)] == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    marks = re.compile(r"\b(importor|pytest\.|mark\.|self\.)(skip|skipif|xfail)\b|\bunittest\.skip")
    tests = [path for path in PYTHON if path.is_relative_to(ROOT / "tests")]
    assert list(lines_matching(tests, marks)) == []


def sleeps(path: Path) -> Iterator[tuple[int, float]]:
    """Calls of a `sleep` with a constant that is more than a polling interval."""
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "sleep" and node.args:
            wait = node.args[0]
            if isinstance(wait, ast.Constant) and isinstance(wait.value, int | float) and wait.value > MAX_SLEEP_S:
                yield node.lineno, float(wait.value)


def test_tests_wait_for_a_condition_and_do_not_sleep() -> None:
    tests = [path for path in PYTHON if path.is_relative_to(ROOT / "tests")]
    assert [f"{shown(path, n)}: {wait} s" for path in tests for n, wait in sleeps(path)] == []


def broad_handlers(path: Path) -> Iterator[int]:
    """Lines of handlers that catch everything, do not raise it again, and do not say why in a comment."""
    lines = text_of(path).splitlines()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.ExceptHandler):
            caught = "" if node.type is None else ast.unparse(node.type)
            raises = isinstance(node.body[-1], ast.Raise)
            if caught in {"", "Exception", "BaseException"} and not raises and "#" not in lines[node.lineno - 1]:
                yield node.lineno


def test_catching_everything_says_why() -> None:
    assert [shown(path, n) for path in SOURCES for n in broad_handlers(path)] == []


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        ("x = 1  # noqa: S608", False),
        ("x = 1  # type: ignore", False),
        ("x = 1  # type: ignore[attr-defined]", False),
        ("x = 1  # noqa: S608, E501", False),
        ("x = 1  # noqa: S608 - no outside text", True),
        ("x = 1  # noqa: S608  # no outside text", True),
        ("x = 1  # noqa: S608, PLR0912 (one case for each message)", True),
        ("x = 1  # type: ignore[attr-defined]  # a struct's info", True),
        ("x = 1  # type: ignore[arg-type, misc] - the library's stub is wrong", True),
    ],
)
def test_the_rule_on_exemptions_tells_reasons_from_none(tmp_path: Path, line: str, fits: bool) -> None:
    (tmp_path / "example.py").write_text(line + "\n")
    assert (list(exemptions(tmp_path / "example.py")) == []) == fits
