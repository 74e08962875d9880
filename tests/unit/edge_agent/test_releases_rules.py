"""Which release is started: as rules, and over power cuts at every write."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import StateUnusable
from edge_agent.releases.bundle import install, remove_others
from edge_agent.releases.bundling import make_bundle
from edge_agent.releases.place import ReleasePlace, release_name
from edge_agent.releases.rules import (
    FACTORY,
    TRIES_MAX,
    Asked,
    Pointers,
    Said,
    Trial,
    heeded,
    judged,
    next_start,
)
from protocols.releases.bundle import LISTING, Listing

UPDATE = "UP-0123456789ab"
OLD, NEW = "1.0-00000000", "2.0-11111111"
LIMIT_S = 600.0


def _always(_release: str) -> bool:
    return True


def _said(state: Any = "reached", release: str = NEW) -> Said:
    return Said(update=UPDATE, release=release, boot_id="b", state=state, reason="" if state == "reached" else "ill")


def _trying(tries: int = 1) -> Pointers:
    return Pointers(current=OLD, trial=Trial(update=UPDATE, release=NEW, tries=tries))


def test_what_is_asked_for_is_tried_and_kept_once_it_has_reached_the_controller() -> None:
    pointers = heeded(Pointers(current=OLD), Asked(update=UPDATE, wish="try", release=NEW), _always)
    release, pointers = next_start(pointers, _always)
    assert release == NEW
    assert pointers.current == OLD, "not before it has reached the controller"
    pointers = judged(pointers, _said(), 5, LIMIT_S)
    assert (pointers.current, pointers.previous, pointers.trial) == (NEW, OLD, None)
    assert pointers.end_of(UPDATE, "try").outcome == "confirmed"  # type: ignore[union-attr]  # it is there, or it fails


@pytest.mark.parametrize("ran_s", [LIMIT_S, LIMIT_S + 0.1])
def test_a_trial_that_does_not_reach_the_controller_goes_back_after_the_limit(ran_s: float) -> None:
    pointers = judged(_trying(), None, ran_s, LIMIT_S)
    assert (pointers.trial is None) == (ran_s > LIMIT_S)
    assert pointers.current == OLD


def test_a_trial_that_says_it_is_unwell_goes_back_at_once() -> None:
    pointers = judged(_trying(), _said("unwell"), 0, LIMIT_S)
    assert next_start(pointers, _always).release == OLD
    assert pointers.ended[-1].reason == "ill"


def test_what_another_trial_has_said_counts_for_nothing() -> None:
    assert judged(_trying(), _said(release=OLD), 0, LIMIT_S) == _trying()


def test_a_trial_is_started_three_times_at_the_most() -> None:
    pointers, started = _trying(0), []
    for _ in range(5):
        release, pointers = next_start(pointers, _always)
        started.append(release)
    assert started == [NEW] * TRIES_MAX + [OLD] * (5 - TRIES_MAX)
    assert pointers.ended[-1].outcome == "gone-back"


def test_a_wish_is_taken_up_once() -> None:
    asked = Asked(update=UPDATE, wish="try", release=NEW)
    gone = judged(_trying(), None, LIMIT_S + 1, LIMIT_S)
    assert heeded(gone, asked, _always) == gone


def test_a_release_that_is_not_there_is_not_begun() -> None:
    asked = Asked(update=UPDATE, wish="try", release=NEW)
    pointers = heeded(Pointers(current=OLD), asked, lambda release: release == OLD)
    assert pointers.trial is None
    assert pointers.ended[-1].outcome == "refused"


def test_going_back_from_what_was_confirmed_starts_what_ran_before() -> None:
    confirmed = judged(_trying(), _said(), 0, LIMIT_S)
    back = heeded(confirmed, Asked(update=UPDATE, wish="back", release=NEW), _always)
    assert (back.current, back.previous) == (OLD, None)
    again = heeded(back, Asked(update="UP-ffffffffffff", wish="back", release=NEW), _always)
    assert again.current == OLD
    assert again.ended[-1].outcome == "refused"


def test_a_release_that_was_lost_is_replaced_by_the_one_before_or_the_factorys() -> None:
    pointers = Pointers(current=NEW, previous=OLD)
    assert next_start(pointers, lambda release: release == OLD).release == OLD
    assert next_start(pointers, lambda _: False).release == FACTORY


@given(
    current=st.sampled_from([FACTORY, OLD]),
    there=st.sets(st.sampled_from([OLD, NEW])),
    happens=st.lists(st.sampled_from(["start", "reached", "unwell", "late", "try", "back"]), max_size=20),
)
def test_whatever_happens_something_that_can_start_is_started(
    current: str, there: set[str], happens: list[str]
) -> None:
    def usable(release: str) -> bool:
        return release == FACTORY or release in there

    pointers = Pointers(current=current)
    for number, what in enumerate(happens):
        update = f"UP-{number:012x}"
        if what == "start":
            pointers = next_start(pointers, usable).pointers
        elif what in {"reached", "unwell"}:
            said = None
            if pointers.trial is not None:
                said = msgspec.structs.replace(_said(what), update=pointers.trial.update)
            pointers = judged(pointers, said, 0, LIMIT_S)
        elif what == "late":
            pointers = judged(pointers, None, LIMIT_S + 1, LIMIT_S)
        else:
            pointers = heeded(pointers, Asked(update=update, wish=what, release=NEW), usable)  # type: ignore[arg-type]  # one of two
        start = next_start(pointers, usable)
        assert usable(start.release)
        assert msgspec.json.decode(msgspec.json.encode(pointers), type=Pointers) == pointers


class PowerCut(BaseException):
    """The power is gone."""


@contextmanager
def _power_for(writes: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The disk takes that many calls that change it, then the power goes: what was not synced is cut short."""
    done = [0]
    real_open, real_fsync, real_chmod = os.open, os.fsync, os.chmod
    unsynced: dict[int, str] = {}

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if done[0] >= writes:
                for path in unsynced.values():
                    if Path(path).is_file():
                        real_chmod(path, 0o600)
                        os.truncate(path, Path(path).stat().st_size // 2)
                raise PowerCut
            done[0] += 1
            return real(*arguments, **options)

        return call

    def watched_open(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        if not flags & os.O_CREAT:
            return real_open(path, flags, *rest, **options)
        descriptor: int = counted(real_open)(path, flags, *rest, **options)
        unsynced[descriptor] = str(path)
        return descriptor

    def watched_fsync(descriptor: int) -> None:
        counted(real_fsync)(descriptor)
        unsynced.pop(descriptor, None)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", watched_open)
        patch.setattr(os, "fsync", watched_fsync)
        for name in ("replace", "rename", "mkdir", "chmod", "fchmod", "unlink", "rmdir"):
            patch.setattr(os, name, counted(getattr(os, name)))
        yield done


def _bundle(directory: Path, version: str) -> tuple[Path, str]:
    tree = directory / f"tree-{version}"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "edge-agent").write_text(f"#!/bin/sh\necho {version}\n")
    (tree / "bin" / "edge-agent").chmod(0o755)
    (tree / "lib").mkdir()
    (tree / "lib" / "words.txt").write_text("words " * 50)
    return directory / f"{version}.tar", make_bundle(version, tree, directory / f"{version}.tar")


def _whole(place: ReleasePlace, release: str) -> bool:
    """Whether every file of an installed release is what its listing says."""
    directory = place.directory(release)
    listing = msgspec.json.decode((directory / LISTING).read_bytes(), type=Listing)
    return all(sha256((directory / name).read_bytes()).hexdigest() == digest for name, digest in listing.files.items())


def _life(place: ReleasePlace, bundle: Path, digest: str) -> None:
    """An update that is brought in, confirmed, and taken back: what agent and launcher write, in order."""
    name = install(place, bundle, version="2.0", sha256=digest)
    place.ask(Asked(update=UPDATE, wish="try", release=name))
    pointers = heeded(place.pointers(), place.asked(), place.usable)
    place.keep(pointers)
    place.keep(next_start(pointers, place.usable).pointers)
    place.say(Said(update=UPDATE, release=name, boot_id="b", state="reached"))
    place.keep(judged(place.pointers(), place.said(), 1, LIMIT_S))
    place.ask(Asked(update=UPDATE, wish="back", release=name))
    place.keep(heeded(place.pointers(), place.asked(), place.usable))
    remove_others(place, lambda release: release == place.pointers().current)


def test_a_power_cut_at_any_write_leaves_a_whole_release_that_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_bundle, old_digest = _bundle(tmp_path, "1.0")
    new_bundle, new_digest = _bundle(tmp_path, "2.0")
    new = release_name("2.0", new_digest)
    started: set[str] = set()
    cuts = 0
    while True:
        place = ReleasePlace(tmp_path / f"releases-{cuts}")
        old = install(place, old_bundle, version="1.0", sha256=old_digest)
        place.keep(Pointers(current=old))
        cut = True
        with _power_for(cuts, monkeypatch):
            try:
                _life(place, new_bundle, new_digest)
                cut = False
            except PowerCut:
                pass
        pointers = heeded(place.pointers(), place.asked(), place.usable)
        start = next_start(pointers, place.usable)
        assert start.release in {old, new}, f"after {cuts} writes"
        assert _whole(place, start.release), f"after {cuts} writes"
        started.add(start.release)
        place.keep(Pointers(current=old))
        assert install(place, new_bundle, version="2.0", sha256=new_digest) == new, "the next try is not in its way"
        if not cut:
            break
        cuts += 1
    assert cuts > 40
    assert started == {old, new}


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    bundle, digest = _bundle(tmp_path, "2.0")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StateUnusable):
        install(ReleasePlace(tmp_path / "file" / "releases"), bundle, version="2.0", sha256=digest)


def test_the_launcher_needs_the_standard_library_and_msgspec_only() -> None:
    probe = "import sys, edge_agent.releases.launcher; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    foreign = {name for name in loaded if name not in sys.stdlib_module_names and not name.startswith("_")}
    assert foreign - {"sitecustomize", "usercustomize"} <= {"edge_agent", "protocols", "msgspec", "typing_extensions"}
