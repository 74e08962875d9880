"""The files of the report: no cell is a formula, no sign vanishes, and every page says what it is of."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from fleet.entries.log import LogScope
from fleet.openings.report_csv import COLUMNS, as_csv
from fleet.openings.report_form import Report, Standing, cosigned_words, scope_words
from fleet.openings.report_pdf import as_pdf
from fleet.pdf import printable
from protocols.api.log import OpeningsPage, OpeningView

NOW = datetime(2026, 11, 22, 14, 2, 7, tzinfo=UTC)


def opening(**changes: Any) -> OpeningView:
    fields: dict[str, Any] = {
        "opening": "open-1",
        "unit": "unit-abcd2345",
        "label": "van 2",
        "modality": "video",
        "person": "TO-12",
        "mandate": "m-1",
        "authority": "AUTH-26/7",
        "granted_at": NOW,
        "opened_at": NOW.astimezone(timezone(timedelta(hours=5))),
        "unit_opened_at": None,
        "closed_at": None,
        "close_reason": None,
        "open_s": None,
        "verdict": "outside",
        "faults": ["the unit opened video without a lease of ours"],
        "report": None,
        "entries": [4, 7],
        "purpose": None,
    }
    return OpeningView(**{**fields, **changes})


def report(*openings: OpeningView, is_all: bool = True, **changes: Any) -> Report:
    made = Report(
        scope=LogScope(person="TO-12", since=NOW),
        page=OpeningsPage(openings=list(openings), is_all=is_all),
        standing=Standing(
            origin="muster.example/log", size=900, checkpoint_size=899, root="ab" * 32, cosigned={"north": 1795356000}
        ),
        made_at=NOW,
        made_by="IN-07",
        maker="Zoë Żółć",
    )
    return msgspec.structs.replace(made, **changes)


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_table_says_what_it_is_of_and_keeps_every_sign() -> None:
    rows = cells(as_csv(report(opening(label='vän, "2"\n漢', entries=[4, 7]), is_all=False)))
    about = {row[0]: row[1:] for row in rows[: rows.index([])]}
    assert about["scope"] == ["person TO-12, from 2026-11-22T14:02:07Z"]
    assert (about["log"], about["tree size"]) == (["muster.example/log"], ["900"])
    assert (about["checkpoint"], about["seen by"]) == (["899", "ab" * 32], ["north 2026-11-22T14:00:00Z"])
    assert about["made"] == ["2026-11-22T14:02:07Z", "IN-07", "Zoë Żółć"]
    assert about["openings"] == ["1", "the newest; narrow the scope"]
    head, line = rows[rows.index([]) + 1 :]
    assert tuple(head) == COLUMNS
    found = dict(zip(head, line, strict=True))
    assert (found["label"], found["media_began_at"], found["entries"]) == (
        'vän, "2"\n漢',
        "2026-11-22T14:02:07Z",
        "4 7",
    )


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "'=", "＝"])
def test_no_cell_begins_as_a_formula(begin: str) -> None:
    formula = f"{begin}HYPERLINK(1)"
    (line,) = cells(as_csv(report(opening(label=formula, purpose=formula, close_reason=formula))))[-1:]
    assert line.count(f"'{formula}") == 3
    assert not [cell for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", " ="))]


def test_a_sign_that_is_no_text_is_shown() -> None:
    assert b"\\ud800" in as_csv(report(opening(label="\ud800")))
    assert b"\\0" in as_csv(report(opening(label="a\x00b")))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë Żółć-Nguyễn Дмитрий Ωmega £€", "Zoë Żółć-Nguyễn Дмитрий Ωmega £€"),
        ("漢", "[U+6F22]"),
        ("\u202e", "\\u202e"),
    ],
)
def test_what_the_font_has_not_is_shown_by_its_number(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_page_for_reading() -> None:
    """How it looks is for eyes; here: it is whole, sized A4 across, and grows by pages."""
    one = as_pdf(report(opening(label="<b>&amp;", purpose="漢 \u202e")))
    many = as_pdf(report(*(opening(opening=f"open-{number}") for number in range(60)), is_all=False))
    assert one.startswith(b"%PDF-1.")
    assert one.rstrip().endswith(b"%%EOF")
    assert (one.count(b"/Type /Page\n"), one.count(b"/MediaBox [ 0 0 841.8898 595.2756 ]")) == (1, 1)
    assert many.count(b"/Type /Page\n") > 3
    assert b"Roboto" in one
    empty = as_pdf(report(standing=Standing(origin="muster.example/log", size=0, remark="no checkpoint")))
    assert empty.count(b"/Type /Page\n") == 1


def test_what_was_refused_is_not_listed_as_an_opening() -> None:
    refused = opening(verdict="refused", close_reason="refused: no-device", faults=[])
    (line,) = cells(as_csv(report(refused)))[-1:]
    found = dict(zip(COLUMNS, line, strict=True))
    assert (found["verdict"], found["close_reason"]) == ("refused", "refused: no-device")
    assert as_pdf(report(refused, opening(verdict="unopened"))).startswith(b"%PDF-1.")


def test_words() -> None:
    assert scope_words(LogScope()) == "the whole log"
    assert cosigned_words(Standing(origin="x", size=0)) == "no witness"
