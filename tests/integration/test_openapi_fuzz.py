"""The API does what its description says, for every role and for nobody, whatever is sent.

`make fuzz-api` runs the same for longer: MUSTER_TEST_FUZZ_EXAMPLES requests are drawn for each operation, from
MUSTER_TEST_FUZZ_SEED, and one of each MUSTER_TEST_FUZZ_SHARE operations is tried at every bound.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from zlib import crc32

import asyncpg
import pytest

from fleet.api.access import NOBODY_YET
from fleet.api.app import describe_api
from protocols.people import PERMISSIONS, Role
from tests.fuzz.api_attack import Outcome, attack
from tests.fuzz.api_house import SIGN_OUT, House, furnish, operations_of, permissions_of
from tests.support.controller import RunningApi
from tests.support.logging_fleet import running_log

EXAMPLES = int(os.environ.get("MUSTER_TEST_FUZZ_EXAMPLES", "2"))
SEED = int(os.environ.get("MUSTER_TEST_FUZZ_SEED", "20261122"))
SHARE = int(os.environ.get("MUSTER_TEST_FUZZ_SHARE", "3"))
EVERYTHING = {NOBODY_YET, *permissions_of("engineer")}.union(*PERMISSIONS.values())

NEEDS_A_KEY = {
    "POST /join",
    "POST /unit/renew",
    "POST /unit/rejoin",
    "GET /unit/people",
    "GET /unit/releases/metadata/{name}",
    "GET /unit/releases/targets/{path}",
    "POST /api/session",
    "POST /api/people/drafts/{draft_id}/sign",
    "POST /api/mandates/{mandate_id}/sign",
}
"""What succeeds only with a key, a certificate or a signature that nobody can draw."""
NEEDS_SENSE = {
    "POST /api/release-drafts",
    "POST /api/release-drafts/{role}/signatures",
    "POST /api/kit/scan",
    "PUT /api/kit-models/{model}",
    "POST /api/kit/{item}/maintained",
    "GET /api/kit-labels",
    "POST /api/sites/{site}/surveys",
    "POST /api/deployments",
    "PUT /api/deployments/{deployment_id}",
    "PUT /api/deployments/{deployment_id}/visits",
    "PUT /api/deployments/{deployment_id}/kit",
    "POST /api/deployments/{deployment_id}/authorities",
    "POST /api/deployments/{deployment_id}/steps/{step}",
    "POST /api/critical-incidents",
    "POST /api/deployments/{deployment_id}/evidence",
    "POST /api/deployments/{deployment_id}/readiness",
    "POST /api/wiring",
    "POST /api/wiring/{harness_id}/revisions",
    "POST /api/deployments/{deployment_id}/wiring",
    "POST /api/deployments/{deployment_id}/wiring/{harness_id}/fittings",
    "POST /api/rollouts",
    "POST /api/rollouts/{rollout_id}/pause",
    "POST /api/rollouts/{rollout_id}/resume",
    "POST /api/rollouts/{rollout_id}/cancel",
    "POST /api/mandates",
    "POST /api/authorities",
    "PUT /api/rotas/{rota_id}",
    "POST /api/rotas/{rota_id}/plans",
    "POST /api/rotas/{rota_id}/solves",
    "POST /api/rotas/{rota_id}/changes",
    "PUT /api/rota-people/{person_id}",
    "POST /api/absences",
    "POST /api/wishes",
    "POST /api/call-outs",
    "POST /api/call-outs/{call_out_id}/returned",
    "POST /api/work-done",
    "POST /api/rests",
    "POST /api/calendars",
    "PUT /api/alarm-rules",
    "POST /api/alarm-windows",
    "POST /api/contacts",
    "POST /api/contacts/{contact_id}/test",
    "POST /api/contacts/{contact_id}/withdraw",
    "POST /api/welfare",
    "POST /api/welfare/{welfare_id}/answer",
    "POST /api/welfare/{welfare_id}/end",
    "POST /api/handovers",
    "POST /api/handovers/{handover_id}/acknowledge",
}
"""What succeeds only when times, people and what they are about fit each other: the tests of mandates
of rotas and of kit through the API do."""
IN_PARTS = {"GET /api/log/exports/{export_id}/tile/{tile}"}
"""What is named by several parts of the path: one part alone is drawn."""
CLOSED_BEFORE = {"DELETE /api/people/drafts/{draft_id}", "GET /api/release-drafts/{role}"}
"""What comes after an operation that ends what it is about: the end of a person's access closes every draft."""
READING_THE_LOG = {"read-log", "see-error-reports"}
"""What several roles may, attacked as an inspector only: each attack takes its time."""
OF_DEPLOYMENTS = {"see-deployments", "work-deployment", "manage-deployments", "keep-kit", "manage-kit", "see-reports"}
"""What a supervisor may about deployments and kit, attacked by itself: it takes as long as all the rest."""
NEEDS_A_UNIT = {
    "POST /api/units/{unit_id}/checks",
    "GET /api/checks/{opening}",
    "POST /api/checks/{opening}/close",
    "POST /api/checks/{opening}/link",
    "POST /api/carried-leases",
    "GET /api/units/{unit_id}/position",
}
"""What succeeds only with a unit that opens, or has opened."""
MAY_REFUSE = (
    NEEDS_A_KEY
    | NEEDS_A_UNIT
    | NEEDS_SENSE
    | {
        "POST /api/people/drafts",
        "PUT /api/units/{unit_id}/settings",
        "POST /api/authorities/{authority_id}/review",
        "POST /api/kit-models/{model}/stock",
        "GET /api/deployments",
        "PUT /api/checklist-templates/{kind}/{step}",
        "GET /api/advice",
        "GET /api/reports",
        "GET /api/rotas/{rota_id}/book",
        "GET /api/rotas/{rota_id}/check",
        "GET /api/rotas/{rota_id}/changes",
        "GET /api/rotas/{rota_id}/hours",
        "GET /api/absences",
        "GET /api/call-outs",
        "GET /api/work-done",
        "GET /api/rests",
        "GET /api/welfare",
        "PUT /api/release-files/{sha256}/{offset}",
    }
)
"""These refuse what fits their description when it holds no key, changes nothing, or names no period."""


@pytest.fixture
async def house(api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[House]:
    """Something of everything; every second unit has a session, and the log runs."""
    async with running_log(api.services.log):
        yield await _furnished(api, owner)


async def _furnished(api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]") -> House:
    house = await furnish(api)
    await owner.execute(
        "UPDATE unit_live SET session_up = true, session_nonce = $1 WHERE right(unit_id, 1) IN ('1', '3', '5')",
        "0" * 32,
    )
    return house


async def _attack(house: House, role: Role | None, operations: set[str], at_bounds: set[str]) -> Outcome:
    loop, last = asyncio.get_running_loop(), [""]

    def before_call(operation: str) -> None:
        """Sign in again after the attack has signed out."""
        if last[0] == SIGN_OUT and role is not None:
            asyncio.run_coroutine_threadsafe(house.sign_in(role), loop).result(60)
        last[0] = operation

    outcome = await asyncio.to_thread(
        attack,
        house.described(describe_api()),
        house.api.url,
        house.api.ca_file,
        token=None if role is None else house.tokens[role],
        operations=operations,
        exacting=MAY_REFUSE,
        seed=SEED,
        examples=EXAMPLES,
        at_bounds=at_bounds,
        before_call=before_call,
    )
    assert "\n\n".join(f"{name}\n{told}" for name, told in outcome.failures.items()) == ""
    return outcome


def _operations(permissions: set[str]) -> set[str]:
    return {name for name, operation in operations_of(describe_api()) if operation["x-permission"] in permissions}


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        (None, permissions_of(None)),
        ("supervisor", permissions_of("supervisor") - READING_THE_LOG - OF_DEPLOYMENTS),
        ("supervisor", OF_DEPLOYMENTS),
        ("inspector", READING_THE_LOG),
        ("administrator", permissions_of("administrator") - permissions_of("supervisor")),
        ("approver", {"close-error-report", "record-authority"}),
    ],
    ids=["nobody", "supervisor", "deployments", "inspector", "administrator", "approver"],
)
async def test_those_who_may_get_what_the_description_says_at_every_bound(
    house: House, role: Role | None, permissions: set[str]
) -> None:
    operations = _operations(permissions)
    at_bounds = {name for name in operations if crc32(f"{SEED} {name}".encode()) % SHARE == 0}
    outcome = await _attack(house, role, operations, at_bounds)
    for operation in at_bounds:
        done = any(200 <= status < 300 for status in outcome.statuses(operation))
        assert done or operation in NEEDS_A_KEY | NEEDS_A_UNIT | NEEDS_SENSE | IN_PARTS | CLOSED_BEFORE, (
            f"{operation} was never done: {outcome.statuses(operation)}"
        )


@pytest.mark.parametrize("role", [None, *PERMISSIONS])
async def test_those_who_may_not_get_nothing(house: House, role: Role | None) -> None:
    forbidden = _operations(EVERYTHING - permissions_of(role) - permissions_of(None))
    outcome = await _attack(house, role, forbidden, set())
    wanted = {401} if role is None else {403}
    for operation in forbidden:
        assert outcome.statuses(operation) >= wanted, f"{operation}: {outcome.statuses(operation)}"
        assert not any(200 <= status < 300 for status in outcome.statuses(operation)), operation


def test_every_operation_says_who_may_and_how_it_refuses() -> None:
    for name, operation in operations_of(describe_api()):
        assert operation["x-permission"] in EVERYTHING, name
        assert ("security" in operation) == (operation["x-permission"] != NOBODY_YET), name
        assert "503" in operation["responses"], name
        assert ("413" in operation["responses"]) == ("requestBody" in operation), name
