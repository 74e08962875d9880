"""Make a book smaller as long as it still shows what it was found for."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from protocols.rota.book import RotaBook

MOST_TRIES = 400
BOOK_LISTS = ("members", "changes", "call_outs", "work_done", "rests", "assigned", "bank_holidays")
ROTA_LISTS = ("layers", "requirements", "cover")
MEMBER_LISTS = ("absences", "elsewhere", "wishes")
TERMS_LISTS = ("hours", "opt_outs", "competences")


def without_one(holder: Any, name: str) -> Iterator[Any]:
    """`holder` with its list `name` empty, then with each one of it left out."""
    things = getattr(holder, name)
    if len(things) > 1:
        yield replace(holder, **{name: []})
    for index in range(len(things)):
        yield replace(holder, **{name: things[:index] + things[index + 1 :]})


def lighter_members(book: RotaBook) -> Iterator[RotaBook]:
    for index, member in enumerate(book.members):
        lighter = [one for name in MEMBER_LISTS for one in without_one(member, name)]
        terms = [one for name in TERMS_LISTS for one in without_one(member.terms, name)]
        if member.terms.regulation_21 is not None:
            terms.append(replace(member.terms, regulation_21=None))
        for one in [*lighter, *(replace(member, terms=each) for each in terms)]:
            yield replace(book, members=[*book.members[:index], one, *book.members[index + 1 :]])


def lighter_books(book: RotaBook) -> Iterator[RotaBook]:
    for name in BOOK_LISTS:
        yield from without_one(book, name)
    for name in ROTA_LISTS:
        for rota in without_one(book.rota, name):
            yield replace(book, rota=rota)
    yield from lighter_members(book)


def smaller(book: RotaBook, shows: Callable[[RotaBook], bool]) -> RotaBook:
    """A book of `book`'s parts for which `shows` is still true, and none of whose parts can be left out, as far as
    `MOST_TRIES` tries come."""
    tries = 0
    candidates = lighter_books(book)
    while tries < MOST_TRIES:
        tries += 1
        lighter = next(candidates, None)
        if lighter is None:
            return book
        if shows(lighter):
            book = lighter
            candidates = lighter_books(book)
    return book
