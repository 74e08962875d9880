"""`fleet person` as administrators run it: drafts, signatures at a terminal and in scripts, the check of the chain."""

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acceptance.test_command_line import FLEET, LIMIT_S, Person, written
from tests.support.controller import RunningApi
from tests.support.people import FOUNDERS, Keyholder


@pytest.fixture
def ada(api: RunningApi, tmp_path: Path) -> Person:
    """An administrator at a shell."""
    return written(api.settings_of(FOUNDERS[0]), tmp_path)


@pytest.fixture
def bo(api: RunningApi, tmp_path: Path) -> Person:
    """Another administrator."""
    return written(api.settings_of(FOUNDERS[1]), tmp_path)


@pytest.fixture
def tom(tmp_path: Path) -> Path:
    """A new engineer's public key."""
    path = tmp_path / "tom.pub"
    path.write_text(Keyholder.make("TO-12").line + " tom@laptop\n")
    return path


async def typed(person: Person, answer: str, *words: str) -> tuple[int | None, str]:
    """Run `fleet` on a terminal and type one line; returns its exit code and all that was seen."""
    screen, terminal = os.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            FLEET,
            *words,
            "--client",
            str(person.toml),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=person.environment() | {"TERM": "dumb"},
        )
    finally:
        os.close(terminal)
    seen = b""
    try:
        async with asyncio.timeout(LIMIT_S):
            with suppress(OSError):  # Linux says EIO once nobody holds the terminal
                while part := await asyncio.to_thread(os.read, screen, 65_536):
                    seen += part
                    if b"; type " in part or b"type yes" in part:
                        os.write(screen, f"{answer}\n".encode())
            code = await process.wait()
    finally:
        os.close(screen)
    return code, seen.decode()


async def test_a_person_is_added_by_two_administrators_who_read_what_they_sign(
    ada: Person, bo: Person, tom: Path
) -> None:
    added = await ada.runs("person", "add", "TO-12", "Tom Example", "--role", "engineer", "--key", str(tom))
    assert added.code == 0
    assert added.out.startswith("people list 2 is drafted: ")
    assert "fleet person sign" in added.err
    (draft,) = json.loads(await bo.done("person", "drafts", "--json"))
    assert "added TO-12" in await bo.done("person", "drafts")

    unread = await bo.runs("person", "sign")
    assert unread.code == 2
    assert "nobody is here to read the draft" in unread.err
    wrong = await bo.runs("person", "sign", "--sha256", "00" * 32)
    assert wrong.code == 3
    code, seen = await typed(bo, "no", "person", "sign")
    assert code == 3
    assert "not the whole word yes" in seen
    code, seen = await typed(bo, "yes", "person", "sign", draft["draft_id"][:6])
    assert code == 0, seen
    assert draft["sha256"] in seen
    assert "added: TO-12 Tom Example, engineer, SHA256:" in seen
    assert "waits for 1 more" in seen
    twice = await bo.runs("person", "sign", "--sha256", draft["sha256"])
    assert twice.code == 3
    assert "you have signed already: another administrator must" in twice.err
    signed = await ada.runs("person", "sign", "--sha256", draft["sha256"])
    assert signed.code == 0, signed.err
    assert signed.out == "people list 2 is in force, signed by AD-92, AD-91\n"
    assert "TO-12" in await ada.done("person", "list")


async def test_the_chain_is_checked_and_shown(api: RunningApi, ada: Person) -> None:
    await api.add_person("TO-12", "engineer")
    shown = await ada.runs("person", "check")
    assert shown.code == 0
    assert "pinned anchor" in shown.out
    assert api.people_anchor in shown.out
    assert "AD-91, AD-92" in shown.out
    facts = json.loads(await ada.done("person", "check", "--json"))
    assert [(one["version"], one["signed_by"]) for one in facts["lists"]] == [(1, []), (2, ["AD-91", "AD-92"])]
    assert [person["person_id"] for person in facts["people"]] == ["AD-91", "AD-92", "TO-12"]


async def test_without_the_right_anchor_nothing_is_signed_and_no_voucher_shown(
    api: RunningApi, ada: Person, tmp_path: Path
) -> None:
    engineer = written(await api.add_person("TO-12", "engineer"), tmp_path)
    await api.services.people.draft(Keyholder.make("TO-13").new("engineer"), "AD-91")
    for person, words in ((ada, ("person", "sign")), (ada, ("person", "check")), (engineer, ("unit", "invite"))):
        whole = person.toml.read_text()
        person.toml.write_text("".join(line for line in whole.splitlines(keepends=True) if "people_anchor" not in line))
        unset = await person.runs(*words)
        assert (unset.code, unset.out) == (5, "")
        assert "people_anchor: not set: ask two administrators" in unset.err
        person.toml.write_text(whole.replace(api.people_anchor, "ab" * 32))
        other = await person.runs(*words)
        assert (other.code, other.out) == (4, ""), other.err
        assert "two administrators" in other.err
        person.toml.write_text(whole)


async def test_a_lost_key_is_ended_replaced_and_the_draft_may_be_withdrawn(
    api: RunningApi, ada: Person, tom: Path
) -> None:
    await api.add_person("TO-12", "engineer")
    unasked = await ada.runs("person", "end", "TO-12")
    assert unasked.code == 2
    assert "say --yes if it is meant" in unasked.err
    code, seen = await typed(ada, "TO-13", "person", "end", "TO-12")
    assert code == 3
    assert "nothing was changed" in seen
    ended = await ada.runs("person", "end", "TO-12", "--yes")
    assert (ended.code, ended.out) == (0, "TO-12 can no longer sign in\n")
    assert "units trust their key until two administrators have signed: fleet person sign" in ended.err
    assert "is withdrawn" in await ada.done("person", "withdraw")
    rekeyed = await ada.runs("person", "rekey", "TO-12", "--key", str(tom), "--json")
    assert [line["what"] for line in json.loads(rekeyed.out)["lines"]] == ["new-key"]
    again = await ada.runs("person", "end", "TO-12")
    assert (again.code, "TO-12 has no access any more" in again.err) == (3, True), again.err


async def test_ending_the_last_administrator_but_one_says_first_what_it_means(ada: Person, tom: Path) -> None:
    await ada.done("person", "add", "TO-12", "Tom Example", "--role", "engineer", "--key", str(tom), "--json")
    drafted = await ada.runs("person", "end", "TO-12")
    assert drafted.code == 3
    assert "TO-12 has no access yet: they are only drafted: withdraw the draft: fleet person withdraw" in drafted.err
    code, seen = await typed(ada, "no", "person", "end", "AD-92")
    assert code == 3
    assert "1 administrator would be left" in seen
    last = await ada.runs("person", "end", "AD-92", "--yes")
    assert "1 administrator is left: nobody can sign people lists" in last.err
    assert "fleet person refound" in last.err


async def test_drafts_are_named_by_their_beginning(api: RunningApi, ada: Person) -> None:
    nothing = await ada.runs("person", "sign")
    assert (nothing.code, nothing.err) == (
        3,
        "fleet: no draft waits for signatures: list them: fleet person drafts\n",
    )
    for number in (13, 14):
        await api.services.people.draft(Keyholder.make(f"TO-{number}").new("engineer"), "AD-91")
    several = await ada.runs("person", "withdraw")
    assert (several.code, several.err) == (3, "fleet: 2 drafts wait: name one: fleet person drafts\n")
    unknown = await ada.runs("person", "withdraw", "zzz")
    assert unknown.code == 3
