"""What commands print: foreign words are neither markup nor able to steer a terminal."""

import json

import pytest

from fleet.cli.output import print_json, print_line, print_table
from protocols.words import UNKNOWN

HOSTILE = ["[/x]", "[b]van", "[link=https://example.org]a", "[/]", ":smile:"]


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_in_a_cell_is_shown_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("unit", "label"), [("unit-00000001", text)], empty="none")
    assert text in capsys.readouterr().out


@pytest.mark.parametrize("sign", ["\x1b", "\x9b", "\u202e", "\u2066", "\x07"])
def test_nothing_printed_steers_a_terminal(sign: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("label",), [(f"a{sign}[2Jb",)], empty="none")
    print_line(f"a{sign}b")
    print_json({"label": f"a{sign}b"})
    out = capsys.readouterr().out
    assert sign not in out
    assert json.loads(out.splitlines()[-1]) == {"label": f"a{sign}b"}


def test_a_line_end_in_a_cell_makes_no_second_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b"), [(["one", "two"], "x\ny"), (None, "")], empty="none")
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["a", "b"],
        ["one", "two", "x\\u000ay"],
        [UNKNOWN, UNKNOWN],
    ]


@pytest.mark.parametrize("columns", ["40", "160"])
@pytest.mark.parametrize("text", HOSTILE)
def test_markup_is_shown_as_it_is_on_a_terminal_too(
    text: str, columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_table(("unit", "label"), [("unit-00000001", text)], empty="none")
    assert text in capsys.readouterr().out
