"""Files of rotas that a person names: definitions, books, terms and salaries in, books out. `-` is standard input or
output."""

import csv
import io
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from cyclopts import Parameter

from fleet.cli import files
from fleet.cli.options import PERSON_FORM, why_unreadable
from fleet.errors import RequestRefused
from protocols.errors import InvalidRota
from protocols.rota.book import RotaBook
from protocols.rota.reading import MAX_BOOK_BYTES, read_book, write_book

T = TypeVar("T")
_MAX_DOCUMENT_BYTES = 1024 * 1024
_MAX_SALARY_GBP = Decimal(10_000_000)
STANDARD = files.STANDARD

InFile = Annotated[Path, Parameter(allow_leading_hyphen=True, help="The file; - reads standard input.")]
OutFile = Annotated[
    Path | None, Parameter(allow_leading_hyphen=True, help="Write it to this new file; - is standard output.")
]


def read_document(path: Path, kind: type[T], what: str) -> T:
    """The JSON document in a file, as `what` names it; raises RequestRefused."""
    data = files.read_given(path, _MAX_DOCUMENT_BYTES)
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        detail = " ".join(str(error).split())[:300]
        raise RequestRefused("file-unreadable", f"{path} is no {what}: {detail}", "mend the file") from error


def read_book_file(path: Path) -> RotaBook:
    """The rota's book in a file, checked; raises RequestRefused."""
    try:
        return read_book(files.read_given(path, MAX_BOOK_BYTES))
    except InvalidRota as error:
        raise RequestRefused(error.reason, f"{path}: {error.detail}", "then try again") from error


def write_book_file(path: Path | None, book: RotaBook) -> None:
    """Write a book to a new file, which only its owner may read, or to standard output; raises RequestRefused."""
    content = write_book(book)
    if path is None or path == STANDARD:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    files.write_new(path, content)


def check_new(path: Path | None) -> None:
    """Raise RequestRefused where no new file can be made, before there is work to lose."""
    if path is not None and path != STANDARD:
        files.check_new([path])


def read_salaries(path: Path) -> dict[str, Decimal]:
    """Pounds a year by person, of a CSV file with the head `person,salary_gbp`; raises RequestRefused. It is read here
    and never sent."""
    try:
        text = files.read_given(path, _MAX_DOCUMENT_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestRefused("file-unreadable", f"{path}: {why_unreadable(error)}", "save it as UTF-8") from error
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise RequestRefused("file-unreadable", f"{path}: {error}", "mend the file") from error
    if not lines or [cell.strip() for cell in lines[0]] != ["person", "salary_gbp"]:
        raise _unfit(path, 1, "the head is not person,salary_gbp")
    found: dict[str, Decimal] = {}
    for number, line in enumerate(lines[1:], start=2):
        if any(cell.strip() for cell in line):
            person, salary = _salary(path, number, line)
            if person in found:
                raise _unfit(path, number, f"{person} is there twice")
            found[person] = salary
    return found


def _salary(path: Path, number: int, line: list[str]) -> tuple[str, Decimal]:
    cells = [cell.strip() for cell in line]
    if len(cells) != 2 or PERSON_FORM.pattern.fullmatch(cells[0]) is None:
        raise _unfit(path, number, "it is not a person and a salary, as TO-12,36000")
    try:
        salary = Decimal(cells[1])
    except InvalidOperation:
        raise _unfit(path, number, "the salary is no number, as 36000 or 36000.50") from None
    if not (salary.is_finite() and 0 <= salary <= _MAX_SALARY_GBP):
        raise _unfit(path, number, f"the salary is not from 0 to {_MAX_SALARY_GBP}")
    return cells[0], salary


def _unfit(path: Path, number: int, why: str) -> RequestRefused:
    return RequestRefused("salaries-unreadable", f"{path}, line {number}: {why}", "mend the file")
