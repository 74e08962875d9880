"""Faults of plans: each where it is, with what to do, and all in one go."""

import pytest
import yaml

from fleet.wiring.rules import yaml_nodes
from fleet.wiring.rules.faults import MAX_FAULTS, Fault
from fleet.wiring.rules.reading import read_plan
from fleet.wiring.rules.yaml_nodes import MAX_DEPTH, MAX_NODES

HEAD = "muster_wiring: 1\nname: van\n"


@pytest.fixture(autouse=True, params=[yaml.CSafeLoader, yaml.SafeLoader], ids=["libyaml", "python"])
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers: not every machine has libyaml."""
    monkeypatch.setattr(yaml_nodes, "_LOADER", request.param)


def only(text: str) -> Fault:
    reading = read_plan(text)
    [fault] = reading.faults
    assert reading.plan is None
    return fault


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("10A", "write 10 alone, which is in A"),
        ("2,5 A", "write 2.5 alone, which is in A"),
        ("1400mA", "write it in A, the number alone"),
        ("2.5 mm²", "write it in A, the number alone"),
        ("2,5", "write 2.5, with a point"),
        ("'5'", "write 5 without quotes"),
        ('"1,000"', "write digits, with a point where one is needed, and no unit"),
        ("0x10", "write digits, with a point where one is needed, and no unit"),
        ("0o17", "write digits, with a point where one is needed, and no unit"),
        ("017", "write digits, with a point where one is needed, and no unit"),
        ("1_000", "write digits, with a point where one is needed, and no unit"),
        ("'1:30'", "write digits, with a point where one is needed, and no unit"),
        ("1:30", "write digits, with a point where one is needed, and no unit"),
        ("1e3", "write digits, with a point where one is needed, and no unit"),
        (".inf", "write digits, with a point where one is needed, and no unit"),
        (".nan", "write digits, with a point where one is needed, and no unit"),
        ("nan", "write digits, with a point where one is needed, and no unit"),
        ("٣", "write digits, with a point where one is needed, and no unit"),
        ("", "write one, or leave the line out where it is not known"),
        ("0", "write more than 0 and at most 1000"),
        ("-1", "write more than 0 and at most 1000"),
        ("1000.1", "write more than 0 and at most 1000"),
        ("9" * 400, "write more than 0 and at most 1000"),
        ("[5]", "write one value"),
        ("{a: 5}", "write one value"),
    ],
)
def test_what_is_no_plain_number_in_range_is_refused_with_what_to_write(written: str, remedy: str) -> None:
    fault = only(f"{HEAD}fuses:\n  F1:\n    rating_a: {written}\n")
    assert (fault.path, fault.remedy) == ("fuses.F1.rating_a", remedy)
    assert fault.place.line == 5


@pytest.mark.parametrize(
    ("path", "written", "remedy"),
    [
        ("conductors.W1.csa_mm2", "2.5 mm²", "write 2.5 alone, which is in mm²"),
        ("conductors.W1.csa_mm2", "2.5mm2", "write 2.5 alone, which is in mm²"),
        ("conductors.W1.length_m", "200 mm", "write it in m, the number alone"),
        ("buses.B.termination_ohm", "[120 Ω, 120]", "write 120 alone, which is in Ω"),
        ("buses.B.bitrate_kbit", "500 kbit/s", "write 500 alone, which is in kbit/s"),
        ("batteries.main.soh", "85%", "write 0.85"),
        ("batteries.main.soh", "0.85 V", "write a number alone: soh has no unit"),
    ],
)
def test_a_number_with_a_unit_is_copied_only_where_the_unit_is_the_fields(path: str, written: str, remedy: str) -> None:
    kind, name, field = path.split(".")
    block = f"{kind}: {{{name}: {{{field}: {written}}}}}"
    text = f"{HEAD}vehicle:\n  {block}\n" if kind == "batteries" else f"{HEAD}{block}\n"
    assert remedy in [fault.remedy for fault in read_plan(text).faults]


def test_a_decimal_comma_is_told_where_it_begins_another_field() -> None:
    faults = read_plan(f"{HEAD}fuses: {{F1: {{rating_a: 7,5}}}}\n").faults
    assert [(one.message, one.remedy) for one in faults] == [
        ('"5" is no field here', "write a decimal with a point: a comma begins the next field")
    ]


def test_a_field_that_takes_one_value_is_asked_for_with_it() -> None:
    assert [one.remedy for one in read_plan("name: van\n").faults] == ["add muster_wiring: 1"]


def test_a_name_in_other_capitals_is_the_one_that_was_meant() -> None:
    text = f"{HEAD}fuses: {{F1: {{rating_a: 5}}}}\nsplices: {{S1: {{}}}}\nconductors: {{W1: {{from: f1.in, to: S1}}}}\n"
    assert [one.remedy for one in read_plan(text).faults] == ["write F1, or add f1"]


def test_a_terminal_that_a_load_has_not_may_be_added() -> None:
    text = f"{HEAD}loads: {{camera: {{}}}}\nsplices: {{S1: {{}}}}\nconductors: {{W1: {{from: S1, to: camera.h}}}}\n"
    [fault] = read_plan(text).faults
    assert fault.remedy == "write one of camera.+, camera.-, or add h to its terminals"


@pytest.mark.parametrize("value", ["1000", "0.001", "5.", ".5"])
def test_a_number_at_its_limits_is_taken(value: str) -> None:
    assert read_plan(f"{HEAD}fuses: {{F1: {{rating_a: {value}}}}}\n").faults == []


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("yes", "write true, without quotes"),
        ("'true'", "write true, without quotes"),
        ("Off", "write false, without quotes"),
        ("1", "write true or false"),
        ("", "write true or false"),
    ],
)
def test_only_true_and_false_are_truths(written: str, remedy: str) -> None:
    fault = only(f"{HEAD}conductors: {{W1: {{from: G1, to: G2, shield: {written}}}}}\ngrounds: {{G1: , G2: }}\n")
    assert (fault.path, fault.remedy) == ("conductors.W1.shield", remedy)


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("rd", "write RD"),
        ("red", "write RD"),
        ("RD/WH", "write RDWH"),
        ("green-yellow", "write GNYE"),
        ("gray", "write GY"),
        ("RDWHBKYE", "write one to three codes of IEC 60757, the base colour first: BK, BN, RD"),
        ("mauve", "write one to three codes of IEC 60757, the base colour first: BK, BN, RD"),
    ],
)
def test_colours_are_codes(written: str, remedy: str) -> None:
    fault = only(f"{HEAD}sources: {{B1: {{terminal: 30, colour: {written}}}}}\n")
    assert (fault.path, fault.remedy[: len(remedy)]) == ("sources.B1.colour", remedy)
    assert fault.place == (3, 38)


@pytest.mark.parametrize(
    ("text", "place", "path", "remedy"),
    [
        ("sources: {B1: {terminal: 31}}", (3, 26), "sources.B1.terminal", "write one of 15, 30, 30a, 50, 54, 58"),
        ("vehicle: {system_v: 13}", (3, 21), "vehicle.system_v", "write one of 12, 24"),
        ("vehicle: {system_v: '12'}", (3, 21), "vehicle.system_v", "write 12, or one of 12, 24"),
        ("vehicle: {system_v: 12, load_dump: supressed}", (3, 36), "vehicle.load_dump", "write suppressed, or one of"),
        ("vehicle: {system_v: 12, loaddump: suppressed}", (3, 25), "vehicle.loaddump", "write load_dump"),
        ("colour: RD", (3, 1), "colour", "write one of muster_wiring, name"),
        ("fuses: {F1: {}}", (3, 9), "fuses.F1.rating_a", "add rating_a"),
        ("fuses: {F1: }", (3, 9), "fuses.F1.rating_a", "add rating_a"),
        ("fuses: {F1: 5}", (3, 13), "fuses.F1", "write rating_a, kind"),
        ("fuses: [F1]", (3, 1), "fuses", "write names with what they are"),
        ("extras: {part: clip}", (3, 1), "extras", "begin each item with - and a blank"),
        ("extras: [{part: clip}, clip]", (3, 24), "extras.1", "write part, quantity, unit"),
        ("grounds: {1G: }", (3, 11), "grounds.1G", "use letters, digits, _ and -, a letter first"),
        ("grounds: {'G 1': }", (3, 11), "grounds.G 1", "use letters, digits, _ and -, a letter first"),
        ("connectors: {X1: {cavities: {'1.': }}}", (3, 30), "connectors.X1.cavities.1.", "use letters, digits, _, +"),
        ("connectors: {X1: {links: [[1, 2, 3]]}}", (3, 27), "connectors.X1.links.0", "write 2"),
        ("conductors: {W1: {from: B1.1.2, to: G}}", (3, 25), "conductors.W1.from", "write a point as B1"),
        ("name: other", (3, 1), "name", "keep one of them"),
        ("<<: {title: a}", (3, 1), "<<", "write the fields out"),
        ("title: !!str a", (3, 8), "title", "take it out: what is wanted here is known"),
        ("fuses: !!map {}", (3, 1), "fuses", "take it out: what is wanted here is known"),
        ("!!str title: a", (3, 1), "title", "take it out"),
        ("? [a]\n: b", (3, 3), "", "write a name before the colon"),
        ("note: |\n  two\n  lines", (3, 7), "note", "write it on one line, or in several lines after >-"),
        ('note: "a\\x1b[31m"', (3, 7), "note", "take it out"),
        (f"title: {'a' * 81}", (3, 8), "title", "keep it to 80"),
        ("loads: {cam: {terminals: {}}}", (3, 15), "loads.cam.terminals", "write 1 to 128"),
    ],
)
def test_a_fault_has_its_place_its_path_and_what_to_do(
    text: str, place: tuple[int, int], path: str, remedy: str
) -> None:
    fault = only(f"{HEAD}{text}\n")
    assert (fault.place, fault.path, fault.remedy[: len(remedy)]) == (place, path, remedy)


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("", (1, 1), "begin with `muster_wiring: 1`"),
        ("# nothing\n", (1, 1), "begin with `muster_wiring: 1`"),
        (f"{HEAD}---\n{HEAD}", (3, 1), "keep one plan in a file"),
        (f"{HEAD}title: a\tb\n", (3, 9), "use blanks"),
        (f"{HEAD}\tb: c\n", (3, 1), "use blanks"),
        (f"{HEAD}title: a\x00b\n", (3, 9), "take it out"),
        (f"{HEAD}title: é\ud800b\n", (3, 9), "take it out"),
        (f"{HEAD}title: \u202eb\n", (3, 8), "take it out"),
        (f"{HEAD}title: a\rb\n", (3, 9), "take it out"),
        (f"{HEAD}title: [a\n", (4, 1), "look at blanks, colons, quotes and brackets up to here"),
        (f"{HEAD}title: a: b\n", (3, 9), "look at blanks, colons, quotes and brackets up to here"),
        (f"{HEAD}title: *a\n", (3, 8), "write the value, or anchor it with & before"),
        (f"{HEAD}fuses: &a {{F1: *a}}\n", (3, 16), "write the value, or anchor it with & before"),
        (f"{HEAD}title: {'[' * (MAX_DEPTH + 1)}\n", (3, 7 + MAX_DEPTH), f"keep it to {MAX_DEPTH} deep"),
    ],
)
def test_a_text_that_is_no_document_of_ours_has_a_fault_where_that_shows(
    text: str, place: tuple[int, int], remedy: str
) -> None:
    fault = only(text)
    assert (fault.place, fault.path, fault.remedy) == (place, "", remedy)


def test_aliases_that_multiply_are_stopped() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]" for at in range(1, 9)]
    fault = only("\n".join(lines))
    assert fault.place.line == 5
    assert str(MAX_NODES) in fault.message


def test_what_a_file_says_is_cut_short_in_a_message_and_moves_no_cursor() -> None:
    fault = only(f'{HEAD}"{"x" * 5000}\\x1b[2J": a\n')
    assert len(fault.message) < 100
    fault = only(f'{HEAD}"\\x1b[2J": a\n')
    assert "\x1b" not in fault.path + fault.message


def test_every_fault_is_told_in_one_go_in_the_order_of_the_text() -> None:
    reading = read_plan(
        "muster_wiring: 2\n"
        "vehicle: {system_v: 12 V, colour: red}\n"
        "fuses:\n"
        "  F1: {rating_a: 5 A}\n"
        "  F1: {rating_a: 5}\n"
        "  F2: {}\n"
        "conductors:\n"
        "  W1: {from: B1, csa_mm2: 0x1, length: 2}\n"
    )
    assert [(one.place.line, one.path) for one in reading.faults] == [
        (1, "name"),
        (1, "muster_wiring"),
        (2, "vehicle.system_v"),
        (2, "vehicle.colour"),
        (4, "fuses.F1.rating_a"),
        (5, "fuses.F1"),
        (6, "fuses.F2.rating_a"),
        (8, "conductors.W1.to"),
        (8, "conductors.W1.csa_mm2"),
        (8, "conductors.W1.length"),
    ]


def test_names_that_do_not_hang_together_are_told_with_values_that_can_not_be_taken() -> None:
    reading = read_plan(f"{HEAD}hot_c: 5000\nconductors:\n  W1: {{from: B1, to: W9}}\n")
    assert reading.plan is None
    assert [one.path for one in reading.faults] == ["hot_c", "conductors.W1.from", "conductors.W1.to"]


def test_a_name_that_could_not_be_read_is_not_missed_again() -> None:
    reading = read_plan(
        f"{HEAD}sources: {{B1: {{terminal: 99}}, B2: {{terminal: 30}}}}\nconductors: {{W1: {{from: B1, to: B2}}}}"
    )
    assert [one.path for one in reading.faults] == ["sources.B1.terminal"]


def test_no_more_faults_are_told_than_a_person_reads() -> None:
    reading = read_plan(HEAD + "".join(f"k{at}: 1\n" for at in range(MAX_FAULTS + 50)))
    assert len(reading.faults) == MAX_FAULTS
    assert len(read_plan("\x00" * (MAX_FAULTS + 50)).faults) == MAX_FAULTS
