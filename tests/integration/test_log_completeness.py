"""No route of the API changes anything without an entry of the same transaction, and none without being able to.

PostgreSQL keeps with each row the transaction that wrote it (the system column xmin). So it shows of every row that a
request wrote whether an entry was written with it, whichever table it is in.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from fleet.api.access import ANYONE_SIGNED_IN, NOBODY_YET
from fleet.api.app import describe_api
from fleet.entries.entry import UNIT
from fleet.error_reports import drafting
from protocols.api.authorities import NewAuthority
from protocols.api.joins import VoucherMade
from protocols.api.log import HoldView, LogQuery, NewHold
from protocols.api.mandates import NewMandate
from protocols.api.people import DraftView, LeaveOut
from protocols.api.sessions import Challenge, SignIn, login_text
from protocols.joining import JoinAccepted, JoinRefusal, RejoinRequest, Renewed
from protocols.mandate import MANDATE_NAMESPACE
from protocols.people import PERMISSIONS, Role
from tests.fuzz.api_house import operations_of
from tests.support.alarms_logged import alarms, welfare
from tests.support.checklists_logged import checklists
from tests.support.controller import RunningApi
from tests.support.fleet_rows import add_units
from tests.support.joining import Knocker
from tests.support.kit_logged import deployments, kit, sites
from tests.support.mandates import allows
from tests.support.people import FOUNDERS, Keyholder
from tests.support.releases_logged import releases
from tests.support.rollouts_logged import rollouts
from tests.support.rotas_logged import handovers, rota_changes, rota_people, rotas
from tests.support.unit_door import JoinedUnit, csr_of, new_key
from tests.support.wiring_logged import wiring

Owner = asyncpg.Connection  # the records' type plays no part here

ELSEWHERE = {
    "POST /api/log/exports": ("test_log_export_api.py", "log.exported"),
    "POST /unit/rejoin": ("test_rejoin.py", "unit.rejoined"),
    "POST /api/units/{unit_id}/checks": ("test_checks_closing.py", "lease.refused"),
    "POST /api/checks/{opening}/close": ("test_checks_flow.py", "check.judged"),
    "POST /api/carried-leases": ("test_positions.py", "lease.granted"),
}
"""What needs a log that runs, a unit or months: the test that looks at its entry, and the kind."""
CHANGES_NOTHING = {"POST /api/challenge", "POST /api/checks/{opening}/link"}
REFUSALS = {"request.refused", "session.refused", "join.refused"}
UNSEEN = {"alembic_version", "api_session", "used_challenge", "event", "watch_link"}
"""Tables that may change without an entry, see docs/log-entries.md; so may health_… and log_…."""
PEOPLE: dict[str, Role] = {
    "TO-12": "engineer",
    "SU-01": "supervisor",
    "AP-01": "approver",
    "AP-02": "approver",
    "IN-01": "inspector",
    "AD-91": "administrator",
    "AD-92": "administrator",
}
WANTED = {
    f"{name}": operation["x-permission"]
    for name, operation in operations_of(describe_api())
    if not name.startswith("GET ")
}


_DISK_FULL = """
CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER disk_full BEFORE INSERT ON log_entry EXECUTE FUNCTION disk_full();
ALTER TABLE log_entry DISABLE TRIGGER disk_full
"""


class Book:
    """What stands in the database, as far as this test looks."""

    def __init__(self, owner: "Owner[asyncpg.Record]", tables: list[str]) -> None:
        self._owner = owner
        self._query = " UNION ".join(f"SELECT '{table}', xmin::text FROM {table}" for table in tables)
        self._entry = 0

    @classmethod
    async def of(cls, owner: "Owner[asyncpg.Record]") -> "Book":
        await owner.execute(_DISK_FULL)
        rows = await owner.fetch("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public'")
        names = sorted(str(row[0]) for row in rows)
        return cls(owner, [name for name in names if name not in UNSEEN and not name.startswith(("health_", "log_"))])

    async def rows(self) -> set[tuple[str, str]]:
        """Every table with each transaction that rows in it are of."""
        return {(table, transaction) for table, transaction in await self._owner.fetch(self._query)}

    async def entries(self) -> list[tuple[str, str]]:
        """Kind and transaction of the entries since this was last asked."""
        query = "SELECT entry_id, kind, xmin::text FROM log_entry WHERE entry_id > $1 ORDER BY entry_id"
        rows = await self._owner.fetch(query, self._entry)
        self._entry = max([self._entry, *(row[0] for row in rows)])
        return [(row[1], row[2]) for row in rows]

    async def fill_disk(self) -> None:
        """Let PostgreSQL say of every new entry that the disk is full, until there is room again."""
        await self._owner.execute("ALTER TABLE log_entry ENABLE TRIGGER disk_full")

    async def make_room(self) -> None:
        """Let entries be written again."""
        await self._owner.execute("ALTER TABLE log_entry DISABLE TRIGGER disk_full")


class House:
    """The API, somebody of each role in it, and the operations that were seen to write their entries."""

    def __init__(self, api: RunningApi, door: httpx.AsyncClient, book: Book) -> None:
        self.api, self.door, self.book = api, door, book
        self.seen: set[str] = set()

    async def ask(self, method: str, path: str, person: str | None, body: object = None) -> httpx.Response:
        """Make a request as `person`."""
        headers = {} if person is None else {"authorization": f"Bearer {person:x<43}"}
        content = None if body is None else msgspec.json.encode(body)
        return await self.door.request(method, self.api.url + path, content=content, headers=headers)

    async def call(self, operation: str, person: str | None, body: object = None, **at: object) -> httpx.Response:
        """Do an operation that has to succeed, as `did` does."""
        method, path = operation.split(" ")

        async def ask() -> httpx.Response:
            return await self.ask(method, path.format(**at), person, body)

        answer: httpx.Response = await self.did(operation, ask, lambda answer: answer.is_success)
        return answer

    async def did(self, operation: str, ask: Callable[[], Awaitable[Any]], succeeded: Callable[[Any], bool]) -> Any:
        """Do `operation` by `ask`, which can not while no entry can be written, and then does, with entries."""
        before, _ = await self.book.rows(), await self.book.entries()
        await self.book.fill_disk()
        assert not succeeded(await ask()), f"{operation} does without an entry"
        assert await self.book.rows() == before, f"{operation} changes without an entry"
        await self.book.make_room()
        assert await self.book.entries() == []
        answer = await ask()
        assert succeeded(answer), f"{operation}: {getattr(answer, 'text', answer)}"
        entries = await self.book.entries()
        changed = await self.book.rows() - before
        assert entries, f"{operation} writes no entry"
        assert {kind for kind, _ in entries}.isdisjoint(REFUSALS), operation
        transactions = {transaction for _, transaction in entries}
        assert [row for row in changed if row[1] not in transactions] == [], f"{operation}: rows without an entry"
        self.seen.add(operation)
        return answer

    async def refused(self, name: str, ask: Callable[[], Awaitable[Any]], status: int, kinds: list[str]) -> None:
        """A refusal leaves nothing but these entries of refusals."""
        before, _ = await self.book.rows(), await self.book.entries()
        answer = await ask()
        assert getattr(answer, "status_code", status) == status, f"{name}: {answer}"
        assert isinstance(answer, httpx.Response | JoinRefusal), name
        assert [kind for kind, _ in await self.book.entries()] == kinds, name
        assert await self.book.rows() == before, name


@pytest.fixture
async def house(api: RunningApi, owner: "Owner[asyncpg.Record]") -> AsyncIterator[House]:
    for person, role in PEOPLE.items():
        if role != "administrator":
            await api.add_person(person, role)
        async with api.services.store.transaction() as transaction:
            await transaction.sessions.open(f"{person:x<43}", person, api.services.clock(), "test")
    tls = ssl.create_default_context(cafile=str(api.ca_file))
    async with httpx.AsyncClient(verify=tls, trust_env=False, timeout=30) as door:
        yield House(api, door, await Book.of(owner))


async def _sessions(house: House) -> None:
    key = Keyholder.make("TO-77")
    await house.api.add(key, "engineer")
    challenge = await house.ask("POST", "/api/challenge", None, {"person_id": "TO-77"})
    nonce = msgspec.json.decode(challenge.content, type=Challenge).nonce
    text = login_text("TO-77", nonce, house.api.credentials.authority.ca_sha256.hex())
    attempt = SignIn(person_id="TO-77", nonce=nonce, signature=key.sign(text.decode(), "login@muster"))
    await house.call("POST /api/session", None, attempt)
    await house.refused("replay", lambda: house.ask("POST", "/api/session", None, attempt), 401, ["session.refused"])
    await house.call("DELETE /api/session", "IN-01")


async def _joins(house: House) -> JoinedUnit:
    async def voucher() -> VoucherMade:
        answer = await house.call("POST /api/vouchers", "TO-12", {"label": "van kit 3"})
        return msgspec.json.decode(answer.content, type=VoucherMade)

    first, second, third = [await voucher() for _ in range(3)]
    await house.call("DELETE /api/vouchers/{voucher_id}", "TO-12", voucher_id=third.voucher_id)
    one, other, late = (Knocker(house.api.ca_file) for _ in range(3))
    for made, knocker in ((first, one), (second, other)):

        async def knock(made: VoucherMade = made, knocker: Knocker = knocker) -> object:
            try:
                return await knocker.knock(made.text)
            except msgspec.DecodeError as error:  # the answer to a fault is no answer to a unit
                return error

        await house.did("POST /join", knock, lambda answer: not isinstance(answer, JoinRefusal | msgspec.DecodeError))
    await house.refused("withdrawn voucher", lambda: late.knock(third.text), 403, ["join.refused"])
    joins = {join["fingerprint"]: join["join_id"] for join in (await house.ask("GET", "/api/joins", "TO-12")).json()}
    accept, refuse = "POST /api/joins/{join_id}/accept", "POST /api/joins/{join_id}/refuse"
    fingerprint = {"fingerprint": one.fingerprint}
    accepted = await house.call(accept, "TO-12", fingerprint, join_id=joins[one.fingerprint])
    path = f"/api/joins/{joins[one.fingerprint]}/accept"
    await house.refused("accepted twice", lambda: house.ask("POST", path, "TO-12", fingerprint), 409, [])
    await house.call(refuse, "TO-12", {"reason": "not ours"}, join_id=joins[other.fingerprint])
    answer = await one.knock(first.text)
    assert isinstance(answer, JoinAccepted)
    return JoinedUnit(house.api, accepted.json()["unit_id"], one.key, answer.certificate_chain_pem)


async def _units(house: House, unit: JoinedUnit, owner: "Owner[asyncpg.Record]") -> None:
    key, stranger = new_key(), new_key()

    async def renew() -> object:
        try:
            return await unit.renew(key)
        except msgspec.DecodeError as error:
            return error

    await house.did("POST /unit/renew", renew, lambda answer: isinstance(answer, Renewed))
    request = RejoinRequest(unit_id=unit.unit_id, csr_pem=csr_of(stranger), key_protection="soft", model="m")
    await house.refused("unknown key", lambda: house.ask("POST", "/unit/rejoin", None, request), 403, ["join.refused"])
    await owner.execute("UPDATE unit_live SET session_up = true, session_nonce = $1", "0" * 32)
    base = "/api/units/{unit_id}"
    await house.call(f"POST {base}/report", "TO-12", unit_id=unit.unit_id)
    settings = {"based_on": 1, "report_every_s": 20}
    await house.call(f"PUT {base}/settings", "TO-12", settings, unit_id=unit.unit_id)
    path = f"/api/units/{unit.unit_id}/settings"
    await house.refused("old settings", lambda: house.ask("PUT", path, "TO-12", settings), 409, [])
    await house.call(f"PUT {base}/label", "TO-12", {"label": "mast"}, unit_id=unit.unit_id)
    for step in ("quarantine", "release", "revoke"):
        await house.call(f"POST {base}/{step}", "SU-01", {"reason": "found open"}, unit_id=unit.unit_id)
    event = await owner.fetchval("SELECT event_id FROM event WHERE severity = 'alarm' AND acknowledged_at IS NULL")
    await house.call("POST /api/events/{event_id}/acknowledge", "TO-12", event_id=event)


async def _people(house: House) -> None:
    drafts = "POST /api/people/drafts"
    new = Keyholder.make("TO-78").new("engineer")

    async def drafted(body: object) -> DraftView:
        return msgspec.json.decode((await house.call(drafts, "AD-91", body)).content, type=DraftView)

    gone = await drafted(LeaveOut(person_id="AP-01"))
    await house.call("DELETE /api/people/drafts/{draft_id}", "AD-91", draft_id=gone.draft_id)
    draft = await drafted(new)
    for founder in FOUNDERS:
        signature = {"signature": founder.sign(draft.text)}
        sign = "POST /api/people/drafts/{draft_id}/sign"
        await house.call(sign, founder.person_id, signature, draft_id=draft.draft_id)
    await house.call("POST /api/people/{person_id}/end", "AD-91", person_id="TO-78")
    again = "/api/people/TO-78/end"
    await house.refused("ended twice", lambda: house.ask("POST", again, "AD-91"), 409, [])


async def _log(house: House) -> None:
    hold = NewHold(scope=LogQuery(authority="AUTH/7"), reason="an inquiry")
    placed = await house.call("POST /api/log/holds", "AD-91", hold)
    hold_id = msgspec.json.decode(placed.content, type=HoldView).hold_id
    await house.call("POST /api/log/holds/{hold_id}/release", "AD-91", {"reason": "over"}, hold_id=hold_id)
    async with house.api.services.store.transaction() as transaction:
        report_id = await drafting.draft(
            transaction,
            unit_id=UNIT,
            cause="unit-only",
            summary="found by a test",
            evidence=[],
            opening=None,
            record=None,
            now=house.api.services.clock(),
            repeat_key="test",
        )
    for step, person in (
        ("account", "SU-01"),
        ("submit", "SU-01"),
        ("return", "AP-01"),
        ("account", "SU-01"),
        ("submit", "SU-01"),
        ("close", "AP-02"),
    ):
        operation = "POST /api/log/error-reports/{report_id}/" + step
        await house.call(operation, person, {"text": "looked at"}, report_id=report_id)


async def _authorities(house: House) -> None:
    now = house.api.services.clock()
    oral = NewAuthority(
        reference="AUTH/9",
        kinds=["use"],
        modalities=["video"],
        authorised_by_rank="Superintendent",
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=50),
        review_at=[now + timedelta(hours=9)],
        urgent_oral=True,
    )
    recorded = await house.call("POST /api/authorities", "AP-01", oral)
    at = {"authority_id": recorded.json()["authority_id"]}
    document = {"document": {"salt": "00" * 16, "sha256": "ab" * 32}}
    await house.call("POST /api/authorities/{authority_id}/review", "AP-01", {"outcome": "goes on"}, **at)
    await house.call("POST /api/authorities/{authority_id}/statement", "AP-01", document, **at)
    await house.call("POST /api/authorities/{authority_id}/cancel", "AP-01", {"reason": "over"}, **at)
    path = f"/api/authorities/{at['authority_id']}/cancel"
    await house.refused("cancelled twice", lambda: house.ask("POST", path, "AP-01", {"reason": "over"}), 409, [])


async def _mandates(house: House) -> None:
    now, signers = house.api.services.clock(), [Keyholder.make("TO-55"), Keyholder.make("AP-55")]
    roles: list[Role] = ["engineer", "approver"]
    for signer, role in zip(signers, roles, strict=True):
        await house.api.add(signer, role)
    async with house.api.services.store.transaction() as transaction:
        await transaction.sessions.open(f"{'TO-55':x<43}", "TO-55", now, "test")
    await add_units(house.api.services.store, "TO-12", {"unit-bench222": "on the bench"}, now)
    new = NewMandate(
        kind="bench",
        unit="unit-bench222",
        authority=None,
        allows=[allows("video")],
        purpose="aim and focus",
        not_before=now,
        not_after=now + timedelta(hours=2),
        approver="AP-55",
    )
    first, second = [(await house.call("POST /api/mandates", "TO-55", new)).json() for _ in range(2)]
    await house.call("POST /api/mandates/{mandate_id}/discard", "TO-55", mandate_id=second["mandate_id"])
    at = {"mandate_id": first["mandate_id"]}
    for signer in signers:
        signature = {"signature": signer.sign(f"{first['text']}\n", MANDATE_NAMESPACE)}
        await house.call("POST /api/mandates/{mandate_id}/sign", "TO-12", signature, **at)
    await house.call("POST /api/mandates/{mandate_id}/cancel", "TO-12", {"reason": "over"}, **at)
    await house.call("POST /api/mandates/{mandate_id}/recovered", "TO-12", {"note": "in the store"}, **at)


async def test_every_route_that_changes_something_writes_its_entry_with_it(
    house: House, owner: "Owner[asyncpg.Record]"
) -> None:
    await _units(house, await _joins(house), owner)
    for of_a_room in (_people, _log, _authorities, _mandates, kit, sites, deployments):
        await of_a_room(house)
    await checklists(house, "unit-bench222")
    await wiring(house)
    await releases(house)
    await rollouts(house, owner)
    await rotas(house)
    await rota_people(house)
    await rota_changes(house)
    await welfare(house)
    await handovers(house)
    await alarms(house)
    await _sessions(house)
    assert WANTED.keys() - house.seen == ELSEWHERE.keys() | CHANGES_NOTHING
    for file, kind in ELSEWHERE.values():
        assert kind in Path(__file__).with_name(file).read_text(), f"{file} says nothing of {kind}"


async def test_what_a_role_may_not_do_leaves_only_the_refusal(house: House) -> None:
    for operation, permission in WANTED.items():
        if permission in {NOBODY_YET, ANYONE_SIGNED_IN}:
            continue
        person = next(one for one, role in PEOPLE.items() if permission not in PERMISSIONS[role])
        method, path = operation.split(" ")
        path = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
        await house.refused(operation, partial(house.ask, method, path, person), 403, ["request.refused"])


async def test_a_challenge_changes_nothing(house: House) -> None:
    ask = {"person_id": "TO-12"}
    await house.refused("challenge", lambda: house.ask("POST", "/api/challenge", None, ask), 200, [])
