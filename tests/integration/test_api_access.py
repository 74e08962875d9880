"""Signing in, sessions and roles through the real API."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import asyncssh
import httpx
import msgspec
import pytest

from fleet.api.assembly import assemble
from fleet.client import FleetClient, Refused, SignInRefused, connect
from fleet.store.store import Store
from protocols.api.people import NewPerson
from protocols.api.problems import Problem
from protocols.api.sessions import Challenge, SignedIn, SignIn, login_text
from protocols.api.units import SettingsChange
from protocols.people import PERMISSIONS, Role
from tests.support.controller import RunningApi, running_api

ROLES: list[Role] = list(PERMISSIONS)


def _trust(api: RunningApi) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(api.ca_file))


async def _post(api: RunningApi, path: str, body: Any, token: str | None = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(verify=_trust(api), trust_env=False) as door:
        return await door.post(api.url + path, content=msgspec.json.encode(body), headers=headers)


async def _signature(api: RunningApi, key_file: Path, *, person: str = "TO-12", ca: str | None = None) -> SignIn:
    answer = await _post(api, "/api/challenge", {"person_id": "TO-12"})
    nonce = msgspec.json.decode(answer.content, type=Challenge).nonce
    text = login_text(person, nonce, ca or api.credentials.authority.ca_sha256.hex())
    armored = asyncssh.create_sshsig(asyncssh.read_private_key(key_file), text, namespace="login@muster")
    return SignIn(person_id="TO-12", nonce=nonce, signature=armored.decode())


async def test_a_signature_is_good_for_one_session(api: RunningApi) -> None:
    settings = await api.add_person("TO-12", "engineer")
    assert settings.key_file is not None
    attempt = await _signature(api, settings.key_file)
    assert (await _post(api, "/api/session", attempt)).status_code == 200
    replayed = await _post(api, "/api/session", attempt)
    assert replayed.status_code == 401
    assert msgspec.json.decode(replayed.content, type=Problem).code == "sign-in-refused"


async def test_a_signature_for_another_controller_or_by_another_key_is_refused(api: RunningApi) -> None:
    own = (await api.add_person("TO-12", "engineer")).key_file
    other = (await api.add_person("TO-13", "engineer")).key_file
    assert own is not None
    assert other is not None
    relayed = await _signature(api, own, ca="00" * 32)
    assert (await _post(api, "/api/session", relayed)).status_code == 401
    assert (await _post(api, "/api/session", await _signature(api, other))).status_code == 401
    assert (await _post(api, "/api/session", await _signature(api, own))).status_code == 200


async def test_nobody_is_kept_out_by_challenges_that_others_asked_for(
    api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    key_file = (await api.add_person("TO-12", "engineer")).key_file
    assert key_file is not None
    for number in range(2000):
        await api.services.signing_in.challenge(f"TO-{number + 100}")
    wrong = msgspec.structs.replace(await _signature(api, key_file), signature="none")
    assert (await _post(api, "/api/session", wrong)).status_code == 401
    assert await owner.fetchval("SELECT count(*) FROM used_challenge") == 0
    assert (await _post(api, "/api/session", await _signature(api, key_file))).status_code == 200
    assert await owner.fetchval("SELECT count(*) FROM used_challenge") == 1


async def test_one_controller_takes_the_challenge_of_another(api: RunningApi, store: Store) -> None:
    key_file = (await api.add_person("TO-12", "engineer")).key_file
    assert key_file is not None
    beside = assemble(api.settings, store, api.credentials, api.services.hub, api.services.clock)
    attempt = await _signature(api, key_file)
    assert (await beside.signing_in.sign_in(attempt, "127.0.0.1")).person_id == "TO-12"
    assert (await _post(api, "/api/session", attempt)).status_code == 401


async def test_text_that_is_no_person_id_reaches_neither_log_nor_events(
    api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    before = await owner.fetchval("SELECT count(*) FROM log_entry")
    for person_id in ("TO-12\n", "a call", "TO-12\x00"):
        assert (await _post(api, "/api/challenge", {"person_id": person_id})).status_code == 400
        attempt = {"person_id": person_id, "nonce": "0" * 112, "signature": "none"}
        assert (await _post(api, "/api/session", attempt)).status_code == 400
    assert await owner.fetchval("SELECT count(*) FROM event") == 0
    assert await owner.fetchval("SELECT count(*) FROM log_entry") == before


async def test_an_unknown_person_is_refused_and_recorded(
    api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    settings = await api.add_person("TO-12", "engineer")
    stranger = msgspec.structs.replace(settings, person="TO-99")
    for _ in range(2):
        with pytest.raises(SignInRefused):
            async with connect(stranger) as door:
                await door.whoami()
    assert await owner.fetchval("SELECT count FROM event WHERE kind = 'sign-in-refused'") == 2
    assert await owner.fetchval("SELECT count(*) FROM log_entry WHERE kind = 'session.refused'") == 1


async def test_a_session_ends_when_idle_and_when_access_ends(store: Store, dsn: str, tmp_path: Path) -> None:
    now = datetime.now(UTC)

    def clock() -> datetime:
        return now

    async with running_api(store, dsn, tmp_path, clock=clock) as api:
        settings = await api.add_person("TO-12", "engineer")
        await api.add_person("AD-01", "administrator")
        assert settings.key_file is not None

        async def token() -> str:
            assert settings.key_file is not None
            answer = await _post(api, "/api/session", await _signature(api, settings.key_file))
            return msgspec.json.decode(answer.content, type=SignedIn).token

        async def works(token: str) -> bool:
            return (await _post(api, "/api/vouchers", {}, token)).status_code == 201

        first = await token()
        now += timedelta(minutes=14, seconds=59)
        assert await works(first)
        now += timedelta(minutes=14, seconds=59)
        assert await works(first)
        now += timedelta(minutes=15)
        assert not await works(first)
        second = await token()
        await api.services.people.end("TO-12", "AD-01")
        assert not await works(second)
        assert (await _post(api, "/api/session", await _signature(api, settings.key_file))).status_code == 401


async def test_every_role_may_do_what_the_table_says_and_nothing_else(
    api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    line = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    new = NewPerson(person_id="TO-50", name="New", role="engineer", key=line)
    attempts = {
        "see-fleet": lambda door: door.summary(),
        "see-people": lambda door: door.people(),
        "invite-unit": lambda door: door.withdraw_voucher("0" * 24),
        "decide-join": lambda door: door.refuse_join("0" * 24, "no"),
        "command-unit": lambda door: door.request_report("unit-none"),
        "change-settings": lambda door: door.change_settings("unit-none", SettingsChange(based_on=0)),
        "acknowledge-event": lambda door: door.acknowledge(999_999),
        "manage-people": lambda door: door.draft_people(msgspec.structs.replace(new, key="not a key")),
    }
    for number, role in enumerate(ROLES):
        async with connect(await api.add_person(f"TO-{20 + number}", role)) as door:
            for permission, attempt in attempts.items():
                assert await _allowed(door, attempt) == (permission in PERMISSIONS[role]), (role, permission)
    refused = await owner.fetchval("SELECT count(*) FROM log_entry WHERE kind = 'request.refused'")
    assert refused == sum(permission not in PERMISSIONS[role] for role in ROLES for permission in attempts)


async def _allowed(door: FleetClient, attempt: Any) -> bool:
    try:
        await attempt(door)
    except Refused as error:
        return error.problem.code != "role-not-allowed"
    return True


async def test_without_a_session_nothing_answers_but_the_doors(api: RunningApi) -> None:
    async with httpx.AsyncClient(verify=_trust(api), trust_env=False) as door:
        for path in ("/api/units", "/api/summary", "/api/people", "/api/joins", "/api/openapi.json", "/api/session"):
            assert (await door.get(api.url + path)).status_code == 401, path
        assert (await door.get(api.url + "/join/ca")).content == api.services.authority.roots_pem
        assert (await door.get(api.url + "/schema")).status_code == 404


async def test_a_body_that_does_not_fit_is_told_apart_from_a_fault(api: RunningApi) -> None:
    too_much = await _post(api, "/api/challenge", {"person_id": "x" * 70_000})
    assert too_much.status_code == 413
    unknown = await _post(api, "/api/challenge", {"person_id": "TO-12", "role": "administrator"})
    assert unknown.status_code == 400
    assert "role" in msgspec.json.decode(unknown.content, type=Problem).message
