"""`fleet wiring` on files: without a controller, as people and scripts run it."""

import asyncio
import json
import os
import pty
from pathlib import Path
from typing import Any

import pytest

from fleet.wiring.rules.library import TEMPLATES, template_text
from fleet.wiring.rules.reading import read_plan
from tests.support.fleet_command import LIMIT_S, Ran, run_here
from tests.support.rota_cli import FLEET, begun, ended

MISTAKES = Path(__file__).parents[1] / "cases" / "twenty-mistakes.yaml"
VAN = template_text("van-12v")
NOT_FUSED = VAN.replace("F1: {rating_a: 5,", "F1: {rating_a: 30,")


async def wiring(*words: str) -> Ran:
    return await run_here("wiring", *words)


async def answered(*words: str) -> Any:
    """What a command says as JSON; it has to do what it is asked."""
    code, out, err = await wiring(*words, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


@pytest.fixture
def van(tmp_path: Path) -> Path:
    file = tmp_path / "van.yaml"
    file.write_text(VAN, encoding="utf-8")
    return file


@pytest.fixture
def unsafe(tmp_path: Path) -> Path:
    """The van with a fuse that protects none of its conductors."""
    assert NOT_FUSED != VAN
    file = tmp_path / "unsafe.yaml"
    file.write_text(NOT_FUSED, encoding="utf-8")
    return file


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if words in line)


@pytest.mark.parametrize("name", TEMPLATES)
async def test_each_worked_vehicle_passes_and_can_be_advised_on_drawn_and_listed(tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.yaml"
    file.write_text(template_text(name), encoding="utf-8")
    found = await answered("check", str(file))
    assert (found["faults"], found["failed"], found["unjudged"], found["may_be_fitted"]) == ([], 0, 0, True)
    assert found["passed"] == len(found["judgements"]) > 40
    assert found["curves"]
    plan = read_plan(template_text(name)).plan
    assert plan is not None
    assert {one["conductor"] for one in (await answered("advise", str(file)))["conductors"]} == set(plan.conductors)
    assert {one["conductor"] for one in await answered("cuts", str(file))} == set(plan.conductors)
    assert {one["kind"] for one in await answered("bom", str(file))} >= {"wire", "fuse", "connector", "label"}
    assert len(await answered("labels", str(file))) == 2 * len(plan.conductors)
    assert (await answered("diff", str(file), str(file)))["differences"] == []
    code, out, _ = await wiring("draw", str(file))
    assert code == 0
    assert all(conductor in out for conductor in plan.conductors)
    assert max(map(len, out.splitlines())) <= 80


async def test_what_fails_stands_with_its_place_and_is_the_exit_code(unsafe: Path) -> None:
    code, out, err = await wiring("check", str(unsafe))
    line = line_of(NOT_FUSED, "  W2: {")
    assert (code, err) == (1, "")
    first = next(one for one in out.splitlines() if "fuse-protects-cable" in one)
    assert first.startswith(f"{unsafe}:{line}:3: safety fuse-protects-cable: F1 of 30 A does not protect W2")
    assert " — fit a fuse of at most " in first
    assert out.splitlines()[-1].endswith("it is not to be fitted")
    code, out, _ = await wiring("check", str(unsafe), "--json")
    assert code == 1
    placed = [one for one in json.loads(out)["judgements"] if one["rule"] == "fuse-protects-cable"]
    assert (placed[0]["line"], placed[0]["column"], placed[0]["figures"]["rating_a"]) == (line, 3, 30.0)


async def test_a_file_with_twenty_mistakes_has_twenty_fails_and_nothing_else() -> None:
    code, out, _ = await wiring("check", str(MISTAKES), "--json")
    found = json.loads(out)
    assert (code, found["faults"], found["failed"], found["unjudged"]) == (1, [], 20, 0)
    assert len({one["rule"] for one in found["judgements"] if one["verdict"] == "fail"}) == 20
    code, out, _ = await wiring("draw", str(MISTAKES))
    assert (code, sum(line.count("✗") for line in out.splitlines()[4:])) == (0, 20)


async def test_what_passes_is_shown_with_formula_and_figures_when_asked(van: Path) -> None:
    code, out, _ = await wiring("check", str(van), "--all")
    assert code == 0
    lines = out.splitlines()
    at = next(number for number, line in enumerate(lines) if "fuse-protects-cable pass" in line)
    assert lines[at + 1].startswith("    rating_a ≤ derating · ampacity_a: rating_a = ")


async def test_a_figure_that_nobody_verified_is_marked(van: Path) -> None:
    pvc = van.with_name("pvc.yaml")
    pvc.write_text(VAN.replace("  W2: {", "  W2: {type: pvc, "), encoding="utf-8")
    _, out, _ = await wiring("check", str(pvc), "--all")
    assert "(unverified: ampacity of 1.5 mm² pvc (Ryder" in out


async def test_faults_of_a_file_stand_with_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "faulty.yaml"
    file.write_text("muster_wiring: 1\nname: x\nfuses:\n  F1: {rating_a: 10A}\n  F2: {rated_a: 5}\n")
    code, out, err = await wiring("check", str(file))
    assert (code, err) == (2, "")
    assert f"{file}:4:18: fault: " in out
    assert f"{file}:5:8: fault: " in out
    code, out, _ = await wiring("check", str(file), "--json")
    assert (code, [one["line"] for one in json.loads(out)["faults"]][:2]) == (2, [4, 5])
    for command in ("advise", "draw", "bom", "cuts", "labels", "export"):
        code, out, err = await wiring(command, str(file))
        assert (code, out, f"{file}:4:18: fault: " in err) == (2, "", True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"\x1b[2Jname: \x07",
        b'name: "\\e[31m"\nmuster_wiring: 1\n',
        b"a: &a [*a]",
        b"[" * 5000,
        b"{" * 5000 + b"}" * 5000,
        b"x: 1\n" * 200_000,
        b"%YAML 9.9\n---\n!!python/object:os.system x",
        "name: \u202ex\nmuster_wiring: 1\n".encode(),
    ],
    ids=["empty", "no text", "signs", "escapes", "alias", "deep", "mapping", "long", "tag", "turned"],
)
@pytest.mark.parametrize("command", ["check", "draw"])
async def test_whatever_a_file_holds_the_terminal_is_safe(tmp_path: Path, content: bytes, command: str) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_bytes(content)
    code, out, err = await wiring(command, str(file))
    assert code in (2, 3)
    said = out + err
    assert "Traceback" not in said
    assert said.strip()
    assert not [sign for sign in said if sign != "\n" and (ord(sign) < 32 or sign in "\x7f\x9b\u202e")]


async def test_standard_input_is_a_dash_once(van: Path) -> None:
    code, out, err = await ended(await begun("wiring", "check", "-"), VAN.encode())
    assert (code, err, out.endswith("it may be fitted\n")) == (0, "", True)
    code, _, err = await ended(await begun("wiring", "diff", "-", "-"), VAN.encode())
    assert (code, "standard input can be read once" in err) == (2, True)


async def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    code, out, err = await wiring("check", str(tmp_path / "nowhere.yaml"))
    assert (code, out, "No such file" in err) == (3, "", True)
    code, _, err = await wiring("check", str(tmp_path))
    assert (code, "not a regular file" in err or "Is a directory" in err) == (3, True)


async def test_the_policy_of_a_house_is_a_file(van: Path, tmp_path: Path) -> None:
    strict, table, wrong = (tmp_path / f"{name}.toml" for name in ("strict", "table", "wrong"))
    strict.write_text("drop_max_percent = 0.5\n")
    table.write_text("[wiring]\ndrop_max_percent = 0.5\n[api]\nlisten = 'x'\n")
    wrong.write_text("drop_max_percent = -1\n")
    for policy in (strict, table):
        code, out, _ = await wiring("check", str(van), "--policy", str(policy))
        assert (code, "drop-cold" in out) == (1, True)
    code, _, err = await wiring("check", str(van), "--policy", str(wrong))
    assert (code, "drop_max_percent" in err) == (5, True)
    wrong.write_text("= 1")
    assert (await wiring("check", str(van), "--policy", str(wrong)))[0] == 5


async def test_advice_makes_an_unsafe_plan_pass_and_writes_over_nothing(unsafe: Path) -> None:
    code, out, err = await wiring("advise", str(unsafe))
    assert (err.startswith("with all of it done: "), err.endswith(" pass; it may be fitted\n")) == (True, True)
    assert (code, out.splitlines()[0].split()[:2]) == (0, ["conductor", "mm²"])
    mended = unsafe.with_name("mended.yaml")
    assert (await wiring("advise", str(unsafe), "--to", str(mended)))[0] == 0
    assert (await wiring("check", str(mended)))[0] == 0
    code, _, err = await wiring("advise", str(unsafe), "--to", str(mended))
    assert (code, "is there already" in err) == (3, True)
    assert (await wiring("check", str(unsafe)))[0] == 1


async def test_two_plans_are_told_apart_and_a_new_fail_is_the_exit_code(van: Path, unsafe: Path) -> None:
    code, out, _ = await wiring("diff", str(van), str(unsafe))
    assert (code, out.splitlines()[:2]) == (1, ["~ fuses.F1", "    rating_a  5 → 30"])
    assert "✗ fuse-protects-cable of conductors.W2 fails now: " in out
    code, out, _ = await wiring("diff", str(unsafe), str(van))
    assert (code, "✓ fuse-protects-cable of conductors.W2 fails no more" in out) == (0, True)
    code, out, _ = await wiring("diff", str(van), str(unsafe), "--json")
    told = json.loads(out)
    assert (code, told["differences"]) == (
        1,
        [{"kind": "changed", "subject": "fuses.F1", "field": "rating_a", "before": "5", "after": "30"}],
    )
    assert "fuse-protects-cable" in {one["rule"] for one in told["fails_now"]}


async def test_the_drawing_says_what_fails_and_takes_the_width(unsafe: Path) -> None:
    _, out, _ = await wiring("draw", str(unsafe), "--width", "160")
    assert "✗ fuse-protects-cable (safety)" in out
    assert 80 < max(map(len, out.splitlines())) <= 160
    code, _, err = await wiring("draw", str(unsafe), "--width", "20")
    assert (code, "60" in err) == (2, True)
    _, out, _ = await wiring("draw", str(unsafe), "--cavities")
    assert "□ X1  in-line" in out


async def on_a_terminal(*words: str, **environment: str) -> str:
    """What `fleet` writes on a terminal of its own."""
    ours, its = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = await asyncio.create_subprocess_exec(
        FLEET, "wiring", *words, stdout=its, env={**kept, "TERM": "xterm-256color", **environment}
    )
    os.close(its)
    read = asyncio.create_task(asyncio.to_thread(_read_all, ours))
    async with asyncio.timeout(LIMIT_S):
        written = await read
        await process.wait()
    return written


def _read_all(terminal: int) -> str:
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # what Linux says once nobody has the other side open
            part = b""
        if not part:
            os.close(terminal)
            return b"".join(parts).decode()
        parts.append(part)


async def test_colour_is_for_terminals_and_can_be_refused(van: Path) -> None:
    assert "\x1b[91mRD\x1b[0m" in await on_a_terminal("draw", str(van))
    assert "\x1b[" not in await on_a_terminal("draw", str(van), NO_COLOR="1")
    assert "\x1b[" not in await on_a_terminal("draw", str(van), TERM="dumb")
    assert "\x1b" not in (await wiring("draw", str(van)))[1]


async def test_templates_and_the_schema_are_there() -> None:
    assert [one["template"] for one in await answered("templates")] == list(TEMPLATES)
    code, out, _ = await wiring("schema")
    assert (code, json.loads(out)["$schema"]) == (0, "https://json-schema.org/draft/2020-12/schema")


async def test_a_plan_goes_to_wireviz_and_what_that_can_not_say_is_told(van: Path) -> None:
    code, out, err = await wiring("export", str(van))
    assert (code, "connectors:" in out, "left out: " in err) == (0, True, True)


async def test_what_wireviz_can_say_comes_back_from_it(van: Path) -> None:
    exported, back = van.with_name("van.yml"), van.with_name("back.yaml")
    assert (await wiring("export", str(van), "--to", str(exported)))[0] == 0
    code, out, _ = await wiring("import", str(exported), "--to", str(back))
    assert (code, out) == (0, "")
    _, out, _ = await wiring("diff", str(van), str(back), "--json")
    changed = [one for one in json.loads(out)["differences"] if one["subject"].startswith("conductors.")]
    assert {(one["kind"], one["field"]) for one in changed} <= {("changed", "cable")}


async def test_a_file_of_wireviz_with_faults_is_refused_where_they_are(tmp_path: Path) -> None:
    file = tmp_path / "faulty.yml"
    file.write_text("connectors:\n  X1: [1, 2]\n")
    code, out, err = await wiring("import", str(file))
    assert (code, out, err.startswith(f"{file}:2:")) == (2, "", True)


@pytest.mark.long
async def test_drawings_go_to_new_files(van: Path) -> None:
    svg, png, pdf = (van.with_suffix(f".{form}") for form in ("svg", "png", "pdf"))
    assert await wiring("draw", str(van), "--svg", str(svg), "--png", str(png), "--pdf", str(pdf)) == (0, "", "")
    drawn = {file.suffix: file.read_bytes() for file in (svg, png, pdf)}
    assert b"<svg" in drawn[".svg"]
    assert drawn[".png"].startswith(b"\x89PNG")
    assert drawn[".pdf"].startswith(b"%PDF")
    code, _, err = await wiring("draw", str(van), "--svg", str(svg))
    assert (code, "is there already" in err) == (3, True)


async def test_a_worked_vehicle_begins_a_plan_with_its_comments() -> None:
    assert await wiring("new", "van-12v") == (0, VAN, "")
    code, _, err = await wiring("new", "tractor")
    assert (code, "name one of van-12v, " in err) == (3, True)


async def test_answers_make_a_circuit_that_passes(tmp_path: Path) -> None:
    file = tmp_path / "kit.yaml"
    code, out, err = await wiring("new", "lorry-24v", "--load-a", "2", "--run-m", "5", "--to", str(file))
    assert (code, out, err.endswith("; it may be fitted\n")) == (0, "", True)
    found = await answered("check", str(file))
    assert (found["failed"], found["unjudged"], found["may_be_fitted"]) == (0, 0, True)


async def test_an_answer_that_is_none_is_refused_by_its_option() -> None:
    code, out, err = await wiring("new", "van-12v", "--load-a", "lots", "--source", "auxiliary")
    assert (code, out) == (2, "")
    assert "--load-a: load is a number from " in err
    assert "--source: source is one of " in err


async def test_answers_with_which_no_plan_passes_are_told(tmp_path: Path) -> None:
    code, out, err = await wiring("new", "van-12v", "--load-a", "20", "--fuse-a", "1")
    assert (code, out.startswith("muster_wiring: 1"), "fuse-carries-load: " in err) == (1, True, True)


async def test_the_example_in_the_document_is_checked_and_drawn_as_it_says(tmp_path: Path) -> None:
    document = (Path(__file__).parents[2] / "docs" / "wiring.md").read_text(encoding="utf-8")
    file = tmp_path / "first.yaml"
    file.write_text(document.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    found = await answered("check", str(file))
    assert (found["failed"], found["unjudged"]) == (0, 0)
    _, out, _ = await wiring("draw", str(file))
    assert f"```text\n{out}```" in document


async def test_a_process_answers_as_here(van: Path) -> None:
    words = ("wiring", "bom", str(van))
    assert await run_here(*words) == await ended(await begun(*words))
