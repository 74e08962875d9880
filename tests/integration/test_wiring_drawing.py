"""Drawings by real WireViz and dot, and WireViz's own word for who is joined to whom."""

import json
import re
import sys
import zlib
from pathlib import Path

import pytest

from fleet.errors import DrawingFailed
from fleet.wiring.drawing import FORMS, draw, harmless
from fleet.wiring.rules.library import TEMPLATES, template
from fleet.wiring.rules.wireviz_in import from_wireviz
from fleet.wiring.rules.wireviz_out import wireviz_text
from protocols.wiring.plan import Plan
from tests.wireviz.__main__ import main
from tests.wireviz.netlists import compare, graph_of, netlist_of, templates_of

SAMPLE = """
metadata: {title: Sample loom, pn: sample}
connectors:
  X1: {type: Plug, pinlabels: [PWR, GND, SIG], loops: [[2, 3]]}
  X2: {type: Socket, pins: [a, b, c]}
  X3: {type: Plug, pincount: 3}
  FERRULE: {style: simple, type: Ferrule}
  S: {style: simple, type: Splice}
cables:
  W1: {gauge: 0.5 mm2, length: 1.5, color_code: DIN, wirecount: 3, shield: true}
  WIRE: {category: bundle, colors: [RDBK], gauge: 18 AWG, length: 40 cm}
  W5: {category: bundle, wirecount: 2, color_code: BW, wirelabels: [one, two]}
connections:
  - [{X1: [1-3]}, {W1: [3-1]}, {X2: [a, b, c]}, -->, {X3: [1-3]}]
  - [{X1: GND}, {W1: s}]
  - [FERRULE., {WIRE.: 1}, S.S1, {WIRE.W7: 1}, {X1: SIG}]
  - [[FERRULE., S1], {W5: [1, two]}, FERRULE.]
  - [X1, ==>, X3]
"""


def plan_of(text: str = SAMPLE) -> Plan:
    found = from_wireviz(text)
    assert found.faults == []
    assert found.plan is not None
    return found.plan


def text_of_pdf(pdf: bytes) -> int:
    """How many bytes of a PDF's streams are drawing."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    return sum(len(zlib.decompressobj().decompress(stream)) for stream in streams if stream[:1] == b"x")


def test_each_template_is_drawn_in_each_form() -> None:
    for name in TEMPLATES:
        drawn = {form: draw(template(name), form) for form in FORMS}
        assert drawn["png"].startswith(b"\x89PNG\r\n")
        assert drawn["pdf"].startswith(b"%PDF-")
        assert text_of_pdf(drawn["pdf"]) > 1000
        assert drawn["svg"].startswith(b"<?xml")
        for conductor in list(template(name).conductors)[:3]:
            assert conductor.replace("-", "&#45;").encode() in drawn["svg"]


def test_an_svg_says_title_revision_gauge_length_and_colour_and_reaches_out_to_nothing() -> None:
    plan = plan_of(SAMPLE.replace("title: Sample loom", 'title: "A & B <script>", revisions: {C: {}}'))
    svg = draw(plan, "svg").decode()
    for text in ("A &amp; B", "revision C", "0.5 mm²", "1.5 m", "RDBK", "sample"):
        assert text in svg
    assert "#ff0000" in svg
    assert "<script" not in svg
    assert re.findall(r"(?:href|src)\s*=|<!|url\((?!#)", svg) == []
    assert set(re.findall(r"https?://\S+?(?=\")", svg)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


@pytest.mark.parametrize(
    "text", ["<b>", "a & b", "&lt;", "C:\\N\\G", '"', "{|}", "</table>", "漢 é ²", "\\", "<a href=x>"]
)
def test_no_text_is_taken_for_markup(text: str) -> None:
    quoted = json.dumps(text.replace("&", "&amp;").replace("<", "&lt;").replace("\\", "\\\\"), ensure_ascii=False)
    shape = (
        "connectors: {X1: {type: T, pn: P, notes: P, pinlabels: [P]}}\ncables: {W: {wirecount: 1, wirelabels: [P]}}\n"
    )
    plan = plan_of(f"metadata: {{title: {quoted}}}\n{shape}connections: [[{{X1: 1}}, {{W: 1}}]]".replace("P", quoted))
    assert (plan.title, plan.connectors["X1"].part, plan.connectors["X1"].note) == (text, text, text)
    assert b"<svg" in draw(plan, "svg")


def test_a_plan_of_nothing_is_drawn_with_its_name() -> None:
    assert b"empty" in draw(Plan(muster_wiring=1, name="empty"), "svg")


def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert draw(plan_of(), "svg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "svg",
    [
        b"<svg><script>1</script></svg>",
        b'<svg><a xlink:href="http://x"/></svg>',
        b'<svg><image src="x"/></svg>',
        b'<svg><g onload="x"/></svg>',
        b'<svg><path fill="url(http://x)"/></svg>',
    ],
)
def test_an_svg_with_more_than_shapes_is_no_drawing(svg: bytes) -> None:
    with pytest.raises(DrawingFailed):
        harmless(svg)


def test_programs_that_are_missing_are_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("PATH", str(tmp_path))
        with pytest.raises(DrawingFailed, match="install graphviz"):
            draw(plan_of(), "svg")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(DrawingFailed, match=r"pip install 'muster\[drawing\]'"):
        draw(plan_of(), "svg")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exec sleep 60", "takes longer"),
        ("echo no ink >&2; exit 3", "ended with 3 and said no ink"),
        ("exit 0", "wrote nothing"),
    ],
)
def test_a_dot_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, told: str) -> None:
    dot = tmp_path / "dot"
    dot.write_text(f"#!/bin/sh\n{script}\n")
    dot.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("fleet.wiring.drawing.DOT_LIMIT_S", 0.5)
    with pytest.raises(DrawingFailed, match=told) as failed:
        draw(plan_of(), "png")
    assert failed.value.program == "dot"


def test_the_export_joins_what_the_original_joins(tmp_path: Path) -> None:
    original = tmp_path / "sample.yml"
    original.write_text(SAMPLE)
    found = compare(original, tmp_path)
    assert (found.imported, found.drawn, found.same, found.remarks) == (True, True, True, [])


def test_the_comparison_finds_a_wire_that_goes_elsewhere(tmp_path: Path) -> None:
    netlists = []
    for number, text in enumerate((SAMPLE, SAMPLE.replace("{W1: [3-1]}", "{W1: [3, 1, 2]}"), wireviz_text(plan_of()))):
        path = tmp_path / f"{number}.yml"
        path.write_text(text)
        graph = graph_of(path, tmp_path)
        assert graph is not None
        netlists.append(netlist_of(graph, templates_of(graph) or {"FERRULE", "WIRE"}))
    original, other, export = netlists
    assert len(original) == 13
    assert original == export
    assert len(original - other) == 2


@pytest.mark.parametrize(("text", "code"), [(SAMPLE, 0), (SAMPLE.replace("W7", "W1"), 1)])
def test_the_program_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, code: int
) -> None:
    (tmp_path / "sample.yml").write_text(text)
    monkeypatch.setattr(sys, "argv", ["wireviz", "--from", str(tmp_path)])
    assert main() == code
    counts = json.loads(capsys.readouterr().out)
    assert [counts[name] for name in ("files", "imported", "drawn", "same_connections")] == [1, *[1 - code] * 3]


def test_a_machine_without_room_is_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "away"))
    with pytest.raises(DrawingFailed, match="has no directory to work in"):
        draw(plan_of(), "svg")
