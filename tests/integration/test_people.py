"""People lists through the real API: drafts, signatures, ended access, and what a client believes of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import httpx
import msgspec
import pytest

from fleet.client import (
    FleetClient,
    NoPeopleAnchor,
    PeopleNotTrusted,
    Refused,
    SignInRefused,
    VoucherNotTrusted,
    connect,
    read_draft,
)
from fleet.errors import Conflict, RequestRefused
from fleet.people.expiry import ExpiryWatch
from fleet.people.register import MAX_OPEN_DRAFTS
from fleet.store.store import Store
from protocols.api.people import DraftView, LeaveOut, NewKey, NewPerson, PeopleChange, PersonView
from protocols.people import people_hash
from tests.support.controller import RunningApi, running_api
from tests.support.people import FOUNDERS, Keyholder, put_in_force, sign_all


@asynccontextmanager
async def founder(api: RunningApi, which: int = 0) -> AsyncIterator[FleetClient]:
    """An administrator, signed in."""
    async with connect(api.settings_of(FOUNDERS[which])) as door:
        yield door


async def signs(door: FleetClient, view: DraftView) -> DraftView:
    """Read the draft as a person's machine does, then sign it with their key file."""
    return await door.sign_draft(read_draft(await door.people_chain(), view, datetime.now(UTC)))


async def entries(owner: Any) -> list[str]:
    return [row["kind"] for row in await owner.fetch("SELECT kind FROM log_entry ORDER BY entry_id")]


async def test_a_person_may_sign_in_when_two_administrators_have_signed(api: RunningApi, owner: Any) -> None:
    tom = Keyholder.make("TO-12")
    settings = api.settings_of(tom)
    async with founder(api, 0) as ada, founder(api, 1) as bo:
        draft = await ada.draft_people(tom.new("engineer"))
        assert (draft.state, draft.signed_by, draft.needed) == ("open", [], 2)
        assert [(line.what, line.person_id, line.name) for line in draft.lines] == [("added", "TO-12", "Person TO-12")]
        first = await signs(ada, draft)
        assert (first.state, first.signed_by) == ("open", ["AD-91"])
        with pytest.raises(SignInRefused):
            async with connect(settings):
                pass
        assert (await signs(bo, draft)).state == "in-force"
        async with connect(settings) as door:
            me = await door.whoami()
            assert (me.person_id, me.name, me.role) == ("TO-12", "Person TO-12", "engineer")
            chain = await door.people_chain()
        assert [link.signed_by for link in chain.links] == [[], ["AD-91", "AD-92"]]
        assert [person.person_id for person in chain.newest.people] == ["AD-91", "AD-92", "TO-12"]
    kinds = await entries(owner)
    assert [kind for kind in kinds if kind.startswith("people")] == [
        "people.in-force",
        "people.drafted",
        "people.signed",
        "people.signed",
        "people.in-force",
    ]


async def test_one_administrator_who_signs_twice_is_one(api: RunningApi, owner: Any) -> None:
    async with founder(api) as ada:
        draft = await ada.draft_people(Keyholder.make("TO-12").new("engineer"))
        await signs(ada, draft)
        assert (await signs(ada, draft)).signed_by == ["AD-91"]
    assert (await entries(owner)).count("people.signed") == 1


@pytest.mark.parametrize("wrong", ["other text", "other key", "other namespace", "rubbish"])
async def test_a_signature_that_proves_nothing_is_refused(api: RunningApi, wrong: str) -> None:
    ada, bo = FOUNDERS
    draft = await api.services.people.draft(Keyholder.make("TO-12").new("engineer"), ada.person_id)
    signature = {
        "other text": ada.sign(draft.text + " "),
        "other key": bo.sign(draft.text),
        "other namespace": ada.sign(draft.text, "login@muster"),
        "rubbish": "-----BEGIN SSH SIGNATURE-----",
    }[wrong]
    with pytest.raises(RequestRefused, match="signature of AD-91"):
        await api.services.people.sign(draft.draft_id, signature, ada.person_id)
    (view,) = await api.services.people.drafts()
    assert view.signed_by == []


async def test_only_administrators_draft_sign_and_withdraw(api: RunningApi) -> None:
    async with connect(await api.add_person("TO-12", "supervisor")) as door:
        draft = await api.services.people.draft(Keyholder.make("TO-41").new("engineer"), "AD-91")
        read = read_draft(await door.people_chain(), draft, datetime.now(UTC))
        for attempt in (
            door.draft_people(LeaveOut(person_id="AD-91")),
            door.sign_draft(read),
            door.withdraw_draft(draft.draft_id),
            door.end_person("AD-91"),
        ):
            with pytest.raises(Refused) as refused:
                await attempt
            assert refused.value.problem.code == "role-not-allowed"


async def test_a_withdrawn_or_outdated_draft_is_not_signed(store: Store, dsn: str, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with running_api(store, dsn, tmp_path, clock=lambda: now) as api:
        people = api.services.people
        withdrawn = await people.draft(Keyholder.make("TO-12").new("engineer"), "AD-91")
        await people.withdraw(withdrawn.draft_id, "AD-92")
        waits = await people.draft(Keyholder.make("TO-13").new("engineer"), "AD-91")
        await people.sign(waits.draft_id, FOUNDERS[0].sign(waits.text), "AD-91")
        now += timedelta(days=7, seconds=1)
        for draft in (withdrawn, waits):
            with pytest.raises(Conflict, match=r"the draft is (withdrawn|outdated)"):
                await people.sign(draft.draft_id, FOUNDERS[1].sign(draft.text), "AD-92")
        assert {draft.draft_id: draft.state for draft in await people.drafts()} == {
            withdrawn.draft_id: "withdrawn",
            waits.draft_id: "outdated",
        }


async def test_drafts_from_the_list_before_are_outdated_when_another_comes_into_force(api: RunningApi) -> None:
    people = api.services.people
    one = await people.draft(Keyholder.make("TO-12").new("engineer"), "AD-91")
    other = await people.draft(Keyholder.make("TO-13").new("engineer"), "AD-92")
    await sign_all(people, other)
    assert {draft.draft_id: draft.state for draft in await people.drafts()} == {
        one.draft_id: "outdated",
        other.draft_id: "in-force",
    }


async def test_changes_that_lead_to_no_list_are_refused_with_what_to_do(api: RunningApi) -> None:
    await api.add_person("TO-12", "engineer")
    tom = next(person for person in await _people(api) if person.person_id == "TO-12")
    async with api.services.store.transaction() as transaction:
        stored = await transaction.people.get(tom.person_id)
    assert stored is not None
    changes: list[tuple[PeopleChange, str]] = [
        (Keyholder.make("TO-12").new("engineer"), "person-exists"),
        (NewPerson(person_id="TO-13", name="x", role="engineer", key=stored.public_key), "key-known"),
        (NewKey(person_id="TO-13", key=Keyholder.make("TO-13").line), "person-unknown"),
        (NewKey(person_id="AD-91", key=stored.public_key), "key-known"),
        (NewKey(person_id="TO-12", key="ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB"), "key-kind"),
        (LeaveOut(person_id="TO-13"), "person-unknown"),
        (LeaveOut(person_id="AD-91"), "people-too-few-administrators"),
        (NewKey(person_id="AD-91", key=FOUNDERS[0].line, role="engineer"), "people-too-few-administrators"),
    ]
    for change, code in changes:
        async with founder(api) as ada:
            with pytest.raises(Refused) as refused:
                await ada.draft_people(change)
            assert refused.value.problem.code == code
            assert refused.value.problem.remedy
    for number in range(MAX_OPEN_DRAFTS):
        await api.services.people.draft(Keyholder.make(f"TO-{50 + number}").new("engineer"), "AD-91")
    with pytest.raises(Conflict, match="drafts wait already"):
        await api.services.people.draft(Keyholder.make("TO-60").new("engineer"), "AD-91")


async def _people(api: RunningApi) -> list[PersonView]:
    async with founder(api) as ada:
        return await ada.people()


async def test_an_engineer_who_lost_their_key_gets_another_and_the_old_one_opens_nothing(api: RunningApi) -> None:
    old = Keyholder.make("TO-12")
    settings = await api.add(old, "engineer")
    new = Keyholder.make("TO-12")
    async with connect(settings) as lost, founder(api, 0) as ada, founder(api, 1) as bo:
        ended = await ada.end_person("TO-12")
        assert (ended.draft is not None, ended.administrators_left) == (True, 2)
        with pytest.raises(Refused):
            await lost.whoami()
        draft = await ada.draft_people(NewKey(person_id="TO-12", key=new.line))
        assert [line.what for line in draft.lines] == ["new-key"]
        await signs(ada, draft)
        await signs(bo, draft)
        states = {view.draft_id: view.state for view in await ada.people_drafts()}
        assert ended.draft is not None
        assert states[ended.draft.draft_id] == "outdated"
    with pytest.raises(SignInRefused):
        async with connect(settings):
            pass
    async with connect(api.settings_of(new)) as door:
        assert (await door.whoami()).role == "engineer"
        (listed,) = [one for one in (await door.people_chain()).newest.people if one.person_id == "TO-12"]
        assert listed.key == new.line


async def test_a_new_key_ends_the_sessions_of_the_old_one(api: RunningApi) -> None:
    settings = await api.add_person("TO-12", "engineer")
    async with connect(settings) as door:
        await door.whoami()
        await put_in_force(api.services.people, NewKey(person_id="TO-12", key=Keyholder.make("TO-12").line))
        with pytest.raises(Refused) as refused:
            await door.whoami()
        assert refused.value.status == 401


async def test_a_longer_term_with_the_same_key_ends_no_session(api: RunningApi) -> None:
    tom = Keyholder.make("TO-12")
    async with connect(await api.add(tom, "engineer")) as door:
        before = {person.person_id: person.valid_until for person in await door.people()}
        draft = await put_in_force(api.services.people, NewKey(person_id="TO-12", key=tom.line, valid_days=800))
        assert [line.what for line in draft.lines] == ["new-term"]
        after = {person.person_id: person.valid_until for person in await door.people()}
        assert after["TO-12"] > before["TO-12"]


async def test_of_three_administrators_one_loses_their_key(api: RunningApi) -> None:
    third, again = Keyholder.make("AD-93"), Keyholder.make("AD-93")
    await put_in_force(api.services.people, third.new("administrator"))
    api.settings_of(third)
    async with founder(api, 0) as ada, founder(api, 1) as bo:
        assert (await ada.end_person("AD-93")).administrators_left == 2
        draft = await bo.draft_people(NewKey(person_id="AD-93", key=again.line))
        with pytest.raises(RequestRefused, match="AD-93"):
            await api.services.people.sign(draft.draft_id, again.sign(draft.text), "AD-93")
        await signs(ada, draft)
        await signs(bo, draft)
    # With the new key they sign the list after that.
    draft = await put_in_force(api.services.people, Keyholder.make("TO-12").new("engineer"), (again, FOUNDERS[0]))
    assert set(draft.signed_by) == {"AD-91", "AD-93"}


async def test_an_administrator_revoked_at_once_takes_part_in_nothing(api: RunningApi, owner: Any) -> None:
    third = Keyholder.make("AD-93")
    settings = await api.add(third, "administrator")
    async with connect(settings) as thief, founder(api, 0) as ada, founder(api, 1) as bo:
        theirs = await thief.draft_people(Keyholder.make("TO-66").new("approver"))
        await signs(thief, theirs)
        ended = await ada.end_person("AD-93")
        assert ended.draft is not None
        assert [(line.what, line.person_id) for line in ended.draft.lines] == [("left-out", "AD-93")]
        with pytest.raises(Refused) as refused:
            await thief.people()
        assert refused.value.status == 401
        # What the thief had drafted and signed can not be completed by anybody.
        with pytest.raises(Refused) as closed:
            await signs(bo, theirs)
        assert closed.value.problem.code == "draft-closed"
        await signs(ada, ended.draft)
        assert (await signs(bo, ended.draft)).state == "in-force"
        assert "AD-93" not in {one.person_id for one in (await ada.people_chain()).newest.people}
    assert (await entries(owner)).count("person.ended") == 1


async def test_ending_the_last_administrator_but_one_is_done_and_said(api: RunningApi, owner: Any) -> None:
    async with founder(api, 0) as ada:
        ended = await ada.end_person("AD-92")
        assert (ended.draft, ended.administrators_left) == (None, 1)
        with pytest.raises(Refused) as refused:
            await ada.end_person("AD-91")
        assert refused.value.problem.code == "last-administrator"
        assert "refound" in refused.value.problem.remedy
        gone = {person.person_id: person.ended_at is None for person in await ada.people()}
        assert gone == {"AD-91": True, "AD-92": False}
    assert await owner.fetchval("SELECT severity FROM event WHERE kind = 'people-stuck'") == "alarm"


async def test_whoever_was_ended_stays_out_of_every_later_draft(api: RunningApi) -> None:
    await api.add_person("TO-12", "engineer")
    await api.services.people.end("TO-12", "AD-91")
    draft = await put_in_force(api.services.people, Keyholder.make("TO-13").new("engineer"))
    assert [(line.what, line.person_id) for line in draft.lines] == [("left-out", "TO-12"), ("added", "TO-13")]
    with pytest.raises(Conflict, match="TO-12 has no access any more"):
        await api.services.people.end("TO-12", "AD-91")


async def test_a_client_asks_for_long_chains_page_by_page(api: RunningApi) -> None:
    for number in range(18):
        await api.add_person(f"TO-{20 + number}", "engineer")
    async with founder(api) as ada:
        chain = await ada.people_chain()
        assert [link.version for link in chain.links] == list(range(1, 20))
        await api.add_person("TO-40", "engineer")
        assert (await ada.people_chain()).newest.version == 20


async def test_without_a_pinned_anchor_nothing_is_believed_and_no_voucher_made(api: RunningApi, owner: Any) -> None:
    settings = msgspec.structs.replace(await api.add_person("TO-12", "engineer"), people_anchor=None)
    async with connect(settings) as door:
        for attempt in (door.people_chain(), door.invite("roof")):
            with pytest.raises(NoPeopleAnchor, match="fleet init"):
                await attempt
    assert await owner.fetchval("SELECT count(*) FROM voucher") == 0


async def test_another_anchor_or_authority_than_the_pinned_one_is_refused(api: RunningApi, tmp_path: Path) -> None:
    settings = await api.add_person("TO-12", "engineer")
    other = msgspec.structs.replace(settings, people_anchor=people_hash("another").hex())
    async with connect(other) as door:
        with pytest.raises(PeopleNotTrusted, match="its anchor is"):
            await door.people_chain()
        with pytest.raises(VoucherNotTrusted, match="people list"):
            await door.invite("roof")
    async with connect(settings) as door:
        door._session.pin = door._session.pin._replace(root_sha256_hex="00" * 32)
        with pytest.raises(VoucherNotTrusted, match="authority"):
            await door.invite("roof")
        door._session._signed_in = None  # signing out would sign in again, for another root


async def test_root_on_the_controller_can_not_slip_a_signer_in(api: RunningApi, owner: Any) -> None:
    """Whoever owns the database writes what they like; a client that has pinned the anchor does not follow."""
    settings = await api.add_person("TO-12", "engineer")
    eve = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()[1]
    text = await owner.fetchval("SELECT text FROM people_list ORDER BY version DESC LIMIT 1")
    line = next(person.public_key for person in await _rows(api) if person.person_id == "TO-12")
    forged = text.replace('"version":2', '"version":3').replace(line, f"ssh-ed25519 {eve}")
    assert forged != text
    await owner.execute(
        "INSERT INTO people_list (version, text, sha256, created_at, anchor) VALUES (3, $1, $2, now(), false)",
        forged,
        people_hash(forged),
    )
    async with connect(settings) as door:
        with pytest.raises(PeopleNotTrusted, match="0 of 2 administrators"):
            await door.people_chain()
    await owner.execute("UPDATE people_list SET anchor = true WHERE version = 3")
    async with connect(settings) as door:
        with pytest.raises(PeopleNotTrusted, match="its anchor is"):
            await door.people_chain()
        with pytest.raises(VoucherNotTrusted, match="people list"):
            await door.invite("roof")


async def _rows(api: RunningApi) -> list[Any]:
    async with api.services.store.transaction() as transaction:
        return list(await transaction.people.every())


async def test_a_draft_that_the_controller_shows_otherwise_than_its_text_is_read_from_the_text(api: RunningApi) -> None:
    draft = await api.services.people.draft(Keyholder.make("TO-12").new("approver"), "AD-91")
    lied = msgspec.structs.replace(draft, lines=[], sha256="00" * 32, version=99)
    async with founder(api) as ada:
        read = read_draft(await ada.people_chain(), lied, datetime.now(UTC))
        assert [(change.what, change.person.person_id) for change in read.changes] == [("added", "TO-12")]
        assert read.sha256 == people_hash(draft.text).hex()


async def test_lists_are_for_people_who_are_signed_in(api: RunningApi) -> None:
    async with httpx.AsyncClient(verify=False, trust_env=False) as stranger:
        for path in ("/api/people/lists", "/api/people/drafts"):
            assert (await stranger.get(api.url + path)).status_code == 401


async def test_the_end_of_a_term_is_told_once_and_ends_signing_in(store: Store, dsn: str, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with running_api(store, dsn, tmp_path, clock=lambda: now) as api:
        tom = Keyholder.make("TO-12")
        await put_in_force(api.services.people, tom.new("approver", valid_days=31))
        settings = api.settings_of(tom)
        watch = ExpiryWatch(store, lambda: now)
        assert await watch.look() == 0
        now += timedelta(days=1)
        assert (await watch.look(), await watch.look()) == (1, 0)
        async with store.transaction() as transaction:
            (event,) = [one for one in await transaction.events.page() if one.kind == "person-expires"]
            await transaction.events.acknowledge(event.event_id, "AD-91", now)
        assert await watch.look() == 0
        now += timedelta(days=24)
        assert await watch.look() == 1
        async with connect(settings) as door:
            await door.whoami()
            now += timedelta(days=6)
            with pytest.raises(Refused):
                await door.whoami()
        assert await watch.look() == 0
