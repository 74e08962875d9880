"""What PostgreSQL itself holds against any program: who signs, how many, and that each step is gone once.

The controller's role tries what a broken controller, or one that was broken into, could try.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from fleet.clock import utc_now
from fleet.keeping.erasure import erase_texts
from fleet.settings import RetentionSettings
from fleet.store.store import ROLE, Store
from protocols.api.authorities import ReviewDone
from protocols.mandate import mandate_hash
from tests.support.mandate_house import HOUR, MandateHouse, Owner, entries, mandate_house
from tests.support.mandates import bench_mandate
from tests.support.opening_log import sequence

NAME, UNIT = "M-00000000000a", "unit-abcd2345"


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[MandateHouse]:
    async with mandate_house(store, dsn, tmp_path) as made:
        yield made


@pytest.fixture
async def role(dsn: str) -> AsyncIterator[Owner]:
    """A connection in the controllers' role, as a program has it that does what it likes."""
    connection = await asyncpg.connect(dsn, server_settings={"role": ROLE})
    yield connection
    await connection.close()


async def _draft(store: Store, name: str = NAME) -> None:
    now = utc_now().replace(microsecond=0)
    window = {"not_before": now - HOUR, "not_after": now + HOUR}
    async with store.transaction() as transaction:
        line = bench_mandate(mandate=name, unit=UNIT, requester="TO-12", approver="AP-01", **window)
        await transaction.mandates.add(line, None, now)


async def _refused(role: Owner, kind: type[Exception], query: str, *values: object) -> None:
    with pytest.raises(kind):
        await role.execute(query, *values)


_SIGN = "INSERT INTO mandate_signature VALUES ($1, $2, 'a signature', now())"
INTEGRITY = asyncpg.IntegrityConstraintViolationError
DENIED = asyncpg.InsufficientPrivilegeError


async def test_nobody_approves_their_own(house: MandateHouse, role: Owner) -> None:
    del house
    add = (
        "INSERT INTO mandate (mandate_id, kind, unit_id, text, sha256, not_before, not_after, requester, approver,"
        " drafted_at) VALUES ($1, 'bench', $2, 'x', 'x', now(), now() + interval '1 hour', 'SU-01', $3, now())"
    )
    await _refused(role, asyncpg.CheckViolationError, add, NAME, UNIT, "SU-01")
    await role.execute(add, NAME, UNIT, "AP-01")


async def test_a_mandate_is_in_force_by_the_signatures_of_its_two_people_only(
    house: MandateHouse, store: Store, role: Owner
) -> None:
    del house
    await _draft(store)
    record = "UPDATE mandate SET recorded_at = now() WHERE mandate_id = $1"
    await _refused(role, INTEGRITY, record, NAME)
    await role.execute(_SIGN, NAME, "TO-12")
    await _refused(role, INTEGRITY, record, NAME)
    await _refused(role, INTEGRITY, _SIGN, NAME, "SU-01")
    await _refused(role, asyncpg.UniqueViolationError, _SIGN, NAME, "TO-12")
    await _refused(role, INTEGRITY, "UPDATE mandate SET cancelled_at = now(), cancelled_by = 'TO-12'")
    await role.execute(_SIGN, NAME, "AP-01")
    await role.execute(record, NAME)
    await _refused(role, INTEGRITY, record, NAME)
    await _refused(role, INTEGRITY, "UPDATE mandate SET discarded_at = now()")
    await role.execute("UPDATE mandate SET cancelled_at = now(), cancelled_by = 'TO-12'")
    await _refused(role, INTEGRITY, "UPDATE mandate SET cancelled_at = NULL, cancelled_by = NULL")
    await _refused(role, INTEGRITY, "UPDATE mandate SET cancelled_by = 'SU-01'")
    await role.execute("UPDATE mandate SET recovered_at = now(), recovered_by = 'TO-12'")
    await _refused(role, INTEGRITY, "UPDATE mandate SET recovered_by = 'SU-01'")
    await _refused(role, INTEGRITY, "UPDATE mandate SET recovered_at = NULL, recovered_by = NULL")


FORBIDDEN = (
    "UPDATE mandate SET text = 'another'",
    "UPDATE mandate SET text = ''",
    "UPDATE mandate SET approver = 'SU-01'",
    "UPDATE mandate SET not_after = not_after + interval '1 day'",
    "UPDATE mandate SET sha256 = 'x'",
    "DELETE FROM mandate",
    "INSERT INTO mandate (mandate_id, recorded_at) VALUES ('M-1', now())",
    "UPDATE mandate_signature SET signature = 'another'",
    "DELETE FROM mandate_signature",
    "UPDATE authority SET ends_at = ends_at + interval '1 day'",
    "UPDATE authority SET modalities = ARRAY['position']",
    "UPDATE authority SET note = 'another'",
    "DELETE FROM authority",
    "INSERT INTO authority (authority_id, statement_at) VALUES ('A-1', now())",
    "INSERT INTO authority (authority_id, cancelled_at) VALUES ('A-1', now())",
    "UPDATE authority_review SET due_at = due_at + interval '1 day'",
    "INSERT INTO authority_review (authority_id, reviewed_at) VALUES ('A-1', now())",
)


async def test_what_the_controllers_role_can_not_write(store: Store, role: Owner) -> None:
    del store
    for query in FORBIDDEN:
        await _refused(role, DENIED, query)


async def test_an_authority_goes_each_step_once(house: MandateHouse, role: Owner) -> None:
    made = await house.authority(review_at=[house.now + HOUR])
    await _refused(role, INTEGRITY, "UPDATE authority SET statement_at = now()")
    await _refused(role, INTEGRITY, "UPDATE authority SET document_sha256 = 'another'")
    await _refused(role, INTEGRITY, "UPDATE authority_review SET reviewed_at = now(), reviewed_by = 'AP-01'")
    await house["AP-01"].review_authority(made.authority_id, ReviewDone(outcome="goes on"))
    await _refused(role, INTEGRITY, "UPDATE authority_review SET reviewed_at = NULL, reviewed_by = NULL")
    await _refused(role, INTEGRITY, "UPDATE authority_review SET reviewed_by = 'SU-01'")
    await _refused(role, INTEGRITY, "DELETE FROM authority_review")
    await _refused(role, INTEGRITY, "UPDATE authority SET document_salt = NULL")
    await role.execute("UPDATE authority SET cancelled_at = now(), cancelled_by = 'AP-01'")
    await _refused(role, INTEGRITY, "UPDATE authority SET cancelled_by = 'SU-01'")
    await _refused(role, INTEGRITY, "UPDATE authority SET cancelled_at = NULL, cancelled_by = NULL")


async def test_a_review_that_is_due_stays_until_it_is_held(house: MandateHouse, role: Owner, owner: Owner) -> None:
    made = await house.authority(review_at=[house.now + HOUR, house.now + 2 * HOUR])
    await owner.execute(
        "UPDATE authority_review SET due_at = now() - interval '1 s' WHERE due_at = $1", house.now + HOUR
    )
    await _refused(role, INTEGRITY, "DELETE FROM authority_review")
    await role.execute("DELETE FROM authority_review WHERE due_at > now()")
    assert (await house["AP-01"].authority(made.authority_id)).state == "review-overdue"
    held = await house["AP-01"].review_authority(made.authority_id, ReviewDone(outcome="goes on"))
    assert held.state == "in-force"
    assert len(await entries(owner, "authority.reviewed")) == 1


_ENTERED = (
    "INSERT INTO log_entry (kind, actor, at, body) VALUES ('authority.reviewed', $2, $3,"
    ' convert_to(format(\'{"kind":"authority.reviewed","authority_id":"%s"}\', $1::text), \'UTF8\'))'
)


async def test_a_review_is_held_with_its_own_entry_only(house: MandateHouse, role: Owner) -> None:
    made = await house.authority(review_at=[house.now + HOUR])
    hold = "UPDATE authority_review SET reviewed_at = $2, reviewed_by = 'AP-01' WHERE authority_id = $1"
    await _refused(role, INTEGRITY, hold, made.authority_id, house.now)
    for name, actor, at in (
        ("A-000000000000", "AP-01", house.now),
        (made.authority_id, "SU-01", house.now),
        (made.authority_id, "AP-01", house.now - HOUR),
    ):
        await role.execute(_ENTERED, name, actor, at)
        await _refused(role, INTEGRITY, hold, made.authority_id, house.now)
    await role.execute(
        _ENTERED.replace('"authority.reviewed"', '"voucher.used"'), made.authority_id, "AP-01", house.now
    )
    await _refused(role, INTEGRITY, hold, made.authority_id, house.now)
    await role.execute(_ENTERED, made.authority_id, "AP-01", house.now)
    await role.execute(hold, made.authority_id, house.now)


async def test_one_entry_holds_one_review_to_come_only(house: MandateHouse, role: Owner) -> None:
    made = await house.authority(review_at=[house.now + HOUR, house.now + 2 * HOUR])
    await role.execute(_ENTERED, made.authority_id, "AP-01", house.now)
    hold = "UPDATE authority_review SET reviewed_at = $2, reviewed_by = 'AP-01' WHERE authority_id = $1"
    await _refused(role, INTEGRITY, hold, made.authority_id, house.now)
    await role.execute(f"{hold} AND due_at = $3", made.authority_id, house.now, house.now + HOUR)


_OPEN = (
    "INSERT INTO opening (opening, unit_id, mandate_id, modalities, person_id, controller, begun_at, state, entry_id,"
    " leased_until) VALUES ('open-1', $1, $2, ARRAY['video'], 'TO-12', 'one', now(), 'live', $3,"
    " now() + interval '1 min')"
)


async def test_an_opening_has_its_entry_and_ends_once(house: MandateHouse, store: Store, role: Owner) -> None:
    del house
    await _draft(store)
    await _refused(role, asyncpg.NotNullViolationError, _OPEN, UNIT, NAME, None)
    entry = await role.fetchval("SELECT max(entry_id) FROM log_entry")
    await _refused(role, asyncpg.ForeignKeyViolationError, _OPEN, UNIT, NAME, entry + 1000)
    await role.execute(_OPEN, UNIT, NAME, entry)
    await _refused(role, DENIED, "UPDATE opening SET entry_id = entry_id - 1")
    for change in ("modalities = ARRAY['video', 'audio']", "person_id = 'SU-01'", "controller = 'two'"):
        await _refused(role, DENIED, f"UPDATE opening SET {change}")
    await _refused(role, INTEGRITY, "UPDATE opening SET state = 'closed'")
    await _refused(role, INTEGRITY, "UPDATE opening SET leased_until = now()")
    await _refused(role, INTEGRITY, "UPDATE opening SET state = 'refused', closed_at = now()")
    await _refused(role, INTEGRITY, "UPDATE opening SET state = 'refused', closed_at = now(), leased_until = NULL")
    await role.execute("UPDATE opening SET state = 'closed', reason = 'asked', closed_at = now(), live_at = now()")
    for change in ("state = 'live', closed_at = NULL", "reason = 'found'", "closed_at = now()", "live_at = NULL"):
        await _refused(role, INTEGRITY, f"UPDATE opening SET {change}")
    await role.execute("UPDATE opening SET result = 'passed', open_s = 3")
    for change in ("result = 'failed'", "open_s = 2", "open_s = NULL"):
        await _refused(role, INTEGRITY, f"UPDATE opening SET {change}")


async def test_a_viewer_leaves_once(house: MandateHouse, store: Store, role: Owner) -> None:
    del house
    await _draft(store)
    await role.execute(_OPEN, UNIT, NAME, await role.fetchval("SELECT max(entry_id) FROM log_entry"))
    await role.execute("INSERT INTO opening_viewer VALUES ('open-1', 'viewer-1', 'TO-12', 'terminal', now())")
    await role.execute("UPDATE opening_viewer SET left_at = now()")
    for change in ("left_at = NULL", "left_at = joined_at - interval '1 s'"):
        await _refused(role, INTEGRITY, f"UPDATE opening_viewer SET {change}")


_ORAL = (
    "INSERT INTO authority (authority_id, reference, kinds, modalities, authorised_by_rank, starts_at, ends_at,"
    " urgent_oral, recorded_by, recorded_at, renews) VALUES ($1, $2, ARRAY['use'], ARRAY['video'], 'Superintendent',"
    " now(), now() + $3::interval, true, 'AP-01', now(), $4)"
)


async def test_word_of_mouth_is_given_once_for_72_hours(house: MandateHouse, role: Owner) -> None:
    del house
    longest = timedelta(hours=72)
    await _refused(role, asyncpg.CheckViolationError, _ORAL, "A-1", "O/1", longest + timedelta(seconds=1), None)
    await role.execute(_ORAL, "A-1", "O/1", longest, None)
    await role.execute("UPDATE authority SET cancelled_at = now(), cancelled_by = 'AP-01'")
    for reference in ("O/1", "o/1"):
        await _refused(role, asyncpg.UniqueViolationError, _ORAL, "A-2", reference, longest, None)
    await _refused(role, INTEGRITY, _ORAL, "A-2", "O/2", longest, "A-1")
    await role.execute(_ORAL, "A-2", "O/2", longest, None)
    await _refused(role, INTEGRITY, "UPDATE authority SET statement_at = now()")
    await role.execute("UPDATE authority SET statement_at = now(), document_sha256 = 'x', document_salt = 'y'")
    for change in ("statement_at = now()", "document_sha256 = 'z'", "document_salt = 'z'", "document_salt = NULL"):
        await _refused(role, INTEGRITY, f"UPDATE authority SET {change}")


async def _backdate(owner: Owner) -> None:
    """Let every entry be two years older."""
    await owner.execute("UPDATE log_entry SET at = at - interval '2 years'")


async def _erase(store: Store) -> None:
    await erase_texts(store, RetentionSettings(log_text_years=3), utc_now())


async def test_lines_and_notes_go_with_their_entries_texts_unless_they_are_held(
    house: MandateHouse, store: Store, dsn: str, owner: Owner
) -> None:
    authority = await house.authority(note="call the duty officer")
    mandate = await house.signed(authority.authority_id)
    held = await house.signed(authority.authority_id, unit="unit-efgh6789")
    await owner.execute(
        "INSERT INTO legal_hold (hold_id, unit_id, reason, placed_by, placed_at)"
        " VALUES ('h', 'unit-efgh6789', 'an inquiry', 'AD-91', now())"
    )
    await sequence(dsn)
    await _backdate(owner)
    await _erase(store)
    assert (await house["IN-01"].mandate(mandate.mandate_id)).text == mandate.text
    await _backdate(owner)
    await _erase(store)
    bare = await house["IN-01"].mandate(mandate.mandate_id)
    assert (bare.text, bare.purpose, bare.allows, bare.state) == ("", "", [], "live")
    kept = await house["IN-01"].mandate(held.mandate_id)
    assert (kept.text, kept.purpose) == (held.text, "aim and focus")
    row = await owner.fetchrow("SELECT note, authorised_by_rank, document_salt, document_sha256 FROM authority")
    assert row is not None
    assert tuple(row) == ("", "", None, authority.document_sha256)
    hashes = {tuple(row) for row in await owner.fetch("SELECT mandate_id, sha256 FROM mandate")}
    assert hashes == {(one.mandate_id, mandate_hash(one.text)) for one in (mandate, held)}
