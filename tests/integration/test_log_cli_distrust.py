"""An export of a controller that lies is refused whole: nothing is written."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.cli.log_export import take_away
from fleet.cli.log_scope import Scope
from fleet.client import FleetClient, LogNotTrusted, connect, policy_of
from fleet.entries.log import LogScope
from fleet.inspection.auditor.finding import Damage
from fleet.inspection.auditor.verify_log import read_directory, verify
from fleet.inspection.exports import LogExports
from fleet.store.store import Store
from protocols.api.log import ExportView, SelectionPage, TextPage
from tests.support.controller import RunningApi
from tests.support.log_tree import append
from tests.support.logged_api import logged_api
from tests.support.waiting import until

UNIT = "unit-abcd2345"
Lie = Callable[[Any], Any]


@pytest.fixture
async def logged(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RunningApi]:
    async with logged_api(store, dsn, tmp_path) as api:
        await append(store, 5, UNIT)

        async def sequenced() -> bool:
            async with store.transaction() as transaction:
                return await transaction.log_tree.waiting() == 0

        await until(sequenced)
        yield api


def _flip(bundle: bytes) -> bytes:
    return bundle[:-3] + bytes([bundle[-3] ^ 1]) + bundle[-2:]


def _cut(bundle: bytes) -> bytes:
    return bundle[: -2 - int.from_bytes(bundle[-2:], "big") % 7 - 1]


def _without_first(page: SelectionPage) -> SelectionPage:
    return msgspec.structs.replace(page, leaves=page.leaves[1:])


def _turned(page: SelectionPage) -> SelectionPage:
    return msgspec.structs.replace(page, leaves=page.leaves[::-1])


def _without_own(page: SelectionPage) -> SelectionPage:
    return msgspec.structs.replace(page, leaves=page.leaves[:-1])


def _reworded(page: SelectionPage) -> SelectionPage:
    first = page.leaves[0]
    leaf = first.leaf.replace("controller", "controllfr")
    return msgspec.structs.replace(page, leaves=[msgspec.structs.replace(first, leaf=leaf), *page.leaves[1:]])


def _endless(page: SelectionPage) -> SelectionPage:
    return msgspec.structs.replace(page, leaves=[], next_after=1)


def _other_text(page: TextPage) -> TextPage:
    changed = msgspec.structs.replace(page.texts[0], text="something else")
    return msgspec.structs.replace(page, texts=[changed, *page.texts[1:]])


def _texts_without_end(page: TextPage) -> TextPage:
    return msgspec.structs.replace(page, next_after=-1)


def _bad_salt(page: TextPage) -> TextPage:
    return msgspec.structs.replace(page, texts=[msgspec.structs.replace(page.texts[0], salt="no salt")])


def _larger(view: ExportView) -> ExportView:
    return msgspec.structs.replace(view, size=view.size + 1)


def _uncosigned(view: ExportView) -> ExportView:
    return msgspec.structs.replace(view, cosigned=False)


def _other_entry(view: ExportView) -> ExportView:
    return msgspec.structs.replace(view, index=0)


def _beyond(view: ExportView) -> ExportView:
    return msgspec.structs.replace(view, index=view.size + 7)


def _unsigned(view: ExportView) -> ExportView:
    return msgspec.structs.replace(view, checkpoint=view.checkpoint.split("— witness")[0])


async def _refused(door: FleetClient, directory: Path, scope: Scope) -> bool:
    """Whether the export is refused, with nothing left behind."""
    try:
        await take_away(door, directory, scope, "inspection")
    except LogNotTrusted:
        return not list(directory.parent.iterdir())
    return False


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where nothing may appear."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place" / "taken"


WHOLE: list[tuple[str, Lie]] = [
    ("tile", _flip),
    ("tile", _cut),
    ("texts", _other_text),
    ("texts", _texts_without_end),
    ("texts", _bad_salt),
    ("start", _larger),
    ("start", _uncosigned),
    ("start", _other_entry),
    ("start", _beyond),
    ("start", _unsigned),
]
PART: list[tuple[str, Lie]] = [
    ("selection", lie) for lie in (_without_first, _turned, _without_own, _reworded, _endless)
]


@pytest.mark.parametrize(("scope", "lies"), [(Scope(), WHOLE), (Scope(kind="unit.lab"), PART)], ids=["whole", "part"])
async def test_what_does_not_hold_is_not_written(
    logged: RunningApi, place: Path, scope: Scope, lies: list[tuple[str, Lie]]
) -> None:
    async with connect(await logged.add_person("IN-01", "inspector")) as door:
        for what, lie in lies:
            with pytest.MonkeyPatch.context() as patch:
                _let_lie(patch, what, lie)
                assert await _refused(door, place, scope), lie.__name__
        assert (await take_away(door, place, scope, "inspection")).directory == str(place)


async def test_without_witnesses_the_log_is_taken_only_when_asked_so_and_says_it(
    logged: RunningApi, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_lie(monkeypatch, "start", lambda view: _uncosigned(_unsigned(view)))
    async with connect(await logged.add_person("IN-01", "inspector")) as door:
        assert await _refused(door, place, Scope())
        taken = await take_away(door, place, Scope(), "inspection", unwitnessed=True)
        wanted = policy_of(await door.people_chain()).text.encode()
    assert not taken.witnessed
    files = read_directory(place)
    assert b"quorum none" in files["log-policy.txt"]
    verify(files)
    with pytest.raises(Damage, match="quorum"):
        verify(files, trusted=wanted)


async def test_a_selection_of_less_than_was_asked_for_is_not_written(
    logged: RunningApi, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = LogExports.start

    async def narrowed(self: LogExports, scope: LogScope, reason: str, actor: str) -> ExportView:
        return await honest(self, msgspec.structs.replace(scope, kind="unit.labelled"), reason, actor)

    monkeypatch.setattr(LogExports, "start", narrowed)
    async with connect(await logged.add_person("IN-01", "inspector")) as door:
        assert await _refused(door, place, Scope(person="AD-91"))


def _let_lie(monkeypatch: pytest.MonkeyPatch, what: str, lie: Lie) -> None:
    honest = getattr(LogExports, what)

    async def lying(self: LogExports, *given: Any) -> Any:
        return lie(await honest(self, *given))

    monkeypatch.setattr(LogExports, what, lying)
