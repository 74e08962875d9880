"""Mandates from draft to recovery through the API, with real signatures; what is refused says why and whose it is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.client import read_view
from fleet.clock import utc_now
from fleet.mandates.standing import Obstacle, Standing, may_open, openable
from fleet.retention import Retention
from fleet.settings import RetentionSettings
from fleet.store.store import Store
from protocols.api.people import NewPerson
from protocols.api.units import UnitState
from protocols.commands import CancelMandate
from protocols.errors import InvalidMandate
from protocols.mandate import MANDATE_NAMESPACE, check_mandate, mandate_hash, signed_bytes
from protocols.people import Role, read_list
from protocols.sshsig import read_key
from tests.support.mandate_house import (
    DAY,
    HOUR,
    OTHER_UNIT,
    UNIT,
    MandateHouse,
    Owner,
    entries,
    mandate_house,
    refusal,
)
from tests.support.mandates import allows, signatories
from tests.support.people import put_in_force
from tests.support.waiting import until


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[MandateHouse]:
    async with mandate_house(store, dsn, tmp_path) as made:
        yield made


async def test_two_people_sign_and_the_unit_can_be_sent_it(house: MandateHouse, store: Store, owner: Owner) -> None:
    authority = await house.authority()
    draft = await house["TO-12"].draft_mandate(house.new_mandate(authority.authority_id))
    assert (draft.state, draft.signed_by, draft.waits_for) == ("draft", [], ["TO-12", "AP-01"])
    assert (draft.authority, draft.unit_label, draft.requester) == ("URN-26/114", "mast north", "TO-12")
    assert [one.mandate_id for one in (await house["AP-01"].mandates(mine=True)).rows] == [draft.mandate_id]
    half = await house["TO-12"].sign_mandate(read_view(draft))
    assert (half.state, half.signed_by, half.waits_for) == ("draft", ["TO-12"], ["AP-01"])
    async with store.transaction() as transaction:
        assert isinstance(await may_open(transaction, draft.mandate_id, "video", utc_now()), Obstacle)
    # The approver signs far away; somebody else pastes it.
    whole = await house["SU-01"].hand_in_signature(draft.mandate_id, house.signature(draft, "AP-01"))
    assert (whole.state, whole.waits_for, whole.recorded_at is not None) == ("live", [], True)
    keys = {person: read_key(house.keys[person].line).fingerprint for person in ("TO-12", "AP-01")}
    assert {one.person: one.fingerprint for one in whole.signatures} == keys
    assert whole.drafted_at < whole.signatures[0].at < whole.signatures[1].at == whole.recorded_at
    assert [one.person for one in half.signatures] == ["TO-12"]
    async with store.transaction() as transaction:
        found = await may_open(transaction, draft.mandate_id, "video", utc_now())
        newest = await transaction.people.newest_list()
    assert isinstance(found, Standing)
    assert newest is not None
    line = check_mandate(found.signed, read_list(newest.text), utc_now(), plain_keys_may_sign=True)
    assert (line.text(), found.until) == (draft.text, draft.not_after)
    told = await entries(owner, "mandate.")
    assert [(one["kind"], one["actor"]) for one in told] == [
        ("mandate.drafted", "TO-12"),
        ("mandate.signed", "TO-12"),
        ("mandate.signed", "SU-01"),
        ("mandate.recorded", "SU-01"),
    ]
    assert {one["sha256"] for one in told} == {mandate_hash(draft.text)}
    assert (told[2]["person"], told[3]["requester"], told[3]["approver"]) == ("AP-01", "TO-12", "AP-01")
    assert told[3]["authority_id"] == authority.authority_id
    assert (await house["TO-12"].authority(authority.authority_id)).mandates == 1


async def test_signatures_that_prove_nothing_are_refused_and_change_nothing(house: MandateHouse, owner: Owner) -> None:
    authority = await house.authority()
    draft = await house["TO-12"].draft_mandate(house.new_mandate(authority.authority_id))
    other = await house["TO-12"].draft_mandate(house.new_mandate(authority.authority_id))
    hand_in = house["TO-12"].hand_in_signature
    keys, line = house.keys, f"{draft.text}\n"
    bad = {
        "signature-of-nobody": keys["SU-01"].sign(line, MANDATE_NAMESPACE),
        "bad-signature": keys["TO-12"].sign(draft.text, MANDATE_NAMESPACE),
    }
    for code, armored in bad.items():
        assert await refusal(hand_in(draft.mandate_id, armored)) == (400, code)
    for armored in (
        keys["AP-01"].sign(line, "login@muster"),
        house.signature(other, "AP-01"),
        "no signature at all",
        house.signature(draft, "AP-01").replace("A", "B", 3),
    ):
        assert (await refusal(hand_in(draft.mandate_id, armored)))[0] == 400
    assert await refusal(hand_in("M-000000000000", house.signature(draft, "TO-12"))) == (404, "mandate-unknown")
    await hand_in(draft.mandate_id, house.signature(draft, "TO-12"))
    assert await refusal(hand_in(draft.mandate_id, house.signature(draft, "TO-12"))) == (409, "mandate-signed")
    assert len(await owner.fetch("SELECT FROM mandate_signature")) == 1


async def test_whose_access_has_ended_or_whose_authority_is_cancelled_signs_nothing(house: MandateHouse) -> None:
    authority = await house.authority()
    draft = await house["TO-12"].draft_mandate(house.new_mandate(authority.authority_id, approver="SU-01"))
    await house.api.services.people.end("SU-01", "AD-91")
    hand_in = house["TO-12"].hand_in_signature
    assert await refusal(hand_in(draft.mandate_id, house.signature(draft, "SU-01"))) == (409, "not-in-force")
    await house["AP-01"].cancel_authority(authority.authority_id, "given up")
    assert (await house["TO-12"].mandate(draft.mandate_id)).state == "discarded"
    assert await refusal(hand_in(draft.mandate_id, house.signature(draft, "TO-12"))) == (409, "draft-discarded")


async def test_what_can_not_be_drafted_says_why(house: MandateHouse) -> None:
    use = (await house.authority()).authority_id
    fit = (await house.authority(reference="FIT/1", kinds=["install"], modalities=[])).authority_id
    soon = (await house.authority(reference="SOON/1", starts_at=house.now + DAY)).authority_id
    cases: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({"approver": "TO-12"}, (409, "same-person")),
        ({"approver": "TO-13"}, (409, "role-may-not-sign")),
        ({"approver": "AD-91"}, (409, "role-may-not-sign")),
        ({"approver": "AP-99"}, (404, "person-unknown")),
        ({"unit": "unit-nobody22"}, (404, "unit-unknown")),
        ({"authority": "A-000000000000"}, (404, "no-authority")),
        ({"authority": fit}, (409, "authority-kind")),
        ({"authority": None}, (404, "no-authority")),
        ({"kind": "bench"}, (400, "bench-authority")),
        ({"kind": "retrieval", "allows": [allows("position")]}, (409, "authority-kind")),
        ({"allows": [allows("position")]}, (409, "authority-modality")),
        ({"authority": soon}, (409, "authority-window")),
        ({"not_after": house.now + 31 * DAY}, (409, "authority-window")),
        ({"not_before": house.now - 2 * HOUR, "not_after": house.now - HOUR}, (409, "after-mandate")),
        ({"not_before": house.now + 2 * DAY, "not_after": house.now + DAY}, (400, "mandate-window")),
        ({"not_after": house.now + 9000 * DAY}, (400, "time-unlikely")),
        ({"allows": [allows("video"), allows("video")]}, (400, "mandate-contradiction")),
    ]
    for changes, expected in cases:
        wanted = house.new_mandate(use, **changes)
        assert await refusal(house["TO-12"].draft_mandate(wanted)) == expected, changes
    assert await refusal(house["AP-01"].draft_mandate(house.new_mandate(use))) == (403, "role-not-allowed")
    assert (await house["TO-12"].mandates()).total == 0


async def test_units_in_quarantine_and_revoked_ones_get_no_mandate(house: MandateHouse, store: Store) -> None:
    authority = (await house.authority()).authority_id
    signed = await house.signed(authority)
    states: list[tuple[UnitState, str]] = [("quarantined", "unit-quarantined"), ("revoked", "unit-revoked")]
    for state, code in states:
        async with store.transaction() as transaction:
            await transaction.revocation.set_standing(UNIT, state, "a test", "AD-91", utc_now())
        assert await refusal(house["TO-12"].draft_mandate(house.new_mandate(authority))) == (409, code)
        async with store.transaction() as transaction:
            found = await may_open(transaction, signed.mandate_id, "video", utc_now())
        assert isinstance(found, Obstacle)
        assert found.rule == "revoked"


async def test_a_bench_mandate_needs_no_authority(house: MandateHouse, store: Store) -> None:
    signed = await house.signed(None)
    assert (signed.state, signed.kind, signed.authority) == ("live", "bench", None)
    async with store.transaction() as transaction:
        assert isinstance(await may_open(transaction, signed.mandate_id, "audio", utc_now()), Standing)


async def test_cancelling_orders_the_unit_and_keeps_an_alarm_until_the_kit_is_back(
    house: MandateHouse, store: Store, owner: Owner
) -> None:
    signed = await house.signed((await house.authority()).authority_id)
    assert await refusal(house["TO-12"].kit_recovered(signed.mandate_id, "?")) == (409, "mandate-not-cancelled")
    with house.api.services.hub.subscribe() as subscription:
        await subscription.take()
        cancelled = await house["TO-13"].cancel_mandate(signed.mandate_id, "the job is over")
        change = await subscription.take()
        while signed.mandate_id not in change.mandates:
            change = await subscription.take()
    assert (cancelled.state, cancelled.cancelled_by) == ("cancelled", "TO-13")
    order = await owner.fetchrow("SELECT unit_id, body, state, expires_at FROM command")
    assert order is not None
    assert (order["unit_id"], order["state"]) == (UNIT, "queued")
    assert msgspec.json.decode(order["body"], type=CancelMandate) == CancelMandate(mandate=signed.mandate_id)
    assert order["expires_at"] > signed.not_after
    async with store.transaction() as transaction:
        found = await may_open(transaction, signed.mandate_id, "video", utc_now())
        assert await transaction.mandates.cancelled_of([signed.mandate_id, "M-0"]) == {signed.mandate_id}
        assert await openable(transaction, UNIT, "video", utc_now()) == []
    assert isinstance(found, Obstacle)
    assert found.rule == "mandate-cancelled"
    assert await refusal(house["TO-12"].cancel_mandate(signed.mandate_id, "again")) == (409, "mandate-cancelled")
    (duty,) = await house["IN-01"].duties()
    assert (duty.kind, duty.about, duty.unit, duty.is_alarm) == ("kit-out", signed.mandate_id, UNIT, True)
    (alarm,) = (await house["IN-01"].events(severity="alarm", open_only=True)).events
    assert (alarm.kind, alarm.unit_id) == ("mandate", UNIT)
    back = await house["TO-12"].kit_recovered(signed.mandate_id, "seen in the store")
    assert (back.recovered_by, back.state) == ("TO-12", "cancelled")
    assert await house["IN-01"].duties() == []
    assert (await house["IN-01"].events(severity="alarm", open_only=True)).events == []
    (taken,) = await entries(owner, "event.acknowledged")
    assert (taken["actor"], taken["event"]) == ("TO-12", alarm.event_id)
    assert await refusal(house["TO-12"].kit_recovered(signed.mandate_id, "twice")) == (409, "kit-recovered")
    assert [one["kind"] for one in await entries(owner, "mandate.")][-2:] == ["mandate.cancelled", "mandate.recovered"]
    assert await refusal(house["IN-01"].cancel_mandate(signed.mandate_id, "no")) == (403, "role-not-allowed")


async def test_kit_is_got_back_after_its_use_under_an_authority_to_retrieve(house: MandateHouse) -> None:
    used = await house.signed((await house.authority()).authority_id)
    retrieve = await house.authority(reference="GET/1", kinds=["retrieve"], modalities=["position"])
    wanted = house.new_mandate(retrieve.authority_id, kind="retrieval", allows=[allows("position")])
    assert await refusal(house["TO-12"].draft_mandate(wanted)) == (409, "not-retrieval")
    elsewhere = msgspec.structs.replace(wanted, unit=OTHER_UNIT)
    assert (await house["TO-12"].draft_mandate(elsewhere)).kind == "retrieval"
    await house["TO-12"].cancel_mandate(used.mandate_id, "the job is over")
    signed = await house.signed(retrieve.authority_id, kind="retrieval", allows=[allows("position")])
    assert signed.state == "live"
    seeing = house.new_mandate(retrieve.authority_id, kind="retrieval", allows=[allows("video")])
    assert (await refusal(house["TO-12"].draft_mandate(seeing)))[0] == 409


async def test_a_draft_is_given_up_by_those_it_is_for_and_lapses_by_itself(
    house: MandateHouse, store: Store, owner: Owner
) -> None:
    authority = (await house.authority()).authority_id
    first = await house["TO-12"].draft_mandate(house.new_mandate(authority))
    second = await house["TO-12"].draft_mandate(house.new_mandate(authority))
    assert await refusal(house["TO-13"].discard_mandate(first.mandate_id)) == (409, "not-yours")
    assert await refusal(house["IN-01"].discard_mandate(first.mandate_id)) == (409, "not-yours")
    given_up = await house["AP-01"].discard_mandate(first.mandate_id)
    assert (given_up.state, given_up.text, given_up.purpose, given_up.waits_for) == ("discarded", "", "", [])
    assert await refusal(house["AP-01"].discard_mandate(first.mandate_id)) == (409, "draft-discarded")
    await owner.execute("UPDATE mandate SET drafted_at = drafted_at - interval '73 hours'")
    lapsed = await house["TO-12"].mandate(second.mandate_id)
    assert (lapsed.state, lapsed.text) == ("discarded", second.text)
    late = house["TO-12"].hand_in_signature(second.mandate_id, house.signature(second, "TO-12"))
    assert await refusal(late) == (409, "draft-discarded")
    assert [one.state for one in (await house["TO-12"].mandates(state="discarded")).rows] == 2 * ["discarded"]
    await Retention(store, RetentionSettings(), utc_now).tidy()
    assert [row["text"] for row in await owner.fetch("SELECT text FROM mandate")] == ["", ""]


async def test_what_can_no_longer_be_signed_waits_for_nobody(
    house: MandateHouse, store: Store, owner: Owner, dsn: str
) -> None:
    authority = (await house.authority()).authority_id
    draft = await house["TO-12"].draft_mandate(house.new_mandate(authority))
    assert [one.about for one in await house["AP-01"].duties()] == [draft.mandate_id]
    await owner.execute("ALTER TABLE mandate DISABLE TRIGGER USER")
    await owner.execute("UPDATE mandate SET not_before = $1, not_after = $2", house.now - 2 * HOUR, house.now - HOUR)
    late = await house["AP-01"].mandate(draft.mandate_id)
    assert (late.state, late.waits_for, late.expires_at) == ("discarded", [], late.not_after)
    assert await house["AP-01"].duties() == []
    assert (await house["AP-01"].mandates(mine=True)).rows == []
    assert [one.state for one in (await house["AP-01"].mandates(state="discarded")).rows] == ["discarded"]
    async with store.transaction() as transaction:
        assert await transaction.mandates.open_drafts("TO-12", house.now) == 0
    await owner.execute("ALTER TABLE mandate ENABLE TRIGGER USER")
    await Retention(store, RetentionSettings(), utc_now).tidy()
    assert (await house["AP-01"].mandate(draft.mandate_id)).text == ""


async def test_field_mandates_need_tokens_that_somebody_touched(store: Store, dsn: str, tmp_path: Path) -> None:
    async with mandate_house(store, dsn, tmp_path, plain=False) as house:
        authority = (await house.authority()).authority_id
        draft = await house["TO-12"].draft_mandate(house.new_mandate(authority))
        hand_in = house["TO-12"].hand_in_signature
        assert await refusal(hand_in(draft.mandate_id, house.signature(draft, "TO-12"))) == (400, "key-not-hardware")
        assert (await house.signed(None)).state == "live"
        tokens = {"TO-77": signatories()["TO-12"], "AP-77": signatories()["AP-07"]}
        for person_id, token in tokens.items():
            role: Role = "engineer" if person_id == "TO-77" else "approver"
            new = NewPerson(person_id=person_id, name=person_id, role=role, key=token.key.line)
            await put_in_force(house.api.services.people, new)
        async with store.transaction() as transaction:
            requester = await transaction.people.get("TO-77")
        assert requester is not None
        wanted = house.new_mandate(authority, approver="AP-77")
        asked = await house.api.services.mandates.draft(wanted, requester)
        message = signed_bytes(asked.text)
        untouched = tokens["AP-77"].sign(message, flags=0)
        assert await refusal(hand_in(asked.mandate_id, untouched)) == (400, "user-absent")
        for token in tokens.values():
            asked = await hand_in(asked.mandate_id, token.sign(message))
        assert (asked.state, asked.signed_by) == ("live", ["TO-77", "AP-77"])


async def test_leases_end_where_the_authority_or_its_review_does(house: MandateHouse, store: Store) -> None:
    review_at = house.now + DAY
    authority = await house.authority(review_at=[review_at], ends_at=house.now + 3 * DAY)
    signed = await house.signed(authority.authority_id, not_after=house.now + 2 * DAY)

    async def asked(after: timedelta, modality: Any = "video") -> Standing | Obstacle:
        async with store.transaction() as transaction:
            return await may_open(transaction, signed.mandate_id, modality, house.now + after)

    first = await asked(HOUR)
    assert isinstance(first, Standing)
    assert first.until == review_at
    rules = [await asked(after) for after in (-2 * HOUR, DAY, 2 * DAY)] + [await asked(HOUR, "position")]
    assert [one.rule for one in rules if isinstance(one, Obstacle)] == [
        "before-mandate",
        "review-overdue",
        "after-mandate",
        "modality-not-covered",
    ]


async def test_nobody_cancels_while_a_lease_is_being_granted(house: MandateHouse, store: Store, owner: Owner) -> None:
    """What `may_open` says of mandate and authority holds until its transaction ends."""
    authority = await house.authority()
    signed = await house.signed(authority.authority_id)

    async def somebody_waits() -> bool:
        waiting = "wait_event_type = 'Lock' AND datname = current_database()"
        return bool(await owner.fetchval(f"SELECT count(*) FROM pg_stat_activity WHERE {waiting}"))

    async with store.transaction() as transaction:
        assert isinstance(await may_open(transaction, signed.mandate_id, "video", utc_now()), Standing)
        cancelling = asyncio.create_task(house["AP-01"].cancel_authority(authority.authority_id, "over"))
        await until(somebody_waits)
        assert isinstance(await may_open(transaction, signed.mandate_id, "video", utc_now()), Standing)
        assert not cancelling.done()
    assert (await cancelling).state == "cancelled"
    assert (await house["TO-12"].mandate(signed.mandate_id)).state == "cancelled"


async def test_a_line_that_says_something_else_than_is_shown_is_not_signed(house: MandateHouse) -> None:
    draft = await house["TO-12"].draft_mandate(house.new_mandate((await house.authority()).authority_id))
    with pytest.raises(InvalidMandate, match="something else"):
        read_view(msgspec.structs.replace(draft, purpose="something harmless"))


async def test_mandates_are_listed_newest_first_in_pages(house: MandateHouse) -> None:
    authority = (await house.authority()).authority_id
    made = [(await house["TO-12"].draft_mandate(house.new_mandate(authority))).mandate_id for _ in range(3)]
    page = await house["IN-01"].mandates(limit=2)
    assert (page.total, [one.mandate_id for one in page.rows]) == (3, [made[2], made[1]])
    rest = await house["IN-01"].mandates(offset=2, limit=2)
    assert (rest.total, [one.mandate_id for one in rest.rows]) == (3, [made[0]])
    assert (await house["IN-01"].mandates(offset=9)).total == 3
    assert (await house["IN-01"].mandates(OTHER_UNIT)).total == 0
    assert (await house["IN-01"].mandates(state="live")).rows == []
