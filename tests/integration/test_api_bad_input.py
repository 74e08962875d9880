"""Whatever a client sends is answered as its own mistake, never as the controller's fault."""

import logging
import ssl
from collections.abc import AsyncIterator

import asyncpg
import httpx
import msgspec
import pytest
import structlog

from fleet.api.limits import RateLimit
from fleet.errors import InvalidValue
from fleet.store.store import Store
from protocols.api.problems import Problem
from tests.support.controller import RunningApi

NESTED = b'{"person_id":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
HUGE = "9" * 5000


@pytest.fixture
async def door(api: RunningApi) -> AsyncIterator[httpx.AsyncClient]:
    """A client with an engineer's session."""
    await api.add_person("TO-12", "engineer")
    token = "0" * 43
    async with api.services.store.transaction() as transaction:
        await transaction.sessions.open(token, "TO-12", api.services.clock(), "test")
    trust = ssl.create_default_context(cafile=str(api.ca_file))
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=api.url, verify=trust, trust_env=False, headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/units/unit%00none", b""),
        ("GET", "/api/units/unit-none%0a", b""),
        ("GET", "/api/units/" + "u" * 5000, b""),
        ("GET", "/api/units?filter=a%00b", b""),
        ("GET", "/api/events?unit_id=unit%00none", b""),
        ("GET", "/api/events?before=9223372036854775808", b""),
        ("GET", "/api/events?before=-1", b""),
        ("GET", f"/api/events?before={HUGE}", b""),
        ("POST", "/api/events/9223372036854775808/acknowledge", b""),
        ("DELETE", "/api/vouchers/%00", b""),
        ("POST", "/api/joins/" + "0" * 24 + "/refuse", b'{"reason":"a\\u0000b"}'),
        ("POST", "/api/joins/%00/refuse", b'{"reason":"no"}'),
        ("PUT", "/api/units/unit-none/label", b'{"label":"a\\u0000b"}'),
        ("POST", "/api/vouchers", b'{"label":"\\ud800"}'),
        ("POST", "/api/vouchers", b'{"label":"\xff"}'),
        ("POST", "/api/challenge", NESTED),
        ("POST", "/api/session", NESTED),
        ("POST", "/join", NESTED),
        ("PUT", "/api/units/unit-none/settings", b'{"based_on":' + HUGE.encode() + b"}"),
    ],
)
async def test_a_bad_value_is_the_clients_mistake(
    door: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, method: str, path: str, body: bytes
) -> None:
    with caplog.at_level(logging.WARNING), structlog.testing.capture_logs() as logged:
        answer = await door.request(method, path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert msgspec.json.decode(answer.content, type=Problem).code
    assert [entry for entry in logged if entry["log_level"] == "error"] == []
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_number_too_long_to_be_read_names_nothing(door: httpx.AsyncClient) -> None:
    assert (await door.post(f"/api/events/{HUGE}/acknowledge")).status_code == 404


async def test_the_store_tells_a_bad_value_from_a_lost_database(store: Store) -> None:
    with pytest.raises(InvalidValue):
        async with store.transaction() as transaction:
            await transaction.units.detail("unit\0none")
    with pytest.raises(InvalidValue):
        async with store.transaction() as transaction:
            await transaction.events.one(2**63)
    with pytest.raises(InvalidValue):
        async with store.transaction() as transaction:
            await transaction.units.detail("unit-\ud800")


async def test_a_refusal_is_recorded_whatever_the_path_holds(
    api: RunningApi, door: httpx.AsyncClient, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    assert (await door.post("/api/people/TO%00/end")).status_code == 403
    assert await owner.fetchval("SELECT summary FROM event WHERE kind = 'request-refused'") == (
        "TO-12 (engineer) asked for POST /api/people/TO%00/end, which needs manage-people"
    )
    body = msgspec.json.decode(await owner.fetchval("SELECT body FROM log_entry WHERE kind = 'request.refused'"))
    assert body["request"] == "POST /api/people/{person_id}/end", "what stood in the path is free text"


async def test_asking_again_for_what_is_refused_does_not_fill_the_log(
    door: httpx.AsyncClient, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Each operation that is refused is an entry; the same one again, with whatever path, is counted on its event."""
    for number in range(5):
        assert (await door.post(f"/api/people/TO-{number}/end")).status_code == 403
    assert (await door.post("/api/people/drafts", json={})).status_code == 403
    counted = "SELECT array_agg(count ORDER BY event_id) FROM event WHERE kind = 'request-refused'"
    assert await owner.fetchval(counted) == [5, 1]
    assert await owner.fetchval("SELECT count(*) FROM log_entry WHERE kind = 'request.refused'") == 2


def _allow_only_one(monkeypatch: pytest.MonkeyPatch, limit: RateLimit) -> None:
    monkeypatch.setattr(limit, "_capacity", 1.0)
    monkeypatch.setattr(limit, "_per_s", 0.0)


async def test_too_many_attempts_are_turned_away_before_the_body_is_read(
    api: RunningApi, door: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _allow_only_one(monkeypatch, api.services.join_limit)
    _allow_only_one(monkeypatch, api.services.sign_in_limit)
    for path in ("/join", "/api/challenge"):
        assert (await door.post(path, content=b"nonsense")).status_code == 400
        answer = await door.post(path, content=b"nonsense")
        assert answer.status_code == 429
        assert answer.json()["code"] in {"joins-too-fast", "too-fast"}


async def test_health_is_asked_of_the_database_once_a_second_and_not_for_ever(
    api: RunningApi, door: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.api.pulse._GOOD_FOR_S", 3600.0)
    assert (await door.get("/health")).json() == {"status": "ok"}
    await api.services.store.close()
    assert (await door.get("/health")).status_code == 200
    monkeypatch.setattr("fleet.api.pulse._GOOD_FOR_S", 0.0)
    assert (await door.get("/health")).status_code == 503
    _allow_only_one(monkeypatch, api.services.health_limit)
    assert [(await door.get("/health")).status_code for _ in range(2)] == [503, 429]
