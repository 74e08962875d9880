"""The rules against an oracle that shares no line with them: a short campaign; `make agree-rota` runs the long one."""

import ast
from collections import Counter
from pathlib import Path
from typing import get_args

from protocols.rota.findings import RuleName
from tests.rota import oracle
from tests.rota.agreement import campaign
from tests.rota.random_books import random_book
from tests.rota.random_frames import LONDON, clock_changes
from tests.rota.smaller import smaller

ROTAS = 90
RULES = get_args(RuleName)


def test_an_independent_oracle_agrees_across_every_clock_change() -> None:
    compared = list(campaign(ROTAS, seed=2026, processes=1))
    assert {one.seed: one.differences for one in compared if one.differences} == {}
    found = sum((one.rules for one in compared), Counter[str]())
    assert set(found) == set(RULES)
    assert {moment for one in compared for moment in one.clock_changes} >= set(clock_changes(LONDON))


def test_the_oracle_imports_nothing_of_what_it_judges() -> None:
    own = Path(oracle.__file__).parent
    files = [*own.glob("oracle*.py"), *own.glob("random_*.py")]
    assert len(files) > 5
    for file in files:
        nodes = list(ast.walk(ast.parse(file.read_text())))
        modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        modules |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        assert not {module for module in modules if module.startswith("fleet")}, file.name


def test_a_book_is_made_as_small_as_what_it_shows() -> None:
    book = next(one for one in (random_book(seed).book for seed in range(100)) if len(one.call_outs) > 1)
    small = smaller(book, lambda lighter: bool(lighter.call_outs))
    assert len(small.call_outs) == 1
    assert [small.members, small.changes, small.assigned, small.rota.layers] == [[], [], [], []]
