"""Authorities from recording to their end through the API; what is refused says why and whose it is."""

from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fleet.client import Refused, hash_document
from fleet.clock import utc_now
from fleet.mandates.standing import Obstacle, may_open
from fleet.store.store import Store
from protocols.api.authorities import DocumentHash, ReviewDone
from tests.support.mandate_house import DAY, HOUR, REFERENCE, MandateHouse, Owner, entries, mandate_house, refusal

ORAL: dict[str, Any] = {"urgent_oral": True, "document": None}


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[MandateHouse]:
    async with mandate_house(store, dsn, tmp_path) as made:
        yield made


async def test_what_was_authorised_elsewhere_is_recorded_with_the_hash_of_its_document(
    house: MandateHouse, tmp_path: Path, owner: Owner
) -> None:
    document = tmp_path / "authority.pdf"
    document.write_bytes(b"the whole document")
    hashed = hash_document(document)
    assert hashed.sha256 == sha256(bytes.fromhex(hashed.salt) + b"the whole document").hexdigest()
    made = await house.authority(document=hashed, note="call the duty officer", review_at=[house.now + 2 * DAY])
    assert (made.state, made.next_review_at, made.recorded_by) == ("in-force", house.now + 2 * DAY, "AP-01")
    assert (await house["IN-01"].authority(made.authority_id)) == made
    (entry,) = await entries(owner, "authority.")
    assert (entry["authority"], entry["authority_id"]) == (REFERENCE, made.authority_id)
    assert (entry["document_sha256"], entry["authority_kinds"]) == (hashed.sha256, ["use"])
    assert "call" not in str(entry)
    assert "Superintendent" not in str(entry)
    page = await house["IN-01"].authorities("urn-26")
    assert (page.total, page.rows) == (1, [made])
    assert (await house["IN-01"].authorities("nothing")).total == 0
    assert (await house["IN-01"].authorities(state="ended")).rows == []


async def test_what_can_not_be_recorded_says_why(house: MandateHouse) -> None:
    await house.authority(reference="THERE/1")
    oral = (await house.authority(reference="ORAL/1", **ORAL, ends_at=house.now + DAY)).authority_id
    cases: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({"ends_at": house.now + 92 * DAY}, (400, "authority-length")),
        ({"ends_at": house.now - 2 * DAY}, (400, "authority-length")),
        ({**ORAL, "ends_at": house.now + 2 * DAY + timedelta(seconds=1)}, (400, "authority-length")),
        ({"document": None}, (400, "document-missing")),
        ({"urgent_oral": True, "ends_at": house.now + DAY}, (400, "document-oral")),
        ({"kinds": ["use", "use"]}, (400, "authority-twice")),
        ({"modalities": []}, (400, "modalities-missing")),
        ({"review_at": [house.now + 2 * DAY, house.now + DAY]}, (400, "review-dates")),
        ({"review_at": [house.now + 31 * DAY]}, (400, "review-dates")),
        ({"ends_at": house.now.replace(year=9998)}, (400, "time-unlikely")),
        ({"renews": "A-000000000000"}, (404, "authority-unknown")),
        ({"reference": "THERE/1"}, (409, "reference-known")),
        ({"renews": oral, "starts_at": house.now + 2 * DAY}, (409, "renewal-late")),
        ({**ORAL, "renews": oral, "starts_at": house.now, "ends_at": house.now + DAY}, (409, "oral-twice")),
    ]
    for changes, expected in cases:
        asked = house["AP-01"].record_authority(house.new_authority(**changes))
        assert await refusal(asked) == expected, changes
    assert await refusal(house["SU-01"].record_authority(house.new_authority())) == (403, "role-not-allowed")
    assert (await house["AP-01"].authorities()).total == 2


async def test_an_urgent_oral_authority_lapses_after_72_hours_statement_or_not(
    house: MandateHouse, store: Store, owner: Owner
) -> None:
    made = await house.authority(**ORAL, starts_at=house.now - HOUR, ends_at=house.now + 71 * HOUR)
    assert (made.statement_due_at, made.ends_at) == (house.now + 71 * HOUR, house.now + 71 * HOUR)
    duties = await house["AP-01"].duties()
    assert [(one.kind, one.is_alarm) for one in duties] == [("statement-due", False)]
    signed = await house.signed(made.authority_id, not_after=house.now + 71 * HOUR)
    stated = await house["AP-01"].record_statement(made.authority_id, DocumentHash(salt="00" * 16, sha256="ab" * 32))
    assert (stated.ends_at, stated.document_sha256) == (made.ends_at, "ab" * 32)
    assert stated.statement_at is not None
    again = house["AP-01"].record_statement(made.authority_id, DocumentHash(salt="00" * 16, sha256="cd" * 32))
    assert await refusal(again) == (409, "statement-known")
    async with store.transaction() as transaction:
        found = await may_open(transaction, signed.mandate_id, "video", house.now + 71 * HOUR)
    assert isinstance(found, Obstacle)
    written = (await house.authority(reference="WR/1")).authority_id
    late = house["AP-01"].record_statement(written, DocumentHash(salt="00" * 16, sha256="cd" * 32))
    assert await refusal(late) == (409, "not-oral")
    assert [one["kind"] for one in await entries(owner, "authority.")][:2] == [
        "authority.recorded",
        "authority.statement",
    ]


async def test_a_written_authority_renews_an_oral_one_and_is_renewed_once(house: MandateHouse) -> None:
    oral = await house.authority(**ORAL, starts_at=house.now - HOUR, ends_at=house.now + DAY)
    renewal = await house.authority(renews=oral.authority_id, starts_at=house.now)
    assert (await house["IN-01"].authority(oral.authority_id)).renewed_by == renewal.authority_id
    twice = house.new_authority(renews=oral.authority_id, starts_at=house.now, reference="OTHER/1")
    assert await refusal(house["AP-01"].record_authority(twice)) == (409, "authority-renewed")
    await house["AP-01"].cancel_authority(renewal.authority_id, "recorded wrongly")
    assert (await house.authority(renews=oral.authority_id, starts_at=house.now)).renews == oral.authority_id


async def test_cancelling_does_not_let_word_of_mouth_begin_again(house: MandateHouse, owner: Owner) -> None:
    first = await house.authority(**ORAL, starts_at=house.now - HOUR, ends_at=house.now + 71 * HOUR)
    record = house["AP-01"].record_authority
    for reference in (REFERENCE, REFERENCE.lower()):
        beside = house.new_authority(
            **ORAL, reference=reference, starts_at=house.now + 71 * HOUR, ends_at=house.now + 143 * HOUR
        )
        assert await refusal(record(beside)) == (409, "oral-twice")
    await house["AP-01"].cancel_authority(first.authority_id, "ends")
    again = house.new_authority(**ORAL, starts_at=house.now, ends_at=house.now + 72 * HOUR)
    with pytest.raises(Refused) as caught:
        await record(again)
    told = caught.value.problem
    assert told.code == "oral-twice"
    assert first.authority_id in told.message
    assert "RIPA s.43(3)(a)" in told.message
    assert "in writing" in told.remedy
    renewal = house.new_authority(**ORAL, reference="OTHER/1", renews=first.authority_id, ends_at=house.now + DAY)
    assert await refusal(record(renewal)) == (409, "oral-twice")
    assert len(await entries(owner, "authority.recorded")) == 1
    written = await house.authority(starts_at=house.now)
    assert (written.state, written.urgent_oral) == ("in-force", False)


async def test_reviews_are_held_one_after_another_and_overdue_ones_block(
    house: MandateHouse, store: Store, owner: Owner
) -> None:
    dates = [house.now + number * DAY for number in (1, 2, 9)]
    made = await house.authority(review_at=dates)
    signed = await house.signed(made.authority_id)
    assert [one.kind for one in await house["TO-12"].duties()] == ["review-due"]
    held = await house["AP-01"].review_authority(made.authority_id, ReviewDone(outcome="goes on"))
    assert held.next_review_at == dates[1]
    await owner.execute("UPDATE authority_review SET due_at = due_at - interval '3 days' WHERE reviewed_at IS NULL")
    overdue = await house["AP-01"].authority(made.authority_id)
    assert (overdue.state, overdue.next_review_at) == ("review-overdue", dates[1] - 3 * DAY)
    async with store.transaction() as transaction:
        found = await may_open(transaction, signed.mandate_id, "video", utc_now())
    assert isinstance(found, Obstacle)
    assert found.rule == "review-overdue"
    duties = await house["TO-12"].duties()
    assert [(one.kind, one.is_alarm) for one in duties] == [("review-overdue", True)]
    draft = house["TO-12"].draft_mandate(house.new_mandate(made.authority_id))
    assert await refusal(draft) == (409, "review-overdue")
    review = house["AP-01"].review_authority
    for next_review_at in (house.now - DAY, house.now + 40 * DAY):
        done = ReviewDone(outcome="goes on", next_review_at=next_review_at)
        assert await refusal(review(made.authority_id, done)) == (400, "review-dates")
    last = await review(made.authority_id, ReviewDone(outcome="goes on", next_review_at=house.now + 20 * DAY))
    assert (last.state, last.next_review_at) == ("in-force", house.now + 20 * DAY)
    assert (await review(made.authority_id, ReviewDone(outcome="goes on"))).next_review_at is None
    assert await refusal(review(made.authority_id, ReviewDone(outcome="again"))) == (409, "no-review-due")
    told = await entries(owner, "authority.reviewed")
    assert [one["review_at"] is None for one in told] == [False, False, True]


async def test_cancelling_an_authority_cancels_its_mandates_with_it(house: MandateHouse, owner: Owner) -> None:
    made = await house.authority()
    signed = [await house.signed(made.authority_id, unit=unit) for unit in ("unit-abcd2345", "unit-efgh6789")]
    draft = await house["TO-12"].draft_mandate(house.new_mandate(made.authority_id))
    cancelled = await house["AP-01"].cancel_authority(made.authority_id, "withdrawn by the panel")
    assert (cancelled.state, cancelled.mandates, cancelled.cancelled_by) == ("cancelled", 0, "AP-01")
    states = {one.mandate_id: one.state for one in (await house["TO-12"].mandates()).rows}
    assert states == {
        signed[0].mandate_id: "cancelled",
        signed[1].mandate_id: "cancelled",
        draft.mandate_id: "discarded",
    }
    kinds = [row["kind"] for row in await owner.fetch("SELECT kind FROM log_entry ORDER BY entry_id DESC LIMIT 6")]
    assert sorted(kinds) == [
        "authority.cancelled",
        "command.issued",
        "command.issued",
        "mandate.cancelled",
        "mandate.cancelled",
        "mandate.discarded",
    ]
    assert len(await owner.fetch("SELECT DISTINCT xmin FROM mandate")) == 1
    assert await refusal(house["AP-01"].cancel_authority(made.authority_id, "twice")) == (409, "authority-cancelled")
    assert await refusal(house["TO-12"].draft_mandate(house.new_mandate(made.authority_id))) == (
        409,
        "authority-cancelled",
    )


async def test_an_authority_that_ends_within_a_week_is_a_duty_until_it_is_renewed(house: MandateHouse) -> None:
    ending = await house.authority(ends_at=house.now + 6 * DAY)
    await house.authority(reference="LATER/1", ends_at=house.now + 8 * DAY)
    (duty,) = await house["AP-01"].duties()
    assert (duty.kind, duty.about, duty.due_at) == ("authority-ending", ending.authority_id, ending.ends_at)
    await house.authority(renews=ending.authority_id, starts_at=house.now + 5 * DAY)
    assert await house["AP-01"].duties() == []
